"""Run the editor as a server in its own thread, on loopback only."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from typing import TYPE_CHECKING, Any, Final, Self

from vaceprep.editor.errors import EditorUnavailable

if TYPE_CHECKING:
    from vaceprep.editor.context import Editor
    from vaceprep.editor.session import Session

LOOPBACK: Final = "127.0.0.1"
#: Random bytes of the token in the address.
TOKEN_BYTES: Final = 24
#: Seconds for pending responses when the server ends.
GRACE: Final = 1


class EditorServer:
    """The local page of one session, for the duration of the ``with`` block.

    ``port`` 0 chooses a free one; ``settings`` are further attributes of ``app.Editor``. Raises
    EditorUnavailable on entering.
    """

    def __init__(self, session: Session, port: int = 0, **settings: Any) -> None:
        self._session = session
        self._port = port
        self._settings = settings
        self._token = secrets.token_urlsafe(TOKEN_BYTES)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._server: Any = None
        self._failure: BaseException | None = None
        self._editor: Editor | None = None
        #: Set when the page ends the server.
        self.ended = threading.Event()

    @property
    def address(self) -> str:
        """The page's address, with its token."""
        if self._socket is None:
            raise RuntimeError("the editor is not running")
        return f"http://{LOOPBACK}:{self._socket.getsockname()[1]}/{self._token}/"

    def __enter__(self) -> Self:
        try:
            import starlette  # noqa: F401
            import uvicorn  # noqa: F401
        except ImportError:
            raise EditorUnavailable(
                "the editor needs starlette and uvicorn: pip install 'vaceprep[editor]'"
            ) from None
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((LOOPBACK, self._port))
        except OSError as error:
            listening.close()
            why = error.strerror or error
            raise EditorUnavailable(
                f"the editor cannot start on port {self._port}: {why}"
            ) from None
        self._socket = listening
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(ready,), name="vaceprep-edit", daemon=True
        )
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            failure = self._failure
            self.close()
            raise EditorUnavailable(f"the editor cannot start: {failure}") from failure
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server, and delete what was not saved."""
        if self._editor is not None:
            # The server waits for the threads of its requests.
            self._editor.stop()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._server = None
        if self._editor is None:
            self._session.close()
        else:
            self._editor.close()
            self._editor = None

    def _run(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            self._failure = error
        finally:
            ready.set()
            self.ended.set()

    async def _serve(self, ready: threading.Event) -> None:
        import uvicorn

        from vaceprep.editor.app import application
        from vaceprep.editor.context import Editor

        if self._socket is None:
            raise RuntimeError("the editor is closed")
        self._editor = editor = Editor(
            self._session,
            token=self._token,
            port=self._socket.getsockname()[1],
            end=self.ended.set,
            **self._settings,
        )
        config = uvicorn.Config(
            application(editor),
            http="h11",
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
