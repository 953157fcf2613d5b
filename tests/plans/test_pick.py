"""The best windows avoid what was planted, and stay where the video is encoded again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plans.planted import FPS, Film, film, write
from vaceprep.plans.pick import FREEZE, FULL, Look, Window, best_windows, seconds
from vaceprep.preparation.read import reading
from vaceprep.preparation.windows import windows_of
from vaceprep.probes.frame_measures import NOWHERE, FrameMeasure, Sides

SECONDS = 3
TICK = Fraction(1, FPS)


def windows(path: Path, count: int = 1) -> tuple[Window, ...]:
    with reading(str(path), "video_url") as read:
        return windows_of(read, Fraction(SECONDS), count)


def avoids(window: Window, made: Film) -> bool:
    """Whether a window of ``SECONDS`` has no frame of a fault, and no cut between its frames."""
    first, end = window.frame, window.frame + SECONDS * FPS
    return not any(
        first < fault.first < end
        if fault.kind == "cut"
        else first < fault.end and fault.first < end
        for fault in made.faults
    )


def judged(seeds: range, folder: Path) -> tuple[list[int], list[int]]:
    """The seeds whose first window has a fault, and those where encoding again moves it."""
    hit, moved = [], []
    for seed in seeds:
        made = film(seed, SECONDS * FPS)
        once, again = folder / "once.mp4", folder / "again.mp4"
        write([once, again], made, seed)
        (first,), (second,) = windows(once), windows(again)
        if not avoids(first, made):
            hit.append(seed)
        if abs(first.start - second.start) > Fraction(1, 5):
            moved.append(seed)
    return hit, moved


def test_the_first_window_avoids_planted_faults(tmp_path: Path) -> None:
    assert judged(range(3), tmp_path) == ([], [])


@pytest.mark.long
def test_nearly_all_windows_avoid_them(tmp_path: Path) -> None:
    hit, moved = judged(range(1000, 1040), tmp_path)
    assert len(hit) <= 1, hit
    assert len(moved) <= 2, moved


def look(number: int, **other: object) -> Look:
    """A clean frame, or one with other measures."""
    values: dict[str, object] = {
        "time": number * TICK,
        "mean": 120.0,
        "spread": 200,
        "difference": 5.0 if number else None,
        "from_first": 20.0,
        "peak": 90,
        "dark": NOWHERE,
        "edges": NOWHERE,
        "back": 0,
    }
    sharp = float(other.pop("sharpness", 0.2))  # type: ignore[arg-type]
    return Look(FrameMeasure(**{**values, **other}), sharp)  # type: ignore[arg-type]


def best(looks: list[Look], count: int = 1) -> tuple[Window, ...]:
    return best_windows(looks, len(looks) * TICK, Fraction(SECONDS), count)


FAULTS: dict[str, dict[str, object]] = {
    "cut": {"difference": 90.0},
    "black": {"mean": 5.0, "dark": None},
    "blurred": {"sharpness": 0.01},
    "bars": {"dark": Sides(0, 0.1, 0, 0.1), "edges": Sides(0, 1, 0, 1)},
    "wild": {"difference": 29.0},
}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_costs_points_and_is_a_reason(kind: str) -> None:
    clean = [look(n) for n in range(SECONDS * FPS)]
    (window,) = best(clean)
    assert (window.score, len(window.reasons)) == (FULL, 1)
    faulty = [*clean]
    many = range(10, 11) if kind == "cut" else range(SECONDS * FPS)
    if kind == "blurred":
        many = range(10, 24)
    for number in many:
        faulty[number] = look(number, **FAULTS[kind])
    (found,) = best(faulty)
    assert found.score < FULL
    assert found.reasons != window.reasons


def test_a_freeze_is_one_from_its_least_length_on() -> None:
    def frozen(count: int) -> list[Look]:
        still = range(10, 10 + count)
        return [look(n, difference=0.1 if n in still else 5.0) for n in range(SECONDS * FPS)]

    least = -(-FREEZE // TICK)
    assert best(frozen(int(least) - 1))[0].score == FULL
    assert best(frozen(int(least)))[0].score < FULL


def test_of_equal_windows_the_earliest_is_best_and_none_overlap() -> None:
    looks = [look(n) for n in range(10 * FPS)]
    found = best(looks, 5)
    assert [w.start for w in found] == [0, 3, 6]
    assert best([look(n) for n in range(FPS)])[0].duration == 1
    assert best([]) == ()


@given(st.fractions(0, 7200, max_denominator=90_000), st.sampled_from([24, 25, 30, 60]))
def test_the_start_as_printed_shows_the_frame(time: Fraction, fps: int) -> None:
    assert time <= seconds(time) < time + Fraction(1, fps)
