"""Requests that are not from the editor's own page are refused."""

from __future__ import annotations

import socket

import httpx
import pytest

from vaceprep.editor.guard import HEADERS


def test_every_response_has_the_headers_of_a_closed_page(shared: httpx.Client) -> None:
    client = shared
    for path in ("", "api/state", "page/none.js"):
        found = client.get(path).headers
        assert all(found[name] == value for name, value in HEADERS.items())
        assert "server" not in found
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_wrong_token_finds_nothing(shared: httpx.Client) -> None:
    client = shared
    origin = f"http://127.0.0.1:{client.base_url.port}"
    token = client.base_url.path.strip("/")
    assert len(token) >= 32
    for path in ("/", "/api/state", f"/{token.swapcase()}/api/state", f"/{token}", f"//{token}/"):
        found = shared.get(origin + path)
        assert found.status_code == 404
        assert token not in found.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:{port}"}, 403),
        ({"Host": "127.0.0.1"}, 403),
        ({"Host": "localhost:{port}"}, 200),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://localhost:{port}"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:{port}"}, 200),
    ],
)
def test_hosts_and_origins(shared: httpx.Client, headers: dict[str, str], status: int) -> None:
    client = shared
    port = client.base_url.port
    given = {name: value.format(port=port) for name, value in headers.items()}
    found = client.get("api/state", headers=given)
    assert found.status_code == status
    assert status == 200 or found.json()["error"].startswith("the ")


def test_a_second_host_header_is_refused(shared: httpx.Client) -> None:
    client = shared
    port, path = client.base_url.port, client.base_url.path
    assert port is not None
    with socket.create_connection(("127.0.0.1", port)) as raw:
        host = f"Host: 127.0.0.1:{port}\r\n"
        raw.sendall(f"GET {path}api/state HTTP/1.1\r\n{host}{host}\r\n".encode())
        assert raw.recv(100).split()[1] in (b"400", b"403")


def test_no_file_but_the_page_s_own_is_served(shared: httpx.Client) -> None:
    client = shared
    assert "vaceprep" in client.get("page/index.html").text
    for name in ("..%2Fserver.py", "../server.py", "%2e%2e/server.py", "server.py", "clip.mp4"):
        assert client.get(f"page/{name}").status_code == 404
    assert client.post("").status_code == 405
