"""When two jobs are the same job."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.ledger.job_id import identity
from vaceprep.plans.model import Options

VALUES: dict[str, Any] = {
    "function": "video_edit",
    "prompt": "a door",
    "video_url": "clip.mp4",
    "ref_images_url": ["a.png", "https://example.com/b.png"],
    "strength": 0.8,
}
SOURCES = {"/video_url": "11" * 32, "/ref_images_url/0": "22" * 32}


def one(**changes: object) -> str:
    given = {
        "service": "https://api.example",
        "account": "abcd",
        "values": VALUES,
        "sources": SOURCES,
        "options": Options(),
    }
    given |= changes
    return identity(**given)  # type: ignore[arg-type]


def test_the_same_job_is_the_same() -> None:
    assert one() == one()
    assert len(one()) == 64


def test_order_of_fields_and_names_of_files_change_nothing() -> None:
    elsewhere = {
        **VALUES,
        "video_url": "/else/where.mov",
        "ref_images_url": ["x", VALUES["ref_images_url"][1]],
    }
    assert one(values=dict(reversed(elsewhere.items()))) == one()


@pytest.mark.parametrize(
    "changes",
    [
        {"service": "https://other.example"},
        {"account": "ef01"},
        {"values": {**VALUES, "prompt": "a window"}},
        {"values": {**VALUES, "strength": 0.9}},
        {"values": {**VALUES, "ref_images_url": ["a.png", "https://example.com/c.png"]}},
        {"values": {**VALUES, "seed": 1}},
        {"sources": {**SOURCES, "/video_url": "33" * 32}},
        {"options": Options(start=Fraction(1, 2))},
        {"options": Options(keep_audio=True)},
        {"options": Options(background=(1, 2, 3))},
    ],
)
def test_whatever_changes_the_result_makes_another_job(changes: dict[str, object]) -> None:
    assert one(**changes) != one()


def test_a_local_file_is_another_job_than_the_url_with_its_text() -> None:
    assert one(sources={"/video_url": "11" * 32}) != one()


@given(st.fractions(0, 100), st.fractions(0, 100))
def test_options_tell_exact_times_apart(one_start: Fraction, other: Fraction) -> None:
    base = Options()
    same = one(options=replace(base, start=one_start)) == one(options=replace(base, start=other))
    assert same == (one_start == other)


def test_the_job_itself_is_not_changed() -> None:
    one()
    assert VALUES["video_url"] == "clip.mp4"
    assert VALUES["ref_images_url"] == ["a.png", "https://example.com/b.png"]
