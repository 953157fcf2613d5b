"""Which hosts are the public's: what names and addresses tell, without connecting. Pure."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import Final
from urllib.parse import SplitResult, urlsplit

PUBLIC_SCHEMES: Final = ("http", "https")
#: Networks whose addresses carry an IPv4 address: the deprecated compatible ones and NAT64.
EMBEDDING: Final = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b::/96"))
#: Networks that Python's own table does not call private in every version: NAT64 for local use,
#: and Teredo, whose addresses lead to others.
LOCAL: Final = (ipaddress.IPv6Network("64:ff9b:1::/48"), ipaddress.IPv6Network("2001::/32"))
#: Names that never lead to a public host (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal).
PRIVATE_SUFFIXES: Final = ("localhost", "local", "internal", "home.arpa", "lan", "intranet")


def split(url: str) -> SplitResult | None:
    """A URL's parts; None where it cannot be taken apart."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host literal stands for, in any spelling that connects; else None."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            # 127.1, 0x7f000001 and 2130706433 are addresses too.
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError, UnicodeError):
            return None
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if embedded is None and any(address in network for network in EMBEDDING):
            # The last four bytes are an IPv4 address that a translator connects to.
            embedded = ipaddress.IPv4Address(address.packed[-4:])
        return embedded or address
    return address


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and any(address in n for n in LOCAL):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def private_reason(host: str) -> str | None:
    """Why a host cannot be reached by the public, in words; None where it may be."""
    name = host.rstrip(".").lower()
    if not name:
        return "it names no host"
    address = _address(name)
    if address is not None:
        return None if _is_public(address) else f"{host} is not public"
    if any(name == s or name.endswith(f".{s}") for s in PRIVATE_SUFFIXES):
        return f"{host} is a name of a private network"
    return None if "." in name else f"{host} is a name of a private network"


def _host_and_port(entry: str) -> tuple[str, str]:
    """The two parts of ``nas``, ``nas:8080``, ``::1``, ``[::1]`` or ``[::1]:8080``."""
    entry = entry.strip().lower()
    if entry.startswith("["):
        host, _, port = entry[1:].partition("]")
        return host, port.removeprefix(":")
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host.rstrip("."), port
    return entry.rstrip("."), ""


def is_vouched(url: str, allowed_hosts: Collection[str]) -> bool:
    """Whether the user vouches for a URL's host: at every port, or ``HOST:PORT`` at one.

    Never where the URL carries credentials.
    """
    parts = split(url)
    if parts is None or parts.username is not None or parts.password is not None:
        return False
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    vouched = map(_host_and_port, allowed_hosts)
    return bool(host) and any(h == host and p in ("", str(port)) for h, p in vouched)
