"""Decide by name and address, without connecting, which hosts are public. Pure."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PUBLIC_SCHEMES: Final = ("http", "https")
PORTS: Final = {"http": 80, "https": 443}
#: IPv4 networks that are not public: IANA's special-purpose registry without the entries that are
#: globally reachable, and the addresses at which clouds serve their own machines. Python's
#: ``is_global`` differs between versions, so it is not used.
NOT_PUBLIC_V4: Final = tuple(
    map(
        ipaddress.IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
            # Shared address space (RFC 6598; Alibaba's metadata are at 100.100.100.200), link-local
            # (metadata of most clouds), protocol assignments (Oracle's are at 192.0.0.192).
            *("100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24"),
            # Documentation, benchmarks, the deprecated 6to4 relays, multicast, reserved, broadcast.
            *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"),
            *("192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            # Azure's WireServer, which has a public address.
            "168.63.129.16/32",
        ),
    )
)
#: The only IPv6 addresses that IANA has allocated as public.
GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
#: Networks in it that are not public: protocol assignments with Teredo, benchmarks and
#: ORCHID (2001::/23), and documentation.
NOT_PUBLIC_V6: Final = tuple(
    map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20"))
)
#: NAT64: the last four bytes are an IPv4 address that a translator connects to. An IPv6-only
#: network reaches public hosts through it.
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
#: Interface identifiers of ISATAP; their last four bytes are an IPv4 address, too.
ISATAP: Final = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
#: Names that never resolve to a public host (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal).
PRIVATE_SUFFIXES: Final = ("localhost", "local", "internal", "home.arpa", "lan", "intranet")
#: Characters that end a label like a full stop (RFC 3490).
_DOTS: Final = str.maketrans("\u3002\uff0e\uff61", "...")


def split(url: str) -> SplitResult | None:
    """A URL's parts; None if it is not a valid URL."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def folded(host: str) -> str:
    """A host in the one spelling used to compare and check hosts.

    Lower case, percent-encoding resolved, compatibility characters (fullwidth and circled letters
    and digits) and the other full stops replaced, no full stop at the end.
    """
    if not host.isascii():
        import unicodedata

        host = unicodedata.normalize("NFKC", host.translate(_DOTS))
    if "%" in host and ":" not in host:
        host = unquote(host)
    return host.translate(_DOTS).rstrip(".").lower()


def _address(host: str) -> Address | None:
    """The address of a host literal, in any spelling that can be connected to; else None."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            # 127.1, 0x7f000001 and 2130706433 are addresses too.
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError, UnicodeError):
            return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside an IPv6 address that receives its packets; None if there is none."""
    if address in NAT64 or address.packed[8:12] in ISATAP:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.sixtofour


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_V4)
    inner = _embedded(address)
    if inner is not None and not _is_public(inner):
        return False
    if address in NAT64:
        return True
    return address in GLOBAL_V6 and not any(address in network for network in NOT_PUBLIC_V6)


def private_reason(host: str) -> str | None:
    """Why a host is not publicly reachable, in words; None if it may be."""
    name = folded(host)
    if not name:
        return "it names no host"
    address = _address(name)
    if address is not None:
        return None if _is_public(address) else f"{host} is not public"
    if any(name == s or name.endswith(f".{s}") for s in PRIVATE_SUFFIXES):
        return f"{host} is a name of a private network"
    return None if "." in name else f"{host} is a name of a private network"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, by its name or its address."""
    name = folded(host)
    address = _address(name)
    if address is not None:
        return address.is_loopback
    return name == "localhost" or name.endswith(".localhost")


def own_place(base_url: str) -> tuple[str, ...]:
    """A service's ``HOST:PORT``, as ``is_vouched`` takes it; empty if it has none."""
    parts = split(base_url)
    if parts is None or not parts.hostname:
        return ()
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return (f"{host}:{parts.port or PORTS.get(parts.scheme)}",)


def _host_and_port(entry: str) -> tuple[str, str]:
    """Split ``nas``, ``nas:8080``, ``::1``, ``[::1]`` or ``[::1]:8080`` into host and port."""
    entry = entry.strip().lower()
    if entry.startswith("["):
        host, _, port = entry[1:].partition("]")
        return host, port.removeprefix(":")
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host.rstrip("."), port
    return entry.rstrip("."), ""


def is_vouched(url: str, allowed_hosts: Collection[str]) -> bool:
    """Whether the user allows a URL's host: at every port, or ``HOST:PORT`` at one.

    Never if the URL contains credentials. A non-ASCII name is compared as written (IDNA2008 and
    IDNA2003 disagree about some): name a host as its URL does.
    """
    parts = split(url)
    if parts is None or parts.username is not None or parts.password is not None:
        return False
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or PORTS.get(parts.scheme)
    vouched = map(_host_and_port, allowed_hosts)
    return bool(host) and any(h == host and p in ("", str(port)) for h, p in vouched)
