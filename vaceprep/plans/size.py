"""Compute sizes that the rules accept from any size. Pure; all in pixels."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import Literal

from vaceprep.contract import IMAGE_SIDE, KEPT_PIXELS
from vaceprep.records import Record


class Fit(Record):
    """A picture scaled to ``scaled`` and centred on ``canvas``.

    A larger canvas pads the picture, a smaller one crops it.
    """

    scaled: tuple[int, int]
    canvas: tuple[int, int]

    @property
    def padded(self) -> bool:
        """Whether the picture does not fill the canvas."""
        return self.canvas[0] > self.scaled[0] or self.canvas[1] > self.scaled[1]

    @property
    def cropped(self) -> bool:
        """Whether the picture is larger than the canvas."""
        return self.canvas[0] < self.scaled[0] or self.canvas[1] < self.scaled[1]


def _times(size: tuple[int, int], factor: Fraction) -> tuple[int, int]:
    # Round half a pixel up, so that a side never falls short of its limit.
    width, height = (max(1, int(side * factor + Fraction(1, 2))) for side in size)
    return width, height


def fit(
    size: tuple[int, int],
    limits: tuple[int, int] = IMAGE_SIDE,
    shape: Literal["pad", "crop"] = "pad",
) -> Fit:
    """Return the nearest size with both sides within ``limits``, aspect kept.

    If no scale brings both sides within them, the picture is scaled down no further than its long
    side requires and padded; or, to crop, scaled until its short side is long enough, and the long
    side is cut.
    """
    low, high = limits
    short, long = min(size), max(size)
    if low <= short and long <= high:
        return Fit(size, size)
    factor = Fraction(high, long)
    if long <= high:
        factor = min(factor, Fraction(low, short))
    scaled = _times(size, factor)
    if min(scaled) >= low:
        return Fit(scaled, scaled)
    if shape == "crop":
        scaled = _times(size, Fraction(low, short))
        width, height = (min(high, side) for side in scaled)
        return Fit(scaled, (width, height))
    scaled = _times(size, min(factor, Fraction(1)))
    width, height = (max(low, side) for side in scaled)
    return Fit(scaled, (width, height))


def even_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size that a 4:2:0 video can have: a line less if a side is odd."""
    return max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2)


def even(fitted: Fit) -> Fit:
    """Return the fit with every side even for 4:2:0."""
    return Fit(even_size(fitted.scaled), even_size(fitted.canvas))


def within(size: tuple[int, int], pixels: int = KEPT_PIXELS) -> tuple[int, int]:
    """Return the largest even size of the same shape with at most ``pixels``."""
    width, height = size
    if width * height <= pixels:
        return size
    # Compute the long side first: the short one then follows within a pixel.
    long, short = max(size), min(size)
    side = isqrt(pixels * long // short) // 2 * 2
    other = max(2, int(Fraction(short * side, long)) // 2 * 2)
    return (side, other) if width >= height else (other, side)


def scaled_to(size: tuple[int, int], target: tuple[int, int], shape: str) -> Fit:
    """Return the fit to exactly ``target``: inside it with bars, or covering it and cropped."""
    across, down = Fraction(target[0], size[0]), Fraction(target[1], size[1])
    factor = max(across, down) if shape == "crop" else min(across, down)
    width, height = (max(1, round(side * factor)) for side in size)
    # A difference of one pixel is rounding, not another shape.
    if abs(width - target[0]) <= 1 and abs(height - target[1]) <= 1:
        return Fit(target, target)
    return Fit((width, height), target)
