"""httpx without its own command line, which imports rich, pygments and click where they are."""

import sys

if "httpx" not in sys.modules:
    # httpx does without the module where it cannot be imported.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    try:
        import httpx
    finally:
        del sys.modules["httpx._main"]

import httpx

__all__ = ["httpx"]
