"""Caps on what is spent: the budget of a day, and the cap of one call."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from vaceprep.contract import MAX_USD, PRICE_PER_SECOND
from vaceprep.cost import INPUT, Cost, cost_of, read_usd
from vaceprep.facts import VideoFacts
from vaceprep.wording import decimal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vaceprep.config.model import Config
    from vaceprep.preparation.report import Prepared
    from vaceprep.runs.model import RunOptions

#: The environment variable with the budget of a day, in US dollars.
VARIABLE: Final = "VACEPREP_BUDGET"


def from_environment() -> Fraction | None:
    """The budget that the environment sets; None if it sets none.

    Raises ValueError with a sentence if it is no amount: an empty value, too, since a budget that
    is silently absent costs money.
    """
    text = os.environ.get(VARIABLE)
    if text is None:
        return None
    try:
        return read_usd(text)
    except ValueError as error:
        raise ValueError(f'{VARIABLE} is "{text}": it {error}') from None


def budget_of(config: Config | None) -> Fraction | None:
    """The budget of a day: the environment's, else the configuration's. Raises ValueError."""
    own = from_environment()
    return own if own is not None or config is None else config.budget


def price_of(config: Config | None) -> Fraction:
    """The price of a second of output: the configuration's, else the list price."""
    return PRICE_PER_SECOND if config is None or config.price is None else config.price


def cap_of(amount: Fraction | float | str | None) -> Fraction | None:
    """The cap of a call as given to the library. Raises ValueError with a sentence."""
    if amount is None:
        return None
    if isinstance(amount, Fraction) and 0 < amount <= MAX_USD:
        return amount
    try:
        return read_usd(str(amount))
    except ValueError as error:
        raise ValueError(f"max_cost is {amount}: it {error}") from None


def capped(options: RunOptions, config: Config | None, max_cost: Fraction | None) -> RunOptions:
    """The options with the price, the cap and the budget. Raises ValueError."""
    price, budget = price_of(config), budget_of(config)
    return replace(options, price=price, max_cost=max_cost, budget=budget)


def over_cap(cost: Cost | None, cap: Fraction | None) -> str | None:
    """Why a call is refused whole, in a sentence; None if its cost is within the cap."""
    if cost is None or cap is None or cost.most_usd <= cap:
        return None
    return (
        f"this call costs {cost.text()}, which is over --max-cost {decimal(cap)}; nothing was "
        "prepared or sent"
    )


def cost_after(function: str, prepared: Iterable[Prepared], price: Fraction) -> Cost | None:
    """The cost of a job from its media, as planned or as made."""
    entry = next((one for one in prepared if one.role == INPUT), None)
    facts = None if entry is None else entry.after
    return cost_of(function, facts.duration if isinstance(facts, VideoFacts) else None, price)
