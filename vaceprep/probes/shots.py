"""Where shots change, whether anything moves, and black bars: from measured frames. Pure.

``cuts`` is the only detector of shot changes: a check, a choice of a window and a split agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from vaceprep.contract import (
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
#: By what part of a side the darkness of such a frame may exceed the bar.
NEAR: Final = 0.01


def cuts(frames: Sequence[FrameMeasure]) -> list[int]:
    """Return the numbers, from 0, of the frames that begin another shot.

    A cut is a jump of the whole picture from one frame to the next that nothing undoes. Flashes,
    fades, pans and zooms are none.
    """
    # Its end is a jump as well, and so may be what is between.
    flashes = {
        jump
        for number, frame in enumerate(frames)
        if frame.back
        for jump in range(number - frame.back, number + 1)
    }
    jumps = [n for n in range(1, len(frames)) if _jumps(frames, n)]
    groups: list[list[int]] = []
    for number in jumps:
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return [
        max(group, key=lambda n: _difference(frames, n))
        for group in groups
        if len(group) <= BLENDED and flashes.isdisjoint(group) and _stands_out(frames, group)
    ]


def _difference(frames: Sequence[FrameMeasure], number: int) -> float:
    """The difference from the frame before; 0 outside the video."""
    if not 0 < number < len(frames):
        return 0.0
    return frames[number].difference or 0.0


def _jumps(frames: Sequence[FrameMeasure], number: int) -> bool:
    difference = _difference(frames, number)
    if difference <= CUT_DIFFERENCE:
        return False
    return difference > CUT_RATIO * _usual(frames, number)


def _usual(frames: Sequence[FrameMeasure], number: int) -> float:
    """The median difference around a frame, without repeated frames, which hide the motion."""
    half = CUT_AROUND // 2
    around = [*range(number - half, number), *range(number + 1, number + 1 + half)]
    moving = [d for d in (_difference(frames, n) for n in around) if d >= STILL_DIFFERENCE]
    return median(moving) if moving else 0.0


def _stands_out(frames: Sequence[FrameMeasure], group: Sequence[int]) -> bool:
    beside = max(_difference(frames, group[0] - 1), _difference(frames, group[-1] + 1))
    return max(_difference(frames, n) for n in group) > ALONE * beside


def is_flat(frames: Sequence[FrameMeasure]) -> bool:
    """Return whether each frame is one flat colour."""
    return bool(frames) and all(frame.spread < FLAT_SPREAD for frame in frames)


def is_still(frames: Sequence[FrameMeasure]) -> bool:
    """Return whether nothing moves: no frame differs from the one before, or from the first."""
    return len(frames) > 1 and all(
        (frame.difference or 0.0) < STILL_DIFFERENCE
        and frame.from_first < STILL_DIFFERENCE
        and frame.peak < STILL_PEAK
        for frame in frames
    )


def black_bars(frames: Sequence[FrameMeasure]) -> Sides:
    """Return the part of each side, 0 to 1, that a black bar takes in every frame; 0: no bar."""
    lit = [frame for frame in frames if frame.dark is not None]
    return Sides(*(_bar(lit, side) for side in range(len(NOWHERE))))


def _bar(lit: Sequence[FrameMeasure], side: int) -> float:
    least = min((frame.dark[side] for frame in lit if frame.dark), default=0.0)
    if least < BAR_SHARE:
        return 0.0
    # An object on black has no straight edge.
    straight = any(
        frame.edges[side] >= STRAIGHT
        for frame in lit
        if frame.dark and frame.dark[side] <= least + NEAR
    )
    return least if straight else 0.0
