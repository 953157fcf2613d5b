"""Tasks as the service reports them, and the errors of the client.

::

    ApiError                  whatever the client raises about the service
      NotConnected            no connection: certainly nothing was sent
      Rejected                the service refused (any 4xx): certainly no task was created
        Busy                  refused for now: 429, or 503 with Retry-After
      FateUnknown             sent, but whether a task was created is unknown
      StillRunning            the time to wait is over, the task continues
      ReadFailed              reading a task kept failing; reading is free, so try again later

Texts of the service are kept unchanged; escape them before printing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from vaceprep import contract
from vaceprep.net.http import status_words

State = Literal["running", "done", "failed", "cancelled"]

#: What to do about an HTTP status. G
_ADVICE: Final = {
    400: "fix what it names, then send it again",
    401: "check the key: it is mistyped, has been withdrawn, or belongs to another site",
    402: "the balance is used up: top it up, then send it again",
    403: "the key may not do this: check what the account has been granted",
    404: "check the task's id (tasks are kept for 24 hours), the site and the key",
    405: "check the base URL",
    409: "it conflicts with another operation: try again in a while",
    413: "the request is too large: publish images instead of sending them inline",
    423: "the resource is locked: try again in a while, or ask the service's support",
    429: "the rate or spend limit is reached: wait a while, or raise the limit",
    451: "it was refused for legal reasons: change the prompt or the media",
}
#: What to do about a 404 to a new task, which no id can explain. M
NO_ENDPOINT: Final = (
    "check the site and the base URL: this path is unknown there; MuleRouter takes the same body "
    f"at {contract.OTHER_TASKS_PATH}, too"
)
_REDIRECTED: Final = "it redirects elsewhere, and the key is not sent there: check the base URL"
_TROUBLED: Final = "it is a fault of the service: try again later"


def _phrase(status: int) -> str:
    words = status_words(status)
    return f"{status} ({words})" if words else str(status)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error that the service reported, for a request or for a task."""

    #: The HTTP status; None for the error of a task that was accepted.
    status: int | None
    #: The service's own number for the error.
    code: int | None = None
    title: str | None = None
    detail: str | None = None
    #: Identifies the request to the service's support.
    traceparent: str | None = None

    @property
    def advice(self) -> str | None:
        """What to do about it, if the HTTP status says so."""
        if self.status is None:
            return None
        if self.status in _ADVICE:
            return _ADVICE[self.status]
        if 300 <= self.status < 400:
            return _REDIRECTED
        return _TROUBLED if self.status >= 500 else None

    def sentence(self, advise: bool = True, advice: str | None = None) -> str:
        """The error and, unless ``advise`` is False, what to do about it, in one line.

        ``advice`` replaces what the HTTP status says.
        """
        failed = self.status is None
        words = "the task failed" if failed else f"the service answered {_phrase(self.status or 0)}"
        service_text = ": ".join(" ".join(t.split()) for t in (self.title, self.detail) if t)
        if service_text:
            words += f": {service_text.rstrip('.')}"
        if failed and self.code is not None:
            words += f" (code {self.code})"
        advice = advice or self.advice
        if advise and advice is not None:
            words += f"; {advice}"
        return words if self.traceparent is None else f"{words} (Traceparent {self.traceparent})"

    def to_dict(self) -> dict[str, Any]:
        """The problem as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Task:
    """A task as the service last reported it."""

    id: str
    #: As given; ``state`` says what it means.
    status: str
    #: URLs of the results, valid for 24 hours, without the token if they repeat it. U
    videos: tuple[str, ...] = ()
    error: Problem | None = None
    created_at: str | None = None
    updated_at: str | None = None
    traceparent: str | None = None
    #: The same URLs unchanged, to download only: never store or show them.
    links: tuple[str, ...] = field(default=(), repr=False, compare=False)
    #: Seconds since the task was created, by the service's clock; None if not given.
    age: float | None = field(default=None, compare=False)

    @property
    def state(self) -> State:
        """The meaning of the status; an unknown status means that the task continues. C U"""
        status = self.status.strip().lower()
        if status in contract.DONE_STATUSES:
            return "done"
        if status in contract.FAILED_STATUSES:
            return "failed"
        return "cancelled" if status in contract.CANCELLED_STATUSES else "running"

    def to_dict(self) -> dict[str, Any]:
        """The task as JSON."""
        return {
            "id": self.id,
            "status": self.status,
            "state": self.state,
            "videos": list(self.videos),
            "error": None if self.error is None else self.error.to_dict(),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "traceparent": self.traceparent,
        }


# Each passes all its arguments to Exception, so that it can be pickled.


class ApiError(Exception):
    """An error about the service; the message is one sentence for a person."""


class NotConnected(ApiError):
    """No connection was made: certainly nothing was sent."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Rejected(ApiError):
    """The service refused; certainly no task was created, and repeating cannot help."""

    def __init__(self, problem: Problem, advice: str | None = None) -> None:
        """``advice`` replaces what the problem's HTTP status says."""
        super().__init__(problem, advice)
        self.problem = problem
        self.advice = advice

    def __str__(self) -> str:
        return self.problem.sentence(advice=self.advice)


class Busy(Rejected):
    """The service refused for now. ``retry_after`` is in seconds, None if not given."""

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        super().__init__(problem)
        self.args = (problem, retry_after)
        self.retry_after = retry_after


class FateUnknown(ApiError):
    """The request was sent, and whether a task was created is unknown: never sent again unasked."""

    def __init__(self, why: str, problem: Problem | None = None) -> None:
        super().__init__(why, problem)
        self.why = why
        self.problem = problem

    def __str__(self) -> str:
        return f"whether a task was created is unknown: {self.why}"


class StillRunning(ApiError):
    """The time to wait is over; ``task`` continues and can be read again."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.task = task

    def __str__(self) -> str:
        return f"task {self.task.id} is still running ({self.task.status}); try again later"


class ReadFailed(ApiError):
    """Reading a task kept failing; the task itself is not affected."""

    def __init__(self, why: str, problem: Problem | None = None) -> None:
        super().__init__(why, problem)
        self.why = why
        self.problem = problem

    def __str__(self) -> str:
        return self.why
