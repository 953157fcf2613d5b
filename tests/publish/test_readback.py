"""A URL is read back as the service would read it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.publish.web import Web, closed_port
from vaceprep.errors import Cancelled
from vaceprep.publish.readback import read_back
from vaceprep.publish.target import Asset, PublishError


@pytest.fixture
def served(web: Web, clip_asset: Asset) -> str:
    """The URL of what is published well."""
    with open(clip_asset.path, "rb") as file:
        web.files["/clip.mp4"] = file.read()
    return f"{web.url}/clip.mp4?secret=1"


def refused(url: str, asset: Asset, **more: Any) -> PublishError:
    with pytest.raises(PublishError) as caught:
        read_back(url, asset, **{"timeout": 5, **more})
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("fault", ["", "whole", "no-length"])
def test_good(fault: str, web: Web, served: str, clip_asset: Asset) -> None:
    web.faults.append(("GET", fault))
    read_back(served, clip_asset, allow_hosts=["127.0.0.1"])
    assert len(web.seen) == 1
    assert web.seen[0][2]["Range"] == f"bytes=0-{min(4096, clip_asset.size) - 1}"


def test_big_and_good(web: Web, big_asset: Asset) -> None:
    with open(big_asset.path, "rb") as file:
        web.files["/big.mp4"] = file.read()
    web.faults.append(("GET", "whole"))
    for _ in range(2):
        read_back(f"{web.url}/big.mp4", big_asset, allow_hosts=[web.host])


@pytest.mark.parametrize(
    "fault,words,transient",
    [
        ("403", "returns 403 Forbidden when it is read back: the public may not read it", False),
        ("401", "returns 401 Unauthorized when it is read back", False),
        ("404", "returns 404 Not Found", True),
        ("410", "returns 410 Gone", False),
        ("503", "returns 503 Service Unavailable", True),
        ("204", "returns 204 No Content", False),
        ("short", "bytes instead of", False),
        ("no-length-short", "closed the connection during read-back", True),
        ("wrong-range", "returns -1 bytes instead of", False),
        ("other", "other bytes than the file's when it is read back", False),
        ("html", "(a web page, it seems)", False),
        ("half", "closed the connection", True),
        ("drop", "closed the connection", True),
        ("stall", "did not answer for 0.4 s", True),
    ],
)
def test_bad(
    fault: str, words: str, transient: bool, web: Web, served: str, clip_asset: Asset
) -> None:
    web.faults.append(("GET", fault))
    timeout = 0.4 if fault == "stall" else 5
    error = refused(served, clip_asset, allow_hosts=[web.host], timeout=timeout)
    assert words in str(error)
    assert error.transient is transient


def test_private_hosts_need_a_voucher(web: Web, served: str, clip_asset: Asset) -> None:
    port = web.port
    for hosts in ([], ["localhost"], [f"127.0.0.1:{port + 1}"], ["127.0.0.1:x"], [f":{port}"]):
        error = refused(served, clip_asset, allow_hosts=hosts)
        assert "127.0.0.1 is not public; --allow-host lets it through" in str(error)
    assert web.seen == []
    for hosts in (["127.0.0.1"], [f"127.0.0.1:{port}"], ["x", "127.0.0.1"]):
        read_back(served, clip_asset, allow_hosts=hosts)


def test_a_public_name_with_a_private_address(
    web: Web, served: str, clip_asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def lead_here(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        ours = host in ("cdn.example.com", b"cdn.example.com")
        return resolve("127.0.0.1" if ours else host, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lead_here)
    url = served.replace("127.0.0.1", "cdn.example.com")
    error = refused(url, clip_asset)
    assert "cdn.example.com is 127.0.0.1, which is not public" in str(error)
    assert web.seen == []
    read_back(url, clip_asset, allow_hosts=["CDN.example.com"])
    read_back(url, clip_asset, allow_hosts=[f"cdn.example.com:{web.port}"])


@pytest.mark.parametrize(
    "url,words",
    [
        ("https://cdn.example.com/mün.mp4", "outside ASCII"),
        ("https://me:secret@cdn.example.com/a.mp4", "credentials"),
        ("ftp://cdn.example.com/a.mp4", "scheme is ftp"),
        ("https://nas.local/a.mp4", "private network"),
        ("http://169.254.169.254/latest/", "not public"),
        ("data:video/mp4;base64,AAAA", "no data: URI"),
    ],
)
def test_what_the_url_s_text_tells(url: str, words: str, clip_asset: Asset) -> None:
    assert words in str(refused(url, clip_asset))


def test_redirects(web: Web, served: str, clip_asset: Asset) -> None:
    web.faults += [("GET", served)] * 5
    read_back(served, clip_asset, allow_hosts=[web.host])
    assert len(web.seen) == 6 and not web.faults
    web.faults += [("GET", served)] * 6
    with pytest.raises(PublishError, match="redirected more than 5 times"):
        read_back(served, clip_asset, allow_hosts=[web.host])
    assert len(web.seen) == 12 and not web.faults
    web.faults += [("GET*", served)]
    assert "redirected more than 5 times" in str(
        refused(served, clip_asset, allow_hosts=[web.host])
    )


def test_a_redirect_is_judged_like_the_url(web: Web, served: str, clip_asset: Asset) -> None:
    with Web() as other:
        web.faults += [("GET", f"{other.url}/x?secret=1")]
        error = refused(served, clip_asset, allow_hosts=[web.host])
        assert other.seen == []
    assert f"{other.url}/x cannot be used" in str(error)
    web.faults += [("GET", "http://169.254.169.254/latest/meta-data")]
    assert "not public" in str(refused(served, clip_asset, allow_hosts=[web.host]))


def test_a_redirect_to_no_url(web: Web, served: str, clip_asset: Asset) -> None:
    web.faults += [("GET", "http://[")]
    error = refused(served, clip_asset, allow_hosts=[web.host])
    assert "is redirected, but not to a URL" in str(error)


def test_nobody_there(clip_asset: Asset) -> None:
    host = f"127.0.0.1:{closed_port()}"
    error = refused(f"http://{host}/x?secret=1", clip_asset, allow_hosts=[host])
    assert "no connection to" in str(error)
    assert error.transient


def test_called_off(web: Web, served: str, clip_asset: Asset) -> None:
    with pytest.raises(Cancelled):
        read_back(served, clip_asset, allow_hosts=[web.host], cancelled=lambda: True)
    assert web.seen == []
