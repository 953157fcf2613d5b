"""The only progress display: the last line of a terminal, drawn with rich; else nothing.

The first drawing imports rich, so that short commands do not pay for the import.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from vaceprep.cli.streams import draw, moves
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live_render import LiveRender
    from rich.table import Table

#: Seconds before the line appears: short work needs none.
SOON: Final = 0.7
#: The same for a bar.
BAR_SOON: Final = 0.4
#: Seconds between two drawings.
PAUSE: Final = 1.0
#: The same for a bar.
BAR_PAUSE: Final = 0.2
#: Columns of a bar on a wide terminal, and the minimum for any bar.
BAR, LEAST_BAR = 30, 4
#: Length limit for untrusted text; the terminal's width cuts it further.
_LONGEST: Final = 400


class Row(NamedTuple):
    """The line's content: a text, cut to fit; a bar; an end, which is never cut."""

    text: str
    #: The share done, 0 to 1; None: no bar.
    share: float | None = None
    end: str = ""


def clock(seconds: float) -> str:
    """``1:02:03`` or ``02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def left(share: float, seconds: float) -> str:
    """The time left, from the share done and the seconds it took; empty if unknown."""
    return f" {clock(seconds * (1 - share) / share)} left" if 0 < share < 1 else ""


class Line:
    """The line. ``content`` is called for each drawing; None draws nothing."""

    def __init__(self, content: Callable[[], Row | None]) -> None:
        self._content = content
        #: Held during drawing and calls of ``content``.
        self.lock = threading.RLock()
        self._closed = threading.Event()
        self._drawn = False
        self._rich: tuple[Console, LiveRender] | None = None

    def tick(self, soon: float, pause: float) -> None:
        """Start drawing from a thread: the main thread may be in a long call of FFmpeg."""

        def run() -> None:
            wait = soon
            while not self._closed.wait(wait):
                self.draw()
                wait = pause if self._drawn else soon

        threading.Thread(target=run, name="vaceprep progress", daemon=True).start()

    def draw(self) -> None:
        """Draw it now."""
        if not self._draw():
            # Without the lock: the end of the work must not wait for an import.
            self._rich = _made()
            self._draw()

    def _draw(self) -> bool:
        """Draw; False if rich must be imported first."""
        with self.lock:
            content = None if self._closed.is_set() else self._content()
            if content is None:
                return True
            if self._rich is None:
                return False
            console, live = self._rich
            live.set_renderable(_grid(console, content))
            with console.capture() as capture:
                console.print(live.position_cursor(), live, end="", width=console.width - 1)
            draw(capture.get())
            self._drawn = True
            return True

    def wipe(self) -> None:
        """Remove it before other output."""
        with self.lock:
            if self._drawn:
                draw("\r\x1b[2K")
                self._drawn = False

    def close(self) -> None:
        """Remove it for good."""
        self._closed.set()
        self.wipe()


def _made() -> tuple[Console, LiveRender]:
    from rich.console import Console
    from rich.live_render import LiveRender

    console = Console(
        file=sys.stderr, force_terminal=True, highlight=False, markup=False, emoji=False
    )
    return console, LiveRender("")


def _grid(console: Console, content: Row) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    width = console.width - 1
    end = Text(content.end)
    bar = min(BAR, (width - end.cell_len) // 3)
    if content.share is None or bar < LEAST_BAR:
        bar = 0
    text = Text(printable(content.text, limit=_LONGEST), no_wrap=True)
    room = max(1, width - end.cell_len - bar - (bar > 0))
    text.truncate(room, overflow="ellipsis" if console.encoding.startswith("utf") else "crop")
    cells: list[RenderableType] = [text]
    if bar:
        cells += [" ", ProgressBar(1, content.share or 0, bar)]
    row = Table.grid()
    row.add_row(*cells, *([end] if content.end else []))
    return row


class Waiting(Line):
    """The current work and its elapsed time."""

    def __init__(self, text: str | None) -> None:
        self._text = text
        self._since = time.monotonic()
        super().__init__(self._row)
        self.tick(SOON, PAUSE)

    def _row(self) -> Row | None:
        passed = time.monotonic() - self._since
        if self._text is None or passed < SOON / 2:
            return None
        return Row(self._text, end=f", {clock(passed)}")

    def say(self, text: str | None) -> None:
        """Set the current work; None removes the line before other output."""
        self._text, self._since = text, time.monotonic()
        self.wipe()

    def change(self, text: str) -> None:
        """Change the text and keep the elapsed time."""
        self._text = text


@contextmanager
def waiting(text: str | None = None) -> Iterator[Waiting | None]:
    """The line of ``Waiting`` while the block runs; None if standard error is no terminal."""
    if not moves(sys.stderr):
        yield None
        return
    line = Waiting(text)
    try:
        yield line
    finally:
        line.close()


class Bar(Line):
    """The share of the work that is done, with the time left."""

    def __init__(self, text: str, total: int | None = None) -> None:
        self._text, self._total = text, total
        self._since = time.monotonic()
        self.share = 0.0
        super().__init__(self._row)
        self.tick(BAR_SOON, BAR_PAUSE)

    def _row(self) -> Row:
        count = f" {round(self.share * self._total)}/{self._total}" if self._total else ""
        time_left = left(self.share, time.monotonic() - self._since)
        return Row(self._text, self.share, f"{count} {self.share:.0%}{time_left}")


class PrepareProgress:
    """The source that ``prepare`` reads, then a bar while it writes; without ``line``, nothing."""

    def __init__(self, doing: str, line: Waiting | None) -> None:
        self._doing, self._line = doing, line
        self._bar: Bar | None = None
        self._name = ""

    def start(self, source: str) -> None:
        """Show the name of the next source."""
        self.clear()
        self._name = os.path.basename(source)
        if self._line is not None:
            self._line.say(f"{self._doing} {self._name}")

    def advance(self, done: Fraction) -> None:
        """Show the share of the source, 0 to 1, that is written."""
        if self._line is None:
            return
        if self._bar is None:
            self._line.say(None)
            self._bar = Bar(self._name)
        self._bar.share = float(done)

    def clear(self) -> None:
        """Remove the line and the bar before the report is printed."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()
        if self._line is not None:
            self._line.say(None)


@contextmanager
def preparing(doing: str) -> Iterator[PrepareProgress]:
    """Show the progress of ``prepare`` while the block runs, on a terminal only.

    ``doing`` names the work before writing starts: "planning", "reading".
    """
    if not moves(sys.stderr):
        yield PrepareProgress(doing, None)
        return
    with waiting() as line:
        shown = PrepareProgress(doing, line)
        try:
            yield shown
        finally:
            shown.clear()
