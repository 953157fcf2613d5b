"""Sizes that the image rules accept, from any size. Pure; all in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vaceprep.contract import IMAGE_SIDE


@dataclass(frozen=True, slots=True)
class Fit:
    """A picture is scaled to ``scaled`` and centred on ``canvas``."""

    scaled: tuple[int, int]
    canvas: tuple[int, int]

    @property
    def padded(self) -> bool:
        """Whether the picture does not fill the canvas."""
        return self.scaled != self.canvas


def _times(size: tuple[int, int], factor: Fraction) -> tuple[int, int]:
    # Half a pixel goes up, so that a side never falls short of its limit.
    width, height = (max(1, int(side * factor + Fraction(1, 2))) for side in size)
    return width, height


def fit(size: tuple[int, int], limits: tuple[int, int] = IMAGE_SIDE) -> Fit:
    """The nearest size with both sides within ``limits``, aspect kept.

    Where no scale brings both sides within them, the picture is scaled down no further than
    its long side asks, and padded.
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
    scaled = _times(size, min(factor, Fraction(1)))
    width, height = (max(low, side) for side in scaled)
    return Fit(scaled, (width, height))
