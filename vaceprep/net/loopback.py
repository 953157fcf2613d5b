"""Serve an application in a thread of its own, on loopback only."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

LOOPBACK: Final = "127.0.0.1"
#: Seconds for pending responses when a server ends.
GRACE: Final = 1


class CannotServe(Exception):
    """A server cannot start; the message is one sentence that says why."""


class LoopbackServer:
    """A server of one application, from ``listen`` to ``close``.

    ``what`` names it in messages, ``extra`` is the extra of the project that has what it needs.
    """

    def __init__(self, what: str, extra: str) -> None:
        self._what = what
        self._extra = extra
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._server: uvicorn.Server | None = None
        self._failure: BaseException | None = None

    @property
    def port(self) -> int:
        """The port. Raises RuntimeError if nothing listens."""
        if self._socket is None:
            raise RuntimeError(f"the {self._what} is not running")
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def is_open(self) -> bool:
        """Whether it has a port."""
        return self._socket is not None

    def listen(self, port: int) -> None:
        """Take the port, 0 for a free one, before anything is served. Raises CannotServe."""
        try:
            import starlette  # noqa: F401
            import uvicorn  # noqa: F401
        except ImportError:
            raise CannotServe(
                f"the {self._what} needs starlette and uvicorn: "
                f"pip install 'vaceprep[{self._extra}]'"
            ) from None
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((LOOPBACK, port))
        except OSError as error:
            listening.close()
            why = error.strerror or error
            raise CannotServe(f"the {self._what} cannot start on port {port}: {why}") from None
        self._socket = listening

    def serve(
        self,
        application: Callable[[], AbstractAsyncContextManager[ASGIApp]],
        *,
        http: type[asyncio.Protocol] | Literal["h11"] = "h11",
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Serve until ``close``; return as soon as requests are answered.

        ``application`` is entered and left in the server's event loop, ``on_end`` is called when
        the server has ended for any reason. Raises CannotServe.
        """
        ready = threading.Event()

        def run() -> None:
            try:
                asyncio.run(self._serve(application, http, ready))
            except BaseException as error:
                self._failure = error
            finally:
                ready.set()
                on_end()

        name = f"vaceprep-{self._what}"
        self._thread = threading.Thread(target=run, name=name, daemon=True)
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            raise CannotServe(f"the {self._what} cannot start: {self._failure}") from self._failure

    def close(self) -> None:
        """End the server, if it runs, and free its port."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._server = None

    async def _serve(
        self,
        application: Callable[[], AbstractAsyncContextManager[ASGIApp]],
        http: type[asyncio.Protocol] | Literal["h11"],
        ready: threading.Event,
    ) -> None:
        import uvicorn

        if self._socket is None:
            raise RuntimeError(f"the {self._what} has no port")
        async with application() as served:
            config = uvicorn.Config(
                served,
                http=http,
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
            await serving
