"""Shot changes in reels that were drawn without knowledge of the detector.

The detector was improved with the seeds 1 to 3; the seeds here are others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame

import vaceprep
from tests.reels import CUT, UNCUT, Random, Reel, reels, write
from vaceprep.contract_advice import (
    CUT_DIFFERENCE,
    FOREIGN,
    UNLIKE,
    UNLIKE_DIFFERENCE,
    UNLIKE_PART,
)
from vaceprep.probes.frame_measures import (
    IN_FLASH,
    NOWHERE,
    ONLY_LIGHT,
    SIMILAR,
    FrameMeasure,
    Measuring,
)
from vaceprep.probes.shots import FOREIGN_ALONE, WHITE, cuts

#: Those of which a few are drawn in each run, and those of the long runs.
SEED, LONG_SEED = 7, 8


def seen(reel: Reel) -> tuple[int, ...]:
    """The cuts that the detector sees in a reel."""
    measuring, found = Measuring(), []
    for number, pixels in enumerate(reel.frames):
        rgb = np.ascontiguousarray(np.clip(pixels, 0, 255).astype(np.uint8))
        frame = VideoFrame.from_ndarray(rgb, format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, reel.rate)
        found.append(measuring.add(frame))
    return tuple(cuts(found))


def wrong(kinds: Sequence[Callable[[Random], Reel]], count: int, seed: int) -> list[str]:
    found = []
    for number, reel in enumerate(reels(kinds, count, seed)):
        if (cut := seen(reel)) != reel.cuts:
            found.append(f"{number} {reel.kind}: {reel.cuts}, seen {cut}")
    return found


def test_planted_cuts_are_found() -> None:
    assert wrong(CUT[::2], 5, SEED) == []


def test_pans_zooms_flashes_and_fades_are_no_cuts() -> None:
    assert wrong(UNCUT[::2], 8, SEED) == []


@pytest.mark.long
def test_planted_cuts_of_many_reels_are_found() -> None:
    assert wrong(CUT, 4 * len(CUT), LONG_SEED) == []


@pytest.mark.long
def test_many_reels_of_one_shot_have_no_cut() -> None:
    assert wrong(UNCUT, 3 * len(UNCUT), LONG_SEED) == []


def test_a_check_names_the_times_of_a_reel(tmp_path: Path) -> None:
    reel = next(iter(reels(CUT, 1, SEED)))
    source = write(reel, tmp_path / "reel.mp4")
    report = vaceprep.check(source, deep=True, remote=False)
    finding = next(f for f in report.findings if f.code == "VP601")
    assert finding.measured == len(reel.cuts)
    for cut in reel.cuts:
        assert f"{cut / reel.rate:.2f} s" in finding.message


# --- what decides ----------------------------------------------------------------------------


def frames(
    *changes: tuple[float, float | None, float], mean: Sequence[float] = ()
) -> list[FrameMeasure]:
    """Frames with a difference, a correlation and a part that changed, each from the one before."""
    found = [FrameMeasure(Fraction(0), 100.0, 50, None, 0.0, 0, NOWHERE, NOWHERE, 0)]
    for number, (difference, likeness, changed) in enumerate(changes, 1):
        level = mean[number - 1] if mean else 100.0
        found.append(
            FrameMeasure(
                Fraction(number, 25),
                level,
                50,
                difference,
                0.0,
                0,
                NOWHERE,
                NOWHERE,
                0,
                likeness,
                changed,
            )
        )
    return found


REST = [(0.0, None, 0.0)] * 8


@pytest.mark.parametrize(
    ("change", "is_cut"),
    [
        ((UNLIKE_DIFFERENCE + 1, UNLIKE - 0.01, UNLIKE_PART + 0.01), True),
        ((UNLIKE_DIFFERENCE, UNLIKE - 0.01, UNLIKE_PART + 0.01), False),
        ((UNLIKE_DIFFERENCE + 1, UNLIKE, UNLIKE_PART + 0.01), False),
        # Writing that appears covers a part of the picture.
        ((UNLIKE_DIFFERENCE + 1, UNLIKE - 0.01, UNLIKE_PART), False),
        ((CUT_DIFFERENCE + 1, 0.8, 0.3), True),
    ],
)
def test_a_small_difference_counts_where_most_of_the_picture_changes(
    change: tuple[float, float, float], is_cut: bool
) -> None:
    assert cuts(frames(*REST, change, *REST)) == ([9] if is_cut else [])


@pytest.mark.parametrize(
    ("likeness", "times", "is_cut"),
    [
        (FOREIGN - 0.01, 2.1, True),
        (FOREIGN - 0.01, 1.9, False),
        (FOREIGN + 0.01, 2.9, False),
        (FOREIGN + 0.01, 3.1, True),
    ],
)
def test_a_foreign_picture_exceeds_the_motion_by_less(
    likeness: float, times: float, is_cut: bool
) -> None:
    motion = [(20.0, 0.9, 0.5)] * 7
    assert cuts(frames(*motion, (20 * times, likeness, 0.9), *motion)) == ([8] if is_cut else [])


@pytest.mark.parametrize(("beside", "is_cut"), [(39.0, True), (41.0, False)])
def test_a_foreign_picture_exceeds_the_next_frames(beside: float, is_cut: bool) -> None:
    motion = [(10.0, 0.9, 0.5)] * 7
    cut = 40.0 * FOREIGN_ALONE, 0.1, 0.9
    after = [(beside, 0.8, 0.5)] * 2 + motion
    assert cuts(frames(*motion, cut, *after)) == ([8] if is_cut else [])


@pytest.mark.parametrize(
    ("likeness", "level", "is_cut"),
    [
        (IN_FLASH + 0.01, 200.0, False),
        (IN_FLASH - 0.01, 200.0, True),
        (IN_FLASH - 0.01, WHITE + 1, False),
    ],
)
def test_a_clip_ends_within_a_flash(likeness: float, level: float, is_cut: bool) -> None:
    flash = level - 100, likeness, 1.0
    clip = frames(*REST, flash, (0.0, None, 0.0), mean=[*[100.0] * 8, level, level])
    assert cuts(clip) == ([9] if is_cut else [])


@pytest.mark.parametrize(("part", "is_cut"), [(0.01, False), (-0.01, True)])
def test_light_alone_is_no_cut(part: float, is_cut: bool) -> None:
    change = (100 * (ONLY_LIGHT + part), SIMILAR + 0.01, 1.0)
    brighter = 100.0 + change[0]
    clip = frames(
        *REST,
        (100.0, *change[1:]),
        *REST,
        mean=[*[100.0] * 8, brighter, *[brighter] * 8],
    )
    assert cuts(clip) == ([9] if is_cut else [])
