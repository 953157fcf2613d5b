"""VP601 to VP604: each on what it is for, and silent on what is beside it."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media import video_facts
from vaceprep.contract import Role
from vaceprep.facts import LookFacts, Unreadable
from vaceprep.limits import Limits
from vaceprep.model_view.frames import view
from vaceprep.records import replace
from vaceprep.rules.advise import advise
from vaceprep.rules.catalogue import Asset, Finding
from vaceprep.rules.judge import judge

PLAIN = LookFacts(cuts=(), still=False, flat=False, bars=(0.0, 0.0, 0.0, 0.0))
#: All its frames are taken.
FITTED = {"frames": 81, "fps": Fraction(81, 5), "duration": Fraction(5)}


def found(role: Role = "video_url", **changes: Any) -> list[Finding]:
    facts = video_facts(**{"look": PLAIN, **FITTED, **changes})
    return advise(facts, Asset(role), judge(facts, Asset(role)))


def codes(role: Role = "video_url", **changes: Any) -> list[str]:
    return [finding.code for finding in found(role, **changes)]


def look(**changes: Any) -> LookFacts:
    return replace(PLAIN, **changes)


def test_a_clip_of_one_shot_that_moves_has_nothing() -> None:
    assert codes() == []
    assert codes(look=None) == []


def test_a_cut_is_named_by_its_time() -> None:
    (finding,) = found(look=look(cuts=(Fraction(3, 2), Fraction(10, 3))))
    assert (finding.code, finding.measured, finding.severity.value) == ("VP601", 2, "advice")
    assert "1.50 s and 3.33 s" in finding.message
    many = found(look=look(cuts=tuple(map(Fraction, range(1, 9)))))
    assert "and 3 more" in many[0].message


@pytest.mark.parametrize("change", [{"still": True}, {"flat": True}, {"still": True, "flat": True}])
def test_a_clip_without_motion(change: dict[str, bool]) -> None:
    assert codes(look=look(**change)) == ["VP602"]


def test_black_bars_are_named_by_their_sides() -> None:
    (finding,) = found(look=look(bars=(0.0, 0.125, 0.0, 0.13)))
    assert (finding.code, finding.measured) == ("VP603", 0.13)
    assert "12 % at the top and 13 % at the bottom" in finding.message


@pytest.mark.parametrize("role", ["first_clip_url", "last_clip_url"])
def test_clips_are_looked_at_as_well(role: Role) -> None:
    short = {"frames": 49, "fps": Fraction(49, 3), "duration": Fraction(3)}
    cut = look(cuts=(Fraction(1),), still=True, bars=(0.1, 0.0, 0.0, 0.0))
    assert codes(role, **short, look=cut) == ["VP601", "VP602", "VP603"]
    assert codes("mask_video_url", **short, look=cut) == []


@pytest.mark.parametrize(
    ("frames", "fps", "taken"),
    [
        (80, Fraction(16), 77),
        (120, Fraction(24), 81),
        (150, Fraction(30), 81),
        (81, Fraction(81, 5), None),
        (49, Fraction(49, 3), None),
        (1, Fraction(16), None),
    ],
)
def test_frames_that_are_not_taken_are_counted(
    frames: int, fps: Fraction, taken: int | None
) -> None:
    said = found(frames=frames, fps=fps, duration=frames / fps)
    assert [(f.code, f.measured, f.allowed) for f in said] == (
        [] if taken is None else [("VP604", taken, frames)]
    )
    assert all("may differ" in f.message for f in said)


def test_of_a_longer_video_the_beginning_counts() -> None:
    (finding,) = found(frames=160, fps=Fraction(16), duration=Fraction(10))
    assert (finding.measured, finding.allowed) == (77, 80)


def test_the_limit_of_a_configuration_counts() -> None:
    facts = video_facts(frames=96, fps=Fraction(16), duration=Fraction(6))
    (short,) = advise(facts, Asset("video_url"), [])
    (longer,) = advise(facts, Asset("video_url", limits=Limits(video_seconds=Fraction(6))), [])
    assert (short.measured, short.allowed) == (77, 80)
    assert (longer.measured, longer.allowed) == (81, 96)


@given(st.integers(1, 400), st.integers(16, 60), st.integers(16, 2000), st.integers(16, 2000))
def test_it_fires_where_the_model_takes_frames_unevenly_or_fewer(
    frames: int, fps: int, width: int, height: int
) -> None:
    used = view(width, height, frames, Fraction(fps)).used
    even = len({after - before for before, after in pairwise(used)}) < 2
    fewer = len(used) < frames or not even
    limits = Limits(video_seconds=Fraction(3600))
    facts = video_facts(
        frames=frames, fps=Fraction(fps), duration=Fraction(frames, fps), width=width, height=height
    )
    found = advise(facts, Asset("video_url", limits=limits), [])
    assert bool(found) == fewer
    assert all((", not evenly" in finding.message) is not even for finding in found)


def test_what_cannot_be_read_gets_no_advice() -> None:
    asset = Asset("video_url")
    for facts in (Unreadable("broken", "it is broken", 9), None):
        assert advise(facts, asset, []) == []
    damaged = video_facts(frames=0)
    assert advise(damaged, asset, judge(damaged, asset)) == []
    assert codes(frames=None) == []
