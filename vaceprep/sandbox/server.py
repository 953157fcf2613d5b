"""Run the sandbox as a server in its own thread, on loopback only."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import tempfile
import threading
from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from vaceprep.contract import PRICE_PER_SECOND
from vaceprep.limits import CONTRACT, Limits
from vaceprep.sandbox.effects import parse_effect
from vaceprep.sandbox.faults import Fault, Faults, parse_fault

if TYPE_CHECKING:
    from vaceprep.sandbox.app import Service

LOOPBACK: Final = "127.0.0.1"
#: A token to use where any is accepted.
ANY_KEY: Final = "sandbox"
#: Seconds for pending responses when the sandbox closes.
GRACE: Final = 1


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
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._server: Any = None
        self._service: Service | None = None
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"<Sandbox {self.base_url if self._socket else 'closed'}>"

    @property
    def base_url(self) -> str:
        """The replacement for the service's base URL."""
        if self._socket is None:
            raise RuntimeError("the sandbox is not running")
        return f"http://{LOOPBACK}:{self._socket.getsockname()[1]}{self._root}"

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
            import starlette  # noqa: F401
            import uvicorn  # noqa: F401
        except ImportError:
            raise SandboxUnavailable(
                "the sandbox needs starlette and uvicorn: pip install 'vaceprep[sandbox]'"
            ) from None
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((LOOPBACK, self._port))
            self._folder = tempfile.TemporaryDirectory(
                prefix="vaceprep-sandbox-", ignore_cleanup_errors=True
            )
        except OSError as error:
            listening.close()
            why = error.strerror or error
            raise SandboxUnavailable(
                f"the sandbox cannot start on port {self._port}: {why}"
            ) from None
        self._socket = listening
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(ready,), name="vaceprep-sandbox", daemon=True
        )
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            failure = self._failure
            self.close()
            raise SandboxUnavailable(f"the sandbox cannot start: {failure}") from failure
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop: cancel running tasks and delete the files."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self._server = None

    def _run(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            self._failure = error
        finally:
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        import uvicorn

        from vaceprep.sandbox import app

        self._service = service = self._new_service()
        self._loop = asyncio.get_running_loop()
        config = uvicorn.Config(
            app.application(service),
            http=app.Protocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
        )
        self._server = uvicorn.Server(config)
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not serving.done():
            await asyncio.sleep(0.005)
        ready.set()
        try:
            await serving
        finally:
            await service.tasks.close()

    def _new_service(self) -> Service:
        """The service with its tasks and files, in the sandbox's folder."""
        from vaceprep.sandbox import app
        from vaceprep.sandbox.fetch import FETCH_SECONDS
        from vaceprep.sandbox.files import Files
        from vaceprep.sandbox.render.results import make
        from vaceprep.sandbox.tasks import Tasks

        if self._folder is None or self._socket is None:
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
