"""VP504 to VP506: what asking for a URL tells."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media import video_facts
from vaceprep.contract import EXPIRES_SOON_SECONDS
from vaceprep.facts import Facts, ImageFacts, Unreached
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.url import expires_at, judge_fetched

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
URL = "https://example.com/clip.mp4"


def asked(
    url: str = URL, facts: Facts | Unreached | None = None, content_type: str | None = None
) -> list[Finding]:
    return judge_fetched(url, facts, content_type, "video_url", NOW)


def codes(*of: Any) -> list[str]:
    return [finding.code for finding in asked(*of)]


def picture(kind: str) -> ImageFacts:
    return ImageFacts(
        *(kind, 1, 400, 400, 400, 400, 1, "RGB", 8, None, None, True, 1, (), True, None)
    )


# --- VP504 ----------------------------------------------------------------------------------


def test_no_answer_is_an_error() -> None:
    (finding,) = asked(URL, Unreached("unreachable", "nothing is there", 404))
    assert (finding.code, finding.severity, finding.source) == ("VP504", "error", "M")
    assert finding.message == "the file cannot be fetched: nothing is there"
    assert (finding.measured, finding.allowed) == (404, "200 or 206")
    assert codes(URL, video_facts()) == codes(URL, None) == []


def test_a_signature_that_has_ended_is_named() -> None:
    gone = f"{URL}?Expires={int(NOW.timestamp()) - 1}&Signature=a"
    (finding,) = asked(gone, Unreached("unreachable", "the server says no", 403))
    assert finding.message.endswith("(its signature ended at 2026-03-01 11:59:59 UTC)")
    fresh = f"{URL}?Expires={int(NOW.timestamp()) + 1}&Signature=a"
    (finding,) = asked(fresh, Unreached("unreachable", "the server says no", 403))
    assert "signature" not in finding.message


def test_a_private_host_is_another_rule_s() -> None:
    (finding,) = asked(URL, Unreached("not-public", "it leads on, and a.b is 10.0.0.1"))
    assert finding.code == "VP503"


# --- VP505 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("container", "agrees", "disagrees"),
    [
        ("mp4", "video/mp4", "video/quicktime"),
        ("mp4", "Video/MP4; codecs=avc1", "text/html; charset=utf-8"),
        ("mov", "video/quicktime", "video/mp4"),
        ("webm", "video/webm", "video/x-matroska"),
        ("mpegts", "video/MP2T", "application/javascript"),
        ("nut", "video/x-nut", "image/png"),
        ("mp4", "application/octet-stream", "application/json"),
        ("mp4", "binary/octet-stream", "octet-stream"),
        ("mp4", "", "video"),
        ("mp4", None, "x"),
    ],
)
def test_what_a_server_calls_a_video(container: str, agrees: str | None, disagrees: str) -> None:
    facts = video_facts(container=container)
    assert codes(URL, facts, agrees) == []
    (finding,) = asked(URL, facts, disagrees)
    assert (finding.code, finding.severity, finding.source) == ("VP505", "advice", "J")


def test_what_a_server_calls_an_image() -> None:
    for kind, said in (("jpeg", "image/jpg"), ("png", "image/png"), ("psd", "image/x-any")):
        assert codes(URL, picture(kind), said) == []
        assert codes(URL, picture(kind), "video/mp4") == ["VP505"]
    assert codes(URL, None, "text/html") == []


# --- VP506 ----------------------------------------------------------------------------------


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def policy(end: Any) -> str:
    statement = {"Resource": "*", "Condition": {"DateLessThan": {"AWS:EpochTime": end}}}
    text = base64.b64encode(json.dumps({"Statement": [statement]}).encode()).decode()
    return text.translate(str.maketrans("+=/", "-_~"))


def signed(kind: str, end: datetime) -> str:
    begun = end - timedelta(seconds=600)
    epoch = int(end.timestamp())
    return {
        "s3": f"{URL}?X-Amz-Date={stamp(begun)}&X-Amz-Expires=600&X-Amz-Signature=a",
        "gcs": f"{URL}?X-Goog-Date={stamp(begun)}&X-Goog-Expires=600",
        "oss": f"{URL}?x-oss-date={stamp(begun)}&x-oss-expires=600",
        "old s3": f"{URL}?AWSAccessKeyId=a&Signature=b&Expires={epoch}",
        "old gcs": f"{URL}?GoogleAccessId=a&Expires={epoch}&Signature=b",
        "cloudfront": f"{URL}?Expires={epoch}&Signature=b&Key-Pair-Id=c",
        "policy": f"{URL}?Policy={policy(epoch)}&Signature=b&Key-Pair-Id=c",
        "azure": f"{URL}?sv=1&se={end.strftime('%Y-%m-%dT%H%%3A%M%%3A%SZ')}&sig=a",
    }[kind]


KINDS = ("s3", "gcs", "oss", "old s3", "old gcs", "cloudfront", "policy", "azure")


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_hour(kind: str) -> None:
    last = NOW + timedelta(seconds=EXPIRES_SOON_SECONDS)
    assert expires_at(signed(kind, last)) == last
    (finding,) = asked(signed(kind, last), video_facts())
    assert (finding.code, finding.severity, finding.source) == ("VP506", "warning", "J")
    assert (finding.measured, finding.allowed, finding.unit) == (3600, 3600, "s")
    assert "ends in 60 min (2026-03-01 13:00:00 UTC)" in finding.message
    assert codes(signed(kind, last + timedelta(seconds=1)), video_facts()) == []
    (finding,) = asked(signed(kind, NOW), video_facts())
    assert "has ended" in finding.message
    # What is said of a URL that gives nothing says it already.
    assert codes(signed(kind, NOW), Unreached("unreachable", "no", 403)) == ["VP504"]


@pytest.mark.parametrize(
    "query",
    [
        *("", "?Expires=1", "?expires=never&Signature=a", "?se=2026-01-01", "?sig=a&se=soon"),
        *("?X-Amz-Date=20260101T000000Z", "?X-Amz-Expires=60", "?X-Amz-Date=x&X-Amz-Expires=1"),
        *("?X-Amz-Date=20269901T000000Z&X-Amz-Expires=1", "?Signature=a&Policy=e30_"),
        *("?Signature=a&Policy=%00", f"?Signature=a&Policy={policy('soon')}"),
        *(f"?Signature=a&Policy={policy(-1)}", "?Signature=a&Expires=99999999999"),
        "?X-Amz-Date=99991231T000000Z&X-Amz-Expires=999999999",
    ],
)
def test_what_tells_no_end(query: str) -> None:
    assert expires_at(URL + query) is None


def test_a_day_is_a_date() -> None:
    assert expires_at(f"{URL}?se=2026-03-02&sig=a") == datetime(2026, 3, 2, tzinfo=UTC)


@given(st.text(), st.sampled_from(KINDS))
def test_any_text_is_a_url_without_an_end_or_has_one(text: str, kind: str) -> None:
    expires_at(text)
    expires_at(signed(kind, NOW).replace("=", f"={text}", 1))
