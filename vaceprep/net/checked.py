"""Which addresses of a host may be connected to: each is resolved once and checked.

A name may resolve to another address each time, so a connection is made to the very address that
was checked here.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from typing import Final

from vaceprep.net.hosts import is_vouched, private_reason
from vaceprep.version import __version__

#: Returns the addresses of a host, as text.
Resolve = Callable[[str, int], list[str]]
USER_AGENT: Final = f"vaceprep/{__version__}"


class NotPublic(Exception):
    """A host that is neither public nor allowed by the user; the message is one clause."""


class Unresolved(Exception):
    """A host without an address; the message is a clause."""


def look_up(host: str, port: int) -> list[str]:
    """Resolve the addresses of a host, in the system's order. Raises OSError."""
    # Bytes, since Python imports a codec to encode text.
    found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def checked_addresses(
    url: str, host: str, port: int, allow_hosts: Collection[str], resolve: Resolve
) -> list[str]:
    """Return the addresses of a URL's host (in ASCII). Raises NotPublic, or Unresolved."""
    vouched = is_vouched(url, allow_hosts)
    reason = None if vouched else private_reason(host)
    if reason is not None:
        raise NotPublic(reason)
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise Unresolved(f"{host} cannot be resolved: {detail}") from None
    private = None if vouched else next((a for a in found if private_reason(a)), None)
    if private is not None:
        raise NotPublic(f"{host} is {private}, which is not public")
    return found


def environment_proxy(scheme: str, host: str) -> str | None:
    """Return the environment's proxy for a host; None: a direct connection."""
    from urllib.request import getproxies, proxy_bypass

    if proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(scheme) or proxies.get("all")
