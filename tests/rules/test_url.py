"""VP501 to VP503: what the text of a URL tells."""

from __future__ import annotations

import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vaceprep
from vaceprep.contract import IMAGE_ROLES, ROLES, VIDEO_ROLES, Role
from vaceprep.files.source import is_data_uri, is_url
from vaceprep.rules.url import judge_url

PUBLIC = [
    "https://example.com/clip.mp4",
    "http://example.com/clip.mp4",
    "HTTPS://EXAMPLE.COM/CLIP.MP4",
    "https://example.com:8443/clip.mp4?X-Amz-Signature=ab%2Fcd#t=1",
    "https://8.8.8.8/clip.mp4",
    "https://[2606:4700::1111]/clip.mp4",
    "https://xn--r8jz45g.jp/%E4%BE%8B.mp4",
    "https://bucket.s3.amazonaws.com/a%20b.mp4",
    "https://10.example.com/x.mp4",
    "https://localhost.example.com/x.mp4",
    "https://127.0.0.1.example.com/x.mp4",
    "https://mylocal/../x.example/".replace("mylocal/../", ""),
]
PRIVATE = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "app.localhost",
    "printer",
    "printer.local",
    "db.internal",
    "nas.home.arpa",
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "017700000001",
    "2130706433",
    "0",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.10",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[ff02::1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[2002:7f00:1::]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2001:db8::1]",
    "",
    ":8080",
]


def codes(url: str, role: Role = "video_url", allowed: tuple[str, ...] = ()) -> list[str]:
    findings = judge_url(url, role, allowed)
    for finding in findings:
        json.dumps(finding.to_dict(), allow_nan=False)
        assert finding.message
    return [f.code for f in findings]


@pytest.mark.parametrize("url", PUBLIC)
def test_public(url: str) -> None:
    assert codes(url) == []


@pytest.mark.parametrize("scheme", ["http", "HTTPS"])
@pytest.mark.parametrize("host", PRIVATE)
def test_private_in_every_spelling(host: str, scheme: str) -> None:
    port = "" if host.startswith(":") else ":8080"
    assert codes(f"{scheme}://{host}/clip.mp4") == ["VP503"]
    assert codes(f"{scheme}://{host}{port}/clip.mp4?a=b") == ["VP503"]


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pw@example.com/x.mp4",
        "https://user@example.com/x.mp4",
        "https://@example.com/x.mp4",
        "https://:@example.com/x.mp4",
        "https://127.0.0.1\\@example.com/x.mp4",
        "https://example.com\\@127.0.0.1/x.mp4",
    ],
)
def test_credentials(url: str) -> None:
    assert codes(url) == ["VP503"]


@pytest.mark.parametrize(
    "url",
    [
        "https://[::1/x.mp4",
        "https://example.com:99999/x.mp4",
        "https://example.com:port/x.mp4",
        "https://[nonsense]/x.mp4",
        "https://",
    ],
)
def test_what_cannot_be_taken_apart(url: str) -> None:
    assert codes(url) == ["VP503"]


@pytest.mark.parametrize(
    "url",
    [
        "https://例え.jp/clip.mp4",
        "https://example.com/münchen.mp4",
        "https://example.com/a\u202eb.mp4",
        "https://example.com/\udcff.mp4",
        "https://①②⑦.0.0.1/x.mp4",
    ],
)
def test_not_ascii(url: str) -> None:
    assert codes(url) == ["VP501"]


@pytest.mark.parametrize("scheme", ["ftp", "file", "oss", "s3", "gs", "rtmp", "FILE", "svn+ssh"])
def test_schemes(scheme: str) -> None:
    assert codes(f"{scheme}://example.com/clip.mp4") == ["VP502"]


@pytest.mark.parametrize("role", VIDEO_ROLES)
def test_data_in_a_video_s_field(role: Role) -> None:
    assert codes("data:video/mp4;base64,AAAA", role) == ["VP502"]
    assert codes("DATA:image/png;base64,AAAA", role) == ["VP502"]


@pytest.mark.parametrize("role", IMAGE_ROLES)
def test_data_in_an_image_s_field(role: Role) -> None:
    assert codes("data:image/png;base64,AAAA", role) == []
    assert codes("DATA:IMAGE/PNG;BASE64,AAAA", role) == []
    assert codes("data:text/html;base64,AAAA", role) == ["VP502"]


def test_allowed_hosts() -> None:
    url = "http://NAS.local:8080/clip.mp4"
    assert codes(url, allowed=("nas.local",)) == []
    assert codes(url, allowed=("other.local",)) == ["VP503"]
    assert codes("http://me:pw@nas.local/x.mp4", allowed=("nas.local",)) == ["VP503"]
    assert codes("ftp://nas.local/x.mp4", allowed=("nas.local",)) == ["VP502"]
    assert codes("http://10.0.0.7/x.mp4", allowed=("10.0.0.7",)) == []


@pytest.mark.parametrize(
    "url,entry",
    [
        ("http://nas.local:8080/x.mp4", "nas.local:8080"),
        ("http://nas.local:8080/x.mp4", " NAS.local. "),
        ("http://nas.local./x.mp4", "nas.local:80"),
        ("https://nas.local/x.mp4", "nas.local:443"),
        ("http://[::1]:8080/x.mp4", "::1"),
        ("http://[::1]:8080/x.mp4", "[::1]"),
        ("http://[::1]:8080/x.mp4", "[::1]:8080"),
    ],
)
def test_a_host_may_be_vouched_for_at_one_port(url: str, entry: str) -> None:
    assert codes(url, allowed=(entry,)) == []
    for other in (f"{entry.strip().rstrip('.')}0", "nas.local:81", "[::1]:81", "", ":", ":8080"):
        assert codes(url, allowed=(other,)) == ["VP503"]


@pytest.mark.parametrize(
    "path",
    ["C:/x.mp4", "c:\\clips\\x.mp4", "C://x.mp4", "clip.mp4", "a/b:c.mp4", "-", "://x", "1a://x"],
)
def test_paths_stay_paths(path: str) -> None:
    assert not is_url(path)


def test_urls_and_data() -> None:
    assert is_url("s3://bucket/key")
    assert is_url("hTTp://x")
    assert is_data_uri("Data:image/png;base64,")


def test_through_check(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was made")

    monkeypatch.setattr(socket, "socket", refuse)
    report = vaceprep.check(["https://example.com/a.png", "http://10.0.0.1/a.mp4"], remote=False)
    assert [f.role for f in report.files] == ["ref_images_url", "video_url"]
    assert [[x.code for x in f.findings] for f in report.files] == [[], ["VP503"]]
    assert vaceprep.check("http://10.0.0.1/a.mp4", allow_hosts=["10.0.0.1"], remote=False).ok


def test_data_uris_are_judged_as_images() -> None:
    good = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="
    assert [f.code for f in vaceprep.check(good).findings] == ["VP204"]
    for broken in ("data:image/png;base64,!!!", "data:image/png;base64,", "data:image/png,abc"):
        assert [f.code for f in vaceprep.check(broken).findings] == ["VP204"]
    with pytest.raises(vaceprep.ProbeError):
        vaceprep.probe("data:image/png;base64,!!!")


@given(st.text(max_size=60), st.sampled_from(ROLES))
def test_any_text_after_a_scheme(text: str, role: Role) -> None:
    for url in (f"http://{text}", f"https://[{text}]/", f"data:{text}", f"zz://{text}"):
        assert len(codes(url, role)) <= 1


@given(st.integers(0, 2**32 - 1))
def test_a_number_is_the_address_that_it_spells(number: int) -> None:
    dotted = socket.inet_ntoa(number.to_bytes(4, "big"))
    assert codes(f"http://{number}/") == codes(f"http://{dotted}/")
    assert codes(f"http://{number:#x}/") == codes(f"http://{dotted}/")
    assert codes(f"http://[::ffff:{dotted}]/") == codes(f"http://{dotted}/")
