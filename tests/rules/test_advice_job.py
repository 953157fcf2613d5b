"""VP605 to VP609 and VP612: each on what it is for, and silent beside it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.job.table import EDIT, EXTEND, IMAGE, OUT, PAINT, U, minimal
from tests.media import video_facts
from tests.rules.test_job_media import image, video
from vaceprep.facts import Facts
from vaceprep.job.draft import draft_of
from vaceprep.records import replace
from vaceprep.rules.advice_job import advise
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.draft import Draft
from vaceprep.rules.job_media import Together


def found(function: str, media: dict[str, Facts] | None = None, **fields: Any) -> list[Finding]:
    """The advice on a job; ``media`` has facts by JSON pointer."""
    job = {**minimal(function), **fields}
    return advise(Together(draft_of(job), media or {}))


def said(function: str, media: dict[str, Facts] | None = None, **fields: Any) -> list[str]:
    return [f"{f.code} {f.pointer}" for f in found(function, media, **fields)]


ALL_SCALES = ("top_scale", "bottom_scale", "left_scale", "right_scale")


def outpainted(width: int, height: int, **scales: float) -> list[str]:
    return said(OUT, {"/video_url": video_facts(width=width, height=height)}, **scales)


def test_an_outpainted_video_shrinks() -> None:
    half = dict.fromkeys(ALL_SCALES, 1.5)
    # 1280x720 keeps exactly half: 640x360 of 1280x720.
    assert outpainted(1280, 720, **half) == []
    assert outpainted(1280, 720, **half | {"left_scale": 1.6}) == ["VP605 /left_scale"]
    assert outpainted(1920, 1080, **half) == ["VP605 /top_scale"]
    assert outpainted(1920, 1080, right_scale=1.2) == []
    assert outpainted(640, 360, **dict.fromkeys(ALL_SCALES, 1.5)) == []
    # Nothing is expanded: VP411 says so.
    assert outpainted(1920, 1080) == []


def test_what_the_original_becomes_is_told() -> None:
    video = video_facts(width=1280, height=720)
    (finding,) = found(OUT, {"/video_url": video}, **dict.fromkeys(ALL_SCALES, 2.0))
    assert "1280x720 px become 427x240 of 1280x720" in finding.message
    assert (finding.measured, finding.allowed) == (0.3333, 0.5)


def test_invalid_scales_and_unmeasured_videos_are_left_to_others() -> None:
    assert outpainted(1920, 1080, top_scale=9.0, left_scale=2.0) == []
    assert said(OUT, top_scale=2.0, left_scale=2.0) == []


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (32, None, []),
        (33, None, ["VP606 /first_clip_url"]),
        (16, 16, []),
        (16, 17, ["VP606 /last_clip_url"]),
        (None, 48, ["VP606 /last_clip_url"]),
    ],
)
def test_given_clips_leave_3_seconds(
    first: int | None, last: int | None, expected: list[str]
) -> None:
    media: dict[str, Facts] = {}
    for name, frames in (("first_clip_url", first), ("last_clip_url", last)):
        if frames is not None:
            media[f"/{name}"] = video(frames)
    assert said(EXTEND, media, last_clip_url=f"{U}l.mp4") == expected


def test_a_clip_that_is_cut_first_counts_as_cut() -> None:
    (finding,) = found(EXTEND, {"/first_clip_url": video(160)})
    assert finding.measured == 2.0
    assert "only 2 s of the 5 s" in finding.message
    assert said(EXTEND, {"/video_url": video(80)}, video_url=f"{U}g.mp4") == []


REF = "/ref_images_url/0"


@pytest.mark.parametrize(
    ("function", "size", "picture", "fires"),
    [
        (IMAGE, None, (1280, 720), False),
        # 853x720 and 854x720 of 1280x720: a third stays white, and less.
        (IMAGE, None, (850, 720), True),
        (IMAGE, None, (860, 720), False),
        (IMAGE, None, (720, 1280), True),
        (IMAGE, "720*1280", (720, 1280), False),
        (EDIT, "960*960", (640, 900), False),
        (EDIT, "960x960", (630, 960), True),
    ],
)
def test_white_around_a_reference(
    function: str, size: str | None, picture: tuple[int, int], fires: bool
) -> None:
    fields = {"ref_images_url": [f"{U}a.png"], **({"size": size} if size else {})}
    assert said(function, {REF: image(*picture)}, **fields) == [f"VP608 {REF}"] * fires


@pytest.mark.parametrize(
    ("labels", "busy", "fires"),
    [
        (["obj"], 0.31, True),
        (["obj"], 0.3, False),
        (None, 0.31, True),
        (["bg"], 1.0, False),
        (["obj"], None, False),
    ],
)
def test_a_busy_border_of_a_reference(
    labels: list[str] | None, busy: float | None, fires: bool
) -> None:
    media: dict[str, Facts] = {REF: replace(image(), busy_border=busy)}
    fields = {"ref_images_url": [f"{U}a.png"], **({"obj_or_bg": labels} if labels else {})}
    assert said(IMAGE, media, **fields) == [f"VP607 {REF}"] * fires


def test_a_repainted_video_has_its_own_shape() -> None:
    media: dict[str, Facts] = {REF: image(720, 1280)}
    fields = {"ref_images_url": [f"{U}a.png"]}
    assert said(PAINT, media, **fields) == []
    media["/video_url"] = video_facts(width=720, height=1280)
    assert said(PAINT, media, **fields) == []
    media["/video_url"] = video_facts(width=1280, height=720)
    assert said(PAINT, media, **fields) == [f"VP608 {REF}"]
    assert said(IMAGE, media, size="1*1") == []


@pytest.mark.parametrize(
    "prompt",
    [
        "Replace the cat with a dog",
        "remove the sign",
        "Make it a woodcut",
        "  “Turn the day into night",
        "Please add snow",
        "把天空换成夜空",
        "将猫替换为狗",
        "替换背景",
    ],
)
def test_a_prompt_that_commands(prompt: str) -> None:
    assert said(IMAGE, prompt=prompt) == ["VP609 /prompt"]


@pytest.mark.parametrize(
    "prompt",
    [
        "A woodcut of a harbour",
        "Removed walls in a bright loft",
        "Maker of violins in his workshop",
        "A robot is told: remove the sign",
        "Make-up artist at work",
        "将军骑马走过草原",
        "一只猫坐在窗台上",
        "Addison plays the cello",
    ],
)
def test_a_prompt_that_describes(prompt: str) -> None:
    assert said(IMAGE, prompt=prompt) == []


def test_a_mask_video_is_doubtful() -> None:
    assert said(EDIT) == []
    job = {**minimal(EDIT), "mask_video_url": f"{U}m.mp4"}
    job.pop("mask_image_url")
    assert [f.code for f in advise(Together(draft_of(job), {}))] == ["VP612"]


def test_all_is_advice_that_prepare_cannot_follow() -> None:
    media: dict[str, Facts] = {
        REF: image(360, 2000),
        "/video_url": video_facts(width=1920, height=1080),
    }
    for function in (IMAGE, OUT):
        for finding in found(function, media, prompt="Make it so", left_scale=2.0, top_scale=2.0):
            assert (finding.severity.value, finding.fix) == ("advice", None)


def test_a_job_that_cannot_be_read_gets_none() -> None:
    assert advise(Together(Draft(broken="it is no mapping"), {})) == []
