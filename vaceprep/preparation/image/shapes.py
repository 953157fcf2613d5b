"""Parse the shapes of a mask and rasterize them exactly. Pure; needs no library.

A pixel belongs to a shape if its centre does; there is no antialiasing. Coordinates run right and
down from the upper left corner, in pixels or in percent of the width and height.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, isqrt
from typing import Final, Literal

Kind = Literal["rectangle", "ellipse", "polygon"]

_NUMBER: Final = re.compile(r"([+-]?(?:[0-9]{1,7}(?:\.[0-9]{0,6})?|\.[0-9]{1,6}))(%?)")
_SIZE: Final = re.compile(r"([0-9]{1,6})\s*[xX*×]\s*([0-9]{1,6})")
#: The limit of a polygon's corners; a traced outline has hundreds.
MAX_CORNERS: Final = 10_000
HALF: Final = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Length:
    """A number of pixels, or a percentage of a side."""

    value: Fraction
    percent: bool

    def pixels(self, side: int) -> Fraction:
        """Return the length in pixels on a side of that many pixels."""
        return self.value * side / 100 if self.percent else self.value


@dataclass(frozen=True, slots=True)
class Shape:
    """``text`` as written; ``numbers`` alternate x and y (boxes: x, y, width, height)."""

    kind: Kind
    text: str
    numbers: tuple[Length, ...]


def parse_size(text: str) -> tuple[int, int]:
    """Parse ``1280x720`` or ``1280*720`` in pixels. Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if not found or not int(found[1]) or not int(found[2]):
        raise ValueError(f"{text!r} is no size; write it as 1280x720")
    return int(found[1]), int(found[2])


def _length(text: str) -> Length:
    found = _NUMBER.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text.strip()!r} is no number of pixels or percent (12, 12.5 or 25%)")
    return Length(Fraction(found[1].rstrip(".")), bool(found[2]))


def parse_box(kind: Literal["rectangle", "ellipse"], text: str) -> Shape:
    """Parse ``X,Y,W,H``; W and H above zero. Raises ValueError."""
    parts = text.split(",")
    if len(parts) != 4:
        raise ValueError(f"{text!r} is no {kind}; write it as X,Y,W,H (10,10,50%,50%)")
    numbers = tuple(_length(part) for part in parts)
    if numbers[2].value <= 0 or numbers[3].value <= 0:
        raise ValueError(f"{text!r} is no {kind}: its width and height must be above zero")
    return Shape(kind, text, numbers)


def parse_polygon(text: str) -> Shape:
    """Parse ``"X,Y X,Y X,Y ..."``, at least three corners. Raises ValueError."""
    corners = text.split()
    if len(corners) > MAX_CORNERS:
        raise ValueError(f"a polygon has {MAX_CORNERS:,} corners at most")
    pairs = [corner.split(",") for corner in corners]
    if len(pairs) < 3 or any(len(pair) != 2 for pair in pairs):
        raise ValueError(
            f'{text[:80]!r} is no polygon; write it as "X,Y X,Y X,Y", three corners at least'
        )
    return Shape("polygon", text, tuple(_length(part) for pair in pairs for part in pair))


#: Pixels ``[start, stop)`` of row ``y``.
Span = tuple[int, int, int]


def _span(left: Fraction, right: Fraction, width: int) -> tuple[int, int]:
    """Return the columns whose centres are in ``[left, right)``."""
    return max(0, ceil(left - HALF)), min(width, ceil(right - HALF))


def _rectangle(place: list[Fraction], size: tuple[int, int]) -> Iterator[Span]:
    left, top, wide, high = place
    start, stop = _span(left, left + wide, size[0])
    first, last = _span(top, top + high, size[1])
    for y in range(first, last):
        yield y, start, stop


def _ellipse(place: list[Fraction], size: tuple[int, int]) -> Iterator[Span]:
    left, top, wide, high = place
    middle_x, middle_y, radius_x, radius_y = left + wide / 2, top + high / 2, wide / 2, high / 2
    first, last = _span(top, top + high, size[1])
    unit = (2 * middle_x).denominator
    centre = int(2 * middle_x * unit)
    for y in range(first, last):
        away = (y + HALF - middle_y) / radius_y
        reach = isqrt(max(0, floor(4 * unit * unit * radius_x**2 * (1 - away**2))))
        # |2 unit (x + 1/2) - 2 unit middle_x| <= reach, in integers.
        start = -((reach - centre + unit) // (2 * unit))
        stop = (centre - unit + reach) // (2 * unit) + 1
        yield y, max(0, start), min(size[0], stop)


def _polygon(numbers: list[Fraction], size: tuple[int, int]) -> Iterator[Span]:
    """Fill by the even-odd rule: an area that the outline encloses twice is outside."""
    corners = list(zip(numbers[::2], numbers[1::2], strict=True))
    edges = []
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y0 != y1:
            (xa, ya), (xb, yb) = sorted([(x0, y0), (x1, y1)], key=lambda corner: corner[1])
            edges.append((ya, yb, xa, (xb - xa) / (yb - ya)))
    edges.sort(key=lambda edge: edge[0])
    first, last = _span(min(numbers[1::2]), max(numbers[1::2]), size[1])
    alive: list[tuple[Fraction, Fraction, Fraction, Fraction]] = []
    upcoming = 0
    for y in range(first, last):
        line = y + HALF
        while upcoming < len(edges) and edges[upcoming][0] <= line:
            alive.append(edges[upcoming])
            upcoming += 1
        alive = [edge for edge in alive if edge[1] > line]
        crossings = sorted(x + slope * (line - top) for top, _, x, slope in alive)
        for left, right in zip(crossings[::2], crossings[1::2], strict=True):
            yield (y, *_span(left, right, size[0]))


def spans(shape: Shape, size: tuple[int, int]) -> Iterator[Span]:
    """Yield the pixels of a shape on an image of that size, row by row."""
    numbers = [length.pixels(size[i % 2]) for i, length in enumerate(shape.numbers)]
    draw = {"rectangle": _rectangle, "ellipse": _ellipse, "polygon": _polygon}[shape.kind]
    return ((y, start, stop) for y, start, stop in draw(numbers, size) if start < stop)


def outside(shape: Shape, size: tuple[int, int]) -> bool:
    """Whether the bounding box of a shape is outside the image."""
    numbers = [length.pixels(size[i % 2]) for i, length in enumerate(shape.numbers)]
    xs, ys = numbers[::2], numbers[1::2]
    if shape.kind != "polygon":
        xs, ys = [xs[0], xs[0] + xs[1]], [ys[0], ys[0] + ys[1]]
    return max(xs) <= 0 or max(ys) <= 0 or min(xs) >= size[0] or min(ys) >= size[1]


def drawn(shapes: Iterable[Shape], size: tuple[int, int]) -> tuple[bytearray, list[Shape]]:
    """Return one byte per pixel, white (255) in any shape and black (0) elsewhere.

    The second value lists the shapes that cover no pixel.
    """
    width, height = size
    pixels = bytearray(width * height)
    missing = []
    for shape in shapes:
        covered = False
        for y, start, stop in spans(shape, size):
            covered = True
            pixels[y * width + start : y * width + stop] = b"\xff" * (stop - start)
        if not covered:
            missing.append(shape)
    return pixels, missing
