"""Hosts that strangers name: looked up once, checked, and connected to as checked."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from tests.runs.server import Server, serving, whole
from vaceprep.net import client as net
from vaceprep.net.client import NotPublic, client
from vaceprep.net.hosts import is_vouched, private_reason

#: A name that is public by its text.
NAME = "media.example.com"
STALL = 5.0


def answers(*lists: list[str]) -> tuple[net.Resolve, list[str]]:
    """A resolver that says something else each time, and what it was asked for."""
    asked: list[str] = []
    left = list(lists)

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve, asked


def at(server: Server, host: str) -> str:
    return server.url.replace("127.0.0.1", host)


@pytest.fixture
def web() -> Iterator[Server]:
    with serving(whole(b"hello")) as running:
        yield running


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1"),
        *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1"),
        *("2001:0:7f00:1::", "::127.0.0.1", "fe80::1%eth0"),
    ],
)
def test_what_is_not_the_public_s_is_not_connected_to(web: Server, address: str) -> None:
    resolve, _ = answers([address])
    with client(stall=STALL, resolve=resolve) as http:
        with pytest.raises(NotPublic, match="not public"):
            http.get(at(web, NAME))
        host = f"[{address.partition('%')[0]}]" if ":" in address else address
        with pytest.raises(NotPublic):
            http.get(f"http://{host}:9/")
    assert web.seen == []


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_what_is_the_public_s_may_be(address: str) -> None:
    assert private_reason(address) is None


@pytest.mark.parametrize("order", [0, 1])
def test_one_private_address_among_public_ones_is_enough(web: Server, order: int) -> None:
    both = ["93.184.216.34", "127.0.0.1"]
    resolve, _ = answers(both if order else both[::-1])
    with client(stall=STALL, resolve=resolve) as http, pytest.raises(NotPublic):
        http.get(at(web, NAME))
    assert web.seen == []


def test_there_is_no_second_look_up(web: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when it is checked, and private when it would be connected to."""
    connected: list[str] = []
    real = socket.create_connection

    def noted(address: tuple[str, int], *more: object, **named: object) -> socket.socket:
        connected.append(address[0])
        return real(("127.0.0.1", address[1]), *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_connection", noted)
    resolve, asked = answers(["93.184.216.34"], ["127.0.0.1"])
    with client(stall=STALL, resolve=resolve) as http:
        assert http.get(at(web, NAME)).text == "hello"
        assert asked == [NAME]
        # The very address that was checked, and the host's own name in the request.
        assert connected == ["93.184.216.34"]
        assert web.seen[0][1]["host"].startswith(NAME)
        with pytest.raises(NotPublic):
            http.get(at(web, NAME))
    assert len(web.seen) == 1


def test_every_redirect_is_judged_anew(web: Server) -> None:
    with client(stall=STALL, allow_hosts=["127.0.0.1"]) as http:
        answer = http.get(web.url)
        assert answer.text == "hello"
        with pytest.raises(NotPublic):
            http.get(at(web, "localhost"))
        with pytest.raises(NotPublic):
            http.get(at(web, "127.1"))
    assert len(web.seen) == 1


def test_who_is_vouched_for(web: Server) -> None:
    port = httpx.URL(web.url).port
    resolve, _ = answers(["127.0.0.1"])
    for hosts in ([NAME], [NAME.upper()], [f"{NAME}:{port}"]):
        with client(stall=STALL, resolve=resolve, allow_hosts=hosts) as http:
            assert http.get(at(web, NAME)).text == "hello"
    elsewhere = client(stall=STALL, resolve=resolve, allow_hosts=[f"{NAME}:1"])
    with elsewhere as http, pytest.raises(NotPublic):
        http.get(at(web, NAME))
    assert not is_vouched(f"http://me:secret@{NAME}/", [NAME])


def test_the_next_address_is_tried(web: Server) -> None:
    resolve, _ = answers(["::1", "127.0.0.1"])
    with client(stall=STALL, resolve=resolve, allow_hosts=[NAME]) as http:
        assert http.get(at(web, NAME)).text == "hello"


@pytest.mark.parametrize("url", ["ftp://example.com/", "file:///etc/passwd", "http://"])
def test_http_and_https_alone(url: str) -> None:
    with client(stall=STALL) as http, pytest.raises((NotPublic, httpx.UnsupportedProtocol)):
        http.get(url)


def test_a_name_that_nobody_has() -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    failing = pytest.raises(httpx.ConnectError, match="cannot be resolved")
    with client(stall=STALL, resolve=nobody) as http, failing:
        http.get(f"https://{NAME}/")


# --- TLS ------------------------------------------------------------------------------------


@contextmanager
def secure(
    name: str, authority: trustme.CA
) -> Iterator[tuple[int, Callable[[], list[str | None]]]]:
    """A TLS server with a certificate for ``name``: its port, and the names it was asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    told: list[str | None] = []
    context.sni_callback = lambda sock, asked, _: told.append(asked)

    def walk(listener: socket.socket) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as line:
                    line.recv(65536)
                    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            except OSError:
                plain.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=walk, args=[listener], daemon=True)
        thread.start()
        yield listener.getsockname()[1], lambda: told
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_name_and_certificate_are_the_host_s(tmp_path: Path) -> None:
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    resolve, _ = answers(["127.0.0.1"])
    with secure(NAME, authority) as (port, told):
        hosts = [NAME, "other.example.com"]
        with client(stall=STALL, resolve=resolve, allow_hosts=hosts, verify=trust) as http:
            assert http.get(f"https://{NAME}:{port}/").text == "hello"
            assert told() == [NAME]
            # The same address under another name: its certificate does not fit.
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                http.get(f"https://other.example.com:{port}/")
            assert told() == [NAME, "other.example.com"]


# --- proxies --------------------------------------------------------------------------------


def test_a_proxy_is_asked_for_public_names_alone(
    web: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", web.url.removesuffix("/result.mp4"))
    resolve, _ = answers(["93.184.216.34"])
    with client(stall=STALL, resolve=resolve) as http:
        assert http.get(f"http://{NAME}/a").text == "hello"
        assert web.seen[0][0] == f"http://{NAME}/a"
        for private in ("http://127.0.0.1:9/", "http://nas.local/", "http://localhost/"):
            with pytest.raises(NotPublic):
                http.get(private)
    resolve, _ = answers(["10.0.0.1"])
    with client(stall=STALL, resolve=resolve) as http, pytest.raises(NotPublic):
        http.get(f"http://{NAME}/b")
    assert len(web.seen) == 1
