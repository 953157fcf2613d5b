"""Where shots change, whether anything moves, and black bars: from measured frames. Pure.

This is the only detector of shot changes: a check, a choice of a window and a split agree.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from fractions import Fraction
from statistics import median
from typing import Final

from vaceprep.contract_advice import (
    BAR_SHARE,
    CUT_AROUND,
    CUT_DIFFERENCE,
    CUT_RATIO,
    FLAT_SPREAD,
    STILL_DIFFERENCE,
)
from vaceprep.probes.frame_measures import NOWHERE, FrameMeasure, Sides

#: Neighbouring jumps that are one cut at most: the first frame after a cut may be a blend of both
#: shots. More of them are a fade.
BLENDED: Final = 2
#: How many times the differences beside it a cut's difference is.
ALONE: Final = 2.0
#: Greatest change of one of the 64x36 values in a picture that stands still.
STILL_PEAK: Final = 8
#: Part of the lines beside a bar that is bright, in one frame at least: a bar's edge is straight.
STRAIGHT: Final = 0.5
#: Most frames that a flash is said to last.
MAX_BACK: Final = 65_535
#: By what part of a side the darkness of such a frame may exceed the bar.
NEAR: Final = 0.01


class Summary:
    """What is to be known of a video's frames, a few bytes for each of them."""

    def __init__(self) -> None:
        self.frames = 0
        self._differences = array("f")
        self._backs = array("H")
        #: Times of the frames that may begin another shot.
        self._times: dict[int, Fraction] = {}
        self._flat = self._still = True
        self._bars = [_Bar(side) for side in range(len(NOWHERE))]

    def add(self, frame: FrameMeasure) -> None:
        """Take the next frame into account."""
        difference = frame.difference or 0.0
        if difference > CUT_DIFFERENCE:
            self._times[self.frames] = frame.time
        self.frames += 1
        self._differences.append(difference)
        self._backs.append(min(frame.back, MAX_BACK))
        self._flat = self._flat and frame.spread < FLAT_SPREAD
        self._still = self._still and (
            difference < STILL_DIFFERENCE
            and frame.from_first < STILL_DIFFERENCE
            and frame.peak < STILL_PEAK
        )
        for bar in self._bars:
            bar.add(frame)

    def cuts(self) -> list[int]:
        """Return the numbers, from 0, of the frames that begin another shot."""
        return _cuts(self._differences, self._backs, list(self._times))

    def cut_times(self) -> tuple[Fraction, ...]:
        """Return the seconds from the first frame at which another shot begins."""
        return tuple(self._times[number] for number in self.cuts())

    def is_flat(self) -> bool:
        """Return whether each frame is one flat colour."""
        return self._flat and self.frames > 0

    def is_still(self) -> bool:
        """Return whether nothing moves: no frame differs from the one before, or the first."""
        return self._still and self.frames > 1

    def black_bars(self) -> Sides:
        """Return the part of each side that a black bar takes in every frame; 0: no bar."""
        return Sides(*(bar.part() for bar in self._bars))


class _Bar:
    """The black bar at one side, as far as the frames so far leave one."""

    def __init__(self, side: int) -> None:
        self._side = side
        self._part: float | None = None
        self._straight = False

    def add(self, frame: FrameMeasure) -> None:
        if frame.dark is None:
            return
        part = frame.dark[self._side]
        if self._part is None or part < self._part - NEAR:
            self._straight = False
        elif part > self._part + NEAR:
            return
        self._part = part if self._part is None else min(self._part, part)
        self._straight = self._straight or frame.edges[self._side] >= STRAIGHT

    def part(self) -> float:
        # An object on black has no straight edge.
        if self._part is None or self._part < BAR_SHARE or not self._straight:
            return 0.0
        return self._part


def summary(frames: Iterable[FrameMeasure]) -> Summary:
    """Return what is to be known of a video, or of a part of it."""
    found = Summary()
    for frame in frames:
        found.add(frame)
    return found


def cuts(frames: Iterable[FrameMeasure]) -> list[int]:
    """Return the numbers, from 0, of the frames that begin another shot.

    A cut is a jump of the whole picture from one frame to the next that nothing undoes. Flashes,
    fades, pans and zooms are none.
    """
    return summary(frames).cuts()


def _cuts(
    differences: Sequence[float], backs: Sequence[int], candidates: Iterable[int]
) -> list[int]:
    """Return the numbers of the frames that begin another shot.

    ``candidates`` are those whose difference from the frame before is large enough.
    """
    # The end of a flash is a jump as well, and so may be what is between.
    flashes = {
        jump
        for number, back in enumerate(backs)
        if back
        for jump in range(number - back, number + 1)
    }
    groups: list[list[int]] = []
    for number in candidates:
        if not number or differences[number] <= CUT_RATIO * _usual(differences, number):
            continue
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return [
        max(group, key=lambda number: differences[number])
        for group in groups
        if len(group) <= BLENDED and flashes.isdisjoint(group) and _stands_out(differences, group)
    ]


def _usual(differences: Sequence[float], number: int) -> float:
    """The median difference around a frame, without repeated frames, which hide the motion."""
    half = CUT_AROUND // 2
    around = [
        *differences[max(1, number - half) : number],
        *differences[number + 1 : number + 1 + half],
    ]
    moving = [difference for difference in around if difference >= STILL_DIFFERENCE]
    return median(moving) if moving else 0.0


def _stands_out(differences: Sequence[float], group: Sequence[int]) -> bool:
    before, after = group[0] - 1, group[-1] + 1
    beside = max(
        differences[before] if before > 0 else 0.0,
        differences[after] if after < len(differences) else 0.0,
    )
    return max(differences[number] for number in group) > ALONE * beside
