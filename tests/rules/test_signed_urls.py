"""When a presigned URL expires."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.rules.url import expires_at

_NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Date=20260303T120000Z&X-Amz-Expires=86400&X-Amz-Signature=x",
        "x-amz-signature=x&x-amz-expires=3600&x-amz-date=20260304T110000Z",
        "X-Goog-Date=20260303T120000Z&X-Goog-Expires=86400",
        "se=2026-03-04T12%3A00%3A00Z&sp=r&sig=x",
        f"AWSAccessKeyId=x&Signature=y&Expires={int(_NOON.timestamp())}",
    ],
)
def test_dialects(query: str) -> None:
    assert expires_at(f"https://h.example.com/a.mp4?{query}") == _NOON


@pytest.mark.parametrize(
    "query",
    ["", "x=1", "X-Amz-Expires=60", "X-Amz-Date=never&X-Amz-Expires=60", "se=soon&sig=x", "se=x"],
)
def test_others(query: str) -> None:
    assert expires_at(f"https://h.example.com/a.mp4?{query}") is None


@given(st.text(), st.text(), st.sampled_from(["X-Amz", "X-Goog"]))
def test_any_text(date: str, seconds: str, dialect: str) -> None:
    expires_at(f"https://h/?{dialect}-Date={date}&{dialect}-Expires={seconds}")
    expires_at(f"https://h/?sig=x&se={date}&signature=&expires={seconds}")
    expires_at(date)
