"""Shot changes and still clips: all planted cuts are found, and nothing else is one."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from PIL import Image, ImageDraw

from tests import footage
from tests.probes.test_frame_measures import grey, measured
from vaceprep.contract_advice import CUT_DIFFERENCE, CUT_RATIO, FLAT_SPREAD
from vaceprep.probes.frame_measures import NOWHERE, FrameMeasure, Measuring
from vaceprep.probes.shots import cuts, summary


def frames_of(clip: footage.Clip) -> list[FrameMeasure]:
    measuring = Measuring()
    return [measuring.add(frame) for frame in footage.video_frames(clip)]


def differing(*differences: float, back: dict[int, int] | None = None) -> list[FrameMeasure]:
    """Frames with those differences from the one before."""
    found = [FrameMeasure(Fraction(0), 100.0, 50, None, 0.0, 0, NOWHERE, NOWHERE, 0)]
    for number, difference in enumerate(differences, 1):
        undone = (back or {}).get(number, 0)
        found.append(
            FrameMeasure(Fraction(number), 100.0, 50, difference, 0.0, 0, NOWHERE, NOWHERE, undone)
        )
    return found


STEADY = [8.0] * 6


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([*STEADY, CUT_DIFFERENCE + 1, *STEADY], [7]),
        ([*STEADY, CUT_DIFFERENCE, *STEADY], []),
        ([*STEADY[:2], 40.0, *STEADY[:2]], [3]),
        ([40.0], [1]),
        ([20.0] * 6 + [CUT_RATIO * 20 + 1] + [20.0] * 6, [7]),
        ([20.0] * 6 + [CUT_RATIO * 20] + [20.0] * 6, []),
        # The frame at the cut is a blend of both shots.
        ([*STEADY, 50.0, 40.0, *STEADY], [7]),
        # A fade of three frames.
        ([*STEADY, 45.0, 45.0, 45.0, *STEADY], []),
        # It grows out of the motion.
        ([*STEADY, 25.0, 45.0, 25.0, *STEADY], []),
        # Each frame shown three times: zeros are no sign of rest.
        ([0.0, 0.0, 35.0] * 6, []),
        ([0.0, 0.0, 15.0] * 3 + [0.0, 0.0, 60.0] + [0.0, 0.0, 15.0] * 3, [12]),
        ([], []),
    ],
)
def test_a_cut_is_a_difference_alone(differences: list[float], expected: list[int]) -> None:
    assert cuts(differing(*differences)) == expected


def test_what_comes_back_is_no_cut() -> None:
    jumps = [*STEADY, 90.0, 8.0, 90.0, *STEADY]
    assert cuts(differing(*jumps)) == [7, 9]
    assert cuts(differing(*jumps, back={9: 2})) == []


#: These seeds are not those that the detector's numbers were chosen with.
FEW, MANY = range(16), range(200)


def wrong(seeds: range, make: str) -> dict[int, tuple[list[int], list[int]]]:
    found = {}
    for seed in seeds:
        clip = getattr(footage, make)(seed)
        seen = cuts(frames_of(clip))
        if seen != clip.cuts:
            found[seed] = clip.cuts, seen
    return found


def test_all_planted_cuts_are_found() -> None:
    assert wrong(FEW[:8], "cut") == {}


def test_pans_zooms_flashes_and_fades_are_no_cuts() -> None:
    assert wrong(FEW, "uncut") == {}


@pytest.mark.long
def test_all_planted_cuts_of_many_clips_are_found() -> None:
    assert wrong(MANY[:120], "cut") == {}


@pytest.mark.long
def test_no_cut_is_seen_in_many_clips_without_one() -> None:
    assert wrong(MANY, "uncut") == {}


def test_a_clip_without_motion_is_still() -> None:
    scene = footage.scene(Random(1)).point(lambda level: level // 2)
    assert summary(measured(scene, scene, scene)).is_still()
    assert not summary(measured(scene)).is_flat()
    # A mouth that speaks in a picture that is still else.
    spoken = scene.copy()
    ImageDraw.Draw(spoken).rectangle(
        (200, 100, 212, 108), fill=0 if scene.getpixel((206, 104)) else 255
    )
    assert not summary(measured(scene, spoken, scene)).is_still()
    # One frame moves nothing, and is no proof that nothing does.
    assert not summary(measured(scene)).is_still()


def test_what_drifts_slowly_is_not_still() -> None:
    pictures = [grey(100 + step // 4) for step in range(20)]
    assert not summary(measured(*pictures)).is_still()


def test_frames_of_one_colour_are_flat() -> None:
    assert summary(measured(grey(0), grey(90), grey(255))).is_flat()
    uneven = Image.new("L", (640, 360), 90)
    ImageDraw.Draw(uneven).rectangle((0, 0, 320, 360), fill=90 + FLAT_SPREAD)
    assert not summary(measured(grey(0), uneven)).is_flat()
    assert not summary([]).is_flat()
