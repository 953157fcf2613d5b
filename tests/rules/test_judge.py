"""The order in which rules silence each other, selection, and any facts at all."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media import video_facts
from vaceprep.checks.library import make_selection
from vaceprep.contract import ROLES, VIDEO_ROLES, Role
from vaceprep.facts import DecodeFacts, MaskFacts, StreamFacts, Unreadable, UnreadableReason
from vaceprep.rules.catalogue import Asset, Finding, Severity, UnknownRule
from vaceprep.rules.judge import GATES, judge

numbers = st.one_of(st.none(), st.integers(0, 2**40))
seconds = st.one_of(st.none(), st.fractions(min_value=0, max_value=10**7))
positive = st.one_of(st.none(), st.fractions(min_value=Fraction(1, 10**9), max_value=10**7))
words = st.one_of(st.none(), st.text(max_size=12))
sides = st.integers(1, 10**6)
streams = st.builds(StreamFacts, st.sampled_from(["audio", "data", "video"]), words, seconds)
decoded = st.builds(DecodeFacts, st.integers(0, 99), st.one_of(st.none(), st.integers(1, 9)), words)
counts = st.integers(0, 10**9)
masks = st.builds(
    MaskFacts, counts, counts, counts, counts, st.integers(1, 9), st.one_of(st.none(), st.just(2))
)
truths = st.one_of(st.none(), st.booleans())

ANY: dict[str, st.SearchStrategy[Any]] = {
    "container": st.sampled_from(["mp4", "mov", "3gp", "webm", "x"]),
    "major_brand": words,
    "bytes": numbers,
    "fragmented": truths,
    "index_first": truths,
    "truncation": words,
    "duration": positive,
    "frames": st.one_of(st.none(), st.integers(1, 10**7)),
    "fps": positive,
    "rounding_tick": st.one_of(st.none(), st.just(Fraction(1, 1000))),
    "constant_rate": truths,
    "min_interval": seconds,
    "max_interval": seconds,
    "stored_width": sides,
    "stored_height": sides,
    "width": sides,
    "height": sides,
    "rotation": st.sampled_from([None, 0, 90, 180, 270]),
    "mirrored": st.booleans(),
    "sample_aspect_ratio": st.fractions(min_value=Fraction(1, 999), max_value=999),
    "codec": words,
    "profile": words,
    "pixel_format": words,
    "bit_depth": st.one_of(st.none(), st.integers(1, 16)),
    "color_transfer": st.sampled_from([None, "bt709", "smpte2084", "arib-std-b67"]),
    "color_primaries": st.sampled_from([None, "bt709", "bt2020"]),
    "color_matrix": words,
    "color_range": words,
    "interlaced": truths,
    "edit_list": st.booleans(),
    "edit_effect": words,
    "streams": st.lists(streams, max_size=3).map(tuple),
    "container_duration": seconds,
    "location": st.lists(st.text(max_size=9), max_size=3).map(tuple),
    "declared_duration": seconds,
    "declared_frames": numbers,
    "decoded": st.one_of(st.none(), decoded),
    "mask": st.one_of(st.none(), masks),
}
#: Arbitrary values for an arbitrary choice of fields.
changes = st.fixed_dictionaries({}, optional=ANY)
assets = st.builds(Asset, st.sampled_from(ROLES), words)


def check_all(findings: list[Finding]) -> None:
    codes = [f.code for f in findings]
    assert len(codes) == len(set(codes))
    for finding in findings:
        assert finding.message
        assert finding.code in json.dumps(finding.to_dict(), allow_nan=False)


@given(changes, assets)
def test_any_facts_at_all(change: dict[str, Any], asset: Asset) -> None:
    facts = video_facts(**change)
    json.dumps(facts.to_dict(), allow_nan=False)
    findings = judge(facts, asset)
    check_all(findings)
    if asset.role in VIDEO_ROLES and "VP105" in {f.code for f in findings}:
        assert len(findings) == 1


@given(changes, st.sampled_from(VIDEO_ROLES))
def test_what_could_not_be_measured_never_passes(change: dict[str, Any], role: Role) -> None:
    asset = Asset(role, "clip.mp4")
    errors = {"duration": "VP104", "fps": "VP103", "bytes": "VP102"}
    for fact, code in errors.items():
        found = judge(video_facts(**{**change, fact: None}), asset)
        spoken = {f.code for f in found if f.severity is Severity.ERROR}
        assert spoken & {code, "VP105"}


@given(changes, st.sampled_from(VIDEO_ROLES))
def test_limits_hold_exactly(change: dict[str, Any], role: Role) -> None:
    facts = video_facts(**{**change, "rounding_tick": None, "decoded": None})
    errors = {f.code for f in judge(facts, Asset(role)) if f.severity is Severity.ERROR}
    limit = 3 if "clip" in role else 5
    assert ("VP104" in errors) is (facts.duration is None or facts.duration > limit)
    assert ("VP103" in errors) is (facts.fps is None or facts.fps < 16)
    assert ("VP102" in errors) is (facts.bytes is None or facts.bytes > 50 * 2**20)


@pytest.mark.parametrize("reason", get_args(UnreadableReason))
@pytest.mark.parametrize("role", ROLES)
def test_a_file_that_cannot_be_read_is_an_error_under_every_role(
    reason: UnreadableReason, role: Role
) -> None:
    known = "heic" if reason == "unsupported-image" else None
    unreadable = Unreadable(reason, "no reason is given", 12, format=known)
    findings = judge(unreadable, Asset(role, "a.mp4"))
    check_all(findings)
    assert any(f.severity is Severity.ERROR for f in findings)
    if role in VIDEO_ROLES:
        assert [f.code for f in findings] == ["VP105"]


FINDINGS = judge(video_facts(codec="hevc", index_first=False, bytes=10**9), Asset("video_url"))


def codes(findings: Any) -> list[tuple[str, str]]:
    return [(f.code, f.severity.value) for f in findings]


def test_everything_is_reported_by_default() -> None:
    assert codes(make_selection(None).apply(FINDINGS)) == [
        ("VP102", "error"),
        ("VP111", "warning"),
        ("VP120", "advice"),
    ]


def test_strict_makes_errors_of_warnings_but_not_of_advice() -> None:
    assert codes(make_selection(None, strict=True).apply(FINDINGS)) == [
        ("VP102", "error"),
        ("VP111", "error"),
        ("VP120", "advice"),
    ]


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        (["video-codec"], [], ["VP111"]),
        (["VP111"], [], ["VP111"]),
        (["vp11"], [], ["VP111"]),
        (["VP10,VP12"], [], ["VP102", "VP120"]),
        (["VP1"], ["VP111", "video-size"], ["VP120"]),
        (None, ["VP1"], []),
        (["VP2"], [], []),
        (["Video-Codec , video-size"], [], ["VP102", "VP111"]),
    ],
)
def test_select_and_ignore(
    select: list[str] | None, ignore: list[str], expected: list[str]
) -> None:
    kept = make_selection(select, ignore).apply(FINDINGS)
    assert [f.code for f in kept] == expected


@pytest.mark.parametrize(("role", "gate"), [("video_url", "VP105"), ("ref_images_url", "VP204")])
def test_selecting_other_rules_does_not_let_an_unreadable_file_pass(role: Role, gate: str) -> None:
    findings = judge(Unreadable("missing", "there is no such file", None), Asset(role))
    assert gate in GATES
    assert [f.code for f in make_selection(["VP111"]).apply(findings)] == [gate]
    assert make_selection(["VP111"], [gate]).apply(findings) == ()


@pytest.mark.parametrize("name", ["video-fpz", "VP9", "VP1033", "x", "103"])
def test_an_unknown_rule_is_no_silent_nothing(name: str) -> None:
    with pytest.raises(UnknownRule, match="no rule is called"):
        make_selection([name])
    with pytest.raises(UnknownRule):
        make_selection(None, [name])


def test_the_nearest_rule_is_named() -> None:
    with pytest.raises(UnknownRule, match="did you mean video-fps"):
        make_selection(["video-fsp"])
