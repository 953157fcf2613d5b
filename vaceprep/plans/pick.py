"""The best windows of a long video, from what its frames look like. Pure.

A window loses points for what makes a model's input bad: a cut, black, a freeze, blur, bars, no
motion or too much of it. All windows without any of it are equal, and of equal ones the earliest is
best: so the same video, encoded again, gives the same window.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate
from math import ceil
from statistics import median
from typing import Final, NamedTuple

from vaceprep.contract_advice import BAR_SHARE, STILL_DIFFERENCE
from vaceprep.probes.frame_measures import FrameMeasure
from vaceprep.probes.shots import STRAIGHT, cuts
from vaceprep.records import Record

#: Points of a window without a fault.
FULL: Final = 100
#: Points that a fault costs at most, and the part of a window in which it costs that many.
CUT_POINTS: Final = 40
POINTS: Final = 30
PART: Final = 0.25
#: Mean luma of a frame, 0 to 255, below which it is black.
BLACK: Final = 24.0
#: Seconds without any change that are a freeze.
FREEZE: Final = Fraction(2, 5)
#: Part of the usual sharpness below which a frame is blurred.
BLURRED: Final = 0.4
#: Mean difference of neighbouring frames, for 25 a second, above which motion is wild.
WILD: Final = 12.0
WILD_RATE: Final = 25


class Look(NamedTuple):
    """What one frame looks like, and how sharp it is: its fine detail over its coarse contrast."""

    measure: FrameMeasure
    sharpness: float


class Window(Record):
    """A part of a video, and how good a model's input it is."""

    #: Number of its first frame, from 0, and seconds from the video's first frame.
    frame: int
    start: Fraction
    duration: Fraction
    #: 0 to 100.
    score: int
    #: What is good or bad about it, a clause each.
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """The window as JSON values; ``start`` as ``--start`` takes it."""
        return {
            "start": float(seconds(self.start)),
            "duration": round(float(self.duration), 3),
            "frame": self.frame,
            "score": self.score,
            "reasons": list(self.reasons),
        }


def seconds(time: Fraction) -> Fraction:
    """Return an instant in whole milliseconds at which the frame that begins then is shown."""
    return Fraction(ceil(time * 1000), 1000)


class _Fault(NamedTuple):
    """One kind of fault: which frames have it, as sums up to each frame, and its clause."""

    sums: list[int]
    clause: str

    @classmethod
    def of(cls, has: Iterable[bool], clause: str) -> _Fault:
        return cls(list(accumulate(has, initial=0)), clause)

    def frames(self, first: int, end: int) -> int:
        return self.sums[end] - self.sums[first]


def best_windows(
    looks: Sequence[Look], end: Fraction, length: Fraction, count: int
) -> tuple[Window, ...]:
    """Return the best windows that do not overlap, the best first.

    ``end`` is the video's length, ``length`` that of a window, in seconds. A video that is not
    longer than a window is one window.
    """
    if not looks:
        return ()
    times = [look.measure.time for look in looks]
    judge = _Judge(looks, times, end)
    latest = max(end - length, Fraction(0))
    candidates = [n for n, time in enumerate(times) if time <= latest] or [0]
    rated = [(-judge.score(n, min(length, end - times[n])), n) for n in candidates]
    found: list[Window] = []
    for score, number in sorted(rated):
        start = times[number]
        if all(abs(start - other.start) >= length for other in found):
            found.append(judge.window(number, min(length, end - start), -score))
        if len(found) == count:
            break
    return tuple(found)


class _Judge:
    """Rates windows of one video, each without a step for each of its frames."""

    def __init__(self, looks: Sequence[Look], times: Sequence[Fraction], end: Fraction) -> None:
        measures = [look.measure for look in looks]
        self._times = times
        shots = set(cuts(measures))
        self._cuts = _Fault.of((n in shots for n in range(len(looks))), "")
        black = [measure.mean < BLACK for measure in measures]
        usual = median(
            [k.sharpness for k, dark in zip(looks, black, strict=True) if not dark] or [0]
        )
        blurred = (
            not dark and look.sharpness < BLURRED * usual
            for look, dark in zip(looks, black, strict=True)
        )
        self._faults = (
            _Fault.of(black, "black"),
            _Fault.of(_frozen(measures, times), "frozen"),
            _Fault.of(blurred, "blurred"),
            _Fault.of(map(_has_bars, measures), "with black bars"),
        )
        self._motion = list(accumulate((m.difference or 0.0 for m in measures), initial=0.0))
        interval = float(end) / len(looks)
        # A picture changes less from frame to frame where there are more of them.
        self._wild = WILD * WILD_RATE * interval

    def _end(self, first: int, length: Fraction) -> int:
        return max(first + 1, bisect_left(self._times, self._times[first] + length))

    def _moves(self, first: int, end: int) -> float:
        """The mean difference of neighbouring frames, in the greatest that is not wild."""
        mean = (self._motion[end] - self._motion[first + 1]) / max(1, end - first - 1)
        return mean / self._wild if self._wild else 0.0

    def score(self, first: int, length: Fraction) -> int:
        """Return the points of the window from a frame on."""
        end = self._end(first, length)
        lost = 0.0
        shots = self._cuts.frames(first + 1, end)
        if shots:
            lost += CUT_POINTS * (2 - 0.5 ** (shots - 1))
        for fault in self._faults:
            lost += POINTS * min(1.0, fault.frames(first, end) / ((end - first) * PART))
        lost += POINTS * min(1.0, max(0.0, self._moves(first, end) - 1))
        return max(0, FULL - ceil(lost))

    def window(self, first: int, length: Fraction, score: int) -> Window:
        """Return the window from a frame on, with reasons."""
        end = self._end(first, length)
        reasons = [
            f"a cut at {float(self._times[n]):.2f} s"
            for n in range(first + 1, end)
            if self._cuts.frames(n, n + 1)
        ]
        for fault in self._faults:
            number = fault.frames(first, end)
            if number:
                share = float(length) * number / (end - first)
                reasons.append(f"{share:.2f} s of it are {fault.clause}")
        if self._moves(first, end) > 1:
            reasons.append("much of the picture changes from frame to frame")
        good = ("no cut, no black, no freeze, sharp, no bars, even motion",)
        return Window(
            frame=first,
            start=self._times[first],
            duration=length,
            score=score,
            reasons=tuple(reasons) or good,
        )


def _has_bars(measure: FrameMeasure) -> bool:
    """Whether one side of the frame has a black bar with a straight edge."""
    if measure.dark is None:
        return False
    return any(
        dark >= BAR_SHARE and edge >= STRAIGHT
        for dark, edge in zip(measure.dark, measure.edges, strict=True)
    )


def _frozen(measures: Sequence[FrameMeasure], times: Sequence[Fraction]) -> list[bool]:
    """Which frames belong to a run without change that is long enough to be a freeze."""
    found = [False] * len(measures)
    begin = 0
    for number in range(1, len(measures) + 1):
        ended = number == len(measures)
        if not ended and (measures[number].difference or 0.0) < STILL_DIFFERENCE:
            continue
        if times[number - 1] - times[begin] >= FREEZE:
            found[begin:number] = [True] * (number - begin)
        begin = number
    return found
