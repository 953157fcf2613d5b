"""Connections that keep to an end: what is done ``within`` so many seconds ends with them.

A time-out is for one step, and a server that sends a byte a minute takes no step too long. So the
status and headers of every answer must be complete within one read time-out, counted from the end
of the request, and a block under ``within`` ends at its time. Imports httpx: import this module
where URLs are really asked for.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast

import httpcore

from vaceprep.net.lean_httpx import httpx

__all__ = ["Connections", "left", "within"]

_CORE: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
_end = threading.local()


#: Seconds between two looks at whether the work was called off.
_LOOK: Final = 0.5


@contextlib.contextmanager
def within(until: float, called_off: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Let everything that this thread asks for in the block end at a time of the steady clock.

    ``called_off`` is asked while an answer is waited for.
    """
    before = getattr(_end, "until", None), getattr(_end, "called_off", None)
    _end.until, _end.called_off = until, called_off
    try:
        yield
    finally:
        _end.until, _end.called_off = before


def left(timeout: float | None, error: type[Exception]) -> float | None:
    """The seconds that a step of this thread may take. Raises ``error`` where none are left."""
    ends = [end for name in ("until", "headers") if (end := getattr(_end, name, None)) is not None]
    if not ends:
        return timeout
    rest: float = min(ends) - time.monotonic()
    if rest <= 0:
        raise error("the time that it may take in all is over")
    return rest if timeout is None else min(timeout, rest)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        called_off = getattr(_end, "called_off", None)
        if called_off is None:
            return self._inner.read(max_bytes, left(timeout, httpcore.ReadTimeout))
        silent = time.monotonic() + (timeout if timeout is not None else float("inf"))
        while True:
            rest = min(silent - time.monotonic(), left(None, httpcore.ReadTimeout) or 0)
            if called_off():
                raise httpcore.ReadError("the work was called off")
            try:
                return self._inner.read(max_bytes, min(_LOOK, max(rest, 0.001)))
            except httpcore.ReadTimeout:
                if rest <= _LOOK:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        rest = left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, rest))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        rest = left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, rest, local_address, socket_options))


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Raise httpx's exceptions for httpcore's, which bear the same names."""
    try:
        yield
    except _CORE as error:
        found = getattr(httpx, type(error).__name__, httpx.NetworkError)
        raise found(str(error)) from error


class _Sent:
    """The body of a request: once it has gone out, the time of the answer's headers begins."""

    def __init__(self, stream: Iterable[bytes], silence: float | None) -> None:
        self._stream, self._silence = stream, silence

    def __iter__(self) -> Iterator[bytes]:
        # A large body over a slow line may take long: each of its steps has a time-out.
        _end.headers = None
        try:
            yield from self._stream
        finally:
            _end.headers = None if self._silence is None else time.monotonic() + self._silence


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _translated():
            yield from self._response.iter_stream()

    def close(self) -> None:
        with _translated():
            self._response.close()


class Connections(httpx.BaseTransport):
    """The connections to one host, kept for the next request; ``proxy`` is the way there."""

    def __init__(
        self, verify: ssl.SSLContext | None, proxy: str | None = None, *, keep: bool = True
    ) -> None:
        """``verify`` None is for hosts without TLS; without ``keep`` no connection is used twice.

        Raises httpx.ProxyError.
        """
        common: dict[str, Any] = {"ssl_context": verify, "network_backend": _Backend()}
        if not keep:
            common |= {"max_connections": None, "max_keepalive_connections": 0}
        self._pool: httpcore.ConnectionPool
        if proxy is None:
            self._pool = httpcore.ConnectionPool(**common)
        else:
            self._pool = _by_proxy(proxy, **common)

    @property
    def idle(self) -> bool:
        """Whether nobody waits for anything here."""
        return all(one.is_idle() or one.is_closed() for one in self._pool.connections)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and hand on the answer as it comes.

        Its status and headers are to be complete within the read time-out, however they drip.
        """
        url = request.url
        limits = request.extensions.get("timeout", {})
        silence = limits.get("read")
        core = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=_Sent(cast("httpx.SyncByteStream", request.stream), silence),
            extensions=request.extensions,
        )
        if silence is not None:
            # A proxy's answer comes before the body leaves.
            _end.headers = time.monotonic() + silence + (limits.get("connect") or 0)
        try:
            with _translated():
                response = self._pool.handle_request(core)
        finally:
            _end.headers = None
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.close()


def _by_proxy(proxy: str, **common: Any) -> httpcore.ConnectionPool:
    try:
        known = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
        way = {"proxy_url": str(known.url), "proxy_auth": known.raw_auth, **common}
        make: Callable[..., httpcore.ConnectionPool]
        if known.url.scheme.startswith("socks5"):
            make = httpcore.SOCKSProxy
        else:
            make, way = httpcore.HTTPProxy, {**way, "proxy_headers": known.headers.raw}
        return make(**way)
    except (ValueError, RuntimeError, httpx.InvalidURL) as error:
        # A kind that nobody knows, or one whose package is missing.
        raise httpx.ProxyError(f"the environment's proxy cannot be used: {error}") from None
