"""The display matrix: how a picture is turned and mirrored when it is shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

ONE: Final = 0x10000
#: ``(a, b, c, d)`` of a turn by so many degrees clockwise (y runs down).
TURNS: Final = {
    (ONE, 0, 0, ONE): 0,
    (0, ONE, -ONE, 0): 90,
    (-ONE, 0, 0, -ONE): 180,
    (0, -ONE, ONE, 0): 270,
}


class Turn(NamedTuple):
    """Degrees clockwise (None: none of the eight right-angle matrices), after mirroring."""

    rotation: int | None
    mirrored: bool


def _linear(track: Sequence[int], movie: Sequence[int]) -> tuple[int, int, int, int] | None:
    """The 2x2 part of ``track x movie`` in 16.16; None where perspective is involved."""
    for matrix in (track, movie):
        if matrix[2] or matrix[5] or matrix[8] != 0x40000000:
            return None
    a, b, c, d = track[0], track[1], track[3], track[4]
    e, f, g, h = movie[0], movie[1], movie[3], movie[4]
    product = (a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h)
    if any(value % ONE for value in product):
        return None
    return tuple(value // ONE for value in product)  # type: ignore[return-value]


def turn(track: Sequence[int], movie: Sequence[int]) -> Turn:
    """What the track's matrix and then the movie's do to the picture (nine numbers each)."""
    linear = _linear(track, movie)
    if linear is None:
        return Turn(None, False)
    if linear in TURNS:
        return Turn(TURNS[linear], False)
    a, b, c, d = linear
    mirrored = (-a, -b, c, d)
    return Turn(TURNS.get(mirrored), mirrored in TURNS)
