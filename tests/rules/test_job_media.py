"""VP301, VP305, VP306, VP413 to VP415: a job's media against each other, on facts alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.job.table import EDIT, EXTEND, OUT, PAINT, U, minimal
from tests.media import video_facts
from vaceprep.contract import SIZES
from vaceprep.facts import Facts, ImageFacts, VideoFacts
from vaceprep.job.draft import draft_of
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.draft import Draft
from vaceprep.rules.job_media import RULES, Together, judge_together

Said = list[tuple[str, str, str | None]]
NTSC = Fraction(30000, 1001)


def image(width: int = 1280, height: int = 720) -> ImageFacts:
    return ImageFacts(
        format="png",
        bytes=1000,
        stored_width=width,
        stored_height=height,
        width=width,
        height=height,
        orientation=1,
        mode="L",
        bit_depth=8,
        has_alpha=False,
        icc_profile=None,
        srgb=True,
        frames=1,
        location=(),
        decoded=True,
        mask=None,
    )


def video(frames: int = 80, fps: Fraction | int = 16, **changes: Any) -> VideoFacts:
    duration = frames / Fraction(fps)
    return video_facts(frames=frames, fps=Fraction(fps), duration=duration, **changes)


def findings(function: str, fields: dict[str, Any], **media: Facts | None) -> list[Finding]:
    job = {**minimal(function), **fields}
    if function == EXTEND and "first_clip_url" not in media:
        del job["first_clip_url"]
    for name in media:
        job[name] = f"{U}x"
    if "mask_video_url" in media:
        job.pop("mask_image_url")
    facts = {f"/{name}": known for name, known in media.items() if known is not None}
    return judge_together(Together(draft_of(job), facts))


def edit(frame: int | None = None, **media: Facts | None) -> Said:
    fields = {} if frame is None else {"mask_frame_id": frame}
    # VP415, which is about the video alone, has tests of its own.
    found = [f for f in findings(EDIT, fields, **media) if f.code != "VP415"]
    return [(f.code, f.severity.value, f.pointer) for f in found]


def extend(**media: Facts | None) -> Said:
    found = findings(EXTEND, {"control_condition": "depth"}, **media)
    return [(f.code, f.severity.value, f.pointer) for f in found]


SIZE: Said = [("VP301", "error", "/mask_image_url")]
MISMATCH: Said = [("VP306", "error", "/mask_video_url")]
CLIPS: Said = [("VP413", "error", "/last_clip_url")]


def guide(severity: str = "error", at: str = "/video_url") -> Said:
    return [("VP414", severity, at)]


# --- VP301 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(1281, 720), (1279, 720), (1280, 721), (720, 1280)])
def test_a_mask_one_pixel_off(width: int, height: int) -> None:
    assert edit(video_url=video(), mask_image_url=image(width, height)) == SIZE
    assert edit(video_url=video(), mask_image_url=image()) == []


def test_the_displayed_size_counts() -> None:
    turned = video(stored_width=1280, stored_height=720, width=720, height=1280, rotation=90)
    assert edit(video_url=turned, mask_image_url=image(720, 1280)) == []
    assert edit(video_url=turned, mask_image_url=image(1280, 720)) == SIZE
    wide = video(stored_width=480, width=640, sample_aspect_ratio=Fraction(4, 3))
    assert edit(video_url=wide, mask_image_url=image(640, 720)) == []
    assert edit(video_url=wide, mask_image_url=image(480, 720)) == SIZE


@pytest.mark.parametrize(
    ("mask", "mends"),
    [
        ((640, 360), True),
        ((2560, 1440), True),
        ((854, 480), True),
        ((853, 480), True),
        ((1280, 721), True),
        ((1280, 719), True),
        ((1280, 722), False),
        ((720, 1280), False),
        ((1280, 960), False),
        ((720, 720), False),
    ],
)
def test_a_mask_is_scaled_where_the_shape_agrees(mask: tuple[int, int], mends: bool) -> None:
    (finding,) = findings(EDIT, {}, video_url=video(), mask_image_url=image(*mask))
    assert (finding.fix is not None) is mends
    assert finding.measured == f"{mask[0]}x{mask[1]}"
    assert finding.allowed == "1280x720"


# --- VP305 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "fps"), [(80, 16), (149, NTSC), (1, 25), (150, 30), (79, Fraction(16000, 1001))]
)
def test_the_frame_of_the_mask_on_both_sides(frames: int, fps: Fraction) -> None:
    def said(frame: int) -> Said:
        return edit(frame, video_url=video(frames, fps), mask_image_url=image())

    assert said(1) == said(frames) == []
    assert said(frames + 1) == [("VP305", "warning", "/mask_frame_id")]
    assert said(frames + 2) == [("VP305", "error", "/mask_frame_id")]
    assert said(10**30) == [("VP305", "error", "/mask_frame_id")]
    for low in (0, -1, -(10**30)):
        assert said(low) == [("VP305", "error", "/mask_frame_id")]


def test_the_frame_says_how_many_there_are() -> None:
    media: dict[str, Facts] = {"video_url": video(80), "mask_image_url": image()}
    (finding,) = findings(EDIT, {"mask_frame_id": 99}, **media)
    assert (finding.measured, finding.allowed, finding.fix) == (99, 80, None)
    assert "99" in finding.message
    assert "80" in finding.message


def test_a_frame_that_takes_no_effect_or_is_no_number_is_anothers() -> None:
    assert edit(99, video_url=video(), mask_video_url=video()) == []
    for value in ("99", 99.0, True, None):
        found = findings(EDIT, {"mask_frame_id": value}, video_url=video(), mask_image_url=image())
        assert found == []


def test_what_was_not_measured_is_not_compared() -> None:
    assert edit(99, video_url=None, mask_image_url=image(5, 5)) == []
    assert edit(0, video_url=None, mask_image_url=None) == [("VP305", "error", "/mask_frame_id")]
    assert edit(video_url=video(), mask_image_url=None) == []
    assert edit(video_url=video(), mask_video_url=None) == []
    assert extend(first_clip_url=None, last_clip_url=video(99), video_url=None) == []
    blank = video_facts(duration=None, fps=None, frames=None)
    assert edit(99, video_url=blank, mask_image_url=image()) == []
    assert extend(first_clip_url=blank, last_clip_url=video(48)) == []


# --- VP306 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mask",
    [
        video(79),
        video(81),
        video(width=1279),
        video(height=722),
        video(80, Fraction(80, 81) * 16),
        video(80, 17),
        video(80, Fraction(16001, 1000)),
        video(150, 30),
        video(width=720, height=1280),
    ],
)
def test_a_mask_video_that_differs_in_one_thing(mask: VideoFacts) -> None:
    assert edit(video_url=video(), mask_video_url=mask) == MISMATCH


def test_a_mask_video_that_agrees() -> None:
    assert edit(video_url=video(), mask_video_url=video()) == []
    turned = video(width=720, height=1280, rotation=90)
    upright = video(width=720, height=1280, stored_width=720, stored_height=1280)
    assert edit(video_url=turned, mask_video_url=upright) == []


def test_one_mismatch_names_all_that_differs() -> None:
    other = video(150, 30, width=640, height=360)
    (finding,) = findings(EDIT, {}, video_url=video(), mask_video_url=other)
    for word in ("640x360", "1280x720", "30", "16", "150", "80"):
        assert word in finding.message


def test_rates_that_rounding_time_bases_explain_agree() -> None:
    tick = Fraction(1, 1000)
    rounded = video_facts(
        frames=150, fps=Fraction(150) / Fraction(5001, 1000), duration=Fraction(5001, 1000)
    )
    exact = video(150, 30)
    assert edit(video_url=exact, mask_video_url=rounded) == MISMATCH
    told = video_facts(
        frames=150,
        fps=Fraction(150) / Fraction(5001, 1000),
        duration=Fraction(5001, 1000),
        rounding_tick=tick,
    )
    assert edit(video_url=exact, mask_video_url=told) == []
    assert edit(video_url=video(150, Fraction(301, 10)), mask_video_url=told) == MISMATCH


# --- VP413 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "fires"),
    [
        ((24, 16), (24, 16), False),
        ((24, 16), (25, 16), True),
        ((47, 16), (1, 16), False),
        ((48, 16), (1, 16), True),
        ((45, 30), (45, 30), False),
        ((45, 30), (46, 30), True),
        ((44, NTSC), (45, NTSC), False),
        ((45, NTSC), (45, NTSC), True),
    ],
)
def test_two_clips_of_three_seconds_and_of_one_frame_more(
    first: tuple[int, Fraction], last: tuple[int, Fraction], fires: bool
) -> None:
    said = extend(first_clip_url=video(*first), last_clip_url=video(*last))
    assert said == (CLIPS if fires else [])


def test_one_clip_alone_is_no_sum() -> None:
    assert extend(first_clip_url=video(56)) == []
    assert extend(last_clip_url=video(56)) == []
    assert extend(first_clip_url=video(48), video_url=video(80)) == []


def test_rounding_time_bases_are_no_excess() -> None:
    tick = Fraction(1, 1000)
    rounded = video_facts(
        frames=45, fps=Fraction(45000, 1501), duration=Fraction(1501, 1000), rounding_tick=tick
    )
    assert extend(first_clip_url=video(45, 30), last_clip_url=rounded) == []
    longer = video_facts(
        frames=45, fps=Fraction(45000, 1502), duration=Fraction(1502, 1000), rounding_tick=tick
    )
    codes = [code for code, _, _ in extend(first_clip_url=video(45, 30), last_clip_url=longer)]
    assert "VP413" in codes


# --- VP414 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["first_clip_url", "last_clip_url"])
def test_the_guide_and_a_clip(name: str) -> None:
    clip = video(32)
    assert extend(**{name: clip, "video_url": video(80)}) == []
    for other in (video(80, 17), video(80, width=1278), video(80, height=722)):
        assert extend(**{name: clip, "video_url": other}) == guide()
    both = findings(
        EXTEND, {"control_condition": "depth"}, **{name: clip, "video_url": video(80, 25, width=2)}
    )
    assert len(both) == 1
    assert "2x720" in both[0].message
    assert "25" in both[0].message


@pytest.mark.parametrize("name", ["first_frame_url", "last_frame_url"])
def test_the_guide_and_a_frame(name: str) -> None:
    fine: dict[str, Facts] = {name: image(), "video_url": video(80, 30)}
    assert extend(**fine) == []
    assert extend(**{**fine, name: image(1278)}) == guide()


def test_frames_and_clips_among_themselves_are_a_warning_at_the_later() -> None:
    assert extend(first_frame_url=image(), last_frame_url=image()) == []
    assert extend(first_frame_url=image(), last_frame_url=image(1000)) == guide(
        "warning", "/last_frame_url"
    )
    assert extend(first_clip_url=video(20), last_clip_url=video(20, 17)) == guide(
        "warning", "/last_clip_url"
    )
    assert extend(first_clip_url=video(20), last_frame_url=image(640, 360)) == guide(
        "warning", "/last_frame_url"
    )
    # The first clip sets the measure, though the first frame comes earlier.
    assert extend(first_frame_url=image(640, 360), last_clip_url=video(20)) == guide(
        "warning", "/first_frame_url"
    )


def test_the_guide_and_the_odd_one_out_are_told_apart() -> None:
    said = extend(first_clip_url=video(20), last_frame_url=image(640, 360), video_url=video(80))
    assert ("VP414", "warning", "/last_frame_url") in said
    found = findings(
        EXTEND,
        {"control_condition": "depth"},
        first_clip_url=video(20),
        last_frame_url=image(640, 360),
        video_url=video(80),
    )
    for finding in found:
        # What was measured is never what is allowed.
        assert finding.measured != finding.allowed


# --- all of them -------------------------------------------------------------------------------

sides = st.integers(1, 3000)
videos = st.builds(
    lambda frames, fps, width, height: video(frames, fps, width=width, height=height),
    st.integers(1, 200),
    st.fractions(1, 60, max_denominator=1001),
    sides,
    sides,
)
images = st.builds(image, sides, sides)
MEDIA: dict[str, st.SearchStrategy[Facts]] = {
    "/video_url": videos,
    "/mask_image_url": images,
    "/mask_video_url": videos,
    "/first_clip_url": videos,
    "/last_clip_url": videos,
    "/first_frame_url": images,
    "/last_frame_url": images,
}


@given(
    function=st.sampled_from([EDIT, EXTEND]),
    media=st.fixed_dictionaries({}, optional=MEDIA),
    frame=st.none() | st.integers(-3, 300),
)
def test_any_media_at_all(function: str, media: dict[str, Facts], frame: int | None) -> None:
    job: dict[str, Any] = {"function": function, "prompt": "a", "control_condition": "depth"}
    job |= {at[1:]: f"{U}x" for at in media}
    if frame is not None and function == EDIT:
        job["mask_frame_id"] = frame
    found = judge_together(Together(draft_of(job), media))
    assert len({(f.code, f.pointer) for f in found}) == len(found)
    for finding in found:
        assert finding.code in {rule.code for rule in RULES}
        assert finding.pointer is not None
        assert finding.pointer[1:] in job or finding.code == "VP415"
        assert finding.measured != finding.allowed
    sizes = {(m.width, m.height) for m in media.values()}
    if len(sizes) <= 1:
        assert not [f for f in found if f.code == "VP301"]
    assert judge_together(Together(Draft(broken="x"), media)) == []


# --- VP415 -------------------------------------------------------------------------------------


def shape(width: int, height: int, size: str | None = None) -> tuple[str, str, str | None] | None:
    """Size and nearest size of what is said of a video, and the fix."""
    fields = {} if size is None else {"size": size}
    media = {"video_url": video(width=width, height=height)}
    found = findings(EDIT, {"mask_image_url": f"{U}m.png", **fields}, **media)
    if not found:
        return None
    (one,) = found
    assert (one.code, one.severity.value, one.pointer) == ("VP415", "warning", "/size")
    return str(one.measured), str(one.allowed), one.fix


def test_an_upright_video_at_the_default_size() -> None:
    assert shape(720, 1280) == ("1280*720", "720*1280", "write size: 720*1280")
    assert shape(720, 1280, "1280x720") == ("1280*720", "720*1280", None)
    assert shape(720, 1280, "720*1280") is None
    assert shape(1280, 720) is shape(1920, 1080) is shape(2000, 360) is None


@pytest.mark.parametrize(
    ("near", "far", "other"),
    [
        # The aspects 16:9 and 17:13 are equally far from their geometric mean, 1.52472.
        ((15248, 10000), (15247, 10000), "1088*832"),
        # From 17:13 and 1:1: 1.14354.
        ((11436, 10000), (11435, 10000), "960*960"),
    ],
)
def test_the_nearest_shape_changes_at_the_mean_of_two(
    near: tuple[int, int], far: tuple[int, int], other: str
) -> None:
    size = {"1088*832": "1280*720", "960*960": "1088*832"}[other]
    assert shape(*near, size) is None
    assert shape(*far, size) == (size, other, None)
    # The same upright.
    upright = "*".join(reversed(size.split("*")))
    assert shape(near[1], near[0], upright) is None
    assert shape(far[1], far[0], upright) is not None


def test_each_size_is_the_nearest_to_itself() -> None:
    for size in SIZES:
        width, height = map(int, size.split("*"))
        assert shape(width, height, size) is None
        assert shape(width * 3, height * 3, size) is None


def test_the_shape_as_displayed_counts() -> None:
    turned = video(stored_width=1280, stored_height=720, width=720, height=1280, rotation=90)
    found = findings(EDIT, {}, video_url=turned)
    assert [(f.code, f.allowed) for f in found] == [("VP415", "720*1280")]


def test_no_shape_without_a_size_or_a_video() -> None:
    upright = video(width=720, height=1280)
    assert findings(EDIT, {"size": "720*720"}, video_url=upright) == []
    assert findings(EDIT, {}, video_url=None) == []
    assert findings(PAINT, {}, video_url=upright) == []
    assert findings(OUT, {}, video_url=upright) == []
