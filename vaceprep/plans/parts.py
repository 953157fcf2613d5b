"""Divide a video that is longer than the limit into parts: pure arithmetic on exact times.

All times are seconds of the presented timeline: 0 is the start of the first frame shown.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, Final, NamedTuple

from vaceprep.errors import Refused
from vaceprep.limits import Limits
from vaceprep.plans.job import nearest
from vaceprep.rules.catalogue import Finding
from vaceprep.wording import decimal

#: Most parts without ``--max-parts``. J
MAX_PARTS: Final = 60
#: Seconds that a part shares with the part before, where no cut divides them. J
OVERLAP: Final = Fraction(1, 2)
#: Least seconds of a part, and least ``--part-length``, from which no part gets shorter. J
LEAST: Final = Fraction(1)
MIN_LENGTH: Final = Fraction(2)
#: How many parts more than the least number cuts may cost. J
SPARE: Final = 1


class CannotSplit(ValueError):
    """The options or the function allow no split: wrong usage; the message is a sentence."""


class CannotDivide(Refused):
    """The video cannot be divided as asked.

    The message is a sentence for a person, empty where ``findings`` say why.
    """

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The presented frames of a video."""

    #: The time of each presented frame, in order; the first is 0.
    times: tuple[Fraction, ...]
    #: Where the last frame ends: the presented length.
    end: Fraction
    #: Seconds of a frame at a constant rate; None where frames are uneven. Where the clock rounds,
    #: or the last frame is cut short, so many frames of a part last this long each.
    interval: Fraction | None = None


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """How to divide a video. Times are in seconds."""

    #: Longest part; None: the service's limit.
    length: Fraction | None = None
    #: What a part shares with the part before; None: 0 at a cut, half a second elsewhere.
    overlap: Fraction | None = None
    #: The shot cuts, from the start of the presented video; None: detected; (): none.
    cuts: tuple[Fraction, ...] | None = None
    max_parts: int = MAX_PARTS


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a video."""

    #: Number of the part, from 1.
    index: int
    #: The first and the last presented frame of the part, from 0, the overlap included.
    first: int
    last: int
    #: Where the first frame begins and the last one ends.
    start: Fraction
    end: Fraction
    #: Seconds at the start that the part before has too; 0 at a cut.
    overlap: Fraction
    #: Whether a shot cut divides the part from the one before; False for the first part.
    after_cut: bool

    @property
    def length(self) -> Fraction:
        """Return the presented length in seconds."""
        return self.end - self.start


class TooManyParts(CannotDivide):
    """The video takes more parts than ``max_parts``; ``parts`` is their number."""

    def __init__(self, parts: int, most: int) -> None:
        super().__init__(f"the video takes {parts} parts, and --max-parts is {most}")
        self.parts = parts


def check_options(options: SplitOptions, limits: Limits) -> None:
    """Raise CannotSplit for a length or an overlap that gives no parts."""
    most = limits.video_seconds
    if options.length is not None and not MIN_LENGTH <= options.length <= most:
        raise CannotSplit(
            f"a part of {decimal(options.length)} s is not possible; --part-length is from "
            f"{decimal(MIN_LENGTH)} to {decimal(most)} s"
        )
    half = (options.length or most) / 2
    if options.overlap is not None and not 0 <= options.overlap <= half:
        raise CannotSplit(
            f"an overlap of {decimal(options.overlap)} s is not possible; --overlap is from 0 to "
            f"half a part, {decimal(half)} s"
        )


def parts_of(
    timeline: Timeline, cuts: Sequence[Fraction], options: SplitOptions, limits: Limits
) -> tuple[Part, ...]:
    """Return the parts of a video, in order. Raises CannotSplit, CannotDivide.

    ``cuts`` are the times at which another shot begins; each counts for the nearest frame. Parts
    begin at as many cuts as possible with at most one part over the least number; other parts of
    one stretch are equally long, within a frame.
    """
    check_options(options, limits)
    frames = _Frames.of(timeline, options, limits)
    wanted = {nearest(timeline.times, cut) for cut in cuts if 0 < cut < timeline.end}
    nodes = [0, *sorted(wanted - {0}), frames.count]
    refused: dict[tuple[int, int], int | None] = {}
    while True:
        path = _best_path(frames, nodes, refused)
        if path is None:
            raise CannotDivide(
                "it cannot be divided into parts of 1 s and more, because single frames of it are "
                "shown for seconds; give it an even frame rate first"
            )
        made = [(step, _divided(frames, step, nodes)) for step in path]
        failed = [step for step, ends in made if ends is None]
        if not failed:
            break
        for step in failed:
            again = (step.start, step.stop) in refused
            refused[step.start, step.stop] = None if again else step.parts + 1
    ends = [end for _, found in made for end in found or ()]
    if len(ends) > options.max_parts:
        raise TooManyParts(len(ends), options.max_parts)
    return _parts(timeline, frames, ends, set(nodes))


def _parts(
    timeline: Timeline, frames: _Frames, ends: Sequence[int], cuts: set[int]
) -> tuple[Part, ...]:
    """Return the parts that end before these frames."""
    times = (*timeline.times, timeline.end)
    parts: list[Part] = []
    before = 0
    for index, end in enumerate(ends, 1):
        after_cut = before in cuts
        first = before if after_cut else frames.begin[before]
        parts.append(
            Part(
                index=index,
                first=first,
                last=end - 1,
                start=times[first],
                end=times[end],
                overlap=times[before] - times[first],
                after_cut=after_cut and before > 0,
            )
        )
        before = end
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class _Frames:
    """The frames of a video in whole ticks of one clock, and how far parts of it reach."""

    count: int
    #: The time of each frame, and the end.
    times: list[int]
    #: Ticks of a frame where frames are even; 0 elsewhere.
    interval: int
    #: The first frame of a part that begins after each frame number, with the overlap.
    begin: list[int]
    #: For a part that begins at a frame: the farthest frame before which it can end.
    reach: list[int]
    #: The same for a part whose own frames begin there, with the overlap before them.
    reach_after: list[int]
    overlap: int
    least: int

    @classmethod
    def of(cls, timeline: Timeline, options: SplitOptions, limits: Limits) -> _Frames:
        """Raises CannotDivide where a single frame is longer than a part."""
        room = options.length or limits.video_seconds
        overlap = OVERLAP if options.overlap is None else options.overlap
        exact = [*timeline.times, timeline.end, room, overlap, LEAST, timeline.interval or 0]
        scale = lcm(*{Fraction(value).denominator for value in exact})
        *times, most, lap, least, interval = [int(value * scale) for value in exact]
        count = len(timeline.times)
        reach = _reaches(times, interval, most)
        for number, end in enumerate(reach):
            if end == number:
                shown = decimal(Fraction(times[number + 1] - times[number], scale))
                raise CannotDivide(
                    f"frame {number + 1} is shown for {shown} s, which is longer than a part "
                    f"({decimal(room)} s); give the video an even frame rate first"
                )
        begin = [0]
        for number in range(1, count):
            first = begin[-1]
            while first < number and (times[number] - times[first] > lap or reach[first] <= number):
                first += 1
            begin.append(first)
        after = [reach[first] for first in begin]
        return cls(count, times, interval, begin, reach, after, lap, least)

    def length(self, first: int, end: int) -> int:
        """Return the ticks from a frame to the start of another."""
        return max(self.times[end] - self.times[first], (end - first) * self.interval)


def _reaches(times: Sequence[int], interval: int, most: int) -> list[int]:
    """Return, for each frame, the last frame before which a part that begins there can end."""
    count = len(times) - 1
    reach: list[int] = []
    end = 0
    for first in range(count):
        end = max(end, first)
        while (
            end < count
            and times[end + 1] - times[first] <= most
            and (end + 1 - first) * interval <= most
        ):
            end += 1
        reach.append(end)
    return reach


class _Step(NamedTuple):
    """A stretch between two cuts, by their numbers, and into how many parts it is divided."""

    start: int
    stop: int
    parts: int


class _State(NamedTuple):
    """The best way to a cut with a number of parts; less is better."""

    #: Cuts at which no part begins.
    skipped: int
    parts: int
    #: The sum of the squares of the lengths of the parts.
    uneven: float
    #: The steps, the last first.
    steps: tuple[_Step, Any] | None


def _steps(
    frames: _Frames,
    nodes: Sequence[int],
    start: int,
    refused: Mapping[tuple[int, int], int | None],
) -> Iterator[_Step]:
    """Yield the stretches that begin at a cut, with the least number of parts of each."""
    end, parts = frames.reach[nodes[start]], 1
    for stop in range(start + 1, len(nodes)):
        while end < nodes[stop]:
            end, parts = frames.reach_after[end], parts + 1
        if frames.length(nodes[start], nodes[stop]) < frames.least:
            continue
        needed = refused.get((start, stop), parts)
        if needed is not None:
            yield _Step(start, stop, needed)


def _best_path(
    frames: _Frames, nodes: Sequence[int], refused: Mapping[tuple[int, int], int | None]
) -> list[_Step] | None:
    """Return stretches with the fewest skipped cuts, then parts, then the most even parts.

    They have at most one part over the least number. None if there is no way.
    """
    last = len(nodes) - 1
    left: list[int | None] = [None] * last + [0]
    for node in reversed(range(last)):
        ways = [
            step.parts + rest
            for step in _steps(frames, nodes, node, refused)
            if (rest := left[step.stop]) is not None
        ]
        left[node] = min(ways, default=None)
    if left[0] is None:
        return None
    most = left[0] + SPARE
    states: list[dict[int, _State]] = [{} for _ in nodes]
    states[0][0] = _State(0, 0, 0.0, None)
    for node in range(last):
        if not states[node]:
            continue
        for step in _steps(frames, nodes, node, refused):
            rest = left[step.stop]
            if rest is None:
                continue
            length = frames.times[nodes[step.stop]] - frames.times[nodes[node]]
            each = (length + (step.parts - 1) * frames.overlap) / step.parts
            for state in states[node].values():
                parts = state.parts + step.parts
                if parts + rest > most:
                    continue
                skipped = state.skipped + step.stop - node - 1
                uneven = state.uneven + step.parts * each * each
                found = _State(skipped, parts, uneven, (step, state.steps))
                known = states[step.stop].get(parts)
                if known is None or found[:3] < known[:3]:
                    states[step.stop][parts] = found
    steps, path = min(states[last].values(), key=lambda state: state[:3]).steps, []
    while steps is not None:
        step, steps = steps
        path.append(step)
    return path[::-1]


def _divided(frames: _Frames, step: _Step, nodes: Sequence[int]) -> list[int] | None:
    """Return before which frames the parts of a stretch end; None if a part would be too short."""
    stretch = nodes[step.start], nodes[step.stop]
    return _balanced(frames, *stretch, step.parts) or _searched(frames, *stretch, step.parts)


def _lowest(frames: _Frames, start: int, stop: int, parts: int) -> list[int]:
    """Return, for each part of a stretch, the first frame before which it may end.

    Where it ended earlier, the parts after it would not reach the end of the stretch.
    """
    low = [stop]
    for _ in range(parts - 1):
        low.append(bisect_left(frames.reach_after, low[-1], start + 1, stop))
    return low[::-1]


def _balanced(frames: _Frames, start: int, stop: int, parts: int) -> list[int] | None:
    """Return before which frames equally long parts of a stretch end; None if one is too short."""
    times, ends = frames.times, list[int]()
    whole = times[stop] - times[start] + (parts - 1) * frames.overlap
    before, first = start, start
    for number, low in enumerate(_lowest(frames, start, stop, parts), 1):
        share = Fraction(whole * number, parts) - (number - 1) * frames.overlap
        wish = nearest(times, times[start] + share) if number < parts else stop
        end = min(max(wish, low, before + 1), frames.reach[first])
        if not before < end or frames.length(first, end) < frames.least:
            return None
        ends.append(end)
        if end < stop:
            before, first = end, frames.begin[end]
    return ends if ends[-1] == stop else None


def _searched(frames: _Frames, start: int, stop: int, parts: int) -> list[int] | None:
    """Return any such frames, where frames are so uneven that no equally long parts exist."""
    levels: list[dict[int, int]] = [{start: start}]
    for low in _lowest(frames, start, stop, parts):
        found: dict[int, int] = {}
        for before in levels[-1]:
            first = before if before == start else frames.begin[before]
            for end in range(max(low, before + 1), min(frames.reach[first], stop) + 1):
                if end not in found and frames.length(first, end) >= frames.least:
                    found[end] = before
        levels.append(found)
    if stop not in levels[-1]:
        return None
    ends = [stop]
    for level in reversed(levels[2:]):
        ends.append(level[ends[-1]])
    return ends[::-1]
