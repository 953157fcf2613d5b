"""One row of the ledger: a submission and its state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from vaceprep.cost import Cost
from vaceprep.service_errors import explain
from vaceprep.wording import read_exact

State = Literal[
    "queued",
    "sending",
    "unknown",
    "accepted",
    "missing",
    "finished",
    "downloaded",
    "failed",
    "cancelled",
    "refused",
    "expired",
    "forgotten",
]

#: The meaning of each state, for messages.
MEANING: Final[Mapping[State, str]] = MappingProxyType(
    {
        "queued": "nothing was sent yet",
        "sending": "it is being sent right now",
        "unknown": "it was sent, and the response was lost: whether it was accepted is unknown",
        "accepted": "the service has it",
        "missing": "the service accepted it and does not find it now; it may find it again",
        "finished": "its video waits to be downloaded",
        "downloaded": "its video is on disk",
        "failed": "the service could not do it",
        "cancelled": "it was called off at the service",
        "refused": "the service did not take it, or it was never sent",
        "expired": "its 24 hours are over, and task and result are gone",
        "forgotten": "it was set aside by hand",
    }
)
#: States in which the same job is not sent again until the row is settled, at any age.
UNSETTLED: Final[tuple[State, ...]] = ("queued", "sending", "unknown")
#: States whose task the service may have: the same job is not sent again within 24 hours, and
#: later only after a request to the service.
KEPT: Final[tuple[State, ...]] = ("accepted", "missing", "finished", "downloaded")
#: States in which a paid task's video is not on disk yet.
WAITED_FOR: Final[tuple[State, ...]] = ("accepted", "missing", "finished")
#: States whose error is the service's own text.
REFUSED: Final[tuple[State, ...]] = ("failed", "cancelled", "refused")
#: States of a task at work, as far as the ledger knows.
ACTIVE: Final[tuple[State, ...]] = ("sending", "accepted")


@dataclass(frozen=True, slots=True)
class Row:
    """A submission. Times are seconds since 1970 by the clock of this machine."""

    id: int
    #: The same for the same job: see ``identity``. Empty for a task that was not sent from here.
    job: str
    #: The service's base URL and the fingerprint of the key: the account that pays.
    service: str
    account: str
    function: str
    #: The job file as given, or a name in its place.
    source: str
    state: State
    #: The process that works on it.
    owner: str | None
    created_at: float
    updated_at: float
    #: When the request was sent; None before that.
    sent_at: float | None = None
    #: When the service was last asked about it.
    checked_at: float | None = None
    task_id: str | None = None
    #: The service's own status.
    status: str | None = None
    #: The body that was sent; ``data:`` URIs are replaced by their hash.
    body: Mapping[str, Any] | None = None
    #: What a later run needs: where the source's sound is, and the like.
    notes: Mapping[str, Any] = field(default_factory=dict)
    videos: tuple[str, ...] = ()
    #: The videos on disk.
    files: tuple[str, ...] = ()
    error: str | None = None
    #: What it costs if it succeeds; None before it is sent, and in rows of earlier versions.
    cost: Cost | None = None

    @property
    def born(self) -> float:
        """The time from which its 24 hours count."""
        return self.sent_at or self.created_at

    def age(self, now: float) -> float:
        """Seconds since it was sent; setting the clock back does not make it older."""
        return max(0.0, now - self.born)

    @property
    def hint(self) -> str | None:
        """The meaning of the service's error and what to do; None if unknown."""
        return explain(self.error) if self.state in REFUSED else None

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON; its only secrets are signed URLs."""
        return {
            "row": self.id,
            "state": self.state,
            "function": self.function,
            "source": self.source,
            "service": self.service,
            "account": self.account,
            "task": self.task_id,
            "status": self.status,
            "created_at": self.created_at,
            "sent_at": self.sent_at,
            "videos": list(self.videos),
            "files": list(self.files),
            "error": self.error,
            "hint": self.hint,
            "cost": None if self.cost is None else self.cost.to_dict(),
        }


_TEXTS: Final = ("job", "service", "account", "function", "source")
_OPTIONAL: Final = ("owner", "task_id", "status", "error")
_COST: Final = frozenset(["seconds", "usd", "most_seconds", "most_usd"])
_UNMEASURED: Final = ("seconds", "usd")
#: Seconds since 1970 beyond which a time is invalid.
_LATEST: Final = 1e15
_TIMES: Final = ("created_at", "updated_at", "sent_at", "checked_at")


def checked_row(values: Mapping[str, Any]) -> Row:
    """The row of these columns, JSON read. Raises ValueError for a value of a wrong type."""
    faults = [
        *(n for n in _TEXTS if not isinstance(values[n], str)),
        *(n for n in _OPTIONAL if not isinstance(values[n], str | None)),
        *(n for n in _TIMES if not _is_time(values[n], optional=n in _TIMES[2:])),
        *(n for n in ("videos", "files") if not _is_texts(values[n])),
    ]
    if values["state"] not in get_args(State):
        faults.append("state")
    if not isinstance(values["notes"], dict):
        faults.append("notes")
    if not isinstance(values["body"], dict | None):
        faults.append("body")
    try:
        cost = None if values["cost"] is None else read_cost(values["cost"])
    except ValueError:
        faults.append("cost")
    if faults:
        raise ValueError(f"row {values['id']} has an odd {faults[0]}")
    return Row(
        **{
            **values,
            "videos": tuple(values["videos"]),
            "files": tuple(values["files"]),
            "cost": cost,
        },
    )


def written_cost(cost: Cost | None) -> dict[str, str | None] | None:
    """A cost for the ledger: exact values as text."""
    if cost is None:
        return None
    return {k: None if v is None else str(v) for k, v in cost.to_values().items()}


def read_cost(values: object) -> Cost:
    """The same, read. Raises ValueError for anything else."""
    if not isinstance(values, dict) or set(values) != _COST:
        raise ValueError("it is no cost")
    seconds, amount = (None if values[n] is None else _amount(values[n]) for n in _UNMEASURED)
    most_seconds, most_usd = _amount(values["most_seconds"]), _amount(values["most_usd"])
    return Cost(seconds, amount, most_seconds, most_usd)


def _amount(text: object) -> Fraction:
    value = read_exact(text)
    if value < 0:
        raise ValueError("it is below zero")
    return value


def _is_time(value: object, *, optional: bool) -> bool:
    if value is None:
        return optional
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) < _LATEST


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
