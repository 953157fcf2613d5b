"""GET from untrusted hosts through Python's own HTTP client.

Importing httpx takes longer than the rest of a check, so URLs of the common kind are requested with
``http.client``: an ASCII host, no credentials, no proxy, no character that a client may encode.
Addresses are checked as in ``net.client``, which does the rest. No redirect is followed here. Each
step has a time-out, the headers must be complete within one, and each request has an end.
"""

from __future__ import annotations

import io
import re
import selectors
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from vaceprep.contract import CONNECT_SECONDS
from vaceprep.net import problems
from vaceprep.net.checked import USER_AGENT, Resolve, Unresolved, checked_addresses, look_up
from vaceprep.net.hosts import PORTS

if TYPE_CHECKING:
    import http.client

    from _typeshed import WriteableBuffer

_SAFE: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})"
_URL: Final = re.compile(
    r"(https?)://([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::([1-9][0-9]{0,4}))?"
    rf"(/{_SAFE}*(?:\?(?:{_SAFE}|[?])*)?)"
)
#: Path segments that a client may resolve.
_DOTS: Final = re.compile(r"/\.\.?(?:/|\?|$)")
#: Seconds between two checks for cancellation.
_STEP: Final = 0.5
_BLOCK: Final = 1 << 16
#: The most connections that are kept.
_MAX_KEPT: Final = 64
_CALLED_OFF: Final = "the work was called off"


class Declined(Exception):
    """An answer that only ``net.client`` reads."""


class Url(NamedTuple):
    """The parts of a URL of the common kind."""

    text: str
    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def of(cls, text: str) -> Url | None:
        """Return the parts; None if a client might send another text than stands here."""
        match = _URL.fullmatch(text)
        if match is None or _DOTS.search(match[4].partition("?")[0]):
            return None
        port = int(match[3] or PORTS[match[1]])
        return cls(text, match[1], match[2].lower(), port, match[4]) if port < 65536 else None


class _Line:
    """One connection, with the times of the current request."""

    def __init__(
        self, sock: socket.socket, address: str, stall: float, closed: Callable[[], bool]
    ) -> None:
        self._socket = sock
        self.address = address
        self._stall = stall
        self._closed = closed
        #: When the request ends, and when the response's headers must be complete.
        self.until = self.headers = inf

    @property
    def is_stale(self) -> bool:
        """Whether the server closed it, or sent bytes that no request asked for."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            return bool(selector.select(0))

    def send(self, data: bytes) -> None:
        """Send a request; the time for the response's headers starts."""
        self._socket.settimeout(max(0.001, min(self._stall, self.until - time.monotonic())))
        self._socket.sendall(data)
        self.headers = time.monotonic() + self._stall

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the incoming bytes, as ``http.client`` reads them."""
        return io.BufferedReader(_Incoming(self), _BLOCK)

    def receive(self, buffer: WriteableBuffer) -> int:
        """Wait for bytes. Raises OSError."""
        end = min(time.monotonic() + self._stall, self.until, self.headers)
        while True:
            if self._closed():
                raise ConnectionAbortedError(_CALLED_OFF)
            rest = end - time.monotonic()
            if rest <= 0:
                raise TimeoutError
            self._socket.settimeout(min(_STEP, max(rest, 0.001)))
            with suppress(TimeoutError):
                return self._socket.recv_into(buffer)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class _Incoming(io.RawIOBase):
    def __init__(self, line: _Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        return self._line.receive(buffer)


class Response:
    """The status, headers (in lower case) and body of one answer. The caller must close it."""

    def __init__(
        self, inner: http.client.HTTPResponse, url: Url, stall: float, end: Callable[[bool], None]
    ) -> None:
        self._inner, self._url, self._stall, self._end = inner, url, stall, end
        self.status_code = inner.status
        self.headers: dict[str, str] = {}
        for name, value in inner.headers.items():
            key, text = name.lower(), value.strip()
            kept = self.headers.get(key)
            # A length given twice is one length.
            joined = kept is None or (key == "content-length" and text == kept)
            self.headers[key] = text if joined else f"{kept}, {text}"

    def iter_raw(self) -> Iterator[bytes]:
        """Yield the body as it comes. Raises RemoteError."""
        with _translated(self._url, self._stall):
            while data := self._inner.read1(_BLOCK):
                yield data
            if self._inner.length:
                raise ConnectionError(f"{self._inner.length:,} bytes of the answer are missing")

    def close(self) -> None:
        """Keep the connection if the answer was read to its end, else close it."""
        inner = self._inner
        ended = inner.isclosed() or (inner.length == 0 and not inner.chunked)
        self._end(ended and not inner.will_close)


@contextmanager
def _translated(url: Url, stall: float) -> Iterator[None]:
    """Raise RemoteError in place of a failure of the connection."""
    try:
        yield
    except problems.RemoteError:
        raise
    except TimeoutError:
        raise problems.silent(url.host, stall) from None
    except (OSError, ValueError) as error:
        raise problems.broken(url.host, str(error)) from None
    except Exception as error:
        from http.client import HTTPException

        if not isinstance(error, HTTPException):
            raise
        raise problems.broken(url.host, str(error)) from None


class Direct:
    """Requests to public hosts, and to ``allow_hosts``; for any number of threads."""

    def __init__(
        self, allow_hosts: Collection[str], *, stall: float, resolve: Resolve | None = None
    ) -> None:
        self._allow_hosts = allow_hosts
        self._stall = stall
        self._resolve = resolve or look_up
        self._lock = threading.Lock()
        #: Idle connections: one made for a host is never used for another.
        self._kept: list[tuple[tuple[str, str, int], _Line]] = []
        self._closed = False

    def get(
        self, url: Url, headers: Mapping[str, str], until: float, sent: Callable[[], None]
    ) -> Response:
        """Send a request and return its answer; ``until`` ends it (monotonic clock).

        Calls ``sent`` when the request is sent, for work to do while the server answers.
        Raises NotPublic, RemoteError, or Declined.
        """
        if self._closed:
            raise problems.unreached(_CALLED_OFF)
        addresses = self._addresses(url)
        line = self._idle(url, addresses) or self._connected(url, addresses, until)
        try:
            line.until, line.headers = until, inf
            with _translated(url, self._stall):
                line.send(_request(url, headers))
                sent()
                # Its import takes as long as an answer from nearby.
                import http.client

                inner = http.client.HTTPResponse(cast("socket.socket", line), method="GET")
                inner.begin()
            line.headers = inf
            if inner.status < 200 or inner.headers.defects:
                raise Declined
            return Response(inner, url, self._stall, lambda keep: self._end(url, line, keep))
        except BaseException:
            line.close()
            raise

    def _addresses(self, url: Url) -> list[str]:
        try:
            return checked_addresses(url.text, url.host, url.port, self._allow_hosts, self._resolve)
        except Unresolved as error:
            raise problems.no_connection(url.host, str(error)) from None

    def _connected(self, url: Url, addresses: list[str], until: float) -> _Line:
        failed = problems.no_connection(url.host, f"{url.host} has no address")
        for address in addresses:
            seconds = min(self._stall, CONNECT_SECONDS, until - time.monotonic())
            try:
                sock = _socket(url, address, max(seconds, 0.001))
                return _Line(sock, address, self._stall, lambda: self._closed)
            except TimeoutError:
                failed = problems.no_connection_in_time(url.host)
            except OSError as error:
                # Nothing was sent: try the next address.
                failed = problems.no_connection(url.host, str(error))
        raise failed

    def _idle(self, url: Url, addresses: list[str]) -> _Line | None:
        """Return a kept connection to one of the addresses that the server has not closed."""
        key = url[1:4]
        while True:
            with self._lock:
                found = (k for k in self._kept if k[0] == key and k[1].address in addresses)
                kept = next(found, None)
                if kept is not None:
                    self._kept.remove(kept)
            line = None if kept is None else kept[1]
            if line is None or not line.is_stale:
                return line
            line.close()

    def _end(self, url: Url, line: _Line, keep: bool) -> None:
        line.until = inf
        with self._lock:
            if keep and not self._closed and len(self._kept) < _MAX_KEPT:
                self._kept.append((url[1:4], line))
                return
        line.close()

    def close(self) -> None:
        """Close all connections; pending requests fail."""
        with self._lock:
            self._closed = True
            for _, line in self._kept:
                line.close()
            self._kept.clear()


def _socket(url: Url, address: str, seconds: float) -> socket.socket:
    """Return a connection to an address that was checked. Raises OSError."""
    # Bytes, as in ``look_up``.
    there = cast("str", address.encode("ascii"))
    plain = socket.create_connection((there, url.port), seconds)
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if url.scheme == "http":
            return plain
        from vaceprep.net.certificates import trusted

        return trusted().wrap_socket(plain, server_hostname=url.host)
    except BaseException:
        plain.close()
        raise


def _request(url: Url, headers: Mapping[str, str]) -> bytes:
    host = url.host if url.port == PORTS[url.scheme] else f"{url.host}:{url.port}"
    common = {
        "Host": host,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "keep-alive",
        "User-Agent": USER_AGENT,
    }
    lines = [f"{name}: {value}" for name, value in {**common, **headers}.items()]
    return "\r\n".join([f"GET {url.target} HTTP/1.1", *lines, "", ""]).encode("latin-1")
