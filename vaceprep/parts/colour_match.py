"""The correction that brings the colours of one piece to those of the piece before it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, sqrt
from statistics import median
from typing import Final, NamedTuple

from vaceprep.parts.colours import (
    Statistics,
    Triple,
    coded,
    from_lab,
    lab,
    labs_of,
    linear,
    statistics_of,
)

#: Points of each axis of the table; between them, colours are interpolated.
POINTS: Final = 17
#: Spread of a channel of CIELAB below which it has too little contrast to scale.
FLAT: Final = 0.5
#: Limits of the scale of a channel, also of the corrections of several pieces together: more is
#: another picture.
SCALES: Final = (0.5, 2.0)
#: Share of the pixels that count: those that changed as most did.
KEPT: Final = 0.75
#: Change of colour, in units of CIELAB, below which there is no correction: coding changes as much.
LEAST: Final = 0.2
#: Half a level of 8 bits: a correction that changes less changes nothing.
INVISIBLE: Final = 0.5 / 255


class Correction(NamedTuple):
    """Scale each channel of CIELAB about ``middle``, then move ``middle`` to ``target``."""

    scale: Triple
    middle: Triple
    target: Triple

    def apply(self, colour: Triple) -> Triple:
        """Return the corrected colour of CIELAB."""
        parts = zip(colour, self.scale, self.middle, self.target, strict=True)
        first, second, third = ((value - m) * s + t for value, s, m, t in parts)
        return first, second, third


NONE: Final = Correction((1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def correction(before: Sequence[bytes], after: Sequence[bytes]) -> Correction:
    """Return the correction of a piece.

    ``before`` are pictures of the piece before, as it is shown, and ``after`` are pictures of this
    piece, as they are, of the same moments; all packed 8-bit RGB. Because the piece before counts
    as it is shown, each piece is brought to the first of its shot, not to the one before alone.

    Pixels that changed most do not count: something moved there. The correction is used only if
    it makes the pictures more alike, and by more than coding alone changes them.
    """
    left = [colour for picture in before for colour in labs_of(picture)]
    right = [colour for picture in after for colour in labs_of(picture)]
    wanted, given = _unmoved(left, right)
    found = _between(statistics_of(given), statistics_of(wanted))
    made = [found.apply(colour) for colour in right]
    if sqrt(_distance(right, made) / len(right)) < LEAST:
        return NONE
    return found if _distance(left, made) < _distance(left, right) else NONE


def _unmoved(left: Sequence[Triple], right: Sequence[Triple]) -> tuple[list[Triple], list[Triple]]:
    """Return the pairs whose change is nearest to the usual one, in both lists."""
    changes = [(a - x, b - y, c - z) for (a, b, c), (x, y, z) in zip(left, right, strict=True)]
    usual = [median(values) for values in zip(*changes, strict=True)]
    far = [(a - usual[0]) ** 2 + (b - usual[1]) ** 2 + (c - usual[2]) ** 2 for a, b, c in changes]
    order = sorted(range(len(far)), key=far.__getitem__)[: max(1, ceil(len(far) * KEPT))]
    return [left[n] for n in order], [right[n] for n in order]


def _between(source: Statistics, target: Statistics) -> Correction:
    first, second, third = (
        min(max(wanted / given, SCALES[0]), SCALES[1]) if min(given, wanted) > FLAT else 1.0
        for given, wanted in zip(source.spread, target.spread, strict=True)
    )
    return Correction((first, second, third), source.mean, target.mean)


def _distance(one: Sequence[Triple], other: Sequence[Triple]) -> float:
    """Return the sum of squared distances."""
    return sum(
        (a - x) ** 2 + (b - y) ** 2 + (c - z) ** 2
        for (a, b, c), (x, y, z) in zip(one, other, strict=True)
    )


def table(made: Correction, points: int = POINTS) -> list[Triple]:
    """Return the corrected sRGB of a grid of colours; red changes fastest.

    Values may be outside 0 to 1: limited values would be interpolated wrongly beside them.
    """
    axis = [linear(n / (points - 1)) for n in range(points)]
    found = []
    for blue in axis:
        for green in axis:
            for red in axis:
                light = from_lab(*made.apply(lab(red, green, blue)))
                found.append((coded(light[0]), coded(light[1]), coded(light[2])))
    return found


def grid(points: int = POINTS) -> Iterator[Triple]:
    """Yield the colours of the grid in the order of ``table``."""
    last = points - 1
    for blue in range(points):
        for green in range(points):
            for red in range(points):
                yield red / last, green / last, blue / last


def cube(entries: Sequence[Triple], points: int = POINTS) -> str:
    """Return a table in the format ``.cube``, which FFmpeg's ``lut3d`` reads."""
    lines = [f"LUT_3D_SIZE {points}", *(_line(entry) for entry in entries)]
    return "\n".join(lines) + "\n"


def _line(entry: Triple) -> str:
    red, green, blue = entry
    return f"{red:.6f} {green:.6f} {blue:.6f}"


def changes(entries: Sequence[Triple], points: int = POINTS) -> bool:
    """Return whether a table changes any colour visibly."""
    return any(
        abs(value - given) > INVISIBLE
        for entry, colour in zip(entries, grid(points), strict=True)
        for value, given in zip(entry, colour, strict=True)
    )
