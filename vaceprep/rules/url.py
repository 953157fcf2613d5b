"""VP501 to VP503: what the text of a URL tells, without connecting anywhere. Pure."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import Final
from urllib.parse import SplitResult, urlsplit

from vaceprep.contract import IMAGE_ROLES, Role
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, rule, run
from vaceprep.source import is_data_uri

PUBLIC_SCHEMES: Final = ("http", "https")
#: Networks whose addresses carry an IPv4 address: the deprecated compatible ones and NAT64.
EMBEDDING: Final = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b::/96"))
#: Names that never lead to a public host (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal).
PRIVATE_SUFFIXES: Final = ("localhost", "local", "internal", "home.arpa", "lan", "intranet")


def _split(url: str) -> SplitResult | None:
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


def private_reason(host: str) -> str | None:
    """Why a host cannot be reached by the public, in words; None where it may be."""
    name = host.rstrip(".").lower()
    if not name:
        return "it names no host"
    address = _address(name)
    if address is not None:
        return None if address.is_global and not address.is_multicast else f"{host} is not public"
    if any(name == s or name.endswith(f".{s}") for s in PRIVATE_SUFFIXES):
        return f"{host} is a name of a private network"
    return None if "." in name else f"{host} is a name of a private network"


@rule(
    "VP501",
    "url-not-ascii",
    Severity.ERROR,
    "M",
    "url",
    fires="a URL has a character outside ASCII",
    fix=None,
    why="The service takes ASCII URLs alone; percent-encode everything else.",
)
def url_not_ascii(rule: Rule, url: str, _: Asset) -> Finding | None:
    bad = next((c for c in url if not c.isascii()), None)
    if bad is None:
        return None
    return rule.found(
        f"the URL has a character outside ASCII (U+{ord(bad):04X}); percent-encode it",
        measured=f"U+{ord(bad):04X}",
        allowed="ASCII",
    )


@rule(
    "VP502",
    "url-scheme",
    Severity.ERROR,
    "U",
    "url",
    fires="a URL is neither http nor https, nor data: in an image field",
    fix=None,
    why="The service fetches over http and https alone.",
)
def url_scheme(rule: Rule, url: str, asset: Asset) -> Finding | None:
    scheme = url.partition(":")[0].lower()
    if scheme in PUBLIC_SCHEMES:
        return None
    if scheme == "data":
        if asset.role in IMAGE_ROLES:
            if url[5:].partition(",")[0].lower().startswith("image/"):
                return None
            message = "a data: URI must say data:image/...;base64,"
        else:
            message = f"{asset.role} takes no data: URI; only the image fields do"
        return rule.found(message, measured=scheme, allowed="http, https")
    hint = "; publish the file and give its https URL" if scheme in ("file", "oss", "s3") else ""
    return rule.found(
        f"the URL's scheme is {scheme}; only http and https are fetched{hint}",
        measured=scheme,
        allowed="http, https",
    )


@rule(
    "VP503",
    "url-not-public",
    Severity.ERROR,
    "M J",
    "url",
    fires="a URL's host is private, loopback or link-local, or it carries credentials",
    fix=None,
    why="The service fetches from the public internet, and a URL is no place for a password.",
)
def url_not_public(rule: Rule, url: str, _: Asset) -> Finding | None:
    parts = _split(url)
    if parts is None:
        return rule.found("the URL cannot be taken apart", allowed="a public host")
    if parts.username is not None or parts.password is not None:
        return rule.found(
            "the URL carries credentials; presign it instead", allowed="no user or password"
        )
    reason = private_reason(parts.hostname or "")
    if reason is None:
        return None
    return rule.found(
        f"the service cannot reach this URL: {reason}",
        measured=parts.hostname,
        allowed="a public host",
    )


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
    parts = _split(url)
    if parts is None or parts.username is not None or parts.password is not None:
        return False
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    vouched = map(_host_and_port, allowed_hosts)
    return bool(host) and any(h == host and p in ("", str(port)) for h, p in vouched)


def judge_url(url: str, role: Role, allowed_hosts: Collection[str] = ()) -> list[Finding]:
    """What a URL's text alone breaks; the first rule that speaks is the only one.

    ``allowed_hosts`` are private hosts that the user vouches for (see ``is_vouched``).
    """
    asset = Asset(role)
    codes = ["VP501", "VP502"]
    if not is_vouched(url, allowed_hosts) and not is_data_uri(url):
        codes.append("VP503")
    for code in codes:
        finding = run(code, url, asset)
        if finding is not None:
            return [finding]
    return []
