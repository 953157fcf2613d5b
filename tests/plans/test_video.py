"""Any facts of a video give a plan that keeps its word, or that says that it cannot."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media import video_facts
from tests.plans import anyfacts
from vaceprep.contract import MIN_FPS, VIDEO_SIDE, Role
from vaceprep.facts import SampleFacts, Unreadable, VideoFacts
from vaceprep.limits import Limits
from vaceprep.plans.model import NOTHING_ASKED, CopyRecipe, EncodeRecipe, Options, Plan, wanted
from vaceprep.plans.predict import predict
from vaceprep.plans.request import requested_cut
from vaceprep.plans.video import CannotPlan, plan_video, window_of
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.judge import judge


def planned(
    facts: VideoFacts,
    role: Role = "video_url",
    options: Options = NOTHING_ASKED,
    samples: SampleFacts | None = None,
    name: str = "clip.mp4",
) -> Plan:
    return plan_video(
        facts, judge(facts, Asset(role, name, options.limits)), role, options, samples
    )


def codes(findings: list[Finding] | tuple[Finding, ...]) -> set[str]:
    return {f.code for f in findings}


def holds(data: st.DataObject, facts: VideoFacts, role: Role, options: Options) -> None:
    """A plan keeps its word: no error is left, what is wanted is mended, once is enough."""
    samples = data.draw(anyfacts.samples(facts))
    plan = planned(facts, role, options, samples)
    if not plan.possible:
        assert plan.edits == ()
        assert plan.recipe is None
        assert any(f.severity is Severity.ERROR for f in plan.remaining)
        return
    after = predict(plan, facts)
    assert isinstance(after, VideoFacts)
    findings = judge(after, Asset(role, "clip.mp4", options.limits))
    assert not [f for f in findings if f.severity is Severity.ERROR]
    left = [f for f in findings if wanted(f, options) and f.code != "VP123"]
    assert codes(left) <= codes(plan.remaining)
    again = planned(after, role, replace(options, start=None), None)
    assert again.empty, again.edits


@settings(max_examples=120)
@given(st.data(), anyfacts.videos(), st.sampled_from(anyfacts.ROLES), anyfacts.options)
def test_a_prediction_breaks_no_error_rule_or_the_plan_is_impossible(
    data: st.DataObject, facts: VideoFacts, role: Role, options: Options
) -> None:
    holds(data, facts, role, options)


def start_is_kept(data: st.DataObject, facts: VideoFacts, options: Options) -> None:
    length = facts.duration
    start = data.draw(st.fractions(0, 30, max_denominator=100))
    asked = replace(options, start=start)
    samples = data.draw(anyfacts.samples(facts))
    if length is not None and start >= length and not planned(facts, options=options).remaining:
        with pytest.raises(CannotPlan, match="there is no frame at"):
            window_of(facts, "video_url", asked)
        return
    try:
        plan = planned(facts, "video_url", asked, samples)
    except CannotPlan:
        assert length is not None
        assert start >= length
        return
    if plan.possible and plan.recipe is not None:
        assert isinstance(plan.recipe, CopyRecipe | EncodeRecipe)
        assert plan.recipe.start <= start + (samples.tick if samples else 0)
        assert plan.recipe.length <= options.limits.seconds("video_url")


@settings(max_examples=60)
@given(st.data(), anyfacts.videos(), anyfacts.options)
def test_a_start_is_kept_within_the_limit(
    data: st.DataObject, facts: VideoFacts, options: Options
) -> None:
    start_is_kept(data, facts, options)


@pytest.mark.long
@settings(max_examples=200)
@given(st.data(), anyfacts.videos(), anyfacts.options)
def test_a_start_is_kept_within_the_limit_for_long(
    data: st.DataObject, facts: VideoFacts, options: Options
) -> None:
    start_is_kept(data, facts, options)


@given(st.sampled_from(anyfacts.ROLES), st.booleans(), st.booleans())
def test_compliant_facts_give_an_empty_plan(role: Role, only_errors: bool, blend: bool) -> None:
    facts = video_facts(
        duration=Fraction(3),
        frames=48,
        container_duration=Fraction(3),
        declared_duration=Fraction(3),
        declared_frames=48,
    )
    options = Options(only_errors=only_errors, fps_mode="blend" if blend else "repeat")
    assert planned(facts, role, options) == Plan(role, (), True, None, ())


def even(count: int, rate: int, *, group: int = 1, keys: int = 1000, **more: Any) -> SampleFacts:
    """Coded frames at an even rate; in groups whose last frame is coded first."""
    order = [0]
    for start in range(1, count, group):
        block = list(range(start, min(start + group, count)))
        order += [block[-1], *block[:-1]]
    values: dict[str, Any] = {
        "times": tuple(Fraction(i, rate) for i in order),
        "sizes": (1000,) * count,
        "clean": tuple(i % keys == 0 for i in range(count)),
        "breaks": (),
        "tick": Fraction(0),
        "end": Fraction(count, rate),
        "obstacle": None,
    }
    return SampleFacts(**(values | more))


def long_clip(count: int = 600, rate: int = 30, **changes: Any) -> VideoFacts:
    length = Fraction(count, rate)
    values: dict[str, Any] = {
        "duration": length,
        "frames": count,
        "fps": Fraction(rate),
        "min_interval": Fraction(1, rate),
        "max_interval": Fraction(1, rate),
        "container_duration": length,
        "declared_duration": length,
        "declared_frames": count,
    }
    return video_facts(**(values | changes))


@pytest.mark.parametrize(("group", "kept"), [(1, 150), (2, 149), (4, 149), (3, 148)])
def test_a_cut_keeps_the_longest_run_without_a_gap(group: int, kept: int) -> None:
    plan = planned(long_clip(), samples=even(600, 30, group=group))
    assert isinstance(plan.recipe, CopyRecipe)
    assert (plan.recipe.frames, plan.recipe.length) == (kept, Fraction(kept, 30))
    assert plan.lossless
    assert plan.edits[0].edit == "cut"
    assert plan.edits[0].detail == f"first {kept} of 600 frames, packets copied"


@pytest.mark.parametrize(
    ("seconds", "group", "said"),
    [
        (5, 3, "148 of the 150 frames asked for"),
        (5, 2, "149 of the 150 frames asked for"),
        (3, 4, "89 of the 90 frames asked for"),
        (5, 1, None),
        (None, 3, None),
    ],
)
def test_a_copy_says_that_it_has_fewer_frames_than_were_asked_for(
    seconds: int | None, group: int, said: str | None
) -> None:
    asked = None if seconds is None else Fraction(seconds)
    plan = planned(long_clip(), options=Options(duration=asked), samples=even(600, 30, group=group))
    assert isinstance(plan.recipe, CopyRecipe)
    detail = plan.edits[0].detail
    assert ("asked for" in detail) == (said is not None)
    assert said is None or said in detail
    assert ("a longer --duration keeps more" in detail) == (seconds == 3)


def test_the_first_clip_keeps_its_end() -> None:
    start = Fraction(17)
    plan = planned(long_clip(), "first_clip_url", samples=even(600, 30, keys=510))
    assert isinstance(plan.recipe, CopyRecipe)
    assert (plan.recipe.start, plan.recipe.frames) == (start, 90)
    assert plan.edits[0].detail == "last 90 of 600 frames, packets copied"
    unclean = planned(long_clip(), "first_clip_url", samples=even(600, 30))
    assert isinstance(unclean.recipe, EncodeRecipe)
    assert (unclean.recipe.start, unclean.recipe.frames) == (start, 90)


@pytest.mark.parametrize(
    ("rate", "target"), [(10, 20), (12, 24), (15, 30), (8, 16), (7, 21), (1, 16), (16, 16)]
)
def test_slow_videos_show_each_frame_a_whole_number_of_times(rate: int, target: int) -> None:
    plan = planned(long_clip(rate * 4, rate))
    if rate >= MIN_FPS:
        assert plan.empty
        return
    assert isinstance(plan.recipe, EncodeRecipe)
    assert plan.recipe.rate == target
    assert plan.recipe.frames == 4 * target


def test_frames_close_to_an_even_grid_are_put_on_it_without_encoding() -> None:
    facts = long_clip(
        100, 25, constant_rate=False, min_interval=Fraction(3, 100), max_interval=Fraction(5, 100)
    )
    jitter = even(100, 25)
    times = tuple(t + (Fraction(1, 100) if i % 3 == 1 else 0) for i, t in enumerate(jitter.times))
    plan = planned(facts, samples=replace(jitter, times=times))
    assert isinstance(plan.recipe, CopyRecipe)
    assert plan.recipe.rate == 25
    assert [e.edit for e in plan.edits] == ["retime"]


def test_an_uneven_video_is_resampled_at_its_average() -> None:
    facts = long_clip(
        100, 25, constant_rate=False, min_interval=Fraction(1, 100), max_interval=Fraction(1)
    )
    jumping = even(100, 25)
    times = tuple(t + (Fraction(3, 100) if i % 2 else 0) for i, t in enumerate(jumping.times))
    plan = planned(facts, samples=replace(jumping, times=times))
    assert isinstance(plan.recipe, EncodeRecipe)
    assert (plan.recipe.rate, plan.recipe.frames) == (Fraction(25), 100)
    assert planned(facts, options=Options(only_errors=True)).empty


@pytest.mark.parametrize(
    ("size", "options", "canvas"),
    [
        ((3840, 2160), Options(), (2000, 1124)),
        ((3840, 2160), Options(fit_720p=True), (1280, 720)),
        ((1920, 1080), Options(fit_720p=True), (1280, 720)),
        ((180, 102), Options(), (634, 360)),
        ((4000, 300), Options(), (2000, 360)),
        ((4000, 300), Options(shape="crop"), (2000, 360)),
        ((361, 721), Options(), (360, 720)),
    ],
)
def test_sizes(size: tuple[int, int], options: Options, canvas: tuple[int, int]) -> None:
    facts = video_facts(width=size[0], height=size[1], stored_width=size[0], stored_height=size[1])
    plan = planned(facts, options=options)
    assert isinstance(plan.recipe, EncodeRecipe)
    assert plan.recipe.size.canvas == canvas
    assert all(side % 2 == 0 for side in canvas)
    assert all(VIDEO_SIDE[0] <= side <= VIDEO_SIDE[1] for side in canvas)


def test_what_nothing_mends_is_said_and_nothing_is_planned() -> None:
    broken = Unreadable("broken", "it does not open", 10)
    findings = judge(broken, Asset("video_url"))
    plan = plan_video(broken, findings, "video_url")
    assert not plan.possible
    assert codes(plan.remaining) == {"VP105"}
    cut_off = video_facts(truncation="it ends too early")
    assert codes(planned(cut_off).remaining) == {"VP106"}
    salvaged = planned(cut_off, options=Options(salvage=True))
    assert salvaged.possible
    assert salvaged.edits[-1].reason == ("--salvage",)


def test_sizes_over_the_limit_are_copied_where_the_rest_is_what_weighs() -> None:
    heavy = video_facts(bytes=60_000_000)
    light = planned(heavy, samples=even(80, 16))
    assert isinstance(light.recipe, CopyRecipe)
    weighty = planned(heavy, samples=even(80, 16, sizes=(700_000,) * 80))
    assert isinstance(weighty.recipe, EncodeRecipe)
    assert weighty.edits[-1].reason == ("video-size",)


@pytest.mark.parametrize("start", [Fraction(20), Fraction(21), Fraction(-1)])
def test_a_start_outside_the_video_is_said(start: Fraction) -> None:
    with pytest.raises(CannotPlan, match="there is no frame at"):
        planned(long_clip(), options=Options(start=start))


def test_a_video_is_cut_sped_up_and_shrunk_to_the_limits_in_force() -> None:
    limits = Limits(video_seconds=Fraction(8), video_fps=Fraction(40), video_megabytes=Fraction(20))
    plan = planned(long_clip(), options=Options(limits=limits), samples=even(600, 30))
    assert isinstance(plan.recipe, EncodeRecipe)
    assert (plan.recipe.rate, plan.recipe.length) == (Fraction(60), Fraction(8))
    assert plan.recipe.limit == 20_000_000
    slower = Options(limits=limits._replace(video_fps=Fraction(30)))
    plan = planned(long_clip(), options=slower, samples=even(600, 30))
    assert isinstance(plan.recipe, CopyRecipe)
    assert plan.recipe.frames == 240


@pytest.mark.parametrize(("frames", "seconds", "cut"), [(1, 1, False), (2, 2, True), (1, 2, True)])
def test_one_frame_at_an_allowed_rate_is_the_least(frames: int, seconds: int, cut: bool) -> None:
    """A configuration may allow one frame a second, of which half a second cannot be kept."""
    limits = Limits(video_fps=Fraction(1))
    facts = video_facts(duration=Fraction(seconds), frames=frames, fps=Fraction(frames, seconds))
    asked = requested_cut(facts, Options(duration=Fraction(1, 2), limits=limits))
    assert bool(asked) is cut
