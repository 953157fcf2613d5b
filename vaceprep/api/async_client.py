"""The asynchronous client: the methods of ``vaceprep.api.client`` with await."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

import anyio

from vaceprep import contract
from vaceprep.api import steps, transport
from vaceprep.api.model import Task
from vaceprep.api.responses import Outcome, Response
from vaceprep.api.settings import Secret, Settings
from vaceprep.net.lean_httpx import httpx

if TYPE_CHECKING:
    from vaceprep.job.model import Job

T = TypeVar("T")


class AsyncClient:
    """Like ``Client``, with methods to await. Callbacks are ordinary functions.

    ``sleep`` is awaited: pass ``trio.sleep`` if the program runs on trio.
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
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.settings = transport.settings_of(
            settings, api_key=api_key, api_key_file=api_key_file, site=site, base_url=base_url
        )
        self._key = transport.key_of(self.settings)
        self._timeout = timeout
        self._sleep = sleep
        options = transport.async_options(self.settings) | transport.client_options()
        try:
            self._http = httpx.AsyncClient(auth=transport.Bearer(self._key), **options)
        except (ValueError, ImportError):
            raise transport.bad_proxy() from None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.settings.base_url}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """See ``Client.close``."""
        await self._http.aclose()

    async def create_once(self, body: Mapping[str, Any] | Job) -> Task:
        """See ``Client.create_once``."""
        return await self._run(steps.create_once(self.settings, body))

    async def create(
        self, body: Mapping[str, Any] | Job, **options: Unpack[steps.CreateOptions]
    ) -> Task:
        """See ``Client.create``."""
        return await self._run(steps.create(self.settings, body, **options))

    async def get(self, task_id: str, *, tries: int = contract.ASK_TRIES) -> Task:
        """See ``Client.get``."""
        return await self._run(steps.get(self.settings, task_id, tries))

    async def wait(self, task_id: str, **options: Unpack[steps.WaitOptions]) -> Task:
        """See ``Client.wait``."""
        return await self._run(steps.wait(self.settings, task_id, **options))

    async def check_key(self, *, tries: int = contract.ASK_TRIES) -> None:
        """See ``Client.check_key``."""
        await self._run(steps.check_key(self.settings, tries))

    async def _run(self, generator: steps.Steps[T]) -> T:
        outcome: Outcome | None = None
        try:
            while True:
                step = generator.send(outcome)
                if isinstance(step, steps.Send):
                    outcome = await self._send(step.request)
                else:
                    await self._sleep(step.seconds)
                    outcome = None
        except StopIteration as end:
            result: T = end.value
            return result

    async def _send(self, request: steps.Request) -> Outcome:
        transfer = _Transfer(transport.timeouts(request, self._timeout))
        with transfer.scope:
            await self._exchange(request, transfer)
        if transfer.answer is not None:
            return transfer.answer
        if transfer.incoming is not None:
            # The headers arrived, but the response did not end in time.
            transfer.incoming.late()
            return transfer.incoming.answer()
        if transfer.no_response is not None:
            return transport.no_response(transfer.no_response, self.settings)
        return transport.late(self.settings, sent=transfer.began or request.method == "GET")

    async def _exchange(self, request: steps.Request, transfer: _Transfer) -> None:
        try:
            async with self._http.stream(
                request.method,
                request.url,
                content=transfer.pieces(request.content) if request.content else None,
                headers=transport.headers_of(request),
                timeout=transfer.limits,
            ) as response:
                incoming = transfer.incoming = transport.Incoming(response, transfer.limits.read)
                transfer.ends_in(transfer.limits.read)
                try:
                    async for piece in response.aiter_raw():
                        if not incoming.take(piece):
                            break
                except httpx.HTTPError as error:
                    incoming.broke(error)
                transfer.answer = incoming.answer()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # A response that arrived counts, even if closing the connection fails.
            transfer.no_response = error


class _Transfer:
    """One request and its response in transfer, with a common deadline."""

    def __init__(self, limits: httpx.Timeout) -> None:
        self.limits = limits
        self.scope = anyio.CancelScope()
        #: Whether any of the body was sent.
        self.began = False
        self.incoming: transport.Incoming | None = None
        self.answer: Response | None = None
        self.no_response: Exception | None = None
        # A proxy responds before the body is sent.
        self.ends_in((limits.read or 0) + (limits.connect or 0))

    def ends_in(self, seconds: float | None) -> None:
        """Set the deadline so many seconds from now; None: each step has its own limit."""
        self.scope.deadline = math.inf if seconds is None else anyio.current_time() + seconds

    async def pieces(self, content: bytes) -> AsyncIterator[bytes]:
        """The body in pieces: each has its own time limit."""
        self.began = True
        self.ends_in(None)
        for start in range(0, len(content), transport.PIECE):
            yield content[start : start + transport.PIECE]
        self.ends_in(self.limits.read)
