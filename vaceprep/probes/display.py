"""The display matrix: how players rotate and mirror the picture. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from vaceprep.facts import Crop
from vaceprep.probes.mp4.track import DolbyVision

#: Least ratio of the two diagonals within one degree of a right angle, which FFmpeg rounds to the
#: right angle.
STEEP: Final = 57
#: The product of two 16.16 scales of 1.
ONE: Final = 1 << 32
#: Degrees clockwise by the signs of ``(a, d)`` and of ``(b, c)`` (y points down).
STRAIGHT: Final = {(1, 1): 0, (-1, -1): 180}
CROSSED: Final = {(1, -1): 90, (-1, 1): 270}


class Turn(NamedTuple):
    """Degrees clockwise (None: no right angle), after mirroring (left and right swapped)."""

    rotation: int | None
    mirrored: bool


NONE: Final = Turn(None, False)
UPRIGHT: Final = Turn(0, False)


class Picture(NamedTuple):
    """How players show a track's picture. ``crop`` in pixels of the stored picture."""

    crop: Crop | None
    turn: Turn
    #: Its Dolby Vision configuration; None without one.
    dolby: DolbyVision | None


PLAIN: Final = Picture(None, UPRIGHT, None)


def _linear(track: Sequence[int], movie: Sequence[int]) -> tuple[int, int, int, int] | None:
    """Return the 2x2 part of ``track x movie``; None if it has perspective."""
    for matrix in (track, movie):
        if matrix[2] or matrix[5] or matrix[8] != 0x40000000:
            return None
    a, b, c, d = track[0], track[1], track[3], track[4]
    e, f, g, h = movie[0], movie[1], movie[3], movie[4]
    return a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def turn(track: Sequence[int], movie: Sequence[int]) -> Turn:
    """Return the rotation by the track's matrix, then the movie's (nine numbers each).

    Players rotate the picture and ignore its scale. A matrix that only scales is ignored.
    """
    linear = _linear(track, movie)
    if linear is None:
        return NONE
    a, b, c, d = linear
    if min(abs(a), abs(d)) > STEEP * max(abs(b), abs(c)):
        signs, turns = (_sign(a), _sign(d)), STRAIGHT
        if signs == (1, 1) and (a, d) != (ONE, ONE):
            return NONE
    elif min(abs(b), abs(c)) > STEEP * max(abs(a), abs(d)):
        signs, turns = (_sign(b), _sign(c)), CROSSED
    else:
        return NONE
    if signs in turns:
        return Turn(turns[signs], False)
    return Turn(turns[-signs[0], signs[1]], True)
