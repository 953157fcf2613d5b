"""Shapes are drawn exactly: a pixel is white if and only if its centre is inside."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaceprep.preparation.image.shapes import (
    Shape,
    drawn,
    outside,
    parse_box,
    parse_polygon,
    parse_size,
)

HALF = Fraction(1, 2)
sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))
numbers = st.one_of(
    st.integers(-30, 60).map(str),
    st.decimals(-30, 60, places=2).map(str),
    st.integers(-50, 150).map(lambda n: f"{n}%"),
)
lengths = st.one_of(
    st.integers(1, 60).map(str),
    st.decimals("0.01", 60, places=2).map(str),
    st.integers(1, 150).map(lambda n: f"{n}%"),
)
boxes = st.tuples(numbers, numbers, lengths, lengths).map(",".join)
polygons = st.lists(st.tuples(numbers, numbers).map(",".join), min_size=3, max_size=7).map(" ".join)


def value(text: str, side: int) -> Fraction:
    return Fraction(text[:-1]) * side / 100 if text.endswith("%") else Fraction(text)


def box(text: str, size: tuple[int, int]) -> tuple[Fraction, ...]:
    parts = text.split(",")
    return tuple(value(part, size[i % 2]) for i, part in enumerate(parts))


def in_rectangle(text: str, size: tuple[int, int], x: Fraction, y: Fraction) -> bool:
    left, top, wide, high = box(text, size)
    return left <= x < left + wide and top <= y < top + high


def in_ellipse(text: str, size: tuple[int, int], x: Fraction, y: Fraction) -> bool:
    left, top, wide, high = box(text, size)
    across, down = (x - left - wide / 2) / (wide / 2), (y - top - high / 2) / (high / 2)
    return across**2 + down**2 <= 1


def in_polygon(text: str, size: tuple[int, int], x: Fraction, y: Fraction) -> bool:
    corners = [box(corner, size) for corner in text.split()]
    inside = False
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y0 <= y) != (y1 <= y) and x >= x0 + (x1 - x0) * (y - y0) / (y1 - y0):
            inside = not inside
    return inside


def inside_is_white(
    rectangles: list[str], ellipses: list[str], many: list[str], size: tuple[int, int]
) -> None:
    shapes: list[Shape] = [parse_box("rectangle", text) for text in rectangles]
    shapes += [parse_box("ellipse", text) for text in ellipses]
    shapes += [parse_polygon(text) for text in many]
    pixels, missing = drawn(shapes, size)
    tests = [*((in_rectangle, t) for t in rectangles), *((in_ellipse, t) for t in ellipses)]
    tests += [(in_polygon, t) for t in many]
    covered = [False] * len(tests)
    for y in range(size[1]):
        for x in range(size[0]):
            hits = [inside(text, size, x + HALF, y + HALF) for inside, text in tests]
            covered = [a or b for a, b in zip(covered, hits, strict=True)]
            assert pixels[y * size[0] + x] == (255 if any(hits) else 0)
    assert missing == [s for s, seen in zip(shapes, covered, strict=True) if not seen]
    assert all(shape in missing for shape in shapes if outside(shape, size))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(boxes, max_size=3), st.lists(boxes, max_size=2), st.lists(polygons, max_size=2), sizes
)
def test_inside_is_white_and_outside_black(
    rectangles: list[str], ellipses: list[str], many: list[str], size: tuple[int, int]
) -> None:
    inside_is_white(rectangles, ellipses, many, size)


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(
    st.lists(boxes, max_size=3), st.lists(boxes, max_size=2), st.lists(polygons, max_size=2), sizes
)
def test_inside_is_white_and_outside_black_for_long(
    rectangles: list[str], ellipses: list[str], many: list[str], size: tuple[int, int]
) -> None:
    inside_is_white(rectangles, ellipses, many, size)


def test_a_large_ellipse_has_the_area_of_one() -> None:
    pixels, _ = drawn([parse_box("ellipse", "0,0,100%,100%")], (1280, 720))
    assert abs(pixels.count(255) - 3.14159265 * 640 * 360) < 300


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,0,4", "1,2,3,-4", "1,2,nan,4", "1,2,3,4%%"]
)
def test_no_box(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_box("rectangle", text)


@pytest.mark.parametrize("text", ["", "1,2", "1,2 3,4", "1,2 3,4 5", "1,2 3,4 a,b", "1 2 3"])
def test_no_polygon(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_polygon(text)


def test_too_many_corners() -> None:
    with pytest.raises(ValueError, match="at most"):
        parse_polygon("1,1 " * 10_001)


def test_sizes() -> None:
    assert (
        parse_size("1280x720") == parse_size("1280*720") == parse_size(" 1280X720 ") == (1280, 720)
    )
    for text in ("", "1280", "0x10", "10x0", "-1x5", "1280x720x3", "1.5x2"):
        with pytest.raises(ValueError, match="is no size"):
            parse_size(text)
