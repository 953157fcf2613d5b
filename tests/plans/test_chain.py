"""The steps of ``--extend-to``: pure arithmetic."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.limits import CONTRACT, Limits
from vaceprep.plans.chain import MAX_STEPS, CannotExtend, carried, chain_of

LIMITS = st.sampled_from([CONTRACT, CONTRACT._replace(clip_seconds=Fraction(7, 3))])


@given(
    seconds=st.fractions(min_value=Fraction(151, 30), max_value=80),
    clip=st.fractions(min_value=0, max_value=2),
    limits=LIMITS,
)
def test_the_steps_cover_the_video_once(seconds: Fraction, clip: Fraction, limits: Limits) -> None:
    steps = chain_of(seconds, clip, limits)
    shared = carried(limits)
    assert [step.index for step in steps] == list(range(1, len(steps) + 1))
    assert steps[0].start == 0
    assert all(step.end - step.start == 5 for step in steps)
    for before, after in pairwise(steps):
        assert before.end - after.start == after.given == shared
        assert after.blend == Fraction(1, 2)
    assert steps[0].blend == 0
    frames = (clip + sum(step.adds for step in steps)) * 30
    assert frames.denominator == 1
    assert abs(frames - seconds * 30) <= Fraction(1, 2)
    assert all(step.adds > 0 for step in steps)
    # One step less would not reach so far.
    assert steps[-2].end < frames / 30 <= steps[-1].end


def test_twenty_seconds_take_nine_steps() -> None:
    steps = chain_of(Fraction(20), Fraction(3))
    assert len(steps) == 9
    assert [step.adds for step in steps] == [2] * 8 + [1]
    assert steps[-1].start == 16


@pytest.mark.parametrize("seconds", ["5", "5.01", "4.9", "0", "-1"])
def test_what_one_task_makes_is_no_chain(seconds: str) -> None:
    with pytest.raises(CannotExtend, match="one task makes: 5 s, the given clip included"):
        chain_of(Fraction(seconds))


def test_a_step_that_would_add_less_than_a_frame_is_not_paid() -> None:
    assert len(chain_of(Fraction("7.01"))) == 2
    assert len(chain_of(Fraction(211, 30))) == 3


def test_the_longest_chain_is_named_with_the_cost_of_the_one_asked_for() -> None:
    assert MAX_STEPS == 60
    assert len(chain_of(Fraction(123))) == MAX_STEPS
    with pytest.raises(CannotExtend) as caught:
        chain_of(Fraction(124), price=Fraction(1, 5))
    assert str(caught.value) == (
        "--extend-to 124 takes 61 tasks, for 305 s, 61.00 USD; the most is 60 tasks, which make "
        "123 s"
    )


def test_a_shorter_clip_of_the_configuration_is_carried() -> None:
    limits = CONTRACT._replace(clip_seconds=Fraction(1))
    assert [step.start for step in chain_of(Fraction(13), limits=limits)] == [0, 4, 8]
    # A longer one is not: the service takes no more.
    assert carried(CONTRACT._replace(clip_seconds=Fraction(9), clips_seconds=Fraction(9))) == 3
