"""What the service says of a task, and what can go wrong on the way.

::

    ApiError                  whatever the client raises about the service
      NotConnected            no connection came about: surely nothing was sent
      Rejected                the service said no (any 4xx): surely no task was made
        Busy                  no for now: 429, or 503 with Retry-After
      FateUnknown             sent, and no telling whether a task was made
      StillRunning            the time to wait is over, the task goes on
      ReadFailed              a question kept failing; asking costs nothing, so ask again later

Texts of the service are kept as they came; whoever prints them makes them printable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
    409: "it collides with something under way: try again in a while",
    413: "the request is too large: publish images instead of sending them inline",
    423: "what is asked for is locked: try again in a while, or ask the service's support",
    429: "the rate or spend limit is reached: wait a while, or raise the limit",
    451: "it was refused for legal reasons: change the prompt or the media",
}
_REDIRECTED: Final = "it points elsewhere, and the key is not sent there: check the base URL"
_TROUBLED: Final = "the trouble is the service's own: try again later"


def _phrase(status: int) -> str:
    words = status_words(status)
    return f"{status} ({words})" if words else str(status)


@dataclass(frozen=True, slots=True)
class Problem:
    """What the service said went wrong, with a request or with a task."""

    #: The HTTP status; None for the error of a task that was accepted.
    status: int | None
    #: The service's own number for the error.
    code: int | None = None
    title: str | None = None
    detail: str | None = None
    #: Names the request to the service's support.
    traceparent: str | None = None

    @property
    def advice(self) -> str | None:
        """What to do about it, as far as the HTTP status tells."""
        if self.status is None:
            return None
        if self.status in _ADVICE:
            return _ADVICE[self.status]
        if 300 <= self.status < 400:
            return _REDIRECTED
        return _TROUBLED if self.status >= 500 else None

    def sentence(self, advise: bool = True) -> str:
        """What it says and, unless ``advise`` is False, what to do about it, in one line."""
        failed = self.status is None
        words = "the task failed" if failed else f"the service answered {_phrase(self.status or 0)}"
        said = ": ".join(" ".join(t.split()) for t in (self.title, self.detail) if t)
        if said:
            words += f": {said.rstrip('.')}"
        if failed and self.code is not None:
            words += f" (code {self.code})"
        if advise and self.advice is not None:
            words += f"; {self.advice}"
        return words if self.traceparent is None else f"{words} (Traceparent {self.traceparent})"

    def to_dict(self) -> dict[str, Any]:
        """The problem as JSON."""
        return {
            "status": self.status,
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
            "traceparent": self.traceparent,
        }


@dataclass(frozen=True, slots=True)
class Task:
    """A task as the service last told of it."""

    id: str
    #: As given; ``state`` says what it means.
    status: str
    #: URLs of the results, good for 24 hours, without the token should they repeat it. U
    videos: tuple[str, ...] = ()
    error: Problem | None = None
    created_at: str | None = None
    updated_at: str | None = None
    traceparent: str | None = None
    #: The same URLs as they came, to be fetched and to be stored or shown nowhere.
    links: tuple[str, ...] = field(default=(), repr=False, compare=False)
    #: Seconds since the task was made, by the service's clock; None where it does not say.
    age: float | None = field(default=None, compare=False)

    @property
    def state(self) -> State:
        """What the status means; one that nobody knows means that the task goes on. C U"""
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


# Each hands all that it was made of to Exception, which makes them picklable as they are.


class ApiError(Exception):
    """What the client raises about the service; the message is one sentence for a person."""


class NotConnected(ApiError):
    """No connection came about: surely nothing was sent."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Rejected(ApiError):
    """The service said no; surely no task was made, and the same request will not do better."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return self.problem.sentence()


class Busy(Rejected):
    """The service said no for now. ``retry_after`` is in seconds, None where it was not told."""

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        super().__init__(problem)
        self.args = (problem, retry_after)
        self.retry_after = retry_after


class FateUnknown(ApiError):
    """The request left and no answer tells whether a task was made: never sent again unasked."""

    def __init__(self, why: str, problem: Problem | None = None) -> None:
        super().__init__(why, problem)
        self.why = why
        self.problem = problem

    def __str__(self) -> str:
        return f"whether a task was made is not known: {self.why}"


class StillRunning(ApiError):
    """The time to wait is over; ``task`` goes on and can be asked for again."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.task = task

    def __str__(self) -> str:
        return f"task {self.task.id} still goes on ({self.task.status}); ask for it again later"


class ReadFailed(ApiError):
    """A question about a task kept failing; the task itself is not touched by that."""

    def __init__(self, why: str, problem: Problem | None = None) -> None:
        super().__init__(why, problem)
        self.why = why
        self.problem = problem

    def __str__(self) -> str:
        return self.why
