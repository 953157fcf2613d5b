"""Colours in perceptual spaces, and the match of one picture to another."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.parts.colour_match import NONE, Correction, changes, correction, cube, table
from vaceprep.parts.colours import (
    ciede2000,
    coded,
    difference,
    from_lab,
    lab,
    labs_of,
    linear,
    statistics_of,
)

#: Pairs of the table that Sharma, Wu and Dalal published with the formula.
PUBLISHED = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0010), 7.1792),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0011, -2.4900), 4.7461),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.9257, -0.5406, -0.9208), (88.6381, -0.8985, -0.7239), 1.5381),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]
channels = st.floats(0, 1)


@pytest.mark.parametrize(("one", "other", "expected"), PUBLISHED)
def test_the_difference_is_the_published_one(
    one: tuple[float, float, float], other: tuple[float, float, float], expected: float
) -> None:
    assert ciede2000(one, other) == pytest.approx(expected, abs=1e-4)
    assert ciede2000(other, one) == pytest.approx(expected, abs=1e-4)


def test_white_and_the_primaries_have_their_known_values() -> None:
    assert lab(1, 1, 1) == pytest.approx((100, 0, 0), abs=0.02)
    assert lab(1, 0, 0) == pytest.approx((53.24, 80.09, 67.20), abs=0.02)


@given(channels, channels, channels)
def test_both_ways_give_the_same_colour(red: float, green: float, blue: float) -> None:
    light = tuple(linear(value) for value in (red, green, blue))
    back = from_lab(*lab(*light))
    assert [coded(value) for value in back] == pytest.approx([red, green, blue], abs=1e-3)


def pixels(seed: int, low: int = 40, high: int = 200) -> bytes:
    """Random colours within a range of levels."""
    source = random.Random(seed)
    return bytes(source.randint(low, high) for _ in range(3 * 400))


def shifted(data: bytes) -> bytes:
    """Brighter, with less contrast, and redder."""
    scaled = [round(value * 0.8 + (48, 22, 20)[at % 3]) for at, value in enumerate(data)]
    return bytes(min(255, max(0, value)) for value in scaled)


def test_a_correction_restores_mean_and_spread() -> None:
    before, after = pixels(1), shifted(pixels(1))
    made = correction([before], [after])
    wanted = statistics_of(labs_of(before))
    found = statistics_of([made.apply(colour) for colour in labs_of(after)])
    for one, other in zip(wanted, found, strict=True):
        assert one == pytest.approx(other, abs=1)


def test_what_moved_does_not_count() -> None:
    """A tenth of the picture is another one."""
    before, after = pixels(1), pixels(4, 200, 255)[:120] + pixels(1)[120:]
    assert correction([before], [after]) == NONE


def test_equal_pictures_are_left_as_they_are() -> None:
    same = pixels(2)
    assert correction([same], [same]) == NONE


def test_a_picture_of_something_else_is_not_matched_where_that_makes_it_no_more_alike() -> None:
    """Light on the left and dark on the right, and the other way round: no scale helps."""
    one = bytes([60] * 600 + [200] * 600)
    assert correction([one], [one[::-1]]) == NONE


def test_a_flat_channel_is_moved_and_not_scaled() -> None:
    made = correction([bytes([90, 90, 90] * 50)], [bytes([120, 120, 121] * 50)])
    assert made.scale == (1.0, 1.0, 1.0)
    assert made != NONE


def test_the_scale_has_limits() -> None:
    strong = correction([pixels(3, 0, 255)], [bytes(118 + v // 20 for v in pixels(3, 0, 255))])
    assert max(strong.scale) <= 2.0


def test_the_table_is_one_that_ffmpeg_reads() -> None:
    entries = table(NONE, 3)
    text = cube(entries, 3).splitlines()
    assert text[0] == "LUT_3D_SIZE 3"
    assert [float(value) for value in text[2].split()] == pytest.approx([0.5, 0, 0], abs=1e-5)
    assert len(text) == 28
    assert not changes(entries, 3)
    lighter = Correction((1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (5.0, 0.0, 0.0))
    assert changes(table(lighter, 3), 3)


def test_the_difference_of_pictures_is_the_mean_of_their_pixels() -> None:
    assert difference(b"\x10\x20\x30" * 4, b"\x10\x20\x30" * 4) == 0
    one = difference(b"\x40\x40\x40", b"\x50\x40\x40")
    assert difference(b"\x40\x40\x40" * 2, b"\x50\x40\x40\x40\x40\x40") == pytest.approx(one / 2)
