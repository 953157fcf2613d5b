"""``--fit-model``: what comes out is a video of which the model takes every frame and pixel."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media import video_facts
from tests.plans import anyfacts
from tests.plans.test_video import long_clip, planned
from vaceprep.contract import MAX_SECONDS, MIN_FPS, Role
from vaceprep.facts import VideoFacts
from vaceprep.ledger.job_id import set_options
from vaceprep.limits import Limits
from vaceprep.model_view.frames import view
from vaceprep.plans.model import NOTHING_ASKED, EncodeRecipe, Options
from vaceprep.plans.predict import predict
from vaceprep.plans.video import IMPOSSIBLE, CannotPlan
from vaceprep.rules.catalogue import Asset, Severity
from vaceprep.rules.judge import judge

FIT = Options(fit_model=True)


def taken_whole(facts: VideoFacts) -> bool:
    """Whether the model takes all frames of a video, and all of each picture."""
    assert facts.frames is not None
    assert facts.fps is not None
    seen = view(facts.width, facts.height, facts.frames, facts.fps)
    size = facts.width, facts.height
    return (seen.used, seen.scaled, seen.crop) == (tuple(range(facts.frames)), size, (0, 0)) and (
        (seen.width, seen.height) == size
    )


def sized(width: int, height: int, count: int = 80, rate: int = 16) -> VideoFacts:
    size = {"width": width, "height": height, "stored_width": width, "stored_height": height}
    return long_clip(count, rate, **size)


def holds(data: st.DataObject, facts: VideoFacts, role: Role, options: Options) -> None:
    """The plan is impossible and says why, or the model takes all of what comes out."""
    samples = data.draw(anyfacts.samples(facts))
    try:
        plan = planned(facts, role, options, samples)
    except CannotPlan as error:
        assert str(error).startswith(IMPOSSIBLE)
        return
    if not plan.possible:
        return
    after = predict(plan, facts)
    assert isinstance(after, VideoFacts)
    assert taken_whole(after)
    found = judge(after, Asset(role, "clip.mp4", options.limits))
    assert not [f for f in found if f.severity is Severity.ERROR]
    again = planned(after, role, replace(options, start=None), None)
    assert again.empty, again.edits


@settings(max_examples=40)
@given(st.data(), anyfacts.videos(), st.sampled_from(anyfacts.ROLES), anyfacts.options)
def test_the_model_takes_all_of_what_comes_out(
    data: st.DataObject, facts: VideoFacts, role: Role, options: Options
) -> None:
    holds(data, facts, role, replace(options, fit_model=True))


@pytest.mark.long
@settings(max_examples=150)
@given(st.data(), anyfacts.videos(), st.sampled_from(anyfacts.ROLES), anyfacts.options)
def test_the_model_takes_all_of_what_comes_out_for_long(
    data: st.DataObject, facts: VideoFacts, role: Role, options: Options
) -> None:
    holds(data, facts, role, replace(options, fit_model=True))


@pytest.mark.parametrize(
    ("size", "frames", "rate", "out"),
    [
        ((1280, 720), 80, 16, (81, Fraction(81, 5), (1280, 720))),
        ((1920, 1080), 600, 30, (81, Fraction(81, 5), (1280, 720))),
        ((1080, 1920), 72, 24, (49, Fraction(49, 3), (720, 1280))),
        ((854, 480), 80, 16, (81, Fraction(81, 5), (848, 480))),
        ((360, 640), 80, 16, (81, Fraction(81, 5), (368, 640))),
        ((1280, 720), 1, 30, (1, Fraction(16), (1280, 720))),
    ],
)
def test_frames_rate_and_size(
    size: tuple[int, int],
    frames: int,
    rate: int,
    out: tuple[int, Fraction, tuple[int, int]],
) -> None:
    facts = sized(*size, frames, rate)
    plan = planned(facts, options=FIT)
    assert isinstance(plan.recipe, EncodeRecipe)
    recipe = plan.recipe
    assert (recipe.frames, recipe.rate, recipe.size.canvas) == out
    assert recipe.rate >= MIN_FPS
    assert recipe.length <= MAX_SECONDS
    asked = {e.edit: e.reason for e in plan.edits}
    assert "--fit-model" in asked["re-encode"]
    assert planned(facts).recipe is None or frames / rate > MAX_SECONDS


def test_a_video_that_the_model_takes_whole_is_left_as_it_is() -> None:
    facts = sized(848, 480, 49, 16)
    assert taken_whole(facts)
    assert planned(facts, options=FIT).empty
    # Every frame of this one is taken, but they would play at another speed.
    assert not planned(sized(848, 480, 49, 30), options=FIT).empty


@pytest.mark.parametrize(
    ("facts", "options", "why"),
    [
        (sized(2000, 362), FIT, "2000x362 pixels over 5 s the model keeps no picture"),
        (sized(1280, 720), Options(limits=Limits(video_fps=Fraction(17), origin="a.toml")), "17"),
        (video_facts(duration=None, frames=None, fps=None), FIT, "carry no times"),
    ],
)
def test_what_cannot_be_is_said(facts: VideoFacts, options: Options, why: str) -> None:
    wanted = replace(options, fit_model=True, only_errors=True)
    try:
        plan = planned(facts, options=wanted)
    except CannotPlan as error:
        text = str(error)
        assert text.startswith(IMPOSSIBLE)
    else:
        assert not plan.possible
        text = " ".join(f.message for f in plan.remaining)
    assert why in text


@pytest.mark.parametrize("ticks", [90_000, 1_000_000_000])
def test_a_length_in_fine_ticks_gives_a_rate_that_an_mp4_can_have(ticks: int) -> None:
    length = Fraction(5 * ticks - 1, ticks)
    facts = long_clip(150, 30, duration=length, fps=150 / length, constant_rate=False)
    plan = planned(facts, options=FIT)
    assert isinstance(plan.recipe, EncodeRecipe)
    assert plan.recipe.rate.numerator <= 10_000_000
    assert length - Fraction(1, 1000) <= plan.recipe.length <= length


def test_the_option_changes_no_identity_where_it_is_not_set() -> None:
    assert "fit_model" not in NOTHING_ASKED.asked()
    assert set_options(NOTHING_ASKED) == {}
    assert set_options(FIT) == {"fit_model": "True"}
