"""Unexpected errors: one sentence, where to report it, and the traceback on request.

Imports only the standard library, so that it works if other imports fail.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import traceback
from typing import Final

#: Enables the traceback if set to anything but 0 or empty.
VARIABLE: Final = "VACEPREP_DEBUG"
#: Length limit for the error's own message, which may contain untrusted text.
WORDS: Final = 400
_SECRETS: Final = ("MULEROUTER_API_KEY",)
_BEARER: Final = re.compile(r"(?i)\bbearer\s+[^\s'\"]+")


def debugging() -> bool:
    """Whether VACEPREP_DEBUG enables tracebacks."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def report(error: BaseException) -> int:
    """Print the error and where to report it on standard error; returns the exit code, 1."""
    lines = []
    if debugging():
        lines += traceback.format_exception(error)
    lines.append(f"{sentence(error)}\n")
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(without_secrets("".join(lines)))
        sys.stderr.flush()
    return 1


def sentence(error: BaseException) -> str:
    """One line: what happened, and what to do."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    words = _printable(without_secrets(words))
    more = "" if debugging() else f"; {VARIABLE}=1 shows the traceback"
    if isinstance(error, MemoryError):
        return f"vaceprep: there is not enough memory for this ({words}){more}"
    if isinstance(error, ImportError):
        return (
            f"vaceprep: a module cannot be imported ({words}): install vaceprep and what it "
            f"needs again: pip install --force-reinstall{more}"
        )
    return (
        f"vaceprep: internal error ({words}): please report it as an issue of the repository "
        f"that you have vaceprep from, with the command and the output of: vaceprep doctor{more}"
    )


def without_secrets(text: str) -> str:
    """``text`` with the key of the environment and bearer tokens replaced."""
    for name in _SECRETS:
        value = os.environ.get(name, "").strip()
        if value:
            text = text.replace(value, "***")
    return _BEARER.sub("Bearer ***", text)


def _printable(text: str) -> str:
    try:
        from vaceprep.report.escape import printable
    except Exception:
        return ascii(text)[1:-1][:WORDS]
    return printable(text, limit=WORDS)
