"""Run the sandbox as a server in its own thread, on loopback only."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from vaceprep.contract import PRICE_PER_SECOND
from vaceprep.limits import CONTRACT, Limits
from vaceprep.net.loopback import LOOPBACK, CannotServe, LoopbackServer
from vaceprep.sandbox.effects import parse_effect
from vaceprep.sandbox.faults import Fault, Faults, parse_fault

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from vaceprep.sandbox.app import Service

#: A token to use where any is accepted.
ANY_KEY: Final = "sandbox"


class SandboxUnavailable(Exception):
    """The sandbox cannot start; the message is one sentence that says why."""


class Sandbox:
    """The service on this machine, for the duration of the ``with`` block.

    ``faults`` are strings such as ``429:2`` or Faults; ``port`` 0 chooses a free one. ``key`` is
    the only accepted token; None accepts any. ``seconds_per_task`` is the shortest time of a task,
    ``fetch_seconds`` the longest time for each media URL. ``extra_fields`` are allowed body fields
    beyond the contract, ``allow_hosts`` private hosts that media may come from besides the sandbox.
    ``strict_limits`` refuses a third task at once with 429. ``slow_seconds`` is the delay of the
    fault ``slow``; ``limits`` are the limits for media and prompts, ``price`` is in US
    dollars for a second of output. ``effects`` are names of what is made of a task's media.

    Every sandbox has its own path in its URLs, so that no client mistakes one for another. Raises
    ValueError for an unknown fault or effect, and SandboxUnavailable on entering.
    """

    def __init__(
        self,
        faults: Iterable[str | Fault] = (),
        port: int = 0,
        *,
        key: str | None = None,
        seconds_per_task: float = 0.0,
        fetch_seconds: float | None = None,
        extra_fields: Collection[str] = (),
        allow_hosts: Collection[str] = (),
        strict_limits: bool = False,
        slow_seconds: float | None = None,
        limits: Limits = CONTRACT,
        price: Fraction = PRICE_PER_SECOND,
        effects: Iterable[str] = (),
    ) -> None:
        self._effects = tuple(parse_effect(name) for name in effects)
        self.faults = Faults()
        for fault in faults:
            self.add_fault(fault)
        self._port = port
        self._key = key
        self._seconds = seconds_per_task
        self._fetch_seconds = fetch_seconds
        self._extra_fields = tuple(extra_fields)
        self._allow_hosts = tuple(allow_hosts)
        self._strict = strict_limits
        self._limits = limits
        self._price = price
        self._slow_seconds = slow_seconds
        self._root = f"/{secrets.token_urlsafe(9)}"
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._server = LoopbackServer("sandbox", extra="sandbox")
        self._service: Service | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"<Sandbox {self.base_url if self._server.is_open else 'closed'}>"

    @property
    def base_url(self) -> str:
        """The replacement for the service's base URL."""
        return f"http://{LOOPBACK}:{self._server.port}{self._root}"

    @property
    def own_hosts(self) -> tuple[str, ...]:
        """The sandbox as ``HOST:PORT``: no other port of this machine is allowed."""
        port = urlsplit(self.base_url).port
        return tuple(f"{name}:{port}" for name in (LOOPBACK, "localhost"))

    @property
    def publish_pattern(self) -> str:
        """The URL pattern for publishing media by PUT."""
        return f"{self.base_url}/files/{{key}}"

    @property
    def key(self) -> str:
        """An accepted token."""
        return ANY_KEY if self._key is None else self._key

    def add_fault(self, fault: str | Fault) -> None:
        """Inject a fault from now on. Raises ValueError for an unknown one."""
        self.faults.add(parse_fault(fault) if isinstance(fault, str) else fault)

    def account(self) -> dict[str, Any]:
        """Counts and tasks so far, the same as ``/_sandbox``."""
        if self._service is None:
            raise RuntimeError("the sandbox is not running")
        return self._service.account()

    def finish(self, task_id: str) -> None:
        """End a task as soon as its work is done, without waiting for ``seconds_per_task``.

        Returns at once. Raises KeyError for an unknown id.
        """
        if self._loop is None or self._service is None:
            raise RuntimeError("the sandbox is not running")
        task = self._service.tasks.all[task_id]
        self._loop.call_soon_threadsafe(task.hurried.set)

    def __enter__(self) -> Self:
        try:
            self._server.listen(self._port)
            self._folder = tempfile.TemporaryDirectory(
                prefix="vaceprep-sandbox-", ignore_cleanup_errors=True
            )
            from vaceprep.sandbox import app

            self._server.serve(self._application, http=app.Protocol)
        except CannotServe as error:
            self.close()
            raise SandboxUnavailable(str(error)) from error
        except OSError as error:
            self.close()
            why = error.strerror or error
            raise SandboxUnavailable(f"the sandbox cannot start: {why}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop: cancel running tasks and delete the files."""
        self._server.close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @asynccontextmanager
    async def _application(self) -> AsyncIterator[ASGIApp]:
        from vaceprep.sandbox import app

        self._service = service = self._new_service()
        self._loop = asyncio.get_running_loop()
        try:
            yield app.application(service)
        finally:
            await service.tasks.close()

    def _new_service(self) -> Service:
        """The service with its tasks and files, in the sandbox's folder."""
        from vaceprep.sandbox import app
        from vaceprep.sandbox.fetch import FETCH_SECONDS
        from vaceprep.sandbox.files import Files
        from vaceprep.sandbox.render.results import make
        from vaceprep.sandbox.tasks import Tasks

        if self._folder is None:
            raise RuntimeError("the sandbox is closed")
        folder = self._folder.name
        allow_hosts = (*self.own_hosts, *self._allow_hosts)
        tasks = Tasks(
            folder,
            make,
            seconds=self._seconds,
            fetch_seconds=FETCH_SECONDS if self._fetch_seconds is None else self._fetch_seconds,
            limits=self._limits,
            allow_hosts=allow_hosts,
            price=self._price,
            effects=self._effects,
        )
        slow = self._slow_seconds
        return app.Service(
            root=self._root,
            base_url=self.base_url,
            tasks=tasks,
            files=Files(os.path.join(folder, "files")),
            faults=self.faults,
            key=self._key,
            extra_fields=self._extra_fields,
            allow_hosts=allow_hosts,
            strict_limits=self._strict,
            limits=self._limits,
            slow_seconds=app.SLOW_SECONDS if slow is None else slow,
        )
