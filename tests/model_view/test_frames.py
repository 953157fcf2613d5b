"""What the model takes: against the numbers that its published code gives."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paths import ROOT
from vaceprep.contract import IMAGE_SIDE, MODEL_SIDE
from vaceprep.model_view import is_even
from vaceprep.model_view.fit import fitted
from vaceprep.model_view.frames import mask_steps, view

CASES = ROOT.parent / "shared" / "model" / "frames.json"
SIDES = st.integers(*IMAGE_SIDE)
SECONDS = st.fractions(Fraction(1, 2), 5, max_denominator=1000)


def test_every_case_of_the_published_code() -> None:
    if not CASES.exists():
        pytest.skip("shared/model/frames.json is not here")
    cases = json.loads(CASES.read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 300
    for case in cases:
        found = view(case["width"], case["height"], case["frames"], Fraction(case["fps"]))
        assert list(found.used) == case["used"], case
        assert (found.width, found.height) == (case["out_width"], case["out_height"]), case
        assert [*found.scaled] == case["scaled"], case
        assert [*found.crop] == case["crop"], case


@pytest.mark.parametrize(
    ("frames", "fps", "taken", "steps"),
    [
        (80, Fraction(16), 77, {1: 73, 2: 3}),
        (120, Fraction(24), 81, {1: 41, 2: 39}),
        (150, Fraction(30), 81, {1: 11, 2: 69}),
        (81, Fraction(81, 5), 81, {1: 80}),
        (49, Fraction(49, 3), 49, {1: 48}),
        (161, Fraction(35), 81, {2: 80}),
        (1, Fraction(25), 1, {}),
    ],
)
def test_the_steps_between_the_frames_taken_of_a_clip(
    frames: int, fps: Fraction, taken: int, steps: dict[int, int]
) -> None:
    found = view(1280, 720, frames, fps)
    between = [b - a for a, b in zip(found.used, found.used[1:], strict=False)]
    assert {step: between.count(step) for step in set(between)} == steps
    assert len(found.used) == taken
    assert is_even(frames, taken) is (len(steps) < 2)
    missing = set(range(found.used[0], found.used[-1] + 1)) - set(found.used)
    assert len(missing) == sum((step - 1) * count for step, count in steps.items())


@given(SIDES, SIDES, st.integers(1, 400), st.fractions(8, 120, max_denominator=1001))
def test_the_steps_are_equal_or_not(width: int, height: int, frames: int, fps: Fraction) -> None:
    found = view(width, height, frames, fps).used
    between = {b - a for a, b in pairwise(found)}
    assert is_even(frames, len(found)) is (len(between) < 2)


def test_a_video_of_two_hours_at_a_thousand_frames_a_second() -> None:
    found = view(1920, 1080, 7_200_000, Fraction(1000))
    assert len(found.used) == 81
    assert found.used[0] == 0
    assert 7_199_990 <= found.used[-1] < 7_200_000


@pytest.mark.parametrize("size", [(1, 1), (15, 4000), (16, 16), (8000, 8)])
def test_any_size_gives_one(size: tuple[int, int]) -> None:
    found = view(*size, 10, Fraction(25))
    assert min(found.width, found.height) >= 16
    assert found.scaled >= (1, 1)


def test_a_mask_is_read_at_every_fourth_frame() -> None:
    assert len(mask_steps(81)) == 21
    assert [*mask_steps(9)] == [0, 4, 8]
    assert [*mask_steps(1)] == [0]


@given(SIDES, SIDES, SECONDS)
def test_the_model_takes_all_of_a_fitted_video(width: int, height: int, seconds: Fraction) -> None:
    found = fitted(width, height, seconds)
    if found is None:
        # Too wide or too narrow for both limits.
        assert max(width, height) / min(width, height) > 4
        return
    taken = view(found.width, found.height, found.frames, found.fps)
    assert taken.used == tuple(range(found.frames))
    assert (taken.width, taken.height) == taken.scaled == (found.width, found.height)
    assert taken.crop == (0, 0)
    assert found.fps >= 16
    assert found.frames / found.fps == seconds
    assert found.frames % 4 == 1
    assert found.frames - 4 < 16 * seconds
    assert min(found.width, found.height) >= MODEL_SIDE
    assert max(found.width, found.height) <= IMAGE_SIDE[1]
    assert found.scaled[0] >= found.width
    assert found.scaled[1] >= found.height


def test_five_seconds_are_81_frames() -> None:
    found = fitted(1920, 1080, Fraction(5))
    assert found is not None
    assert (found.frames, found.fps) == (81, Fraction(81, 5))
    assert (found.width, found.height) == (1280, 720)
    three = fitted(360, 640, Fraction(3))
    assert three is not None
    assert (three.frames, three.fps) == (49, Fraction(49, 3))
    assert min(three.width, three.height) == 368
    assert fitted(2000, 360, Fraction(5)) is None
