"""httpx without its command line, which imports rich, pygments and click if installed."""

import sys

if "httpx" not in sys.modules:
    # httpx works without the module if it cannot be imported.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    try:
        import httpx
    finally:
        del sys.modules["httpx._main"]

import httpx

__all__ = ["httpx"]
