"""Progress of ``prepare`` on a terminal: the source being read, then a bar while writing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

from vaceprep.cli.progress import Bar, Waiting, waiting
from vaceprep.cli.streams import moves


class PrepareProgress:
    """The line and the bar of the current source; draws nothing if ``line`` is None."""

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
def progress(doing: str) -> Iterator[PrepareProgress]:
    """Show progress while the block runs, on a terminal only.

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
