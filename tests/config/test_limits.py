"""Limits in force: each on both sides, named in the message, and the contract's untouched."""

from __future__ import annotations

import pickle
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from tests.media import video_facts
from tests.plans.anyimage import GOOD
from vaceprep import contract
from vaceprep.contract import Role
from vaceprep.facts import ImageFacts, StreamFacts, VideoFacts
from vaceprep.job.draft import draft_of, errors_of
from vaceprep.job.model import InvalidJob, Job, VideoOutpainting
from vaceprep.ledger.job_id import set_options
from vaceprep.limits import CONTRACT, Limits
from vaceprep.plans.model import NOTHING_ASKED, Options
from vaceprep.rules.catalogue import Asset, Finding
from vaceprep.rules.draft import Draft
from vaceprep.rules.job_media import Together, judge_together
from vaceprep.rules.judge import judge

ORIGIN = "vaceprep.toml"


def lasting(seconds: Fraction | int, rate: Fraction | int = 16) -> VideoFacts:
    length, frames = Fraction(seconds), int(seconds * rate)
    return video_facts(
        duration=length,
        frames=frames,
        fps=Fraction(rate),
        min_interval=1 / Fraction(rate),
        max_interval=1 / Fraction(rate),
        container_duration=length,
        declared_duration=length,
        declared_frames=frames,
    )


def found(facts: Any, role: Role, limits: Limits) -> dict[str, Finding]:
    return {f.code: f for f in judge(facts, Asset(role, None, limits))}


def image(**changes: Any) -> ImageFacts:
    return replace(GOOD, **changes)


CASES: list[tuple[dict[str, Any], Role, Any, Any, str]] = [
    ({"video_seconds": Fraction(6)}, "video_url", lasting(6), lasting(Fraction(97, 16)), "VP104"),
    ({"video_seconds": Fraction(2)}, "video_url", lasting(2), lasting(Fraction(33, 16)), "VP104"),
    ({"clip_seconds": Fraction(4)}, "last_clip_url", lasting(4), lasting(5), "VP104"),
    ({"video_fps": Fraction(12)}, "video_url", lasting(3, 12), lasting(3, 11), "VP103"),
    ({"video_fps": Fraction(24)}, "video_url", lasting(3, 24), lasting(3, 23), "VP103"),
    (
        {"video_megabytes": Fraction(100)},
        "video_url",
        video_facts(bytes=100_000_000),
        video_facts(bytes=100 * 2**20 + 1),
        "VP102",
    ),
    (
        {"image_megabytes": Fraction(5, 2)},
        "ref_images_url",
        image(bytes=2_500_000),
        image(bytes=2_621_441),
        "VP202",
    ),
    (
        {"image_side_min": 100},
        "ref_images_url",
        image(width=100, stored_width=100),
        image(width=99, stored_width=99),
        "VP203",
    ),
    (
        {"image_side_max": 4000},
        "ref_images_url",
        image(width=4000, stored_width=4000),
        image(width=4001, stored_width=4001),
        "VP203",
    ),
]


@pytest.mark.parametrize(("limits", "role", "inside", "outside", "code"), CASES)
def test_each_limit_on_both_sides(
    limits: dict[str, Any], role: Role, inside: Any, outside: Any, code: str
) -> None:
    held = Limits(**limits, origin=ORIGIN)
    assert code not in found(inside, role, held)
    finding = found(outside, role, held)[code]
    assert f"(limit of {ORIGIN})" in finding.message
    assert finding.severity == "error"


def test_the_message_and_the_numbers_tell_the_limit_in_force() -> None:
    finding = found(lasting(7), "video_url", Limits(video_seconds=Fraction(6), origin=ORIGIN))[
        "VP104"
    ]
    assert finding.message == (
        "it lasts 7 s; at most 6 s are allowed (limit of vaceprep.toml): "
        "the service silently uses only the first 6 s"
    )
    assert (finding.allowed, finding.fix) == (6.0, "keep the first 6 s (96 frames)")


def test_between_the_two_readings_of_a_megabyte_there_is_a_warning() -> None:
    held = Limits(video_megabytes=Fraction(100), origin=ORIGIN)
    finding = found(video_facts(bytes=100_000_001), "video_url", held)["VP102"]
    assert finding.severity == "warning"
    assert finding.message.endswith(
        "over 100 MB where MB means 10^6 bytes (limit of vaceprep.toml)"
    )


def test_a_container_that_outlasts_another_limit() -> None:
    sound = StreamFacts("audio", "aac", Fraction(5))
    facts = replace(lasting(4), container_duration=Fraction(5), streams=(sound,))
    held = Limits(video_seconds=Fraction(4), origin=ORIGIN)
    assert "VP124" not in found(facts, "video_url", CONTRACT)
    finding = found(facts, "video_url", held)["VP124"]
    assert "lasts 5 s, over 4 s (limit of vaceprep.toml), though" in finding.message


@pytest.mark.parametrize("name", ["prompt", "negative_prompt"])
@pytest.mark.parametrize("most", [3, 800, 2000])
def test_prompts_on_both_sides(name: str, most: int) -> None:
    given: dict[str, Any] = {f"{name}_characters": most}
    held = Limits(**given, origin=ORIGIN)
    values = {"function": "video_outpainting", "video_url": "a.mp4", "prompt": "abc"}
    assert errors_of(draft_of({**values, name: "x" * most}, held)) == []
    (finding,) = errors_of(draft_of({**values, name: "x" * (most + 1)}, held))
    assert (finding.code, finding.allowed, finding.measured) == (
        "VP404" if name == "prompt" else "VP405",
        most,
        most + 1,
    )
    assert finding.message.endswith(held.note(f"{name}_characters"))


@pytest.mark.parametrize("blank", [" ", " " * 900, "\n" * 2001])
def test_a_blank_prompt_stays_one_finding_under_any_limit(blank: str) -> None:
    values = {"function": "video_outpainting", "video_url": "a.mp4", "prompt": blank}
    for most in (5, 1000):
        codes = [f.code for f in errors_of(draft_of(values, Limits(prompt_characters=most)))]
        assert codes == ["VP404"]


def test_clips_together() -> None:
    draft = Draft(function="video_extension", limits=Limits(clips_seconds=Fraction(4)))
    media = {"/first_clip_url": lasting(2), "/last_clip_url": lasting(2)}
    assert not [f for f in judge_together(Together(draft, media)) if f.code == "VP413"]
    media["/last_clip_url"] = lasting(Fraction(33, 16))
    (finding,) = [f for f in judge_together(Together(draft, media)) if f.code == "VP413"]
    assert "at most 4 s are allowed (limit of the configuration)" in finding.message


def test_the_defaults_are_the_contract_s() -> None:
    assert CONTRACT.video_bytes == (contract.VIDEO_BYTES_DECIMAL, contract.VIDEO_BYTES_BINARY)
    assert CONTRACT.image_bytes == (contract.IMAGE_BYTES_DECIMAL, contract.IMAGE_BYTES_BINARY)
    assert CONTRACT.image_side == contract.IMAGE_SIDE
    for role, seconds in contract.MAX_SECONDS_BY_ROLE.items():
        assert CONTRACT.seconds(role) == seconds
    assert (CONTRACT.changed(), CONTRACT.to_dict()) == ({}, {})
    assert Limits(video_seconds=Fraction(6)).to_dict() == {
        "video-seconds": {"value": 6, "default": 5}
    }


def test_what_was_made_or_sent_under_the_contract_s_limits_stays_the_same() -> None:
    assert "limits" not in NOTHING_ASKED.asked()
    assert set_options(Options(limits=CONTRACT._replace(origin=ORIGIN))) == {}
    changed = Options(limits=Limits(video_seconds=Fraction(6), origin=ORIGIN))
    other = Options(limits=Limits(video_seconds=Fraction(6), origin="pyproject.toml"))
    # Whoever set them, the same limits make the same of a file.
    assert (
        set_options(changed)
        == set_options(other)
        == {"limits": "{'video-seconds': Fraction(6, 1)}"}
    )


def test_a_job_whose_prompt_only_another_limit_allows() -> None:
    values = {"function": "video_outpainting", "video_url": "a.mp4", "prompt": "x" * 900}
    with pytest.raises(InvalidJob, match="at most 800"):
        Job.from_dict(values)
    held = Limits(prompt_characters=1000, origin=ORIGIN)
    job = Job.from_dict(values, base="b", limits=held)
    assert isinstance(job, VideoOutpainting)
    assert job.given()["video_url"] in ("b/a.mp4", "b\\a.mp4")
    sent = job.replaced({"/video_url": "https://a.example/a.mp4"}).body()
    assert sent == {
        "model": "wan2.1-vace-plus",
        "function": "video_outpainting",
        "prompt": "x" * 900,
        "video_url": "https://a.example/a.mp4",
    }
    again = pickle.loads(pickle.dumps(job))
    assert again == job
    assert again.replaced({"/video_url": "https://a.example/a.mp4"}).body() == sent
    with pytest.raises(InvalidJob, match=r"at most 899 are used \(limit of vaceprep.toml\)"):
        Job.from_dict(values, limits=Limits(prompt_characters=899, origin=ORIGIN))


def test_a_job_under_other_limits_is_the_same_job() -> None:
    values = {
        "function": "image_reference",
        "prompt": "a",
        "size": "1280x720",
        "ref_images_url": ["a.png", "b.png"],
        "obj_or_bg": ["obj", "bg"],
        "negative_prompt": None,
    }
    plain = Job.from_dict(values)
    other = Job.from_dict(values, limits=Limits(prompt_characters=1000))
    assert other.given() == plain.given()
    assert list(other.given()) == list(plain.given())
    assert other.model_dump() == plain.model_dump()
