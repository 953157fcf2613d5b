"""The display matrix: the eight right angles, and nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media import IDENTITY
from vaceprep.probes.display import Turn, turn

ONE = 0x10000


def nine(a: int, b: int, c: int, d: int) -> tuple[int, ...]:
    return (a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 0x40000000)


def cos_sin(degrees: int) -> tuple[int, int]:
    return round(math.cos(math.radians(degrees))), round(math.sin(math.radians(degrees)))


def clockwise(degrees: int, mirrored: bool = False) -> tuple[int, ...]:
    """On a screen, y runs down: a point to the right goes down first when turned clockwise."""
    cos, sin = cos_sin(degrees)
    sign = -1 if mirrored else 1
    return nine(sign * cos, sign * sin, -sin, cos)


right_angles = st.sampled_from([0, 90, 180, 270])


@given(right_angles, st.booleans())
def test_each_of_the_eight(degrees: int, mirrored: bool) -> None:
    matrix = clockwise(degrees, mirrored)
    assert turn(matrix, IDENTITY) == Turn(degrees, mirrored)
    assert turn(IDENTITY, matrix) == Turn(degrees, mirrored)


@given(right_angles, right_angles)
def test_two_turns_add_up(first: int, second: int) -> None:
    assert turn(clockwise(first), clockwise(second)) == Turn((first + second) % 360, False)


@given(right_angles, right_angles)
def test_mirrored_twice_is_not_mirrored(first: int, second: int) -> None:
    assert not turn(clockwise(first, True), clockwise(second, True)).mirrored


def test_where_the_picture_lies_does_not_matter() -> None:
    moved = list(clockwise(90))
    moved[6], moved[7] = 1080 * ONE, -5 * ONE
    assert turn(moved, IDENTITY) == Turn(90, False)


@pytest.mark.parametrize(
    "matrix",
    [
        (0,) * 9,
        (0x7FFFFFFF,) * 9,
        (-0x80000000,) * 9,
        nine(2, 0, 0, 2),
        nine(1, 1, 0, 1),
        (ONE, 0, 1, 0, ONE, 0, 0, 0, 0x40000000),
        (ONE, 0, 0, 0, ONE, 0, 0, 0, 0),
        (46341, 46341, 0, -46341, 46341, 0, 0, 0, 0x40000000),
        (ONE + 1, 0, 0, 0, ONE, 0, 0, 0, 0x40000000),
    ],
)
def test_anything_else_is_no_turn(matrix: tuple[int, ...]) -> None:
    assert turn(matrix, IDENTITY).rotation is None


numbers = st.lists(st.integers(-(2**31), 2**31 - 1), min_size=9, max_size=9)


@given(numbers, numbers)
def test_any_numbers_give_an_answer(track: list[int], movie: list[int]) -> None:
    assert turn(track, movie).rotation in (None, 0, 90, 180, 270)
