"""What the media of a job ask of each other, as arithmetic."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.media import video_facts
from vaceprep.contract import MAX_CLIPS_SECONDS
from vaceprep.facts import VideoFacts
from vaceprep.plans.frames import slot
from vaceprep.plans.job import (
    Even,
    even_times,
    following,
    lost_frame,
    mask_video_plan,
    nearest,
    new_frame,
    placement,
    shares,
    with_slugs,
)
from vaceprep.plans.model import BLACK, CopyRecipe, Edit, EncodeRecipe, Options, Plan
from vaceprep.plans.size import Fit, even_size

lengths = st.fractions(Fraction(1, 30), 3, max_denominator=1001)
rates = st.sampled_from([Fraction(r) for r in (10, 16, 24, 25, 30)] + [Fraction(30000, 1001)])


# --- clips ---------------------------------------------------------------------------------


@given(lengths, lengths)
def test_shares_use_the_three_seconds_and_no_more(first: Fraction, last: Fraction) -> None:
    found = shares((first, last))
    assert found is not None
    assert found[0] <= first
    assert found[1] <= last
    assert sum(found) == min(first + last, MAX_CLIPS_SECONDS)
    short = min(first, last)
    assert min(found) == min(short, MAX_CLIPS_SECONDS / 2)


@given(lengths, lengths, st.sampled_from([(True, False), (False, True), (True, True)]))
def test_what_is_asked_of_a_clip_stays(
    first: Fraction, last: Fraction, asked: tuple[bool, bool]
) -> None:
    said = first if asked[0] else None, last if asked[1] else None
    found = shares((first, last), said)
    if found is None:
        assert first + last > MAX_CLIPS_SECONDS
        assert said[0] != said[1] or first == last
        return
    assert sum(found) <= MAX_CLIPS_SECONDS
    assert not asked[0] or found[0] == first
    assert not asked[1] or found[1] == last


# --- frames --------------------------------------------------------------------------------


def encoded(start: Fraction, rate: Fraction, frames: int, fit: Fit | None = None) -> EncodeRecipe:
    return EncodeRecipe(start, rate, frames, fit or Fit((640, 360), (640, 360)))


def shown(times: list[Fraction], recipe: EncodeRecipe) -> list[int]:
    """The source's frame in each frame of the output, found by showing them one by one."""
    first = next(i for i, t in enumerate(times) if t == recipe.start)
    held, output = first, []
    for place in range(recipe.frames):
        for index in range(held, len(times)):
            if slot(times[index] - times[first], recipe.rate) <= place:
                held = index
        output.append(held)
    return output


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=40),
    st.data(),
    rates,
    st.integers(1, 80),
)
def test_a_frame_is_found_where_it_is_first_shown(
    steps: list[int], data: st.DataObject, rate: Fraction, frames: int
) -> None:
    times = [Fraction(sum(steps[:i]), 100) for i in range(len(steps) + 1)]
    start = data.draw(st.sampled_from(times))
    recipe = encoded(start, rate, frames)
    output = shown(times, recipe)
    for number in range(1, len(times) + 2):
        found = new_frame(number, times, recipe)
        if found is None:
            assert number - 1 not in output
            said = lost_frame(number, times, recipe, given=True)
            assert said.startswith(f"mask_frame_id is {number}")
        else:
            assert output.index(number - 1) == found - 1


@pytest.mark.parametrize(
    ("number", "found"), [(1, None), (50, None), (51, 1), (52, 2), (199, 149), (200, None)]
)
def test_copied_frames_are_counted_from_the_first(number: int, found: int | None) -> None:
    recipe = CopyRecipe(Fraction(2), 149, Fraction(149, 25), Fraction(25), 1)
    assert new_frame(number, Even(Fraction(1, 25), 300), recipe) == found


def test_nothing_moves_without_a_recipe() -> None:
    times = Even(Fraction(1, 25), 10)
    assert new_frame(10, times, None) == 10
    assert new_frame(11, times, None) is None


def test_lost_frames_are_said_with_what_keeps_them() -> None:
    times = Even(Fraction(1, 30), 300)
    recipe = CopyRecipe(Fraction(2), 150, Fraction(5), Fraction(30), 1)
    assert lost_frame(1, times, recipe, given=False) == (
        "the mask belongs to frame 1, but only frames 61 to 210 of 300 are kept; set "
        "mask_frame_id to the frame of the whole video that the mask was painted on (the first "
        "one kept is 61), or use --start 0 to keep frame 1"
    )
    assert lost_frame(220, times, recipe, given=True) == (
        "mask_frame_id is 220, but only frames 61 to 210 of 300 are kept; set "
        "mask_frame_id to the frame of the whole video that the mask was painted on (the first "
        "one kept is 61), or use --start 7.3 to keep frame 220"
    )
    assert lost_frame(301, times, recipe, given=True).endswith("but the video has 300 frames")


@given(st.fractions(0, 12, max_denominator=90), rates, st.integers(1, 200))
def test_even_times_are_a_list_of_times(instant: Fraction, rate: Fraction, count: int) -> None:
    times = Even(1 / rate, count)
    assert list(times) == times[:]
    assert len(times) == count
    assert all(b - a == 1 / rate for a, b in pairwise(times))
    distance = abs(times[nearest(times, instant)] - instant)
    assert distance == min(abs(t - instant) for t in times)


def test_uneven_videos_have_no_even_times() -> None:
    assert even_times(video_facts(constant_rate=False)) is None
    even = even_times(video_facts())
    assert even is not None
    assert (len(even), even[16]) == (80, Fraction(1))


# --- places --------------------------------------------------------------------------------


def test_a_copied_picture_stays_where_it_is() -> None:
    facts = video_facts(width=401, height=363)
    where = placement(Plan("video_url", (), True, None), facts)
    assert where.fit == Fit((401, 363), (401, 363))
    assert not where.changes((401, 363))
    assert where.follows((802, 726))
    assert not where.follows((401, 401))


@pytest.mark.parametrize(
    ("rotation", "mirrored", "cut"),
    [
        # Shown 401x363; the last column and row of the picture as it lies are left out.
        (0, False, (0, 0)),
        (90, False, (1, 0)),
        (180, False, (1, 1)),
        (270, False, (0, 1)),
        (0, True, (1, 0)),
        (90, True, (1, 1)),
        (180, True, (0, 1)),
        (270, True, (0, 0)),
    ],
)
def test_the_line_that_is_left_out_is_turned_with_the_picture(
    rotation: int, mirrored: bool, cut: tuple[int, int]
) -> None:
    facts = video_facts(width=401, height=363, rotation=rotation, mirrored=mirrored)
    recipe = replace(
        encoded(Fraction(0), Fraction(16), 80, Fit((401, 363), (400, 362))),
        rotation=rotation,
        mirrored=mirrored,
    )
    assert placement(Plan("video_url", (), False, recipe), facts).cut == cut


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_even_sizes(width: int, height: int) -> None:
    assume(min(width, height) > 1)
    both = even_size((width, height))
    assert all(side % 2 == 0 for side in both)
    assert both == even_size(both)
    assert width - both[0] in (0, 1)


def test_rules_are_named_behind_options() -> None:
    edits = [
        Edit("cut", ("video-duration", "--start"), ""),
        Edit("scale", ("re-encode",), ""),
        Edit("re-encode", ("size", "rate"), ""),
        Edit("rotate", ("re-encode",), ""),
    ]
    named = with_slugs(edits, {"size": "x", "rate": "x", "--start": "y"})
    assert [e.reason for e in named] == [
        ("video-duration", "y"),
        ("x",),
        ("x",),
        ("re-encode",),
    ]
    assert with_slugs(edits, {}) == tuple(edits)


# --- mask videos ---------------------------------------------------------------------------


def long(frames: int, rate: Fraction | int, **changes: Any) -> VideoFacts:
    rate = Fraction(rate)
    values: dict[str, Any] = {
        **{"duration": frames / rate, "frames": frames, "fps": rate},
        **{"min_interval": 1 / rate, "max_interval": 1 / rate},
    }
    return replace(video_facts(), **(values | changes))


def test_a_mask_begins_with_the_frame_that_the_video_begins_with() -> None:
    video = long(300, 30, rounding_tick=Fraction(1, 1000))
    # Matroska tells 33 ms for what is a thirtieth of a second.
    recipe = CopyRecipe(Fraction(33, 1000), 149, Fraction(149, 30), Fraction(30), 1)
    plan = Plan("video_url", (), True, recipe)
    wish = following(video, plan, long(149, 30), long(300, 30), None)
    assert wish is not None
    assert (wish.start, wish.rate, wish.frames) == (Fraction(1, 30), Fraction(30), 149)
    other = following(video, plan, long(149, 30), long(500, 50), None)
    assert other is not None
    assert other.start == Fraction(34, 1000)
    told = following(video, plan, long(149, 30), long(300, 30), Fraction(2))
    assert told is not None
    assert told.start == 2


def test_options_of_a_mask_keep_what_is_beside_it() -> None:
    video = long(100, 25)
    plan = Plan("video_url", (), True, None)
    wish = following(video, plan, video, long(40, 25), None)
    assert wish is not None
    base = Options(background=(255, 255, 255), fit_720p=True, keep_audio=True)
    options = wish.options(base)
    assert (options.background, options.fit_720p, options.keep_audio) == (BLACK, False, False)
    assert (options.size, options.rate, options.frames) == ((1280, 720), Fraction(25), 100)
    assert options.start is None


@pytest.mark.parametrize(
    ("frames", "said"), [(100, None), (99, "1 time more"), (40, "60 times more")]
)
def test_what_a_short_mask_shows_at_its_end_is_said(frames: int, said: str | None) -> None:
    video, mask = long(100, 25), long(frames, 25)
    wish = following(video, Plan("video_url", (), True, None), video, mask, None)
    assert wish is not None
    recipe = encoded(Fraction(0), Fraction(25), frames)
    plan = mask_video_plan(
        Plan("mask_video_url", (Edit("re-encode", ("frames",), ""),), False, recipe), wish, mask
    )
    assert isinstance(plan.recipe, EncodeRecipe)
    assert plan.recipe.frames == 100
    assert plan.recipe.threshold
    assert plan.recipe.size == Fit((1280, 720), (1280, 720))
    extended = [e.detail for e in plan.edits if e.edit == "extend"]
    assert [said in detail for detail in extended if said] == ([True] if said else [])
    assert len(extended) == bool(said)
