"""What a job costs: billed by the contract, exact inside, rounded up where shown."""

from __future__ import annotations

import json
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.contract import FUNCTIONS
from vaceprep.cost import Cost, cost_of, rate, read_usd, rounded, total, usd

LIST = Fraction(1, 10)
BY_INPUT = ("video_repainting", "video_edit", "video_outpainting")
SECONDS = st.none() | st.fractions(min_value=Fraction(1, 1000), max_value=100)


@pytest.mark.parametrize("function", ["image_reference", "video_extension"])
@pytest.mark.parametrize("length", [None, Fraction(2), Fraction(60)])
def test_five_seconds_whatever_goes_in(function: str, length: Fraction | None) -> None:
    cost = cost_of(function, length)
    assert cost == Cost(Fraction(5), Fraction(1, 2), Fraction(5), Fraction(1, 2))
    assert cost.text() == "5 s, 0.50 USD"


@pytest.mark.parametrize("function", ["video_repainting", "video_outpainting"])
def test_the_seconds_of_the_input_up_to_five(function: str) -> None:
    length = Fraction(149 * 1001, 30000)
    cost = cost_of(function, length)
    assert cost is not None
    assert (cost.seconds, cost.usd) == (length, length * LIST)
    assert (cost.most_seconds, cost.most_usd) == (length, length * LIST)
    assert cost.text() == "4.972 s, 0.50 USD"
    over = cost_of(function, Fraction(5005, 1000))
    assert over is not None
    assert over.seconds == over.most_seconds == 5


def test_an_edit_counts_five_seconds_for_caps() -> None:
    cost = cost_of("video_edit", Fraction(16, 5))
    assert cost == Cost(Fraction(16, 5), Fraction(8, 25), Fraction(5), Fraction(1, 2))
    assert cost.text() == "3.2 s, 0.32 USD (caps and budgets count 5 s, 0.50 USD)"
    full = cost_of("video_edit", Fraction(5))
    assert full is not None
    assert full.text() == "5 s, 0.50 USD"


@pytest.mark.parametrize("function", BY_INPUT)
def test_an_input_that_was_not_measured_counts_the_most(function: str) -> None:
    cost = cost_of(function, None)
    assert cost == Cost(None, None, Fraction(5), Fraction(1, 2))
    assert cost.text() == "up to 5 s, 0.50 USD"


@pytest.mark.parametrize("function", [None, "video_reshoot", ""])
def test_an_unknown_function_has_no_cost(function: str | None) -> None:
    assert cost_of(function, Fraction(3)) is None


def test_the_price_is_a_setting() -> None:
    cost = cost_of("video_repainting", Fraction(3), Fraction("0.123"))
    assert cost is not None
    assert cost.usd == Fraction("0.369")
    assert cost.to_dict() == {
        "seconds": 3.0,
        "seconds_exact": "3/1",
        "usd": 0.37,
        "most_seconds": 3.0,
        "most_usd": 0.37,
    }
    assert rate(LIST) == "0.10 USD a second"
    assert rate(Fraction("0.123")) == "0.123 USD a second"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Fraction(1, 2), "0.50 USD"),
        (Fraction(4972, 10000), "0.50 USD"),
        (Fraction(1, 10**9), "0.01 USD"),
        (Fraction(50001, 100000), "0.51 USD"),
        (Fraction(0), "0.00 USD"),
        (Fraction(12345), "12,345.00 USD"),
    ],
)
def test_amounts_are_rounded_up_to_a_cent(amount: Fraction, text: str) -> None:
    assert usd(amount) == text
    assert rounded(amount) == float(text.removesuffix(" USD").replace(",", ""))


def test_a_sum_is_rounded_once() -> None:
    length = Fraction(4972, 1000)
    in_all = total([cost_of("video_repainting", length)] * 10)
    assert in_all is not None
    # Ten times 0.50 USD as shown would be 5.00.
    assert in_all.text() == "49.72 s, 4.98 USD"
    assert total([]) is None
    assert total([None]) is None
    mixed = total([cost_of("image_reference", None), cost_of("video_edit", None), None])
    assert mixed is not None
    assert mixed.text() == "up to 10 s, 1.00 USD"


@given(
    st.lists(st.tuples(st.sampled_from(FUNCTIONS), SECONDS), min_size=1, max_size=6),
    st.fractions(min_value=Fraction(1, 10**6), max_value=1000),
)
def test_what_is_shown_is_never_too_little(
    jobs: list[tuple[str, Fraction | None]], price: Fraction
) -> None:
    costs = [cost_of(function, length, price) for function, length in jobs]
    in_all = total(costs)
    assert in_all is not None
    assert in_all.most_usd == sum(cost.most_usd for cost in costs if cost is not None)
    assert in_all.most_usd <= 5 * price * len(jobs)
    values = json.loads(json.dumps(in_all.to_dict()))
    assert values["most_usd"] == ceil(in_all.most_usd * 100) / 100
    for function, length in jobs:
        cost = cost_of(function, length, price)
        assert cost is not None
        by_hand = 5 if function not in BY_INPUT else None if length is None else min(length, 5)
        assert cost.seconds == by_hand
        if cost.usd is not None:
            assert cost.usd <= cost.most_usd <= 5 * price


@pytest.mark.parametrize("text", ["5", " 0.50 ", "0.001", "1000000"])
def test_an_amount_is_read_exactly(text: str) -> None:
    assert read_usd(text) == Fraction(text.strip())


NO_AMOUNTS = "nan inf -inf USD $5 1e3 1/3 0x5 \u0665 1_0 .5 5. +5 1,5".split()


@pytest.mark.parametrize("text", ["", "5 USD", "5\n5", *NO_AMOUNTS])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="is no number of US dollars"):
        read_usd(text)


@pytest.mark.parametrize("text", ["0", "0.00", "000"])
def test_a_cap_of_zero_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is zero, which would refuse every job"):
        read_usd(text)


@pytest.mark.parametrize("text", ["-1", "-0", "-0.5"])
def test_a_cap_below_zero_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is below zero"):
        read_usd(text)


@pytest.mark.parametrize("text", ["1000001", "9" * 5000, "1." + "1" * 5000])
def test_a_cap_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is out of range"):
        read_usd(text)
