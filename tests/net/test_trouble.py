"""What servers do wrong: a finding with what to do next, and never a wrong answer."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

import vaceprep
from tests.media import Hand, small_mp4
from tests.net.big import deep_frames, sparse
from tests.net.server import HOST, Site, serving
from tests.publish.web import closed_port
from vaceprep.checks.bytes import Options
from vaceprep.checks.url import Far, probe_url
from vaceprep.facts import Unreached, Unreadable, VideoFacts
from vaceprep.net.session import Web

CLIP = "/clip.mp4"
DATA = Hand(frames=40).data()


def look(url: str, *, allow: str = HOST, seconds: float = 30, stall: float = 10) -> Far:
    """What comes of a URL, with times that a test can wait for."""
    with Web([allow] if allow else [], seconds=seconds, stall=stall) as web:
        return probe_url(url, Options(web=web), web)


def unreached(url: str, **more: float) -> Unreached:
    facts = look(url, seconds=more.get("seconds", 30), stall=more.get("stall", 10)).facts
    assert isinstance(facts, Unreached)
    assert facts.reason == "unreachable"
    return facts


@pytest.fixture
def site() -> Iterator[Site]:
    with serving({CLIP: DATA}) as running:
        yield running


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Site]:
    """One of which the index takes a second request."""
    sparse(tmp_path / "big.mp4")
    with serving({CLIP: tmp_path / "big.mp4"}) as running:
        yield running


@pytest.mark.parametrize("fault", ["", "whole", "no-length", "wrong-range", "no-range", "no-total"])
def test_ranges_or_none(fault: str, site: Site, clip: Path) -> None:
    site.faults = [fault]
    site.files[CLIP] = clip
    assert look(site.at(CLIP)).facts == vaceprep.probe(clip)


@pytest.mark.parametrize("status", [200, 206, 204, 401, 403, 404, 410, 418, 429, 500, 503])
def test_only_200_and_206_give_a_file(status: int, site: Site) -> None:
    if status in (200, 206):
        site.faults = ["whole" if status == 200 else ""]
        assert isinstance(look(site.at(CLIP)).facts, VideoFacts)
        return
    site.statuses[CLIP] = status
    facts = unreached(site.at(CLIP))
    assert facts.status == status
    assert f"HTTP {status}" in facts.message
    # What may pass is asked once more.
    assert len(site.seen) == (2 if status in (429, 500, 503) else 1)
    (finding,) = vaceprep.check(site.at(CLIP), allow_hosts=[HOST]).findings
    assert (finding.code, finding.rule) == ("VP504", "url-unreachable")
    assert (finding.measured, finding.allowed) == (status, "200 or 206")


@pytest.mark.parametrize("fault", ["drop", "half"])
def test_a_break_is_mended_once(fault: str, site: Site, large: Site) -> None:
    site.faults = [fault, ""]
    assert isinstance(look(site.at(CLIP)).facts, VideoFacts)
    # In the middle of it, too.
    large.faults = ["", fault, ""]
    assert isinstance(look(large.at(CLIP)).facts, VideoFacts)
    for one, faults in ((site, [fault]), (large, ["", fault])):
        one.faults = faults
        one.seen.clear()
        assert "break" in unreached(one.at(CLIP)).message


def test_nobody_there() -> None:
    facts = unreached(f"http://{HOST}:{closed_port()}/clip.mp4")
    assert facts.message == f"no connection to {HOST} can be made (Connection refused)"


def test_silence_and_dripping_end(site: Site) -> None:
    site.faults = ["silent"]
    assert "does not answer within 0.2 s" in unreached(site.at(CLIP), stall=0.2).message
    # Each step comes in time, and all of them together never would.
    site.faults = ["drip"]
    site.seen.clear()
    assert "not read after 0.5 s" in unreached(site.at(CLIP), seconds=0.5).message


def test_a_packed_body(site: Site) -> None:
    site.faults = ["packed"]
    assert "packs it (gzip)" in unreached(site.at(CLIP)).message


def test_an_empty_file(site: Site) -> None:
    site.files[CLIP] = b""
    for fault in ("", "whole", "no-length"):
        site.faults = [fault]
        facts = look(site.at(CLIP)).facts
        assert isinstance(facts, Unreadable)
        assert facts.reason == "empty"


def test_a_page_in_place_of_a_file(site: Site) -> None:
    site.files[CLIP] = b"<!DOCTYPE html><title>Sign in</title>"
    site.content_type = "text/html"
    (finding,) = vaceprep.check(site.at(CLIP), allow_hosts=[HOST]).findings
    assert finding.code == "VP105"
    assert "leads to a web page" in finding.message
    (finding,) = vaceprep.check(site.at(CLIP), "mask_image_url", allow_hosts=[HOST]).findings
    assert finding.code == "VP204"


# --- redirects ------------------------------------------------------------------------------


def test_redirects_are_followed_and_end(site: Site) -> None:
    site.redirects = {f"/{n}": f"/{n + 1}" for n in range(1, 6)} | {"/6": CLIP, "/round": "/round"}
    # The fifth is the last that is followed.
    site.redirects["/5"] = CLIP
    assert isinstance(look(site.at("/1")).facts, VideoFacts)
    site.redirects["/5"] = "/6"
    for path in ("/1", "/round"):
        assert "more than 5 times" in unreached(site.at(path)).message
    for there in ("ftp://example.com/a.mp4", "file:///etc/passwd", "http://[1", ""):
        site.redirects["/off"] = there
        assert "leads on to what is no" in unreached(site.at("/off")).message


@pytest.mark.parametrize(
    "there", ["localhost", "169.254.169.254", "10.0.0.1", "[::1]", "2130706433"]
)
def test_no_redirect_leads_inside(there: str, site: Site) -> None:
    port = site.url.rpartition(":")[2]
    site.redirects["/off"] = f"http://{there}:{port}{CLIP}"
    report = vaceprep.check(site.at("/off"), allow_hosts=[f"{HOST}:{port}"])
    (finding,) = report.findings
    assert finding.code == "VP503"
    assert "it leads on" in finding.message
    assert len(site.seen) == 1


def test_a_name_that_is_public_and_an_address_that_is_not(site: Site) -> None:
    url = site.at(CLIP).replace(HOST, "media.example.com")
    with Web(resolve=lambda host, port: [HOST]) as web:
        facts = probe_url(url, Options(web=web), web).facts
        assert isinstance(facts, Unreached)
        assert facts.reason == "not-public"
    assert site.seen == []
    with Web(["media.example.com"], resolve=lambda host, port: [HOST]) as web:
        assert isinstance(probe_url(url, Options(web=web), web).facts, VideoFacts)


def test_what_is_not_public_is_not_asked(site: Site) -> None:
    (finding,) = vaceprep.check(site.at(CLIP)).findings
    assert finding.code == "VP503"
    with pytest.raises(vaceprep.ProbeError, match="not public"):
        vaceprep.probe(site.at(CLIP))
    assert vaceprep.check(site.at(CLIP), allow_hosts=[HOST], remote=False).files[0].facts is None
    assert site.connections == 0


# --- a file that changes --------------------------------------------------------------------


#: One that a condition may name, one that it may not, and none.
TAGS = ('"one"', 'W/"one"', None)


def renamed(site: Site) -> None:
    site.etag = '"two"'


def longer(site: Site) -> None:
    path = site.files[CLIP]
    assert isinstance(path, Path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + 1)


def shorter(site: Site) -> None:
    site.files[CLIP] = b"x"


def dated(site: Site) -> None:
    site.modified = "Tue, 02 Jan 2024 00:00:00 GMT"


@pytest.mark.parametrize(
    ("change", "etag"),
    [
        *((change, etag) for change in (longer, shorter, dated) for etag in TAGS),
        *((renamed, etag) for etag in TAGS[:2]),
    ],
)
def test_a_file_that_changes_is_no_answer(
    change: Callable[[Site], None], etag: str | None, large: Site
) -> None:
    large.etag, large.modified = etag, "Mon, 01 Jan 2024 00:00:00 GMT"
    large.before = lambda number: change(large) if number == 2 else None
    facts = look(large.at(CLIP)).facts
    assert isinstance(facts, Unreadable)
    assert (facts.reason, "changed while it was read" in facts.message) == ("unavailable", True)
    assert large.conditions[1] == (etag if etag == '"one"' else None)


def test_one_that_stays_as_it_is(large: Site) -> None:
    large.modified = "Mon, 01 Jan 2024 00:00:00 GMT"
    assert isinstance(look(large.at(CLIP)).facts, VideoFacts)
    # A server that takes any condition for broken is asked without one.
    large.seen.clear()
    large.faults = ["", "always", ""]
    assert isinstance(look(large.at(CLIP)).facts, VideoFacts)
    assert large.conditions[-1] is None
    large.seen.clear()
    large.faults = ["", "always"]
    assert "at one time only" in unreached(large.at(CLIP)).message


@pytest.mark.parametrize("isolate", [False, True])
def test_a_break_while_it_is_measured(isolate: bool, site: Site) -> None:
    """The decoder is told of a broken read as of any other; what it makes of it is no answer."""
    site.files[CLIP] = deep_frames()
    site.faults = ["", "", "drop"]
    findings = vaceprep.check(site.at(CLIP), allow_hosts=[HOST], isolate=isolate).findings
    assert [f.code for f in findings] == ["VP504"]
    assert len(site.seen) == 4


# --- TLS ------------------------------------------------------------------------------------


@contextmanager
def secure(authority: trustme.CA) -> Iterator[str]:
    """A port that speaks TLS and nothing else."""
    import threading

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("media.example.com").configure_cert(context)

    def walk(listener: socket.socket) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(plain, server_side=True).close()
            except OSError:
                plain.close()

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=walk, args=[listener])
        thread.start()
        yield f"https://{HOST}:{listener.getsockname()[1]}/clip.mp4"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_a_certificate_that_nobody_trusts() -> None:
    with secure(trustme.CA()) as url:
        assert "the certificate of 127.0.0.1 is not trusted" in unreached(url).message


def test_a_url_that_is_none() -> None:
    for url in ("http://a\x00b.example.com/", "http://media.example.com:99999/"):
        assert vaceprep.check(url).findings[0].code in ("VP503", "VP504")


def test_small_reads_are_no_requests(site: Site) -> None:
    site.files[CLIP] = small_mp4() + bytes(500_000)
    with Web([HOST]) as web:
        remote = web.open(site.at(CLIP))
        for at in range(0, remote.size, 1000):
            remote.seek(at)
            assert remote.read(10) == bytes(site.files[CLIP])[at : at + 10]
        assert remote.read(-1) == bytes(site.files[CLIP])[at + 10 :]
        remote.close()
    assert len(site.seen) <= 4
    assert site.moved == 500_000 + len(small_mp4())
