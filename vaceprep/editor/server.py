"""Run the editor as a server in its own thread, on loopback only."""

from __future__ import annotations

import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from vaceprep.editor.errors import EditorUnavailable
from vaceprep.net.loopback import LOOPBACK, CannotServe, LoopbackServer

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from vaceprep.editor.context import Editor
    from vaceprep.editor.session import Session

#: Random bytes of the token in the address.
TOKEN_BYTES: Final = 24


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
        self._server = LoopbackServer("editor", extra="editor")
        self._editor: Editor | None = None
        #: Set when the page ends the server.
        self.ended = threading.Event()

    @property
    def address(self) -> str:
        """The page's address, with its token."""
        return f"http://{LOOPBACK}:{self._server.port}/{self._token}/"

    def __enter__(self) -> Self:
        try:
            self._server.listen(self._port)
            self._server.serve(self._application, on_end=self.ended.set)
        except CannotServe as error:
            self.close()
            raise EditorUnavailable(str(error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server, and delete what was not saved."""
        if self._editor is not None:
            # The server waits for the threads of its requests.
            self._editor.stop()
        self._server.close()
        if self._editor is None:
            self._session.close()
        else:
            self._editor.close()
            self._editor = None

    @asynccontextmanager
    async def _application(self) -> AsyncIterator[ASGIApp]:
        from vaceprep.editor.app import application
        from vaceprep.editor.context import Editor

        self._editor = Editor(
            self._session,
            token=self._token,
            port=self._server.port,
            end=self.ended.set,
            **self._settings,
        )
        yield application(self._editor)
