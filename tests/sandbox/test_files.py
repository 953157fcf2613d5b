"""Publishing to the sandbox: PUT, GET, HEAD and ranges."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import pytest

from tests.sandbox.calls import call
from vaceprep.sandbox.server import Sandbox

DATA = bytes(range(256)) * 1000


def url_of(sandbox: Sandbox, key: str) -> str:
    return sandbox.publish_pattern.replace("{key}", key)


def test_what_was_put_is_given_back(sandbox: Sandbox) -> None:
    url = url_of(sandbox, "round.mp4")
    typed = {"Content-Type": "video/mp4"}
    assert call("PUT", url, content=DATA, headers=typed).status_code == 201
    assert call("PUT", url, content=DATA, headers=typed).status_code == 204
    got = call("GET", url)
    assert (got.status_code, got.content) == (200, DATA)
    assert got.headers["content-type"] == "video/mp4"
    head = call("HEAD", url)
    assert head.headers["content-length"] == str(len(DATA))
    assert head.content == b""
    part = call("GET", url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, DATA[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(DATA)}"
    assert call("GET", url, headers={"Range": "bytes=9999999-"}).status_code == 416


def test_a_page_is_never_served_as_one(sandbox: Sandbox) -> None:
    url = url_of(sandbox, "page")
    call("PUT", url, content=b"<script>", headers={"Content-Type": "text/html"})
    assert call("GET", url).headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "key",
    [".hidden", "a%2Fb", "..%2F..%2Fetc", "a b", "%00", "x" * 201, "a%5Cb", "nul.mp4", "Con", "a."],
)
def test_keys_lead_nowhere_else(sandbox: Sandbox, key: str) -> None:
    assert call("PUT", url_of(sandbox, key), content=b"1").status_code in (400, 404)


def test_a_file_that_never_came_is_not_there(sandbox: Sandbox) -> None:
    assert call("GET", url_of(sandbox, "nothing.mp4")).status_code == 404
    assert call("HEAD", url_of(sandbox, "nothing.mp4")).status_code == 404


def test_a_file_too_large_is_refused(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaceprep.sandbox.files.MAX_FILE_BYTES", 1000)
    assert call("PUT", url_of(sandbox, "large"), content=DATA).status_code == 413
    assert call("GET", url_of(sandbox, "large")).status_code == 404


def test_an_upload_that_breaks_off_leaves_nothing(sandbox: Sandbox) -> None:
    place = urlsplit(url_of(sandbox, "broken.mp4"))
    assert place.hostname is not None
    with socket.create_connection((place.hostname, place.port or 0)) as raw:
        head = f"PUT {place.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        raw.sendall(head.encode() + b"half")
    for _ in range(10):
        assert call("GET", url_of(sandbox, "broken.mp4")).status_code == 404
        time.sleep(0.01)
