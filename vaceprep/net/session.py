"""Shared by the URLs of one run: connections, and the hosts that are allowed."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import TYPE_CHECKING

from vaceprep.contract import REMOTE_SECONDS, REMOTE_STALL
from vaceprep.net.blocks import Store
from vaceprep.net.problems import unreached
from vaceprep.net.remote_file import Remote

if TYPE_CHECKING:
    from typing import Self

    import httpx

    from vaceprep.net.client import Resolve


class Web:
    """Opens URLs, for any number of threads; connects only when one is opened."""

    def __init__(
        self,
        allow_hosts: Collection[str] = (),
        *,
        seconds: float = REMOTE_SECONDS,
        stall: float = REMOTE_STALL,
        resolve: Resolve | None = None,
    ) -> None:
        """``allow_hosts`` are private hosts that the user allows.

        ``seconds`` limits the whole time for one URL, ``stall`` the time without any data.
        """
        self._allow_hosts = tuple(allow_hosts)
        self._seconds = seconds
        self._stall = stall
        self._resolve = resolve
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._closed = False

    def open(self, url: str, path: str | None = None) -> Remote:
        """Open the file behind a URL; with ``path``, blocks are kept there. The caller closes it.

        Raises RemoteError.
        """
        return Remote(url, self._line(), Store(path), self._seconds)

    def _line(self) -> httpx.Client:
        from vaceprep.net.client import client

        with self._lock:
            if self._closed:
                raise unreached("the work was called off")
            if self._client is None:
                self._client = client(
                    stall=self._stall, allow_hosts=self._allow_hosts, resolve=self._resolve
                )
            return self._client

    def close(self) -> None:
        """Close all connections; pending requests fail."""
        with self._lock:
            self._closed = True
            if self._client is not None:
                self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
