"""One line on a terminal that says what is being done, and for how long, until there is more."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from vaceprep.cli.batch_loop import clock
from vaceprep.cli.streams import draw, moves
from vaceprep.report.escape import printable

#: Seconds before the line is drawn: what is done at once needs none.
SOON: Final = 0.7
#: Seconds between two drawings.
PAUSE: Final = 1.0
#: Columns of the time, with the comma before it.
_TIME: Final = 10


class Waiting:
    """The line, drawn by a thread of its own: the main thread may be in a long call of FFmpeg."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._text: str | None = None
        self._since = 0.0
        self._drawn = False
        self._thread = threading.Thread(target=self._keep_drawing, daemon=True)
        self._thread.start()

    def say(self, text: str | None) -> None:
        """What is being done from now on; None wipes the line, to make room for other output."""
        with self._lock:
            self._text, self._since = text, time.monotonic()
            self._wipe()

    def change(self, text: str) -> None:
        """Another text, with the time of the one before."""
        with self._lock:
            self._text = text

    def close(self) -> None:
        """Wipe the line for good."""
        self.say(None)
        self._end.set()
        self._thread.join()

    def _keep_drawing(self) -> None:
        while not self._end.wait(SOON if not self._drawn else PAUSE):
            with self._lock:
                passed = time.monotonic() - self._since
                if self._text is not None and passed >= SOON / 2:
                    draw(f"\r\x1b[2K{line_of(self._text, passed)}")
                    self._drawn = True

    def _wipe(self) -> None:
        if self._drawn:
            draw("\r\x1b[2K")
            self._drawn = False


def line_of(text: str, seconds: float) -> str:
    """The text and the time, on one line of the terminal however narrow it is."""
    import shutil

    columns = shutil.get_terminal_size().columns
    return f"{printable(text, limit=max(8, columns - _TIME))}, {clock(seconds)}"


@contextmanager
def waiting(text: str | None = None) -> Iterator[Waiting | None]:
    """The line while the block runs; None where standard error is not a terminal."""
    if not moves(sys.stderr):
        yield None
        return
    line = Waiting()
    try:
        line.say(text)
        yield line
    finally:
        line.close()
