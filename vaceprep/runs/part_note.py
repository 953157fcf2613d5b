"""What the ledger and a sidecar say about one part of a split video."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from vaceprep.ledger.row import Row
from vaceprep.parts.pieces import EXTENDED
from vaceprep.wording import read_exact

#: The key in a row's notes, and in the sidecar of a part's result.
PART: Final = "part"
#: The key of a part's identity on any account, in a row's notes: all sandboxes are one service.
KEY: Final = "key"
_TIMES: Final = ("start", "end", "overlap")
_TEXTS: Final = ("group", "job", "source")


@dataclass(frozen=True, slots=True)
class PartNote:
    """One part: its place in the split, and its window in the source. Times in seconds."""

    #: The same for all parts of one split: see ``group_of``.
    group: str
    #: The job file as given, and the absolute path of the video that is split.
    job: str
    video: str
    #: Its number, from 1, and the number of parts.
    index: int
    count: int
    #: Its window in the presented time of the video, the overlap included.
    start: Fraction
    end: Fraction
    #: Seconds that it shares with the part before.
    overlap: Fraction
    #: A shot cut divides it from the part before.
    after_cut: bool
    #: The window of the video that is split.
    window_start: Fraction
    window_end: Fraction
    #: It is a step that extends a clip: the numbers and times are of the video that the steps make,
    #: as it was wanted when the step was sent.
    extended: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The note as JSON: exact times as text. ``join`` reads it: see ``parts.pieces``."""
        return {
            "group": self.group,
            "job": self.job,
            "source": os.path.abspath(self.video),
            "index": self.index,
            "count": self.count,
            "start": str(self.start),
            "end": str(self.end),
            "overlap": str(self.overlap),
            "after_cut": self.after_cut,
            "window": [str(self.window_start), str(self.window_end)],
            **({EXTENDED: True} if self.extended else {}),
        }


def read_part(about: object) -> PartNote | None:
    """The same, read; None for anything else. No errors: a sidecar is foreign input."""
    if not isinstance(about, Mapping):
        return None
    cut, window = about.get("after_cut"), about.get("window")
    index, count = _number(about.get("index")), _number(about.get("count"))
    texts = [text for name in _TEXTS if isinstance(text := about.get(name), str)]
    if len(texts) != len(_TEXTS) or not isinstance(cut, bool) or not 1 <= index <= count:
        return None
    if not isinstance(window, list) or len(window) != 2:
        return None
    try:
        start, end, overlap = (read_exact(about.get(name)) for name in _TIMES)
        first, last = map(read_exact, window)
    except ValueError:
        return None
    if not (0 <= first <= start < end <= last and 0 <= overlap < end - start):
        return None
    group, job, video = texts
    extended = about.get(EXTENDED) is True
    return PartNote(
        group, job, video, index, count, start, end, overlap, cut, first, last, extended
    )


def place_of(row: Row) -> dict[str, Any] | None:
    """The place of a row in its split, for JSON; None if it is no part."""
    note = read_part(row.notes.get(PART))
    if note is None:
        return None
    return {"group": note.group, "job": note.job, "index": note.index, "count": note.count}


def _number(value: object) -> int:
    """A whole number; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
