"""The pieces that are joined, what their sidecars record, and the joined video: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from vaceprep.wording import read_exact

#: The key of a part in the sidecar of its result, and in the notes of its row.
PART: Final = "part"
#: The key in it of a step that extends a clip.
EXTENDED: Final = "extended"


@dataclass(frozen=True, slots=True)
class Piece:
    """One result, and the window of the joined video that it covers. Times in seconds."""

    path: str
    #: From the start of the joined video.
    start: Fraction
    end: Fraction
    #: What it shares with the piece before: it begins so much before that one ends. Of a window
    #: that begins earlier, the frames before are left out.
    overlap: Fraction = Fraction(0)
    #: Whether a shot cut divides it from the piece before.
    after_cut: bool = False


@dataclass(frozen=True, slots=True)
class Seam:
    """Where one piece ends and the next begins, in the joined video."""

    #: Seconds from its start: the middle of the overlap, if there is one.
    at: Fraction
    #: Whether the colours of the next piece were matched.
    matched: bool
    #: Mean CIEDE2000 between the two pieces at the same moment, as they are shown; None at a cut,
    #: where there is no common moment, and where packets are copied.
    difference: float | None
    #: The last picture before the seam and the first one after it, as JPEG.
    last: bytes | None
    first: bytes | None


@dataclass(frozen=True, slots=True)
class Joined:
    """What was written."""

    path: str
    #: Whether packets were copied; else the frames were encoded.
    copied: bool
    frames: int
    seams: tuple[Seam, ...]
    #: Sentences for a person.
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartRecord:
    """A part as the sidecar of its result records it. Times in seconds."""

    #: The path of the video that was divided.
    source: str
    #: Number of the part, from 1, and the number of all parts.
    index: int
    count: int
    #: Where the part begins and ends, from the first frame that the source shows.
    start: Fraction
    end: Fraction
    overlap: Fraction
    after_cut: bool
    #: The start and the end of what was divided, on the same clock.
    window: tuple[Fraction, Fraction]
    #: Whether it is a step that extends a clip. Further steps may have been sent since, so
    #: ``count`` and ``window`` are not those of the whole.
    extended: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the value under ``part`` in a sidecar; times are exact: ``"1001/240"``."""
        return {
            "source": self.source,
            "index": self.index,
            "count": self.count,
            "start": str(self.start),
            "end": str(self.end),
            "overlap": str(self.overlap),
            "after_cut": self.after_cut,
            "window": [str(time) for time in self.window],
            **({EXTENDED: True} if self.extended else {}),
        }

    def piece(self, path: str) -> Piece:
        """Return the result at ``path`` as a piece of the joined video."""
        begin = self.window[0]
        return Piece(path, self.start - begin, self.end - begin, self.overlap, self.after_cut)


def part_record(sidecar: Mapping[str, Any]) -> PartRecord | None:
    """Read what a sidecar records of a part; None if it records none, or no valid one."""
    return read_record(sidecar.get(PART))


def read_record(about: object) -> PartRecord | None:
    """Read a record as ``to_dict`` wrote it; None for anything else: a sidecar is foreign input."""
    if not isinstance(about, Mapping):
        return None
    source, cut, window = about.get("source"), about.get("after_cut"), about.get("window")
    index, count = _number(about.get("index")), _number(about.get("count"))
    if not isinstance(source, str) or not isinstance(cut, bool) or not 1 <= index <= count:
        return None
    if not isinstance(window, list) or len(window) != 2:
        return None
    try:
        start, end, overlap = (read_exact(about.get(name)) for name in _TIMES)
        begin, finish = map(read_exact, window)
    except ValueError:
        return None
    if not (0 <= begin <= start < end <= finish and 0 <= overlap < end - start):
        return None
    extended = about.get(EXTENDED) is True
    return PartRecord(source, index, count, start, end, overlap, cut, (begin, finish), extended)


_TIMES: Final = ("start", "end", "overlap")


def _number(value: object) -> int:
    """A whole number; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
