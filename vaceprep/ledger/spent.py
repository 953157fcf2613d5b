"""What rows of the ledger count for a budget, and what was spent, by local day of sending. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Final

from vaceprep.cost import Cost, cost_of, rounded, total, usd
from vaceprep.ledger.row import Row, State
from vaceprep.records import Record
from vaceprep.wording import decimal

#: States whose task was billed: its video exists.
BILLED: Final[tuple[State, ...]] = ("finished", "downloaded")
#: States whose task may be billed yet, or was: its fate is open, or its result is gone.
OPEN: Final[tuple[State, ...]] = ("sending", "unknown", "accepted", "missing", "expired")
#: A day that no calendar has.
NO_DAY: Final = "unknown"


class OverBudget(Exception):
    """A job that the budget of the day does not cover; nothing was sent. A sentence."""

    def __init__(self, budget: Fraction, counted: Fraction, cost: Cost) -> None:
        super().__init__(
            f"the budget is {decimal(budget)} USD a day: {usd(counted)} of today is taken, and "
            f"this job counts {usd(cost.most_usd)}; nothing was sent"
        )


def day_of(at: float) -> str:
    """The local day of a time in seconds since 1970: ``2026-01-31``."""
    try:
        return time.strftime("%Y-%m-%d", time.localtime(at))
    except (ValueError, OverflowError, OSError):
        return NO_DAY


def charge_of(row: Row) -> Cost | None:
    """What a row counts; None if it is not, or never was, to be billed.

    A forgotten row counts if the service accepted it. A row of an earlier version has no cost: it
    counts the most that its function can be billed. A task that was not sent from here does not
    count.
    """
    if row.sent_at is None or not (
        row.state in (*BILLED, *OPEN) or (row.state == "forgotten" and row.task_id is not None)
    ):
        return None
    return row.cost or cost_of(row.function, None)


def counted(rows: Iterable[Row], day: str) -> Fraction:
    """The US dollars that rows of that day count for a budget."""
    costs = (charge_of(row) for row in rows if row.sent_at and day_of(row.sent_at) == day)
    return sum((cost.most_usd for cost in costs if cost is not None), Fraction())


class Spent(Record):
    """What an account spent on one day."""

    day: str
    service: str
    account: str
    #: Tasks with a video, and what they were billed.
    tasks: int
    billed: Cost | None
    #: Tasks that may be billed yet, and for how much.
    open_tasks: int
    open: Cost | None

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``spent`` in the JSON of ``task list``."""
        return {
            "day": self.day,
            "service": self.service,
            "account": self.account,
            "tasks": self.tasks,
            "billed": None if self.billed is None else self.billed.to_dict(),
            "open_tasks": self.open_tasks,
            "open": None if self.open is None else self.open.to_dict(),
            "counted_usd": rounded(_most(self.billed) + _most(self.open)),
        }


def _most(cost: Cost | None) -> Fraction:
    return Fraction() if cost is None else cost.most_usd


def by_day(rows: Sequence[Row], *, together: bool = False) -> list[Spent]:
    """What each account spent on each day, newest first.

    ``together``: all accounts as one without a name, as those of sandboxes are.
    """
    kept: dict[tuple[str, str, str], list[tuple[Row, Cost]]] = {}
    for row in rows:
        cost = charge_of(row)
        if cost is None or row.sent_at is None:
            continue
        account = ("", "") if together else (row.service, row.account)
        kept.setdefault((day_of(row.sent_at), *account), []).append((row, cost))
    return [_spent(*key, found) for key, found in sorted(kept.items(), reverse=True)]


def _spent(day: str, service: str, account: str, found: list[tuple[Row, Cost]]) -> Spent:
    billed = [cost for row, cost in found if row.state in BILLED]
    still_open = [cost for row, cost in found if row.state not in BILLED]
    return Spent(
        day=day,
        service=service,
        account=account,
        tasks=len(billed),
        billed=total(billed),
        open_tasks=len(still_open),
        open=total(still_open),
    )
