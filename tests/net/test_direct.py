"""GET without httpx: the same requests, the same answers, the same hosts refused."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

import httpx
import pytest
import trustme

from tests.net.server import HOST, Site, serving
from tests.net.test_client import NAME, answers, secure
from vaceprep.net import certificates
from vaceprep.net.checked import NotPublic
from vaceprep.net.direct import Declined, Direct, Response, Url
from vaceprep.net.problems import RemoteError
from vaceprep.net.requests import Requests


def nothing() -> None:
    """While an answer is waited for."""


def at(text: str) -> Url:
    found = Url.of(text)
    assert found is not None
    return found


def got(direct: Direct, url: str, until: float = inf, **headers: str) -> tuple[Response, bytes]:
    """The answer and its body."""
    response = direct.get(at(url), headers, until, nothing)
    try:
        return response, b"".join(response.iter_raw())
    finally:
        response.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving({"/a": bytes(range(256)) * 1000}) as running:
        yield running


@pytest.fixture
def direct() -> Iterator[Direct]:
    made = Direct([HOST, NAME], stall=5)
    yield made
    made.close()


@pytest.mark.parametrize(
    "text",
    [
        "http://example.com/a.mp4",
        "https://EXAMPLE.com:8443/a/b%20c.mp4?x=1&y=%2F+z?",
        "http://127.0.0.1:80/",
        "http://example.com/.hidden/a..b",
        "https://b.s3.example.com/k?X-Amz-Credential=A%2F2&X-Amz-Signature=0f",
    ],
)
def test_httpx_sends_the_same_target_to_the_same_host(text: str) -> None:
    found, theirs = at(text), httpx.URL(text)
    assert found.target.encode() == theirs.raw_path
    assert (found.scheme, found.host) == (theirs.scheme, theirs.raw_host.decode())
    assert found.port == (theirs.port or {"http": 80, "https": 443}[found.scheme])


@pytest.mark.parametrize(
    "text",
    [
        "http://example.com",
        "ftp://example.com/a",
        "http://me@example.com/a",
        "http://me:pass@example.com/a",
        "http://m\u00fcnchen.example/a",
        "http://example.com/\u00e4",
        "http://example.com/a b",
        "http://example.com/a#b",
        "http://example.com/../a",
        "http://example.com/a/./b",
        "http://example.com/a/..?b",
        "http://example.com/a%2",
        "http://example.com/a\\b",
        "http://example.com/a\r\nHost: b",
        "http://example.com/a\n",
        "http://example.com:0/a",
        "http://example.com:65536/a",
        "http://example.com./a",
        "http://[::1]/a",
        "http://exa%6dple.com/a",
        "http:///a",
        "HTTP://example.com/a",
    ],
)
def test_any_other_url_is_left_to_httpx(text: str) -> None:
    assert Url.of(text) is None


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1%lo"]
)
@pytest.mark.parametrize("order", [1, -1])
def test_no_private_address_is_connected_to(address: str, order: int, site: Site) -> None:
    resolve, asked = answers([address, "93.184.216.34"][::order])
    with contextlib.closing(Direct([], stall=5, resolve=resolve)) as made:
        with pytest.raises(NotPublic, match="which is not public"):
            made.get(at(site.at("/a").replace(HOST, NAME)), {}, inf, nothing)
        with pytest.raises(NotPublic):
            made.get(at(site.at("/a")), {}, inf, nothing)
    assert asked == [NAME]
    assert site.connections == 0


def test_the_address_that_was_checked_is_connected_to(site: Site) -> None:
    resolve, asked = answers(["127.0.0.9", HOST], ["10.0.0.1"])
    with contextlib.closing(Direct([NAME], stall=5, resolve=resolve)) as made:
        assert got(made, site.at("/a").replace(HOST, NAME))[0].status_code == 200
    assert asked == [NAME]


def test_a_connection_is_kept_for_its_host_and_address(site: Site) -> None:
    other = "other.example.com"
    resolve, _ = answers([HOST], [HOST], [HOST], ["127.0.0.9"])
    with contextlib.closing(Direct([NAME, other], stall=5, resolve=resolve)) as made:
        url = site.at("/a").replace(HOST, NAME)
        for _ in range(2):
            assert len(got(made, url)[1]) == 256_000
        assert site.connections == 1
        got(made, url.replace(NAME, other))
        assert site.connections == 2
        with pytest.raises(RemoteError, match="no connection"):
            got(made, url)


def test_a_closed_connection_is_made_anew(direct: Direct) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    with raw(answer, answer) as (url, asked):
        for _ in range(2):
            assert got(direct, url)[1] == b"x"
            time.sleep(0.1)
    assert len(asked) == 2


def test_an_unread_answer_is_not_read_later(site: Site, direct: Direct) -> None:
    direct.get(at(site.at("/a")), {}, inf, nothing).close()
    assert got(direct, site.at("/a"))[1][:3] == b"\0\1\2"
    assert site.connections == 2


@contextmanager
def raw(*told: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that closes each connection behind one of these answers; and what it was sent."""
    seen: list[bytes] = []

    def walk(listener: socket.socket) -> None:
        for answer in told:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                seen.append(line.recv(65536))
                line.sendall(answer)

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=walk, args=[listener], daemon=True)
        thread.start()
        yield f"http://{HOST}:{listener.getsockname()[1]}/a?b", seen
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 5\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        OK + b"Connection: close\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"ETag: x\r\nContent-Length: 0\r\n\r\n",
        OK + b"X: 1\r\nx: 2\r\nContent-Type: video/mp4\r\nContent-Length: 0\r\n\r\n",
        OK + b"Content-Length: 6\r\n\r\nhello",
        OK + b"Connection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
        OK + b"Connection: Close\r\nContent-Length: 5\r\n\r\nhello",
        OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        OK + b"Content-Length:  5 \r\nX_y: z\r\n\r\nhello",
        OK + b"Content-Length: 3\r\n\r\nhello",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
        b"HTTP/1.1 503 \r\nContent-Length: 2\r\n\r\nno",
        OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhello",
        b"nothing of the kind\r\n\r\n",
        b"",
    ],
)
def test_httpx_says_the_same(answer: bytes, direct: Direct) -> None:
    with raw(answer, answer) as (url, seen):
        ours: tuple[int, dict[str, str], bytes] | None = None
        with contextlib.suppress(RemoteError):
            response, body = got(direct, url, Range="bytes=0-1")
            ours = response.status_code, response.headers, body
        theirs: tuple[int, dict[str, str], bytes] | None = None
        requests = Requests([HOST], stall=5)
        with (
            contextlib.suppress(RemoteError),
            requests._by_httpx(url, {"Range": "bytes=0-1"}, inf) as other,
        ):
            theirs = other.status_code, dict(other.headers), b"".join(other.iter_raw())
        requests.close()
    assert ours == theirs
    assert sorted(seen[0].lower().split(b"\r\n")) == sorted(seen[1].lower().split(b"\r\n"))


def test_a_head_in_pieces() -> None:
    answer = OK + b"Content-Length: 5\r\nETag: x\r\n\r\nhello"

    def walk(listener: socket.socket) -> None:
        line, _ = listener.accept()
        with line:
            line.recv(65536)
            for piece in (answer[:30], answer[30:-7], answer[-7:]):
                line.sendall(piece)
                time.sleep(0.05)

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=walk, args=[listener])
        thread.start()
        with contextlib.closing(Direct([HOST], stall=5)) as made:
            response, body = got(made, f"http://{HOST}:{listener.getsockname()[1]}/")
        thread.join(5)
    assert (response.headers["etag"], body) == ("x", b"hello")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n",
        OK + b"no colon\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_an_odd_answer_is_left_to_httpx(answer: bytes, direct: Direct) -> None:
    with raw(answer) as (url, _), pytest.raises(Declined):
        got(direct, url)


def test_headers_have_an_end(direct: Direct) -> None:
    for flood in (b"X: " + b"x" * 70_000, b"X: x\r\n" * 200):
        with raw(OK + flood + b"\r\n\r\n") as (url, _), pytest.raises(RemoteError, match="breaks"):
            got(direct, url)


def test_every_request_ends(site: Site) -> None:
    with contextlib.closing(Direct([HOST], stall=0.3)) as made:
        for fault in ("silent", "drip"):
            site.faults = [fault]
            start = time.monotonic()
            with pytest.raises(RemoteError, match="does not answer within"):
                got(made, site.at("/a"))
            assert time.monotonic() - start < 3
    with contextlib.closing(Direct([HOST], stall=30)) as made:
        for fault in ("silent", "drip"):
            site.faults = [fault]
            with pytest.raises(RemoteError):
                got(made, site.at("/a"), time.monotonic() + 0.3)


def test_a_request_is_called_off(site: Site) -> None:
    site.faults = ["silent"]
    made = Direct([HOST], stall=30)
    threading.Timer(0.2, made.close).start()
    start = time.monotonic()
    with pytest.raises(RemoteError, match="called off"):
        got(made, site.at("/a"))
    assert time.monotonic() - start < 5
    with pytest.raises(RemoteError, match="called off"):
        got(made, site.at("/a"))


def test_name_and_certificate_are_the_host_s(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    resolve, _ = answers([HOST])
    other = "other.example.com"
    with (
        secure(NAME, authority) as (port, told),
        contextlib.closing(Direct([NAME, other], stall=5, resolve=resolve)) as made,
    ):
        with pytest.raises(RemoteError, match="certificate of media"):
            got(made, f"https://{NAME}:{port}/")
        monkeypatch.setattr(certificates, "trusted", lambda: trust)
        assert got(made, f"https://{NAME}:{port}/")[1] == b"hello"
        with pytest.raises(RemoteError, match="certificate of other"):
            got(made, f"https://{other}:{port}/")
        assert told() == [NAME, NAME, other]


def test_the_certificates_are_those_of_httpx(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    made = certificates.trusted.__wrapped__()
    theirs = httpx.create_ssl_context()
    assert made.get_ca_certs() == theirs.get_ca_certs()
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (made.options, made.minimum_version) == (theirs.options, theirs.minimum_version)


def test_a_proxy_of_the_environment_takes_httpx(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", site.url)
    resolve, _ = answers(["93.184.216.34"])
    requests = Requests([], stall=5, resolve=resolve)
    with requests.get(f"http://{NAME}/a", {}, inf, nothing) as response:
        assert response.status_code == 404
    assert site.seen[0][0] == f"http://{NAME}/a"
    with pytest.raises(NotPublic), requests.get(f"http://{HOST}:9/", {}, inf, nothing):
        pass
    requests.close()
