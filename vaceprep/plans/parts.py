"""Divide a video that is longer than the limit into parts: pure arithmetic on exact times.

All times are seconds of the presented timeline: 0 is the start of the first frame shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from vaceprep.limits import Limits

#: Most parts without ``--max-parts``. J
MAX_PARTS: Final = 60


class CannotSplit(ValueError):
    """The video cannot be divided as asked; the message is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The presented frames of a video."""

    #: The time of each presented frame, in order; the first is 0.
    times: tuple[Fraction, ...]
    #: Where the last frame ends: the presented length.
    end: Fraction


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """How to divide a video. Times in seconds."""

    #: Longest part; None: the service's limit.
    length: Fraction | None = None
    #: What a part shares with the part before; None: 0 at a cut, half a second elsewhere.
    overlap: Fraction | None = None
    #: The shot cuts, from the start of the presented video; None: detected; (): none.
    cuts: tuple[Fraction, ...] | None = None
    max_parts: int = MAX_PARTS


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a video."""

    #: Number of the part, from 1.
    index: int
    #: The first and the last presented frame of the part, from 0, the overlap included.
    first: int
    last: int
    #: Where the first frame begins and the last one ends.
    start: Fraction
    end: Fraction
    #: Seconds at the start that the part before has too; 0 at a cut.
    overlap: Fraction
    #: Whether a shot cut divides the part from the one before; False for the first part.
    after_cut: bool

    @property
    def length(self) -> Fraction:
        """Return the presented length in seconds."""
        return self.end - self.start


def parts_of(
    timeline: Timeline, cuts: Sequence[Fraction], options: SplitOptions, limits: Limits
) -> tuple[Part, ...]:
    """Return the parts of a video, in order. Raises CannotSplit.

    ``cuts`` are the times at which another shot begins.
    """
    times = (*timeline.times, timeline.end)
    room = min(options.length or limits.video_seconds, limits.video_seconds)
    count = ceil(timeline.end / room)
    if count > options.max_parts:
        raise CannotSplit(f"the video takes {count} parts; the most is {options.max_parts}")
    parts: list[Part] = []
    first = 0
    for index in range(1, count + 1):
        bound = timeline.end * index / count
        last = max(n for n in range(first, len(timeline.times)) if times[n + 1] <= bound)
        parts.append(Part(index, first, last, times[first], times[last + 1], Fraction(0), False))
        first = last + 1
    return tuple(parts)
