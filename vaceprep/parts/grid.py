"""The frames of a joined video: which piece gives which of them. Pure arithmetic on exact times.

Frame ``k`` is shown from ``k / 30`` s on. Of a piece it shows the frame nearest in time, so a piece
with more or fewer frames than its window is fitted by dropping or repeating frames; it is never
played faster or slower.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from vaceprep.contract import OUTPUT_FPS
from vaceprep.errors import Refused
from vaceprep.parts.pieces import Piece
from vaceprep.plans.frames import slot

#: The rate of a joined video.
RATE: Final = Fraction(OUTPUT_FPS)


@dataclass(frozen=True, slots=True)
class Placed:
    """The frames of the joined video that one piece gives."""

    piece: Piece
    #: The first frame, and the one after the last.
    first: int
    end: int

    @property
    def offset(self) -> Fraction:
        """Return the time in the piece at which its first frame of the joined video is taken."""
        return self.first / RATE - self.piece.start


def frames_of(length: Fraction) -> int:
    """Return the number of frames of a video of ``length`` seconds."""
    return max(1, slot(length, RATE))


def placed(pieces: Sequence[Piece], length: Fraction) -> tuple[Placed, ...]:
    """Return the place of each piece, by time. Raises Refused unless they cover the whole length.

    Two neighbours both give the frames of their overlap: of windows that share more, the last ones.
    """
    if not pieces:
        raise Refused("there is nothing to join; give at least one result")
    whole = frames_of(length)
    found: list[Placed] = []
    for piece in sorted(pieces, key=lambda piece: piece.start):
        first = slot(piece.start, RATE)
        if found and piece.overlap < found[-1].piece.end - piece.start:
            # It begins so early only because it continues the one before.
            first = max(first, found[-1].end - slot(piece.overlap, RATE))
        found.append(Placed(piece, first, min(slot(piece.end, RATE), whole)))
    # A window of the source begins and ends between two frames at 30 FPS.
    if found[0].first > 0:
        raise Refused(_missing(0, found[0].first))
    last = max(place.end for place in found)
    if last < whole:
        raise Refused(_missing(last, whole))
    for before, place in pairwise(found):
        if place.first > before.end:
            raise Refused(_missing(before.end, place.first))
        if place.first <= before.first or place.end <= before.end:
            names = [os.path.basename(p.piece.path) for p in (before, place)]
            raise Refused(f"{names[0]} and {names[1]} are for the same time; give one of them")
    return tuple(found)


def _missing(first: int, end: int) -> str:
    begin, finish = (f"{float(number / RATE):.6g}" for number in (first, end))
    return f"no result covers the time from {begin} to {finish} s; give the result of each part"


def weight(frame: int, first: int, end: int) -> float:
    """Return the share of the later piece in a frame of the overlap ``first`` to ``end``.

    It grows evenly, and is neither 0 nor 1 within the overlap.
    """
    return (frame - first + 1) / (end - first + 1)
