"""The three standard streams, whatever they are: closed, broken, ASCII, a terminal or none."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, Final

#: Characters of one remark; what strangers add to it may be of any length.
REMARK: Final = 8000


def take_places() -> None:
    """Give closed standard streams a place that leads nowhere. To be called before any file opens.

    The system gives the next file the lowest free number: without this, a video that is being
    written could become the standard error of FFmpeg and take up its log.
    """
    for number in (0, 1, 2):
        with contextlib.suppress(OSError):
            try:
                os.fstat(number)
            except OSError:
                os.open(os.devnull, os.O_RDWR)


def make_usable() -> None:
    """Make both outputs such that writing text fails only where the system refuses it."""
    # A closed stream is None; what would go there goes nowhere.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that knows no degree sign must not break a report.
            stream.reconfigure(errors="backslashreplace")


def say(message: str) -> None:
    """One remark on standard error, made printable. Nobody there to hear it is no failure."""
    from vaceprep.report.escape import printable

    _talk(printable(message, limit=REMARK) + "\n")


def draw(text: str) -> None:
    """Text with movements of the cursor, for a terminal (see ``moves``)."""
    _talk(text)


def _talk(text: str) -> None:
    # A job that is paid for must not end because the pipe for remarks did.
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        # What could not be said would fail again with every flush, also in starting processes.
        with contextlib.suppress(OSError):
            sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def is_terminal(stream: Any) -> bool:
    """Whether a person sits there; a stream that was closed is None."""
    with contextlib.suppress(OSError, ValueError):
        return stream is not None and bool(stream.isatty())
    return False


def moves(stream: Any) -> bool:
    """Whether it is a terminal that can move its cursor."""
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def colourful(stream: Any) -> bool:
    """Whether to colour: a terminal that can, and nobody set NO_COLOR."""
    return moves(stream) and not os.environ.get("NO_COLOR")
