"""Fetch from untrusted hosts: each is resolved once, checked, and connected to at that address.

A name may resolve to another address each time. So every host is resolved here, each of its
addresses is checked, and the connection is made to the very address that was checked; name and
certificate are still those of the host. Each request is checked separately, redirects included,
since no redirect is followed here.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Collection
from typing import Final

from vaceprep.contract import CONNECT_SECONDS
from vaceprep.net.certificates import trusted
from vaceprep.net.checked import (
    USER_AGENT,
    NotPublic,
    Resolve,
    Unresolved,
    checked_addresses,
    environment_proxy,
    look_up,
)
from vaceprep.net.deadline import Connections
from vaceprep.net.hosts import PORTS, PUBLIC_SCHEMES, is_loopback, private_reason
from vaceprep.net.lean_httpx import httpx

__all__ = ["MAX_HOSTS", "USER_AGENT", "Checked", "NotPublic", "Resolve", "client", "look_up"]

#: The most hosts whose connections are kept.
MAX_HOSTS: Final = 64


def proxy_of(url: httpx.URL) -> str | None:
    """The environment's proxy for a URL; None: a direct connection, as for this machine itself."""
    if private_reason(ascii_host(url)):
        return None
    return environment_proxy(url.scheme, ascii_host(url))


def ascii_host(url: httpx.URL) -> str:
    """The host in ASCII: the one spelling that is checked, resolved, connected to and sent.

    ``url.host`` is the Unicode spelling, which the system's resolver encodes by other rules
    (IDNA 2003) than httpx does (IDNA 2008): it would resolve another name.
    """
    return url.raw_host.decode("ascii")


def straight(url: str, verify: ssl.SSLContext | None = None) -> Connections:
    """Connections to a host that the user named: no address is checked.

    The environment's proxy is used, but not for this machine itself. ``verify``: the certificates,
    by default ``trusted``. No connection is reused. Raises httpx.ProxyError, httpx.InvalidURL.
    """
    parts = httpx.URL(url)
    proxy = (
        None
        if is_loopback(ascii_host(parts))
        else environment_proxy(parts.scheme, ascii_host(parts))
    )
    secure = parts.scheme == "https" or proxy is not None
    return Connections((verify or trusted()) if secure else None, proxy, keep=False)


class Checked(httpx.BaseTransport):
    """Sends requests to public hosts, and to ``allow_hosts``, at addresses it has checked.

    A request to any other host raises NotPublic before a connection is made. A proxy named by the
    environment resolves the name itself: then the name and the addresses that it has from here are
    checked, but the address that the proxy uses is unknown.
    """

    def __init__(
        self,
        allow_hosts: Collection[str] = (),
        *,
        resolve: Resolve | None = None,
        verify: ssl.SSLContext | None = None,
        proxies: bool = True,
    ) -> None:
        """``proxies``: whether to use the environment's proxies."""
        self._allow_hosts = allow_hosts
        self._proxies = proxies
        self._resolve = resolve or look_up
        self._verify = verify
        self._lock = threading.Lock()
        #: One per host: a connection made for one name is never used for another.
        self._inner: dict[tuple[str, str, int], Connections] = {}

    def addresses(self, url: httpx.URL) -> list[str]:
        """The addresses that may be connected to. Raises NotPublic, or ConnectError."""
        if url.scheme not in PUBLIC_SCHEMES or not url.host:
            raise NotPublic("it is not an http or https URL")
        host, port = ascii_host(url), url.port or PORTS[url.scheme]
        try:
            return checked_addresses(str(url), host, port, self._allow_hosts, self._resolve)
        except Unresolved as error:
            raise httpx.ConnectError(str(error)) from None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to an address of its host that was just checked."""
        url = request.url
        proxy = proxy_of(url) if self._proxies else None
        if proxy is not None:
            return self._by_proxy(request, proxy)
        host = ascii_host(url)
        failed: Exception = httpx.ConnectError(f"{host} has no address")
        for address in self.addresses(url):
            pinned = httpx.Request(
                request.method,
                url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return self._transport(url, None).handle_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                # Nothing was sent: try the next address.
                failed = error
        raise failed

    def _by_proxy(self, request: httpx.Request, proxy: str) -> httpx.Response:
        # The proxy may resolve a name that this machine cannot.
        with contextlib.suppress(httpx.ConnectError):
            self.addresses(request.url)
        return self._transport(request.url, proxy).handle_request(request)

    def _transport(self, url: httpx.URL, proxy: str | None) -> Connections:
        key = (url.scheme, ascii_host(url), url.port or PORTS[url.scheme])
        # Reading the certificates takes longer than most requests, so read them only if needed.
        secure = url.scheme == "https" or proxy is not None
        verify = (self._verify or trusted()) if secure else None
        with self._lock:
            if key not in self._inner:
                self._make_room()
                self._inner[key] = Connections(verify, proxy)
            return self._inner[key]

    def _make_room(self) -> None:
        while len(self._inner) >= MAX_HOSTS:
            old = next((key for key, line in self._inner.items() if line.idle), None)
            if old is None:
                return
            self._inner.pop(old).close()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for transport in self._inner.values():
                transport.close()
            self._inner.clear()


def client(
    *,
    stall: float,
    allow_hosts: Collection[str] = (),
    resolve: Resolve | None = None,
    verify: ssl.SSLContext | None = None,
    proxies: bool = True,
) -> httpx.Client:
    """A client for untrusted hosts: see Checked.

    It waits ``stall`` seconds for each step, and less for a connection, follows no redirect, and
    requests unencoded bytes, since only then are lengths and ranges those of the file.
    """
    return httpx.Client(
        transport=Checked(allow_hosts, resolve=resolve, verify=verify, proxies=proxies),
        timeout=httpx.Timeout(stall, connect=min(stall, CONNECT_SECONDS)),
        follow_redirects=False,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
    )
