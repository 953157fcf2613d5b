"""The client's logic without I/O: requests, and generators that send them and wait.

A generator yields the next step (``Send``, ``Sleep``) and receives its outcome; at its end it
returns a task or raises an ApiError. The synchronous and the asynchronous client only carry out
the steps, so that both retry, wait and stop alike.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, TypeVar
from urllib.parse import quote

from vaceprep import contract
from vaceprep.api.model import (
    ApiError,
    Busy,
    NotConnected,
    ReadFailed,
    Rejected,
    StillRunning,
    Task,
)
from vaceprep.api.responses import Outcome, created, may_pass, retrieved
from vaceprep.api.settings import Settings
from vaceprep.errors import Cancelled
from vaceprep.net.retry import backoff, retrying

if TYPE_CHECKING:
    from vaceprep.job.model import Job

#: A task id that cannot exist, to learn whether the service accepts the key. J
NO_TASK: Final = "00000000-0000-0000-0000-000000000000"
#: Seconds between two checks for cancellation.
_CANCEL_CHECK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its key; the client adds the key when it sends the request."""

    method: Literal["GET", "POST"]
    url: str
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request once, on its own connection, without following redirects."""

    request: Request


@dataclass(frozen=True, slots=True)
class Sleep:
    seconds: float


T = TypeVar("T")
Steps = Generator[Send | Sleep, Outcome | None, T]
OnStatus = Callable[[Task], None]
OnWait = Callable[[float, ApiError], None]
IsCancelled = Callable[[], bool]


class CreateOptions(TypedDict, total=False):
    """Options of ``Client.create``, which describes them."""

    max_wait: float
    cancelled: IsCancelled | None
    on_wait: OnWait | None


class WaitOptions(CreateOptions, total=False):
    """Options of ``Client.wait``, which describes them."""

    poll_interval: float
    on_status: OnStatus | None


def creation(settings: Settings, body: Mapping[str, Any] | Job) -> Request:
    """The POST of a request body. Raises ValueError for values that JSON cannot express."""
    values = body if isinstance(body, Mapping) else body.body()
    try:
        text = json.dumps(dict(values), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        content = text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the body cannot be written as JSON: {error}") from None
    return Request("POST", settings.base_url + contract.TASKS_PATH, content)


def question(settings: Settings, task_id: str) -> Request:
    """The GET of a task. Raises ValueError for an invalid id."""
    if not _is_askable(task_id):
        raise ValueError(
            f"a task id has 1 to {contract.MAX_TASK_ID} visible characters, none of them a slash"
        )
    return Request("GET", f"{settings.base_url}{contract.TASKS_PATH}/{quote(task_id, safe='')}")


def _is_askable(task_id: object) -> bool:
    """Whether an id can be requested: earlier versions stored more kinds of ids."""
    if not isinstance(task_id, str) or not 1 <= len(task_id) <= contract.MAX_TASK_ID:
        return False
    plain = task_id.isprintable() and not any(c in " /\\" for c in task_id)
    return plain and task_id not in (".", "..")


class _Time:
    """The rest of a wait: by the clock, or by the pauses if a test only simulates them."""

    def __init__(self, seconds: float) -> None:
        if not seconds >= 0:
            raise ValueError("max_wait is a number of seconds, not below 0")
        self._seconds = seconds
        self._start = time.monotonic()
        self._paused = 0.0

    def left(self) -> float:
        return self._seconds - max(time.monotonic() - self._start, self._paused)

    def pause(self, seconds: float, cancelled: IsCancelled | None) -> Steps[None]:
        """Sleep, in short steps if it can be cancelled. Raises Cancelled."""
        self._paused += seconds
        if cancelled is None:
            yield Sleep(seconds)
            return
        while seconds > 0:
            _raise_if_cancelled(cancelled)
            step = min(seconds, _CANCEL_CHECK_SECONDS)
            yield Sleep(step)
            seconds -= step
        _raise_if_cancelled(cancelled)


def _raise_if_cancelled(cancelled: IsCancelled | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled("the wait was cancelled")


def _outcome(request: Request) -> Steps[Outcome]:
    outcome = yield Send(request)
    if outcome is None:
        raise RuntimeError("a request needs an outcome")
    return outcome


def _created(request: Request, settings: Settings) -> Steps[Task]:
    return created((yield from _outcome(request)), settings.key, time.time())


def create_once(settings: Settings, body: Mapping[str, Any] | Job) -> Steps[Task]:
    """One POST, without retries."""
    return (yield from _created(creation(settings, body), settings))


def create(
    settings: Settings,
    body: Mapping[str, Any] | Job,
    *,
    max_wait: float = contract.MAX_WAIT_SECONDS,
    cancelled: IsCancelled | None = None,
    on_wait: OnWait | None = None,
) -> Steps[Task]:
    """POST until the service accepts it or its fate is unknown. Repeats only if the service
    certainly did not accept it: no connection (a few times), or the service was busy.
    """
    request = creation(settings, body)
    spare = _Time(max_wait)
    unconnected = busy = 0
    while True:
        _raise_if_cancelled(cancelled)
        try:
            return (yield from _created(request, settings))
        except NotConnected as error:
            unconnected += 1
            if unconnected >= contract.CONNECT_TRIES:
                raise
            failed: ApiError = error
            wait = backoff(unconnected)
        except Busy as error:
            busy += 1
            failed = error
            # Retry-After: 0 does not mean to retry without any pause.
            retry_after = error.retry_after
            wait = max(retry_after, contract.BACKOFF_SECONDS[0]) if retry_after else backoff(busy)
        if wait > spare.left():
            raise failed
        if on_wait is not None:
            on_wait(wait, failed)
        yield from spare.pause(wait, cancelled)


def get(
    settings: Settings,
    task_id: str,
    tries: int,
    again: tuple[type[ApiError], ...] = (NotConnected, ReadFailed, Busy),
) -> Steps[Task]:
    """GET until there is a response, at most ``tries`` times; errors of ``again`` are retried."""
    request = question(settings, task_id)

    def wait(error: BaseException) -> float | None:
        seconds: float = getattr(error, "retry_after", None) or 0.0
        # A redirect does not change, and a single request must not take minutes.
        retryable = isinstance(error, again) and not _redirected(error)
        return seconds if retryable and seconds <= contract.BACKOFF_SECONDS[1] else None

    pauses: list[float] = []
    for attempt in retrying(tries, wait, pauses.append):
        if pauses:
            yield Sleep(pauses.pop())
        outcome = yield from _outcome(request)
        with attempt:
            return retrieved(outcome, task_id, settings.key, time.time())
    raise RuntimeError("the last error is raised")


def _redirected(error: BaseException) -> bool:
    problem = getattr(error, "problem", None)
    status = None if problem is None else problem.status
    return status is not None and 300 <= status < 400


def wait(
    settings: Settings,
    task_id: str,
    *,
    poll_interval: float = contract.POLL_SECONDS,
    max_wait: float = contract.MAX_WAIT_SECONDS,
    on_status: OnStatus | None = None,
    cancelled: IsCancelled | None = None,
    on_wait: OnWait | None = None,
) -> Steps[Task]:
    """GET until the task is completed, failed or cancelled. Sends the last request at the end of
    ``max_wait``; with 0 there is only one.
    """
    request = question(settings, task_id)
    if not poll_interval > 0:
        raise ValueError("poll_interval is a number of seconds above 0")
    time_left = _Time(max_wait)
    last: Task | None = None
    while True:
        _raise_if_cancelled(cancelled)
        outcome = yield from _outcome(request)
        pause = poll_interval
        failed: ApiError | None = None
        try:
            last = retrieved(outcome, task_id, settings.key, time.time())
        except ApiError as error:
            if not may_pass(error):
                raise
            failed = error
            pause = max(pause, getattr(error, "retry_after", None) or 0.0)
        if last is not None and failed is None:
            if on_status is not None:
                on_status(last)
            if last.state != "running":
                return last
        left = time_left.left()
        if left <= 0:
            raise failed if failed is not None and last is None else StillRunning(_known(last))
        pause = min(pause, left)
        if failed is not None and on_wait is not None:
            on_wait(pause, failed)
        yield from time_left.pause(pause, cancelled)


def _known(task: Task | None) -> Task:
    if task is None:
        raise RuntimeError("no response contained the task")
    return task


def check_key(settings: Settings, tries: int) -> Steps[None]:
    """GET a task that cannot exist: any response but 401 and 403 means that the key is valid."""
    try:
        yield from get(settings, NO_TASK, tries, (NotConnected, ReadFailed))
    except Rejected as error:
        if error.problem.status in (401, 403):
            raise
