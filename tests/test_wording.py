"""Numbers in sentences: short, and never rounded into the opposite of the verdict."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.wording import decimal, listed, megabytes, size


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (Fraction(16), None, "16"),
        (Fraction(16000, 1001), Fraction(16), "15.984"),
        (Fraction(30000, 1001), None, "29.97"),
        (Fraction(1, 30), None, "0.033"),
        (Fraction(5005, 1000), Fraction(5), "5.005"),
        (Fraction(81, 16), Fraction(5), "5.0625"),
        (Fraction(5), Fraction(5), "5"),
        (Fraction(0), None, "0"),
        (Fraction(1, 2), None, "0.5"),
    ],
)
def test_as_people_write_them(value: Fraction, limit: Fraction | None, text: str) -> None:
    assert decimal(value, limit) == text


values = st.fractions(min_value=0, max_value=10**9)


@given(st.one_of(values, st.integers(1, 2000).map(Fraction)), st.integers(1, 2000))
def test_never_equal_to_a_limit_that_it_is_not(value: Fraction, limit: int) -> None:
    text = decimal(value, Fraction(limit))
    assert (Fraction(text) == limit) is (value == limit)


@given(st.integers(1, 10**6), st.integers(5, 40))
def test_however_close(limit: int, digits: int) -> None:
    close = limit + Fraction(1, 10**digits)
    assert Fraction(decimal(close, Fraction(limit))) != limit


@given(values)
def test_within_a_thousandth(value: Fraction) -> None:
    # Half a thousandth, and a little for the float in between.
    assert abs(Fraction(decimal(value)) - value) <= max(Fraction(1, 1999), value / 10**12)


def test_lists_and_sizes() -> None:
    assert [size(n) for n in (12, 4_200, 999_499, 1_000_000)] == [
        *("12 bytes", "4 kB", "999 kB", "1.00 MB"),
    ]
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert megabytes(50_000_001) == "50.00 MB"
