"""The synchronous client; ``vaceprep.api.async_client`` is the same with await."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from vaceprep import contract
from vaceprep.api import steps, transport
from vaceprep.api.model import ApiError, Task
from vaceprep.api.responses import Outcome, Response
from vaceprep.api.settings import Secret, Settings
from vaceprep.net.deadline import Deadline
from vaceprep.net.lean_httpx import httpx

if TYPE_CHECKING:
    from vaceprep.job.model import Job

T = TypeVar("T")


class Client:
    """Creates tasks at the service and reads their state.

    ``settings`` come from ``read_settings``; without them the client reads them from the arguments,
    the environment and ``.env``. ``timeout`` is the longest silence in seconds (default: 120 after
    a POST and 30 after a GET; connecting takes at most 15). ``sleep`` waits.
    A client may be used from several threads. Each request has its own connection; redirects are
    not followed. Raises ConfigError if there is no key.

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
        """A foreign text with the key replaced, in case it repeats the key."""
        return self._key.hide_in(text)

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._http.close()

    def create_once(self, body: Mapping[str, Any] | Job) -> Task:
        """Send one POST, once; a task was certainly created only if it is returned.

        Raises NotConnected, Rejected or Busy (certainly no task was created), FateUnknown;
        ValueError for a body that JSON cannot express, NotPublished for a job with local media.
        """
        return self._run(steps.create_once(self.settings, body))

    def create(
        self,
        body: Mapping[str, Any] | Job,
        *,
        max_wait: float = contract.MAX_WAIT_SECONDS,
        cancelled: Callable[[], bool] | None = None,
        on_wait: Callable[[float, ApiError], None] | None = None,
    ) -> Task:
        """Create a task; send the request again only if the service certainly did not accept it.

        That is the case without a connection (4 tries) and for a busy service (waiting as it asks),
        within ``max_wait`` seconds. ``on_wait(seconds, why)`` is called before each wait.
        Raises what ``create_once`` raises, and ``vaceprep.Cancelled`` between two tries.
        """
        return self._run(
            steps.create(
                self.settings, body, max_wait=max_wait, cancelled=cancelled, on_wait=on_wait
            )
        )

    def get(self, task_id: str, *, tries: int = contract.ASK_TRIES) -> Task:
        """Read a task; repeat the request if it or its response was lost.

        Raises NotConnected, Rejected, Busy or ReadFailed; ValueError for an invalid id.
        """
        return self._run(steps.get(self.settings, task_id, tries))

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
        """Poll until the task is completed, failed or cancelled: see ``state``.

        ``on_status`` is called with each response. Failed requests are repeated within ``max_wait``
        seconds, and ``on_wait(seconds, why)`` is called for each. Raises StillRunning at the end of
        the time (the last failure, if no request succeeded), Rejected if repeating cannot help
        (401, 403, 404 ...), and ``vaceprep.Cancelled``.
        """
        generator = steps.wait(
            self.settings,
            task_id,
            poll_interval=poll_interval,
            max_wait=max_wait,
            on_status=on_status,
            cancelled=cancelled,
            on_wait=on_wait,
        )
        return self._run(generator)

    def check_key(self, *, tries: int = contract.ASK_TRIES) -> None:
        """Read a task that cannot exist, to learn whether the service accepts the key.

        Raises Rejected for 401 and 403 only, NotConnected or ReadFailed without a response.
        """
        self._run(steps.check_key(self.settings, tries))

    def _run(self, generator: steps.Steps[T]) -> T:
        outcome: Outcome | None = None
        try:
            while True:
                step = generator.send(outcome)
                if isinstance(step, steps.Send):
                    outcome = self._send(step.request)
                else:
                    self._sleep(step.seconds)
                    outcome = None
        except StopIteration as end:
            result: T = end.value
            return result

    def _send(self, request: steps.Request) -> Outcome:
        limits, end = transport.timeouts(request, self._timeout), Deadline()
        answer: Response | None = None
        try:
            with self._http.stream(
                request.method,
                request.url,
                content=request.content,
                headers=transport.headers_of(request),
                timeout=limits,
                extensions=end.extensions,
            ) as response:
                incoming = transport.Incoming(response, limits.read)
                try:
                    end.until = incoming.until
                    for piece in response.iter_raw():
                        if not incoming.take(piece):
                            break
                except httpx.HTTPError as error:
                    incoming.broke(error)
                answer = incoming.answer()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # A response that arrived counts, even if closing the connection fails.
            return answer or transport.no_response(error, self.settings)
        return answer
