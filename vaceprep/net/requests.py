"""GET requests of one session: by ``net.direct`` where it can, else by httpx."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from vaceprep.net import problems
from vaceprep.net.checked import environment_proxy
from vaceprep.net.direct import Declined, Direct, Url
from vaceprep.net.hosts import private_reason, split

if TYPE_CHECKING:
    import httpx

    from vaceprep.net.checked import Resolve


class Response(Protocol):
    """What both ways answer; the names of the headers are in lower case."""

    @property
    def status_code(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def iter_raw(self) -> Iterator[bytes]: ...


class _Answer:
    """An answer of httpx, whose errors are RemoteErrors."""

    def __init__(
        self, inner: httpx.Response, translated: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._inner, self._translated = inner, translated
        self.status_code, self.headers = inner.status_code, inner.headers

    def iter_raw(self) -> Iterator[bytes]:
        """Yield the body as it comes."""
        with self._translated():
            yield from self._inner.iter_raw()


class Requests:
    """Sends GET requests, for any number of threads; connects only when one is sent."""

    def __init__(
        self, allow_hosts: Collection[str], *, stall: float, resolve: Resolve | None = None
    ) -> None:
        self._allow_hosts = allow_hosts
        self._stall = stall
        self._resolve = resolve
        self._direct = Direct(allow_hosts, stall=stall, resolve=resolve)
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self.is_closed = False

    @contextmanager
    def get(
        self,
        url: str,
        headers: Mapping[str, str],
        until: float,
        sent: Callable[[], None],
    ) -> Iterator[Response]:
        """The answer of a URL, which may be a redirect; ``until`` ends it (monotonic clock).

        Calls ``sent`` when the request is sent, or before. Raises NotPublic, or RemoteError.
        """
        answer = None
        common = Url.of(url)
        if common is not None and not _has_proxy(common):
            with suppress(Declined):
                answer = self._direct.get(common, headers, until, sent)
        if answer is None:
            sent()
            with self._by_httpx(url, headers, until) as other:
                yield other
            return
        try:
            yield answer
        finally:
            answer.close()

    @contextmanager
    def _by_httpx(self, url: str, headers: Mapping[str, str], until: float) -> Iterator[Response]:
        from vaceprep.net.deadline import Deadline

        end = Deadline(until, lambda: self.is_closed).extensions
        with ExitStack() as stack:
            with self._translated(url):
                sent = self._line().stream("GET", url, headers=headers, extensions=end)
                response = stack.enter_context(sent)
            yield _Answer(response, lambda: self._translated(url))

    @contextmanager
    def _translated(self, url: str) -> Iterator[None]:
        """Raise RemoteError in place of httpx's errors."""
        import httpx

        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            parts = split(url)
            host = (parts and parts.hostname) or "the host"
            raise problems.of_httpx(error, host, self._stall) from None

    def _line(self) -> httpx.Client:
        from vaceprep.net.client import client

        with self._lock:
            if self.is_closed:
                raise problems.unreached("the work was called off")
            if self._client is None:
                self._client = client(
                    stall=self._stall, allow_hosts=self._allow_hosts, resolve=self._resolve
                )
            return self._client

    def close(self) -> None:
        """Close all connections; pending requests fail."""
        with self._lock:
            self.is_closed = True
            self._direct.close()
            if self._client is not None:
                self._client.close()


def _has_proxy(url: Url) -> bool:
    return not private_reason(url.host) and environment_proxy(url.scheme, url.host) is not None
