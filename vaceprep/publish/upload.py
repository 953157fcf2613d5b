"""Upload over HTTP; a stall ends an upload, its total time never does."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from vaceprep.contract import CONNECT_SECONDS, READ_SECONDS
from vaceprep.errors import Cancelled
from vaceprep.net import client as net
from vaceprep.net.deadline import Deadline
from vaceprep.net.http import content_length, content_range, status_words
from vaceprep.net.lean_httpx import httpx
from vaceprep.publish.target import Asset, PublishError, pieces

#: Bytes that the system may buffer unsent. By default it buffers several MB, and a slow line
#: that still sends them would look like a server that does not respond.
SEND_BUFFER: Final = 512 * 1024
#: Seconds between two checks for cancellation while no byte moves.
WATCH_SECONDS: Final = 0.2
#: Bytes of a response's body that are read.
ANSWER_BYTES: Final = 64 * 1024

Auth = tuple[str, str] | None


class NoConnection(PublishError):
    """No server responds at this address."""


@dataclass(frozen=True, slots=True)
class ServerResponse:
    """A server's response: status, headers (by names in any case), the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def words(self) -> str:
        """The status as number and phrase."""
        words = status_words(self.status)
        return f"{self.status} {words}" if words else str(self.status)

    @property
    def total(self) -> int | None:
        """The whole file's size in bytes, by a 200 or 206; None where it is not given.

        -1 for a 206 that does not start at byte 0 or does not give the total.
        """
        if self.status != 206:
            return content_length(self.headers)
        part = content_range(self.headers)
        return -1 if part is None or part.first or part.total is None else part.total


def shown(url: str) -> str:
    """A URL for messages: without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an invalid URL"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def host_of(url: str) -> str:
    """Host and port of a URL, for messages."""
    return urlsplit(url).netloc.rpartition("@")[2]


def client(url: str, stall: float, auth: Auth = None) -> httpx.Client:
    """A client for the host of ``url``: see ``net.straight``.

    It waits ``stall`` seconds for each step and for all headers of a response; less for a
    line.
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
    """Turn httpx's exceptions into sentences. Raises PublishError."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        reason = str(error) if isinstance(error, httpx.ConnectError) else "it took too long"
        raise NoConnection(f"no connection to {host}: {reason}", transient=True) from None
    except httpx.ProxyError:
        raise NoConnection(f"the proxy refuses a connection to {host}", transient=True) from None
    except httpx.WriteTimeout:
        message = f"{host} accepted no more bytes for {stall:g} s"
        raise PublishError(message, transient=True) from None
    except httpx.TimeoutException:
        raise PublishError(f"{host} did not answer for {stall:g} s", transient=True) from None
    except (httpx.NetworkError, httpx.RemoteProtocolError):
        raise PublishError(f"{host} closed the connection", transient=True) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Give only the class of these errors: their messages may contain the URL.
        raise PublishError(f"{host} cannot be reached ({type(error).__name__})") from None


class _Connection:
    """The connection of one upload: with a small send buffer, and closed on cancellation."""

    def __init__(self, cancelled: Callable[[], bool]) -> None:
        self.was_cancelled = False
        self._cancelled = cancelled
        self._done = threading.Event()
        self._socket: socket.socket | None = None

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Trace callback of httpx: notes progress and the socket."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            found = info["return_value"].get_extra_info("socket")
            if isinstance(found, socket.socket):
                self._socket = found
                with contextlib.suppress(OSError):
                    found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def _watch(self) -> None:
        while not self._done.wait(WATCH_SECONDS):
            if self._cancelled():
                self.was_cancelled = True
                if self._socket is not None:
                    with contextlib.suppress(OSError):
                        self._socket.shutdown(socket.SHUT_RDWR)
                return

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Close the connection on cancellation, even during a stall. Raises Cancelled."""
        thread = threading.Thread(target=self._watch, name="vaceprep upload", daemon=True)
        thread.start()
        try:
            yield
        except PublishError:
            if self.was_cancelled:
                raise Cancelled("publishing was cancelled") from None
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
) -> ServerResponse:
    """Upload an asset to a URL, and return the response of any status.

    ``stall``: seconds without progress, and for the response at the end, until it gives up. Does
    not follow redirects. Raises PublishError if there is no response, and Cancelled.
    """
    line, end = _Connection(cancelled), Deadline()
    sent_headers = {
        "Content-Type": asset.content_type,
        "Content-Length": str(asset.size),
        **(headers or {}),
    }
    with line.watched(), failures(host_of(url), stall), client(url, stall, auth) as http:
        body = pieces(asset, tell=tell, cancelled=cancelled)
        with (
            contextlib.closing(body),
            http.stream(
                "PUT",
                url,
                content=body,
                headers=sent_headers,
                extensions={"trace": line.trace, **end.extensions},
            ) as response,
        ):
            body_text = _beginning(response, end)
            return ServerResponse(response.status_code, response.headers, body_text)


def _beginning(response: httpx.Response, end: Deadline) -> bytes:
    kept = b""
    silence = response.request.extensions["timeout"]["read"]
    # The status counts, even if the body breaks off.
    end.until = time.monotonic() + silence
    with contextlib.suppress(httpx.HTTPError):
        for piece in response.iter_raw():
            kept += piece
            if len(kept) >= ANSWER_BYTES:
                break
    return kept[:ANSWER_BYTES]


def first_byte(url: str, *, stall: float, auth: Auth = None) -> ServerResponse:
    """Request the first byte of what is at a URL, and return the response of any status.

    Unlike HEAD, a refused GET has a body that explains it. Raises PublishError if there is no
    response.
    """
    wait = min(stall, READ_SECONDS)
    end = Deadline()
    with (
        failures(host_of(url), wait),
        client(url, wait, auth) as http,
        http.stream(
            "GET", url, headers={"Range": "bytes=0-0"}, extensions=end.extensions
        ) as response,
    ):
        body = b"" if response.is_success else _beginning(response, end)
        return ServerResponse(response.status_code, response.headers, body)
