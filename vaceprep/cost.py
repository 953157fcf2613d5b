"""What the service bills for a job: its seconds and its US dollars. Pure.

Amounts are exact here; only what is shown is rounded, up to a cent.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from vaceprep.contract import (
    BILLED_AT_MOST,
    BILLED_BY_INPUT,
    FUNCTIONS,
    MAX_USD,
    OUTPUT_SECONDS,
    PRICE_PER_SECOND,
    Function,
)
from vaceprep.facts import VideoFacts, exact, shown
from vaceprep.records import Record
from vaceprep.wording import decimal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vaceprep.facts import Facts

#: The field whose video decides what is billed, and its JSON pointer.
INPUT: Final = "video_url"
INPUT_POINTER: Final = f"/{INPUT}"
_CENTS: Final = 100
_AMOUNT: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


class Cost(Record):
    """What one job, or several together, cost if they succeed; failed tasks cost nothing."""

    #: The seconds and US dollars that are billed; None if an input was not measured.
    seconds: Fraction | None
    usd: Fraction | None
    #: The same as caps and budgets count them: the most that can be billed.
    most_seconds: Fraction
    most_usd: Fraction

    @property
    def exact(self) -> bool:
        """Whether caps and budgets count exactly what is billed."""
        return self.usd == self.most_usd

    def text(self) -> str:
        """The cost in words: ``3.2 s, 0.32 USD``, or ``up to`` so much."""
        most = _both(self.most_seconds, self.most_usd)
        if self.seconds is None or self.usd is None:
            return f"up to {most}"
        now = _both(self.seconds, self.usd)
        return now if self.exact else f"{now} (caps and budgets count {most})"

    def to_dict(self) -> dict[str, Any]:
        """The key ``cost`` of a report."""
        return {
            "seconds": shown(self.seconds),
            "seconds_exact": exact(self.seconds),
            "usd": None if self.usd is None else rounded(self.usd),
            "most_seconds": shown(self.most_seconds),
            "most_usd": rounded(self.most_usd),
        }


def _both(seconds: Fraction, amount: Fraction) -> str:
    return f"{decimal(seconds)} s, {usd(amount)}"


def cost_of(
    function: str | None, input_seconds: Fraction | None, price: Fraction = PRICE_PER_SECOND
) -> Cost | None:
    """The cost of a job; None if the function is unknown.

    ``input_seconds``: how long ``video_url`` is presented, None if that was not measured;
    ``price`` is in US dollars for a second of output.
    """
    if function not in FUNCTIONS:
        return None
    most = Fraction(OUTPUT_SECONDS)
    billed: Fraction | None = most
    if function in BILLED_BY_INPUT:
        billed = None if input_seconds is None else min(input_seconds, most)
    counted = most if billed is None or function in BILLED_AT_MOST else billed
    return Cost(
        seconds=billed,
        usd=None if billed is None else billed * price,
        most_seconds=counted,
        most_usd=counted * price,
    )


def cost_with(
    function: Function | None, media: Mapping[str, Facts], price: Fraction = PRICE_PER_SECOND
) -> Cost | None:
    """The same, from the facts of a job's media by JSON pointer."""
    facts = media.get(INPUT_POINTER)
    length = facts.duration if isinstance(facts, VideoFacts) else None
    return cost_of(function, length, price)


def total(costs: Iterable[Cost | None]) -> Cost | None:
    """All of them together; None if there is none."""
    each = [cost for cost in costs if cost is not None]
    if not each:
        return None
    seconds = [cost.seconds for cost in each if cost.seconds is not None]
    billed = [cost.usd for cost in each if cost.usd is not None]
    known = len(seconds) == len(billed) == len(each)
    return Cost(
        seconds=sum(seconds, Fraction()) if known else None,
        usd=sum(billed, Fraction()) if known else None,
        most_seconds=sum((cost.most_seconds for cost in each), Fraction()),
        most_usd=sum((cost.most_usd for cost in each), Fraction()),
    )


def _cents(amount: Fraction) -> int:
    return math.ceil(amount * _CENTS)


def rounded(amount: Fraction) -> float:
    """US dollars for JSON, rounded up to a cent."""
    return _cents(amount) / _CENTS


def usd(amount: Fraction) -> str:
    """``0.50 USD``: rounded up to a cent."""
    whole, cents = divmod(_cents(amount), _CENTS)
    return f"{whole:,}.{cents:02d} USD"


def rate(price: Fraction) -> str:
    """``0.10 USD a second``: a price is not rounded."""
    cents = price * _CENTS
    text = f"{float(price):.2f}" if cents.denominator == 1 else decimal(price)
    return f"{text} USD a second"


def read_usd(text: str) -> Fraction:
    """A cap or a budget in US dollars as typed. Raises ValueError with a clause that says why.

    Zero is refused: it would refuse every job, and elsewhere it often means "no limit".
    """
    given = text.strip()
    if _NUMBER.fullmatch(given) is None:
        raise ValueError("is no number of US dollars; write it as 5 or 0.50")
    if given.startswith("-"):
        raise ValueError("is below zero; it must be above")
    amount = Fraction(given) if _AMOUNT.fullmatch(given) else None
    if amount is None or amount > MAX_USD:
        raise ValueError(f"is out of range: {MAX_USD:,} USD at most, with up to 12 decimals")
    if not amount:
        raise ValueError("is zero, which would refuse every job; it must be above zero")
    return amount
