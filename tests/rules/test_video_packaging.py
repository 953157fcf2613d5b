"""VP120 to VP127: each fires just beyond its limit and not on it."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from tests.media import video_facts
from vaceprep.contract import Role
from vaceprep.facts import StreamFacts
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.judge import judge_video

WARNING, ADVICE = Severity.WARNING, Severity.ADVICE
SOUND = StreamFacts("audio", "aac", Fraction(5))
DATA = StreamFacts("data", None, None)


def judged(role: Role = "video_url", **changes: Any) -> list[Finding]:
    return judge_video(video_facts(**changes), Asset(role, "clip.mp4"))


def lasting(seconds: Fraction | str | int) -> StreamFacts:
    return StreamFacts("audio", "aac", Fraction(seconds))


@pytest.mark.parametrize(
    ("code", "severity", "changes", "measured"),
    [
        ("VP120", ADVICE, {"index_first": False}, None),
        ("VP121", WARNING, {"fragmented": True}, None),
        ("VP122", WARNING, {"edit_effect": "it hides 3 of 83 frames", "edit_list": True}, None),
        ("VP123", ADVICE, {"streams": (SOUND,)}, 1),
        ("VP123", ADVICE, {"streams": (SOUND, DATA, DATA)}, 3),
        ("VP124", WARNING, {"container_duration": Fraction(6), "declared_duration": Fraction(5),
                            "streams": (lasting(6),)}, 6.0),
        ("VP125", ADVICE, {"location": ("location",)}, 1),
        ("VP126", ADVICE, {"width": 1282}, 1282 * 720),
        ("VP126", ADVICE, {"width": 961, "height": 960}, 961 * 960),
        ("VP127", WARNING, {"declared_duration": Fraction("5.0501")}, 5.0501),
        ("VP127", WARNING, {"declared_duration": Fraction("4.9499")}, 4.9499),
        ("VP127", WARNING, {"declared_frames": 81}, 81),
        ("VP127", WARNING, {"declared_frames": 79}, 79),
    ],
)  # fmt: skip
def test_beyond_the_limit(
    code: str, severity: Severity, changes: dict[str, Any], measured: Any
) -> None:
    finding = next(f for f in judged(**changes) if f.code == code)
    assert (finding.severity, finding.measured) == (severity, measured)
    assert finding.fix
    json.dumps(finding.to_dict(), allow_nan=False)
    others = {f.code for f in judged(**changes)} - {code}
    assert others <= {"VP123"}


@pytest.mark.parametrize(
    "changes",
    [
        {"index_first": True},
        {"index_first": None},
        {"edit_list": True, "edit_effect": None},
        {"streams": ()},
        {"container_duration": Fraction(5)},
        {"container_duration": None},
        {"location": ()},
        {"width": 1280, "height": 720},
        {"width": 720, "height": 1280},
        {"width": 960, "height": 960},
        {"declared_duration": Fraction("5.05")},
        {"declared_duration": Fraction("4.95")},
        {"declared_duration": None, "declared_frames": None},
        {"frames": 101, "declared_frames": 100},
    ],
)
def test_on_the_limit(changes: dict[str, Any]) -> None:
    assert judged(**changes) == []


def test_fragments_leave_faststart_alone() -> None:
    assert [f.code for f in judged(fragmented=True, index_first=False)] == ["VP121"]


@pytest.mark.parametrize(
    ("role", "container", "fires"),
    [
        ("video_url", "5", False),
        ("video_url", "5.001", True),
        ("mask_video_url", "5.001", True),
        ("first_clip_url", "3", False),
        ("first_clip_url", "3.001", True),
        ("last_clip_url", "4", True),
    ],
)
def test_a_container_that_outlasts_its_role_s_limit(
    role: Role, container: str, fires: bool
) -> None:
    length = Fraction(3)
    found = judged(
        role,
        duration=length,
        frames=48,
        declared_duration=length,
        declared_frames=48,
        container_duration=Fraction(container),
        streams=(lasting(container),),
    )
    assert ("VP124" in {f.code for f in found}) is fires


def test_a_video_that_is_too_long_itself_is_enough_said() -> None:
    found = judged(
        duration=Fraction(6), frames=96, declared_frames=96, declared_duration=Fraction(6),
        container_duration=Fraction(7), streams=(lasting(7),),
    )  # fmt: skip
    assert [f.code for f in found] == ["VP104", "VP123"]


def test_a_header_that_alone_claims_more_is_one_finding() -> None:
    found = judged(container_duration=Fraction(9), declared_duration=Fraction(9))
    assert [f.code for f in found] == ["VP127"]
