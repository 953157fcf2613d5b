"""The client that waits for each step; ``vaceprep.api.async_client`` is the same with await."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from vaceprep import contract
from vaceprep.api import steps, transport
from vaceprep.api.model import ApiError, Task
from vaceprep.api.responses import Answer, Outcome
from vaceprep.api.settings import Secret, Settings
from vaceprep.net.deadline import within

if TYPE_CHECKING:
    from vaceprep.job.model import Job

T = TypeVar("T")


class Client:
    """Asks the service to make videos, and what became of them.

    ``settings`` come from ``read_settings``; without them they are read here, from the arguments,
    the environment and ``.env``. ``timeout`` is the longest silence in seconds (120 after a POST
    and 30 after a GET where none is given; connecting takes at most 15). ``sleep`` waits.
    It may be used from several threads. Each request has a connection of its own, and no redirect
    is followed. Raises ConfigError where there is no key.

    All methods raise ApiError: see ``vaceprep.api.model`` for what each kind means.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        api_key: str | Secret | None = None,
        api_key_file: str | os.PathLike[str] | None = None,
        site: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.settings = transport.settings_of(
            settings, api_key=api_key, api_key_file=api_key_file, site=site, base_url=base_url
        )
        self._key = transport.key_of(self.settings)
        self._timeout = timeout
        self._sleep = sleep
        self._http = httpx.Client(
            auth=transport.Bearer(self._key),
            transport=transport.transport(self.settings),
            **transport.client_options(),
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.settings.base_url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hide(self, text: str) -> str:
        """A text of somebody else's without the key, should it be repeated there."""
        return self._key.hide_in(text)

    def close(self) -> None:
        """Let go of what is open; the client is of no use afterwards."""
        self._http.close()

    def create_once(self, body: Mapping[str, Any] | Job) -> Task:
        """Send one POST, once; only a task that is handed back was surely made.

        Raises NotConnected, Rejected or Busy (surely no task was made), FateUnknown; ValueError for
        a body that JSON cannot say, NotPublished for a job with local media.
        """
        request = steps.creation(self.settings, body)
        return self._walk(steps.create_once(request, self._key))

    def create(
        self,
        body: Mapping[str, Any] | Job,
        *,
        max_wait: float = contract.MAX_WAIT_SECONDS,
        cancelled: Callable[[], bool] | None = None,
        on_wait: Callable[[float, ApiError], None] | None = None,
    ) -> Task:
        """Make a task, sent again only where it surely was not taken.

        That is where no connection came about (4 tries) or the service was busy (waiting as it
        tells), within ``max_wait`` seconds. ``on_wait(seconds, why)`` is called before each wait.
        Raises as ``create_once``, and ``vaceprep.Cancelled`` between two tries.
        """
        request = steps.creation(self.settings, body)
        patience = steps.Patience(cancelled, on_wait)
        return self._walk(steps.create(request, self._key, max_wait, patience))

    def get(self, task_id: str, *, tries: int = contract.ASK_TRIES) -> Task:
        """Ask for a task, again where the question or its answer was lost.

        Raises NotConnected, Rejected, Busy or ReadFailed; ValueError for an id no task can have.
        """
        request = steps.question(self.settings, task_id)
        return self._walk(steps.get(request, task_id, self._key, tries))

    def wait(
        self,
        task_id: str,
        *,
        poll_interval: float = contract.POLL_SECONDS,
        max_wait: float = contract.MAX_WAIT_SECONDS,
        on_status: Callable[[Task], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        on_wait: Callable[[float, ApiError], None] | None = None,
    ) -> Task:
        """Ask until the task is done, failed or cancelled: look at ``state``.

        ``on_status`` is called with each answer. Questions that fail are asked again within
        ``max_wait`` seconds, ``on_wait(seconds, why)`` is told of each. Raises StillRunning where
        the time is over (the last failure, where no question was ever answered), Rejected where
        asking again is of no use (401, 403, 404 ...), and ``vaceprep.Cancelled``.
        """
        request = steps.question(self.settings, task_id)
        walk = steps.wait(
            request,
            task_id,
            self._key,
            poll_interval=poll_interval,
            max_wait=max_wait,
            on_status=on_status,
            patience=steps.Patience(cancelled, on_wait),
        )
        return self._walk(walk)

    def check_key(self, *, tries: int = contract.ASK_TRIES) -> None:
        """Ask for a task that cannot exist, to learn whether the key is taken.

        Raises Rejected for 401 and 403 alone, NotConnected or ReadFailed where nobody answers.
        """
        request = steps.question(self.settings, steps.NO_TASK)
        self._walk(steps.check_key(request, self._key, tries))

    def _walk(self, walk: steps.Walk[T]) -> T:
        outcome: Outcome | None = None
        try:
            while True:
                step = walk.send(outcome)
                if isinstance(step, steps.Send):
                    outcome = self._send(step.request)
                else:
                    self._sleep(step.seconds)
                    outcome = None
        except StopIteration as end:
            result: T = end.value
            return result

    def _send(self, request: steps.Request) -> Outcome:
        limits = transport.timeouts(request, self._timeout)
        answer: Answer | None = None
        try:
            with self._http.stream(
                request.method,
                request.url,
                content=request.content,
                headers=transport.headers_of(request),
                timeout=limits,
            ) as response:
                incoming = transport.Incoming(response, limits.read)
                try:
                    with within(incoming.until):
                        for piece in response.iter_raw():
                            if not incoming.take(piece):
                                break
                except httpx.HTTPError as error:
                    incoming.broke(error)
                answer = incoming.answer()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # An answer that is there stays one, whatever closing the connection brings.
            return answer or transport.lost(error, self.settings)
        return answer
