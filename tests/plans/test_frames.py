"""Frames on an even grid."""

from __future__ import annotations

from fractions import Fraction

import pytest

from vaceprep.plans.frames import Run, on_grid

RATE = Fraction(25)


@pytest.mark.parametrize(
    ("last", "fits"),
    [
        # Frames that the last one lasts.
        (Fraction(1, 100), True),
        (Fraction(1), True),
        (Fraction(149, 100), True),
        (Fraction(3, 2), False),
        (Fraction(2), False),
    ],
)
def test_the_last_frame_may_not_be_held_longer_than_its_slot(last: Fraction, fits: bool) -> None:
    times = tuple(Fraction(number) / RATE for number in range(10))
    assert on_grid(Run(0, 10, times, times[-1] + last / RATE, 1000), RATE) is fits
