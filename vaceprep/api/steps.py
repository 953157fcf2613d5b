"""The client without input and output: requests, and the walks that send them and wait.

A walk is a generator that yields what is to be done next (``Send``, ``Sleep``) and is sent the
outcome; at its end it returns a task or raises an ApiError. The sync and the async client only
carry out the steps, so that both retry, wait and give up alike.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar
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
from vaceprep.api.responses import Outcome, created, may_pass, told
from vaceprep.api.settings import Secret, Settings
from vaceprep.errors import Cancelled
from vaceprep.net.retry import backoff, retrying

if TYPE_CHECKING:
    from vaceprep.job.model import Job

#: A task id that cannot exist, to learn whether the key is taken. J
NO_TASK: Final = "00000000-0000-0000-0000-000000000000"
#: Seconds between two looks at whether somebody called it off.
_LOOK: Final = 0.5


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its key, which is added where it is sent and nowhere before."""

    method: Literal["GET", "POST"]
    url: str
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Send:
    """To be sent once, on a connection of its own, following no redirect."""

    request: Request


@dataclass(frozen=True, slots=True)
class Sleep:
    seconds: float


T = TypeVar("T")
Walk = Generator[Send | Sleep, Outcome | None, T]
Told = Callable[[Task], None]
Waits = Callable[[float, ApiError], None]
Asked = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Patience:
    """How a walk waits: who is told of it, and who may call it off."""

    cancelled: Asked | None = None
    on_wait: Waits | None = None


def creation(settings: Settings, body: Mapping[str, Any] | Job) -> Request:
    """The POST of a wire body. Raises ValueError for what JSON cannot say."""
    values = body if isinstance(body, Mapping) else body.body()
    try:
        text = json.dumps(dict(values), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        content = text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the body cannot be written as JSON: {error}") from None
    return Request("POST", settings.base_url + contract.TASKS_PATH, content)


def question(settings: Settings, task_id: str) -> Request:
    """The GET of a task. Raises ValueError for an id that no task can have."""
    if not _is_askable(task_id):
        raise ValueError(
            f"a task id has 1 to {contract.MAX_TASK_ID} visible characters, none of them a slash"
        )
    return Request("GET", f"{settings.base_url}{contract.TASKS_PATH}/{quote(task_id, safe='')}")


def _is_askable(task_id: object) -> bool:
    """Whether a task can be asked for by that id: earlier versions stored more kinds of ids."""
    if not isinstance(task_id, str) or not 1 <= len(task_id) <= contract.MAX_TASK_ID:
        return False
    plain = task_id.isprintable() and not any(c in " /\\" for c in task_id)
    return plain and task_id not in (".", "..")


class _Time:
    """What is left of a wait: by the clock, and by the pauses where they are only pretended."""

    def __init__(self, seconds: float) -> None:
        if not seconds >= 0:
            raise ValueError("max_wait is a number of seconds, not below 0")
        self._seconds = seconds
        self._start = time.monotonic()
        self._paused = 0.0

    def left(self) -> float:
        return self._seconds - max(time.monotonic() - self._start, self._paused)

    def pause(self, seconds: float, patience: Patience) -> Walk[None]:
        """Sleep, in short steps where it may be called off. Raises Cancelled."""
        self._paused += seconds
        if patience.cancelled is None:
            yield Sleep(seconds)
            return
        while seconds > 0:
            _go_on(patience)
            step = min(seconds, _LOOK)
            yield Sleep(step)
            seconds -= step
        _go_on(patience)


def _go_on(patience: Patience) -> None:
    if patience.cancelled is not None and patience.cancelled():
        raise Cancelled("the wait was cancelled")


def _outcome(request: Request) -> Walk[Outcome]:
    outcome = yield Send(request)
    if outcome is None:
        raise RuntimeError("a request needs an outcome")
    return outcome


def create_once(request: Request, key: Secret | None) -> Walk[Task]:
    """One POST, whatever comes of it."""
    return created((yield from _outcome(request)), key, time.time())


def create(request: Request, key: Secret | None, max_wait: float, patience: Patience) -> Walk[Task]:
    """POST until the service has taken it or its fate is unknown; sent again only where it surely
    was not taken: no connection came about (a few times), or the service was busy.
    """
    spare = _Time(max_wait)
    unconnected = busy = 0
    while True:
        _go_on(patience)
        try:
            return (yield from create_once(request, key))
        except NotConnected as error:
            unconnected += 1
            if unconnected >= contract.CONNECT_TRIES:
                raise
            failed: ApiError = error
            wait = backoff(unconnected)
        except Busy as error:
            busy += 1
            failed = error
            # A service that asks for no pause at all is not asked without one.
            asked = error.retry_after
            wait = max(asked, contract.BACKOFF_SECONDS[0]) if asked else backoff(busy)
        if wait > spare.left():
            raise failed
        if patience.on_wait is not None:
            patience.on_wait(wait, failed)
        yield from spare.pause(wait, patience)


def get(
    request: Request,
    task_id: str,
    key: Secret | None,
    tries: int,
    again: tuple[type[ApiError], ...] = (NotConnected, ReadFailed, Busy),
) -> Walk[Task]:
    """GET until there is an answer, at most ``tries`` times; errors of ``again`` are retried."""

    def wait(error: BaseException) -> float | None:
        seconds: float = getattr(error, "retry_after", None) or 0.0
        # A redirect stays one, and a single question does not take minutes.
        passing = isinstance(error, again) and not _redirected(error)
        return seconds if passing and seconds <= contract.BACKOFF_SECONDS[1] else None

    pauses: list[float] = []
    for attempt in retrying(tries, wait, pauses.append):
        if pauses:
            yield Sleep(pauses.pop())
        outcome = yield from _outcome(request)
        with attempt:
            return told(outcome, task_id, key, time.time())
    raise RuntimeError("the last error is raised")


def _redirected(error: BaseException) -> bool:
    problem = getattr(error, "problem", None)
    status = None if problem is None else problem.status
    return status is not None and 300 <= status < 400


def wait(
    request: Request,
    task_id: str,
    key: Secret | None,
    *,
    poll_interval: float,
    max_wait: float,
    on_status: Told | None,
    patience: Patience,
) -> Walk[Task]:
    """GET until the task is done, failed or cancelled. The last question is asked at the very end
    of ``max_wait``; with 0 there is just one.
    """
    if not poll_interval > 0:
        raise ValueError("poll_interval is a number of seconds above 0")
    time_left = _Time(max_wait)
    last: Task | None = None
    while True:
        _go_on(patience)
        outcome = yield from _outcome(request)
        pause = poll_interval
        failed: ApiError | None = None
        try:
            last = told(outcome, task_id, key, time.time())
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
        if failed is not None and patience.on_wait is not None:
            patience.on_wait(pause, failed)
        yield from time_left.pause(pause, patience)


def _known(task: Task | None) -> Task:
    if task is None:
        raise RuntimeError("nobody told of the task")
    return task


def check_key(request: Request, key: Secret | None, tries: int) -> Walk[None]:
    """GET a task that cannot exist: any answer but 401 and 403 tells that the key is taken."""
    try:
        yield from get(request, NO_TASK, key, tries, (NotConnected, ReadFailed))
    except Rejected as error:
        if error.problem.status in (401, 403):
            raise
