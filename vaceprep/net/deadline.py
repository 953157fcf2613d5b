"""Connections with a deadline, which each request carries.

A time-out is for one step, so a server that sends a byte a minute never exceeds it. Therefore the
status and headers of every response must be complete within one read time-out, counted from the end
of the request, and all steps of a request end at its ``Deadline``. Imports httpx: import this
module only if URLs are requested.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import Any, Final, cast

import httpcore

from vaceprep.net.lean_httpx import httpx

__all__ = ["Connections", "Deadline"]

#: httpx's exception for each exception of httpcore, which has the same name.
_HTTPX: Final[dict[type[Exception], type[httpx.TransportError]]] = {
    getattr(httpcore, error.__name__): error
    for error in (
        *(httpx.TimeoutException, httpx.ConnectTimeout, httpx.ReadTimeout, httpx.WriteTimeout),
        *(httpx.PoolTimeout, httpx.NetworkError, httpx.ConnectError, httpx.ReadError),
        *(httpx.WriteError, httpx.ProxyError, httpx.UnsupportedProtocol, httpx.ProtocolError),
        *(httpx.LocalProtocolError, httpx.RemoteProtocolError),
    )
}
#: The key of a Deadline in a request's extensions.
_DEADLINE: Final = "vaceprep.deadline"
#: Seconds between two checks for cancellation.
_STEP: Final = 0.5


class Deadline:
    """When requests end: at ``until`` (monotonic clock), or as soon as ``cancelled`` is true.

    A request carries it in ``extensions``; ``until`` may be set later, when its response comes.
    """

    def __init__(self, until: float = inf, cancelled: Callable[[], bool] | None = None) -> None:
        self.until, self.cancelled = until, cancelled

    @property
    def extensions(self) -> dict[str, Deadline]:
        """The ``extensions`` argument of ``httpx.Client.stream`` and similar methods."""
        return {_DEADLINE: self}


class _Exchange:
    """One request and its response."""

    def __init__(self, deadline: Deadline | None) -> None:
        self.deadline = deadline
        #: When the response's headers must be complete (monotonic clock).
        self.headers = inf

    def left(self, timeout: float, error: type[Exception]) -> float:
        """The seconds that a step may take. Raises ``error`` if none are left."""
        until = inf if self.deadline is None else self.deadline.until
        rest = min(until, self.headers) - time.monotonic()
        if rest <= 0:
            raise error("the time that it may take in all is over")
        return min(timeout, rest)


class _Timeout(float):
    """The time-out of a step, with its exchange: httpcore passes it on unchanged."""

    exchange: _Exchange

    @classmethod
    def of(cls, seconds: float | None, exchange: _Exchange) -> _Timeout:
        made = cls(inf if seconds is None else seconds)
        made.exchange = exchange
        return made


def _finite(seconds: float) -> float | None:
    return None if seconds == inf else seconds


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, exchange: _Exchange) -> None:
        self._inner, self._exchange = inner, exchange

    def _left(self, timeout: float | None, error: type[Exception]) -> float | None:
        # Connections are reused, so set it per step; the handshake with a SOCKS proxy passes none.
        if isinstance(timeout, _Timeout):
            self._exchange = timeout.exchange
        return _finite(self._exchange.left(inf if timeout is None else timeout, error))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        rest = self._left(timeout, httpcore.ReadTimeout)
        deadline = self._exchange.deadline
        cancelled = None if deadline is None else deadline.cancelled
        if cancelled is None:
            return self._inner.read(max_bytes, rest)
        end = time.monotonic() + (inf if rest is None else rest)
        while True:
            if cancelled():
                raise httpcore.ReadError("the work was called off")
            rest = end - time.monotonic()
            try:
                return self._inner.read(max_bytes, min(_STEP, max(rest, 0.001)))
            except httpcore.ReadTimeout:
                if rest <= _STEP:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        rest = self._left(timeout, httpcore.ConnectTimeout)
        inner = self._inner.start_tls(ssl_context, server_hostname, rest)
        return _Stream(inner, self._exchange)

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
        exchange = timeout.exchange if isinstance(timeout, _Timeout) else _Exchange(None)
        rest = exchange.left(inf if timeout is None else timeout, httpcore.ConnectTimeout)
        inner = self._inner.connect_tcp(host, port, _finite(rest), local_address, socket_options)
        return _Stream(inner, exchange)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Raise httpx's exceptions in place of httpcore's."""
    try:
        yield
    except tuple(_HTTPX) as error:
        raise _HTTPX[type(error)](str(error)) from error


class _Sent:
    """The body of a request: the time for the response's headers starts when it is sent."""

    def __init__(self, stream: Iterable[bytes], silence: float, exchange: _Exchange) -> None:
        self._stream, self._silence, self._exchange = stream, silence, exchange

    def __iter__(self) -> Iterator[bytes]:
        # A large body may take long on a slow connection: each of its steps has a time-out.
        self._exchange.headers = inf
        try:
            yield from self._stream
        finally:
            self._exchange.headers = time.monotonic() + self._silence


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
    """The connections to one host, kept for the next request; ``proxy`` is the proxy's URL."""

    def __init__(
        self, verify: ssl.SSLContext | None, proxy: str | None = None, *, keep: bool = True
    ) -> None:
        """``verify`` None is for hosts without TLS; without ``keep`` no connection is reused.

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
        """Whether no request is active."""
        return all(one.is_idle() or one.is_closed() for one in self._pool.connections)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and stream the response.

        Its status and headers must be complete within the read time-out, however slowly they come.
        """
        url = request.url
        limits = request.extensions.get("timeout", {})
        silence = inf if limits.get("read") is None else limits["read"]
        exchange = _Exchange(request.extensions.get(_DEADLINE))
        steps = {
            name: _Timeout.of(limits.get(name), exchange) for name in ("connect", "read", "write")
        }
        core = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=_Sent(cast("httpx.SyncByteStream", request.stream), silence, exchange),
            extensions={**request.extensions, "timeout": {**limits, **steps}},
        )
        # A proxy responds before the body is sent.
        exchange.headers = time.monotonic() + silence + (limits.get("connect") or 0)
        try:
            with _translated():
                response = self._pool.handle_request(core)
        finally:
            exchange.headers = inf
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
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
        # An unknown type of proxy, or one whose package is missing.
        raise httpx.ProxyError(f"the environment's proxy cannot be used: {error}") from None
