"""The three standard streams: closed, broken, ASCII, a terminal or not."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from typing import Any, Final, TextIO, cast

#: Length limit of one remark, which may contain untrusted text.
REMARK: Final = 8000


def take_places() -> None:
    """Open closed standard streams on the null device. Call this before any file is opened.

    The system gives the next file the lowest free descriptor: without this, a video being written
    could become the standard error of FFmpeg and receive its log.
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
    """A text stream whose lines GitHub's runner never reads as commands: see ``CommandBreaker``."""

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
        """Write a workflow command of vaceprep."""
        self._stream.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def make_usable() -> None:
    """Make both outputs fail only if the system refuses a write, never on encoding.

    In GitHub Actions, only ``write_commands`` can give the runner commands.
    """
    # A closed stream is None; discard its output.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot encode a degree sign must not break a report.
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
    """Print one printable remark on standard error. A closed stream is no error."""
    from vaceprep.report.escape import printable

    draw(printable(message, limit=REMARK) + "\n")


def draw(text: str) -> None:
    """Write text, which may move the cursor (see ``moves``), on standard error."""
    # A paid job must not fail because the pipe for remarks broke.
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        # Unwritten text would fail again at every flush, also in new processes.
        with contextlib.suppress(OSError):
            sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def is_terminal(stream: Any) -> bool:
    """Whether the stream is a terminal; a closed stream is None."""
    with contextlib.suppress(OSError, ValueError):
        return stream is not None and bool(stream.isatty())
    return False


def moves(stream: Any) -> bool:
    """Whether the stream is a terminal that can move its cursor."""
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def colourful(stream: Any) -> bool:
    """Whether to colour: not with NO_COLOR; else with FORCE_COLOR, or on a terminal that can.

    FORCE_COLOR counts unless it is empty or 0 (force-color.org; NO_COLOR goes first).
    """
    if os.environ.get("NO_COLOR"):
        return False
    return os.environ.get("FORCE_COLOR", "") not in ("", "0") or moves(stream)
