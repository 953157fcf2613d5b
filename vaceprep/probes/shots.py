"""Where shots change, whether anything moves, and black bars: from measured frames. Pure.

This is the only detector of shot changes: a check, a choice of a window and a split agree.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence, Set
from fractions import Fraction
from statistics import median
from typing import Final, NamedTuple

from vaceprep.contract_advice import (
    BAR_SHARE,
    CUT_AROUND,
    CUT_DIFFERENCE,
    CUT_RATIO,
    FLAT_SPREAD,
    FOREIGN,
    FOREIGN_RATIO,
    STILL_DIFFERENCE,
    UNLIKE,
    UNLIKE_DIFFERENCE,
    UNLIKE_PART,
)
from vaceprep.probes.frame_measures import (
    ALIKE,
    FLASH,
    FLASH_FRAMES,
    IN_FLASH,
    LIGHT,
    NOWHERE,
    ONLY_LIGHT,
    SIMILAR,
    FrameMeasure,
    Sides,
)

#: Neighbouring jumps that are one cut at most: the first frame after a cut may be a blend of both
#: shots. More of them are a fade.
BLENDED: Final = 2
#: How many times the differences beside it a cut's difference is, and one between two pictures with
#: nothing in common.
ALONE: Final = 2.0
FOREIGN_ALONE: Final = 1.5
#: Most frames that drawn pictures stay.
HELD: Final = 3
#: Fewest frames with motion around a frame that say how much motion is usual there.
MOVING: Final = 3
#: Mean luma of a picture that is nothing but light.
WHITE: Final = 230.0
#: Greatest change of one of the 64x36 values in a picture that stands still.
STILL_PEAK: Final = 8
#: Part of the lines beside a bar that is bright, in one frame at least: a bar's edge is straight.
STRAIGHT: Final = 0.5
#: Most frames that a flash is said to last.
MAX_BACK: Final = 65_535
#: By what part of a side the darkness of such a frame may exceed the bar.
NEAR: Final = 0.01


class _Candidate(NamedTuple):
    """A frame that may begin another shot: its time, and what is other than in the frame before."""

    time: Fraction
    difference: float
    likeness: float | None
    #: The mean luma, and what it was before.
    mean: float
    before: float

    @classmethod
    def of(cls, frame: FrameMeasure, before: float) -> _Candidate | None:
        """Return the frame if it differs enough, else None."""
        difference, likeness = frame.difference or 0.0, frame.likeness
        unlike = likeness is not None and likeness < UNLIKE and frame.changed > UNLIKE_PART
        if difference <= (UNLIKE_DIFFERENCE if unlike else CUT_DIFFERENCE):
            return None
        return cls(frame.time, difference, likeness, frame.mean, before)

    def is_foreign(self, changed: float) -> bool:
        """Return whether it has nothing in common with the frame before."""
        return self.likeness is not None and self.likeness < FOREIGN and changed > UNLIKE_PART

    def is_other_light(self) -> bool:
        """Return whether it is the same picture in other light."""
        if self.likeness is None:
            return False
        if self.likeness > ALIKE:
            return self._light > LIGHT
        return self.likeness > SIMILAR and self._light > ONLY_LIGHT

    @property
    def _light(self) -> float:
        """The part of the difference that the change of the mean makes up."""
        return abs(self.mean - self.before) / self.difference

    def is_flash(self, *, first: bool) -> bool:
        """Return whether a flash ends here (``first``) or begins: a clip begins or ends in it."""
        brighter = self.before > self.mean if first else self.mean > self.before
        if not brighter or self._light <= ONLY_LIGHT:
            return False
        white = max(self.mean, self.before) > WHITE
        return white or (self.likeness is not None and self.likeness > IN_FLASH)


class Summary:
    """What is to be known of a video's frames, a few bytes for each of them."""

    def __init__(self) -> None:
        self.frames = 0
        self._differences = array("f")
        self._backs = array("H")
        self._candidates: dict[int, _Candidate] = {}
        #: The frames that have nothing in common with the one before, and those in other light.
        self._foreign: set[int] = set()
        self._lit: set[int] = set()
        self._mean = 0.0
        self._last = Fraction(0)
        self._flat = self._still = True
        self._bars = [_Bar(side) for side in range(len(NOWHERE))]

    def add(self, frame: FrameMeasure) -> None:
        """Take the next frame into account."""
        difference = frame.difference or 0.0
        candidate = _Candidate.of(frame, self._mean)
        if candidate is not None:
            self._candidates[self.frames] = candidate
            if candidate.is_other_light():
                self._lit.add(self.frames)
            elif candidate.is_foreign(frame.changed):
                self._foreign.add(self.frames)
        self._mean, self._last = frame.mean, frame.time
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
        numbers = [n for n, one in self._candidates.items() if not self._is_at_edge(n, one)]
        return _cuts(self._differences, self._backs, numbers, self._foreign, self._lit)

    def _is_at_edge(self, number: int, one: _Candidate) -> bool:
        """Return whether the frame begins or ends a flash in which the clip ends or begins."""
        after = self.frames - number
        if (number <= FLASH_FRAMES or one.time <= FLASH) and one.is_flash(first=True):
            return True
        late = after <= FLASH_FRAMES or self._last - one.time < FLASH
        return late and one.is_flash(first=False)

    def cut_times(self) -> tuple[Fraction, ...]:
        """Return the seconds from the first frame at which another shot begins."""
        return tuple(self._candidates[number].time for number in self.cuts())

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
    differences: Sequence[float],
    backs: Sequence[int],
    candidates: Iterable[int],
    foreign: Set[int],
    lit: Set[int],
) -> list[int]:
    """Return the numbers of the frames that begin another shot.

    ``candidates`` are those whose difference from the frame before is large enough, ``foreign``
    those that have nothing in common with it, ``lit`` those that differ by their light alone.
    """
    # The end of a flash is a jump as well, and so may be what is between.
    flashes = {
        jump
        for number, back in enumerate(backs)
        if back
        for jump in range(number - back, number + 1)
    }
    motion = _Motion(differences, foreign, flashes, lit)
    groups: list[list[int]] = []
    for number in candidates:
        ratio = FOREIGN_RATIO if number in foreign else CUT_RATIO
        if not number or differences[number] <= ratio * motion.usual(number):
            continue
        if groups and number == groups[-1][-1] + 1 and motion.goes_on(groups[-1], number):
            groups[-1].append(number)
        else:
            groups.append([number])
    found = [
        max(group, key=lambda number: differences[number])
        for group in groups
        if len(group) <= BLENDED and flashes.isdisjoint(group) and motion.is_exceeded(group)
    ]
    return [number for number in found if number not in lit]


class _Motion(NamedTuple):
    """The differences of a video's frames, and those that are no motion."""

    differences: Sequence[float]
    foreign: Set[int]
    flashes: Set[int]
    lit: Set[int]

    def _differs(self, number: int) -> bool:
        if number in self.flashes or not 0 < number < len(self.differences):
            return False
        # Repeated frames hide the motion.
        return self.differences[number] >= STILL_DIFFERENCE

    def _moves(self, number: int) -> bool:
        return number not in self.lit and self._differs(number)

    def usual(self, number: int) -> float:
        """Return the usual difference around a frame, on the side with less motion."""
        half = CUT_AROUND // 2
        before = list(filter(self._moves, range(number - half, number)))
        after = list(filter(self._moves, range(number + 1, number + 1 + half)))
        if min(len(before), len(after)) >= MOVING:
            return min(self._median(before), self._median(after))
        around = before + after
        if len(around) < MOVING:
            # One or two other pictures are no motion, but further cuts.
            around = [n for n in around if n not in self.foreign]
        return self._median(around) if around else 0.0

    def _median(self, numbers: Iterable[int]) -> float:
        return median(self.differences[n] for n in numbers)

    def goes_on(self, group: Sequence[int], number: int) -> bool:
        """Return whether a frame after a group changes about as much."""
        greatest = max(self.differences[n] for n in group)
        return FOREIGN_ALONE * self.differences[number] > greatest

    def is_exceeded(self, group: Sequence[int]) -> bool:
        """Return whether the next differences on both sides are much smaller."""
        first, last = group[0], group[-1]
        if len(group) > 1 and last + 1 == len(self.differences):
            # Nothing after it says that the movement has ended.
            return False
        sides = range(first - 1, first - 1 - HELD, -1), range(last + 1, last + 1 + HELD)
        # The step beside it may be another one of a fade.
        beside = [next(filter(self._differs, side), None) for side in sides]
        times = FOREIGN_ALONE
        if self.foreign.isdisjoint(group) or not self.foreign.isdisjoint(beside):
            times = ALONE
        greatest = max((self.differences[n] for n in beside if n is not None), default=0.0)
        return max(self.differences[n] for n in group) > times * greatest
