"""Shared by the URLs of one run: connections, and the hosts that are allowed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from vaceprep.contract import REMOTE_SECONDS, REMOTE_STALL
from vaceprep.net.blocks import Store
from vaceprep.net.problems import unreached
from vaceprep.net.remote_file import Remote
from vaceprep.net.requests import Requests

if TYPE_CHECKING:
    from typing import Self

    from vaceprep.net.checked import Resolve


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
        self._seconds = seconds
        self._requests = Requests(tuple(allow_hosts), stall=stall, resolve=resolve)

    def open(
        self, url: str, path: str | None = None, sent: Callable[[], None] | None = None
    ) -> Remote:
        """Open the file behind a URL; with ``path``, blocks are kept there. The caller closes it.

        Calls ``sent`` when the first request is sent, for work to do while it is answered.
        Raises RemoteError.
        """
        if self._requests.is_closed:
            raise unreached("the work was called off")
        return Remote(url, self._requests, Store(path), self._seconds, sent)

    def close(self) -> None:
        """Close all connections; pending requests fail."""
        self._requests.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
