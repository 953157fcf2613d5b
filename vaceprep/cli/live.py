"""How far a batch is: one line on a terminal, with rate, time left and counts by rule."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from vaceprep.cli import options
from vaceprep.cli.streams import draw

if TYPE_CHECKING:
    from vaceprep.batch.going import Tally

#: Seconds between two drawings, and before the first.
PAUSE: Final = 0.2
#: Rules that are named.
NAMED: Final = 3


def clock(seconds: float) -> str:
    """``1:02:03`` or ``02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def line_of(tally: Tally, seconds: float, total: int | None) -> str:
    """The line: how many, how fast, how long still, and what is wrong most often."""
    rate = tally.done / seconds if seconds > 0 else 0.0
    seen = tally.done + tally.skipped
    parts = [f"{seen:,} of {total:,}" if total is not None else f"{seen:,}"]
    if tally.skipped:
        parts.append(f"{tally.skipped:,} were there")
    parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
    if total is not None and rate > 0:
        parts.append(f"{clock(max(0, total - seen) / rate)} left")
    parts.append(f"{tally.refused:,} with errors")
    parts += [f"{rule} {count:,}" for rule, count in tally.rules.most_common(NAMED)]
    return "  ".join(parts)


class Live:
    """The line, while the ``with`` block lasts; nothing where standard error is no terminal."""

    def __init__(self, tally: Tally, sources: Sequence[str]) -> None:
        self._tally = tally
        self._moves = options.moves(sys.stderr)
        self._start = self._drawn = time.monotonic()
        self._total: int | None = None
        self._shown = False
        if self._moves:
            # It may take long in a large tree, and nobody waits for it.
            counting = threading.Thread(target=self._count, args=(list(sources),), daemon=True)
            counting.start()

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            draw("\r\x1b[2K")

    def step(self) -> None:
        """Draw, if it is time."""
        now = time.monotonic()
        if not self._moves or now - self._drawn < PAUSE:
            return
        self._drawn, self._shown = now, True
        columns = max(20, shutil.get_terminal_size().columns - 1)
        draw(f"\r\x1b[2K{line_of(self._tally, now - self._start, self._total)[:columns]}")

    def _count(self, sources: list[str]) -> None:
        total = sum(map(_members, sources))
        self._total = total


def _members(source: str) -> int:
    """How many results a source is good for, at a glance: nothing is opened but manifests."""
    from vaceprep.batch.sources import is_pattern, matches
    from vaceprep.collect import MANIFEST_ENDING
    from vaceprep.probe.route import is_media

    try:
        if is_pattern(source):
            return sum(1 for _ in matches(source))
        if os.path.isdir(source):
            return sum(
                not name.startswith(".") and is_media(b"", name)
                for _, _, files in os.walk(source)
                for name in files
            )
        if source.lower().endswith(MANIFEST_ENDING):
            with open(source, "rb") as file:
                return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
    except (OSError, ValueError):
        return 0
    return 1
