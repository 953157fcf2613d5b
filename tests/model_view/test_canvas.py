"""Where pictures lie on the model's canvas."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.model_view.canvas import (
    Rectangle,
    Scales,
    Stretch,
    extension,
    on_white,
    outpainted,
    white_share,
)

SIDES = st.integers(16, 4000)
SCALES = st.floats(1, 2)


def test_half_more_on_each_side_halves_the_original() -> None:
    found = outpainted(1280, 720, Scales(1.5, 1.5, 1.5, 1.5), 81)
    assert (found.width, found.height) == (1280, 720)
    assert found.original == Rectangle(320, 180, 640, 360)
    assert found.kept == 0.5


def test_one_side_alone() -> None:
    found = outpainted(640, 640, Scales(right=2.0), 81)
    assert found.width / found.height == pytest.approx(2, rel=0.02)
    assert found.original.left <= 0
    assert found.original.width == pytest.approx(found.width / 2, abs=16)


@given(st.integers(360, 2000), st.integers(360, 2000), SCALES, SCALES, SCALES, SCALES)
def test_the_original_lies_on_the_canvas(
    width: int, height: int, top: float, bottom: float, left: float, right: float
) -> None:
    found = outpainted(width, height, Scales(top, bottom, left, right), 81)
    lies = found.original
    # What the canvas loses to whole cells, it loses at its borders.
    slack = 2 * 16 + 2
    assert lies.left >= -slack
    assert lies.top >= -slack
    assert lies.left + lies.width <= found.width + slack
    assert lies.top + lies.height <= found.height + slack


@given(SIDES, SIDES, SIDES, SIDES)
def test_a_reference_is_fitted_and_centred(width: int, height: int, wide: int, high: int) -> None:
    lies = on_white((width, height), (wide, high))
    assert lies.width == wide or lies.height == high
    assert lies.left >= 0 <= lies.top
    assert abs(wide - lies.width - 2 * lies.left) <= 1
    assert abs(high - lies.height - 2 * lies.top) <= 1
    assert 0 <= white_share((width, height), (wide, high)) < 1


def test_the_white_around_a_square_on_a_wide_canvas() -> None:
    assert on_white((500, 500), (1280, 720)) == Rectangle(280, 0, 720, 720)
    assert white_share((500, 500), (1280, 720)) == Fraction(7, 16)
    assert white_share((1280, 720), (1280, 720)) == 0


def test_a_clip_of_three_seconds_leaves_two() -> None:
    assert extension({"first_clip_url": Fraction(3)}) == (
        Stretch("first_clip_url", Fraction(0), Fraction(3)),
        Stretch(None, Fraction(3), Fraction(5)),
    )


def test_frames_take_one_frame_and_clips_come_first_and_last() -> None:
    found = extension({"last_clip_url": Fraction(1), "first_frame_url": None})
    assert [stretch.field for stretch in found] == ["first_frame_url", None, "last_clip_url"]
    assert found[0].end == Fraction(1, 16)
    assert found[-1].start == 4


def test_more_than_fits_leaves_nothing_new() -> None:
    found = extension({"first_clip_url": Fraction(3), "last_clip_url": Fraction(4)})
    assert [float(s.end) for s in found] == [3.0, 5.0]
    assert extension({}) == (Stretch(None, Fraction(0), Fraction(5)),)
