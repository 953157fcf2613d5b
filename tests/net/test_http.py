"""What HTTP means: redirects, ranges, lengths, retryable statuses, Retry-After."""

from __future__ import annotations

import pytest

from vaceprep.net.http import (
    BUSY,
    REDIRECTS,
    RETRYABLE,
    ContentRange,
    content_length,
    content_range,
    is_empty,
    redirect_target,
    retry_after,
    retry_after_seconds,
    status_words,
)


def test_statuses() -> None:
    # RFC 9110, 15.4: 300 offers a choice, 304 has no Location, 305 and 306 are not in use.
    assert sorted(REDIRECTS) == [301, 302, 303, 307, 308]
    assert sorted(BUSY) == [429, 500, 502, 503, 504]
    # 501 and 505 say that the server will never do it.
    assert sorted(RETRYABLE) == [408, 425, 429, 500, 502, 503, 504]


@pytest.mark.parametrize("status,words", [(404, "Not Found"), (206, "Partial Content")])
def test_words(status: int, words: str) -> None:
    assert status_words(status) == words


@pytest.mark.parametrize("status", [0, 299, 599, 999])
def test_statuses_without_words(status: int) -> None:
    assert status_words(status) is None


@pytest.mark.parametrize(
    "location,target",
    [
        ("/b", "https://example.com/b"),
        ("b?x=1", "https://example.com/a/b?x=1"),
        ("//cdn.example.com/b", "https://cdn.example.com/b"),
        ("HTTP://example.org/b", "http://example.org/b"),
        ("", None),
        ("ftp://example.com/b", None),
        ("file:///etc/passwd", None),
        ("data:,b", None),
        ("http:///b", None),
    ],
)
def test_redirect_target(location: str, target: str | None) -> None:
    found = redirect_target("https://example.com/a/c", location)
    assert found == target or (found and target and found.casefold() == target.casefold())


@pytest.mark.parametrize("location", ["http://[", "http://example.com:port/", "//h:99999/"])
def test_a_redirect_to_no_url(location: str) -> None:
    with pytest.raises(ValueError):
        redirect_target("https://example.com/a", location)


@pytest.mark.parametrize(
    "text,length",
    [
        *(("0", 0), ("12", 12), ("9" * 18, 10**18 - 1)),
        *((text, None) for text in ("", "-1", "+1", "1.5", "1e3", " 1", "٣", "²", "9" * 19)),
    ],
)
def test_content_length(text: str, length: int | None) -> None:
    assert content_length({"content-length": text}) == length


def test_no_headers() -> None:
    assert content_length({}) is None
    assert content_range({}) is None
    assert not is_empty({})
    assert retry_after({}, 0) is retry_after_seconds({}) is None


@pytest.mark.parametrize(
    "text,part",
    [
        ("bytes 0-9/100", (0, 9, 100)),
        (" bytes 10-19/* ", (10, 19, None)),
        *(
            (text, None)
            for text in (
                *("", "bytes */100", "bytes 0-9", "bytes 0-/100", "0-9/100", "lines 0-9/100"),
                *("bytes 0-9/100, 20-29/100", "bytes ٣-٣/٣", f"bytes 0-9/{'9' * 19}"),
            )
        ),
    ],
)
def test_content_range(text: str, part: tuple[int, int, int | None] | None) -> None:
    found = content_range({"content-range": text})
    assert found == (ContentRange(*part) if part else None)


@pytest.mark.parametrize(
    "text,empty", [("bytes */0", True), (" bytes */0 ", True), ("bytes */10", False), ("", False)]
)
def test_an_empty_file(text: str, empty: bool) -> None:
    assert is_empty({"content-range": text}) == empty


@pytest.mark.parametrize(
    "text,seconds",
    [
        *(("0", 0.0), ("7", 7.0), ("99999", 99999.0)),
        *((text, None) for text in ("100000", "", "-1", "1.5", "Sat, 28 Nov 2026 05:00:00 GMT")),
    ],
)
def test_retry_after_seconds(text: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": text}) == seconds
