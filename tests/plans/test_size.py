"""Any size becomes one that the image rules accept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.contract import IMAGE_SIDE
from vaceprep.plans.size import Fit, fit

sides = st.integers(1, 20_000)


@given(sides, sides)
def test_every_size_ends_within_the_limits(width: int, height: int) -> None:
    how = fit((width, height))
    assert all(IMAGE_SIDE[0] <= side <= IMAGE_SIDE[1] for side in how.canvas)
    assert all(a <= b for a, b in zip(how.scaled, how.canvas, strict=True))
    assert fit(how.canvas) == Fit(how.canvas, how.canvas)
    if not how.padded:
        # The aspect is kept but for the rounding of either side.
        across, down = how.scaled
        assert abs(across * height - down * width) <= max(width, height)


@pytest.mark.parametrize(
    ("size", "scaled", "canvas"),
    [
        ((360, 360), (360, 360), (360, 360)),
        ((2000, 360), (2000, 360), (2000, 360)),
        ((3840, 2160), (2000, 1125), (2000, 1125)),
        ((320, 240), (480, 360), (480, 360)),
        ((2002, 360), (2000, 360), (2000, 360)),
        ((4000, 300), (2000, 150), (2000, 360)),
        ((300, 4000), (150, 2000), (360, 2000)),
        ((1900, 100), (1900, 100), (1900, 360)),
        ((1, 1), (360, 360), (360, 360)),
    ],
)
def test_sizes(size: tuple[int, int], scaled: tuple[int, int], canvas: tuple[int, int]) -> None:
    assert fit(size) == Fit(scaled, canvas)
