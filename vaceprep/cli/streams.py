"""The three standard streams, whatever they are: closed, broken, ASCII, a terminal or none."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from typing import Any, Final, TextIO, cast

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


#: Set by GitHub Actions in every step.
IN_ACTIONS: Final = "GITHUB_ACTIONS"


class Unheard:
    """A text stream whose lines GitHub's runner takes for no commands: see ``CommandBreaker``."""

    def __init__(self, stream: TextIO) -> None:
        from vaceprep.report.escape import CommandBreaker

        self._stream, self._breaker = stream, CommandBreaker()

    def write(self, text: str) -> int:
        """Write text without commands."""
        self._stream.write(self._breaker.broken(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """The same for several."""
        for line in lines:
            self.write(line)

    def command(self, line: str) -> None:
        """Write commands of our own."""
        self._stream.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def make_usable() -> None:
    """Make both outputs such that writing text fails only where the system refuses it.

    In GitHub Actions, they give the runner no commands but those of ``write_commands``.
    """
    # A closed stream is None; what would go there goes nowhere.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that knows no degree sign must not break a report.
            stream.reconfigure(errors="backslashreplace")
    if os.environ.get(IN_ACTIONS):
        sys.stdout, sys.stderr = map(_unheard, (sys.stdout, sys.stderr))


def _unheard(stream: TextIO) -> TextIO:
    return stream if isinstance(stream, Unheard) else cast("TextIO", Unheard(stream))


def write_commands(piece: str) -> None:
    """Annotations for GitHub's runner, on standard output."""
    stream: Any = sys.stdout
    (stream.command if isinstance(stream, Unheard) else stream.write)(piece)


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
    """Whether to colour: not with NO_COLOR; else with FORCE_COLOR, or on a terminal that can.

    FORCE_COLOR counts unless it is empty or 0 (force-color.org; NO_COLOR goes first).
    """
    if os.environ.get("NO_COLOR"):
        return False
    return os.environ.get("FORCE_COLOR", "") not in ("", "0") or moves(stream)
