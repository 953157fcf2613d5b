"""Uploads over HTTP, given up by lack of progress and never by their total time."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx

from vaceprep.contract import CONNECT_SECONDS, READ_SECONDS
from vaceprep.errors import Cancelled
from vaceprep.net import client as net
from vaceprep.net.deadline import within
from vaceprep.net.http import content_length, content_range, status_words
from vaceprep.publish.target import Asset, PublishError, pieces

#: Bytes that the system may hold unsent. It would take several MB, and a slow line that still
#: sends them would look like a server that does not answer.
SEND_BUFFER: Final = 512 * 1024
#: Seconds between two questions whether to stop while the line stands still.
WATCH_SECONDS: Final = 0.2
#: Bytes of an answer that are looked at.
ANSWER_BYTES: Final = 64 * 1024

Auth = tuple[str, str] | None


class NotConnected(PublishError):
    """Nobody answers there at all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; the names of headers in any case, of the body the beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def words(self) -> str:
        """The status as people know it."""
        words = status_words(self.status)
        return f"{self.status} {words}" if words else str(self.status)

    @property
    def total(self) -> int | None:
        """The whole file's size in bytes, as a 200 or 206 says it; None where it does not.

        -1 for a 206 that does not begin at the beginning, or that does not say of how much.
        """
        if self.status != 206:
            return content_length(self.headers)
        part = content_range(self.headers)
        return -1 if part is None or part.first or part.total is None else part.total


def shown(url: str) -> str:
    """A URL as it may be shown: without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a URL that cannot be taken apart"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def host_of(url: str) -> str:
    """Host and port of a URL, as it may be shown."""
    return urlsplit(url).netloc.rpartition("@")[2]


def client(url: str, stall: float, auth: Auth = None) -> httpx.Client:
    """A client for the host of ``url``: see ``net.straight``.

    It waits ``stall`` seconds for each step, and as long for the whole of an answer's headers; less
    for a connection.
    """
    return httpx.Client(
        auth=auth,
        transport=net.straight(url),
        timeout=httpx.Timeout(stall, connect=min(stall, CONNECT_SECONDS)),
        follow_redirects=False,
        headers={"User-Agent": net.USER_AGENT, "Accept-Encoding": "identity"},
    )


@contextlib.contextmanager
def failures(host: str, stall: float) -> Iterator[None]:
    """Turn what httpx raises into sentences. Raises PublishError."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        reason = str(error) if isinstance(error, httpx.ConnectError) else "it took too long"
        raise NotConnected(f"no connection to {host}: {reason}", transient=True) from None
    except httpx.ProxyError:
        raise NotConnected(f"the proxy does not let through to {host}", transient=True) from None
    except httpx.WriteTimeout:
        message = f"{host} took no more bytes for {stall:g} s"
        raise PublishError(message, transient=True) from None
    except httpx.TimeoutException:
        raise PublishError(f"{host} did not answer for {stall:g} s", transient=True) from None
    except (httpx.NetworkError, httpx.RemoteProtocolError):
        raise PublishError(f"{host} broke the connection off", transient=True) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Of these only the kind is told: their words may hold the URL.
        raise PublishError(f"{host} cannot be asked ({type(error).__name__})") from None


class _Line:
    """The connection of one upload: kept from buffering much, and cut where one calls off."""

    def __init__(self, cancelled: Callable[[], bool]) -> None:
        self.called_off = False
        self._cancelled = cancelled
        self._done = threading.Event()
        self._socket: socket.socket | None = None

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Told by httpx what happens on the line."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            found = info["return_value"].get_extra_info("socket")
            if isinstance(found, socket.socket):
                self._socket = found
                with contextlib.suppress(OSError):
                    found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def _watch(self) -> None:
        while not self._done.wait(WATCH_SECONDS):
            if self._cancelled():
                self.called_off = True
                if self._socket is not None:
                    with contextlib.suppress(OSError):
                        self._socket.shutdown(socket.SHUT_RDWR)
                return

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Cut the line when it is called off, even where it stands still. Raises Cancelled."""
        thread = threading.Thread(target=self._watch, name="vaceprep upload", daemon=True)
        thread.start()
        try:
            yield
        except PublishError:
            if self.called_off:
                raise Cancelled("publishing was called off") from None
            raise
        finally:
            self._done.set()
            thread.join()


def put(
    url: str,
    asset: Asset,
    *,
    stall: float,
    tell: Callable[[int], None],
    cancelled: Callable[[], bool],
    headers: Mapping[str, str] | None = None,
    auth: Auth = None,
) -> Answer:
    """Send an asset to a URL, whatever the answer.

    ``stall``: seconds without progress, and for the answer at the end, after which it is given up.
    Redirects are not followed. Raises PublishError where no answer comes, and Cancelled.
    """
    line = _Line(cancelled)
    told = {
        "Content-Type": asset.content_type,
        "Content-Length": str(asset.size),
        **(headers or {}),
    }
    with line.watched(), failures(host_of(url), stall), client(url, stall, auth) as http:
        body = pieces(asset, tell=tell, cancelled=cancelled)
        with (
            contextlib.closing(body),
            http.stream(
                "PUT", url, content=body, headers=told, extensions={"trace": line.trace}
            ) as response,
        ):
            return Answer(response.status_code, response.headers, _beginning(response))


def _beginning(response: httpx.Response) -> bytes:
    kept = b""
    silence = response.request.extensions["timeout"]["read"]
    # An answer is an answer, even where its words break off.
    with contextlib.suppress(httpx.HTTPError), within(time.monotonic() + silence):
        for piece in response.iter_raw():
            kept += piece
            if len(kept) >= ANSWER_BYTES:
                break
    return kept[:ANSWER_BYTES]


def peek(url: str, *, stall: float, auth: Auth = None) -> Answer:
    """Ask for the first byte of what is at a URL, whatever the answer.

    Unlike HEAD, it is answered with words where it is refused. Raises PublishError where no
    answer comes.
    """
    wait = min(stall, READ_SECONDS)
    with (
        failures(host_of(url), wait),
        client(url, wait, auth) as http,
        http.stream("GET", url, headers={"Range": "bytes=0-0"}) as response,
    ):
        body = b"" if response.is_success else _beginning(response)
        return Answer(response.status_code, response.headers, body)
