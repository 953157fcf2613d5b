"""What people write for an instant."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.cli.times import parse_instant


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", Fraction(0)),
        ("1.5", Fraction(3, 2)),
        ("1.", Fraction(1)),
        (".25", Fraction(1, 4)),
        (" 2 ", Fraction(2)),
        ("3003/1000", Fraction(3003, 1000)),
        ("0:01.5", Fraction(3, 2)),
        ("90:00", Fraction(5400)),
        ("1:02:03.004", Fraction(3723004, 1000)),
        ("-1", Fraction(-1)),
        ("-0:01", Fraction(-1)),
        ("0.1", Fraction(1, 10)),
    ],
)
def test_forms(text: str, seconds: Fraction) -> None:
    assert parse_instant(text) == seconds


@pytest.mark.parametrize("text", ["first", "last"])
def test_words(text: str) -> None:
    assert parse_instant(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "nan", "inf", "1e3", "1/0", "1/", "/2", "1:60", "1:60:00", "1:2:3:4", "1,5"),
        *("--1", "+1", "0x10", "1 2", "١", "1_0", "1s", "First", ".", "-", ":", "9" * 5000, "1:-1"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_instant(text)


@given(st.fractions(0, 10**6, max_denominator=10**9))
def test_a_fraction_is_itself(value: Fraction) -> None:
    assert parse_instant(f"{value.numerator}/{value.denominator}") == value


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59_999))
def test_clock_time_adds_up(hours: int, minutes: int, milliseconds: int) -> None:
    seconds = Fraction(milliseconds, 1000)
    text = f"{milliseconds // 1000:02}.{milliseconds % 1000:03}"
    assert parse_instant(f"{hours}:{minutes:02}:{text}") == 3600 * hours + 60 * minutes + seconds
    assert parse_instant(f"{minutes}:{text}") == 60 * minutes + seconds


@given(st.text(max_size=12))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        found = parse_instant(text)
    except ValueError:
        return
    assert found in ("first", "last") or isinstance(found, Fraction)
