"""Hosts that are not the public's, in addresses and spellings that were taken for public."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

import vaceprep
from tests.runs.server import Server, serving, whole
from vaceprep.net import client as net
from vaceprep.net.client import NotPublic, client
from vaceprep.net.hosts import is_vouched, private_reason

NAME = "media.example.com"

#: Address and what answers there.
PRIVATE = {
    "192.0.0.192": "Oracle's metadata",
    "192.0.0.8": "protocol assignments",
    "192.0.0.9": "protocol assignments that newer Pythons call global",
    "168.63.129.16": "Azure's WireServer",
    "100.100.100.200": "Alibaba's metadata",
    "169.254.169.254": "metadata",
    "192.88.99.1": "6to4 relays",
    "198.19.255.255": "benchmarks",
    "247.1.2.3": "reserved",
    "239.255.255.250": "multicast",
    "0.1.2.3": "this network",
    "fec0::1": "site-local",
    "feff:ffff::1": "the end of site-local",
    "3fff::1": "documentation",
    "3fff:fff:ffff::1": "the end of documentation",
    "5f00::1": "segment routing",
    "100::1": "discard only",
    "::7f00:1": "IPv4-compatible",
    "::808:808": "IPv4-compatible, deprecated",
    "::ffff:0:7f00:1": "IPv4-translated",
    "64:ff9b::a9fe:a9fe": "NAT64 of metadata",
    "64:ff9b::a83f:8110": "NAT64 of the WireServer",
    "64:ff9b:1::a00:1": "NAT64 for local use",
    "2002:a9fe:a9fe::": "6to4 of metadata",
    "2001::1": "Teredo",
    "2001:2::1": "benchmarks",
    "2001:10::1": "ORCHID",
    "2001:20::1": "ORCHID",
    "2001:470::5efe:a00:1": "ISATAP of 10.0.0.1",
    "fd20:ce::254": "metadata over IPv6",
    "4000::1": "not given to anybody",
}
PUBLIC = ["8.8.8.8", "192.0.1.1", "100.63.255.255", "100.128.0.1", "168.63.129.17", "223.255.255.1"]
PUBLIC += ["2001:4860:4860::8888", "2606:4700::1111", "64:ff9b::808:808", "3ffe::1"]
#: Spellings of hosts of this machine that a resolver or the service may understand.
SPELLINGS = [
    "127%2e0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "ⓛocalhost",
    "localhost。",
    "127.0.0.1.",
]


@pytest.fixture
def web() -> Iterator[Server]:
    with serving(whole(b"the answer of an inner service")) as running:
        yield running


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_not_connected_to(
    address: str, web: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system would connect; here every connection leads to a server of the test."""
    connected: list[str] = []
    real = socket.create_connection

    def noted(to: tuple[str, int], *more: object, **named: object) -> socket.socket:
        connected.append(to[0])
        return real(("127.0.0.1", to[1]), *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_connection", noted)
    port = httpx.URL(web.url).port
    host = f"[{address}]" if ":" in address else address
    with client(stall=5, resolve=lambda *_: [address]) as http:
        for url in (f"http://{host}:{port}/", f"http://{NAME}:{port}/"):
            with pytest.raises(NotPublic):
                http.get(url)
    assert connected == []
    (finding,) = [f for f in vaceprep.check(f"http://{host}/a.mp4").findings if f.code == "VP503"]
    assert "not public" in finding.message


@pytest.mark.parametrize("address", PUBLIC)
def test_neighbours_of_those_networks_stay_public(address: str) -> None:
    assert private_reason(address) is None


@pytest.mark.parametrize("host", SPELLINGS)
def test_another_spelling_of_this_machine_is_private(host: str) -> None:
    assert private_reason(host) is not None


def test_the_name_that_is_checked_is_the_name_that_is_resolved() -> None:
    """IDNA 2003 makes ``fass`` of ``faß``, IDNA 2008 does not: two names of two owners."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["10.0.0.1"]

    with client(stall=5, resolve=resolve) as http:
        for url in ("http://xn--fa-hia.example/", "http://fa\xdf.example/"):
            with pytest.raises(NotPublic):
                http.get(url)
    assert asked == ["xn--fa-hia.example"] * 2
    assert not is_vouched("http://xn--fa-hia.example/", ["fass.example"])
    assert net.ascii_host(httpx.URL("http://fa\xdf.example/")) == "xn--fa-hia.example"
