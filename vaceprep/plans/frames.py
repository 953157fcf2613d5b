"""Which frames are kept, and at which even rate: pure arithmetic on exact times.

All times are seconds from the first frame that is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Final, NamedTuple

from vaceprep.facts import SampleFacts, VideoFacts
from vaceprep.formats import MAX_REORDER

HALF: Final = Fraction(1, 2)
#: Rates that people and cameras mean when a clock rounds or jitters.
USUAL: Final = tuple(
    Fraction(r) for r in (24, 25, 30, 60, 50, 48, 16, 20, 15, 12, 10, 8, 120, 100, 90, 72, 240)
) + tuple(Fraction(r * 1000, 1001) for r in (24, 30, 60, 48, 120, 15, 12))
#: How far an average may lie from a usual rate and still be meant as it.
NEARLY: Final = Fraction(1, 200)
#: Frames from which there is a distance to measure.
MANY: Final = 2
#: The largest denominator of a rate that is no usual one.
FINEST: Final = 1001


class Run(NamedTuple):
    """Coded frames that can be copied: ``frames`` of them from position ``first``."""

    first: int
    frames: int
    #: Presentation times in order of presentation, and where the last frame ends.
    times: tuple[Fraction, ...]
    end: Fraction
    bytes: int


def slot(time: Fraction, rate: Fraction) -> int:
    """The frame of an even grid that an instant is nearest to; half a frame goes up."""
    return floor(time * rate + HALF)


def usual(rate: Fraction, slack: Fraction = NEARLY) -> Fraction:
    """The usual rate that one is a rounding of, else the rate with a small denominator."""
    near = min(USUAL, key=lambda r: abs(r - rate))
    if abs(near - rate) <= slack * near:
        return near
    return rate.limit_denominator(FINEST) or rate


def multiple(rate: Fraction, least: Fraction) -> int:
    """How often each frame is shown so that the rate is ``least``: the smallest whole number."""
    return max(1, ceil(least / rate))


def base_rate(
    facts: VideoFacts, times: Sequence[Fraction] = (), end: Fraction | None = None
) -> Fraction | None:
    """The even rate that the frames have, or come nearest to; None where it is not known.

    ``times`` are those of the window, in order, and ``end`` where its last frame ends: where
    frames are unevenly spaced their average counts.
    """
    low, high = facts.min_interval, facts.max_interval
    if facts.constant_rate and low:
        if facts.rounding_tick is None and low == high:
            return 1 / low
        if facts.duration and facts.frames:
            average = facts.frames / facts.duration
            return usual(
                average,
                facts.rounding_tick / facts.duration + NEARLY / 100
                if facts.rounding_tick
                else NEARLY,
            )
    if len(times) > 1 and end is not None and end > times[0]:
        return usual(len(times) / (end - times[0]))
    return usual(facts.fps) if facts.fps else None


def step_rate(times: Sequence[Fraction]) -> Fraction | None:
    """The rate that the distances between frames come nearest to, whatever the last one's length.

    None below two frames.
    """
    if len(times) < MANY or times[-1] <= times[0]:
        return None
    return usual((len(times) - 1) / (times[-1] - times[0]))


def shown_at(samples: SampleFacts, instant: Fraction) -> Fraction | None:
    """The time of the frame shown at an instant: the greatest not after it (but for a tick)."""
    return max((t for t in samples.times if t <= instant + samples.tick), default=None)


def first_after(samples: SampleFacts, instant: Fraction) -> Fraction | None:
    """The time of the first frame that begins at an instant or after it (but for a tick)."""
    return min((t for t in samples.times if t >= instant - samples.tick), default=None)


def copyable(samples: SampleFacts, start: Fraction, room: Fraction | None) -> Run | None:
    """The longest run from the frame at ``start`` that can be copied and ends within ``room``.

    The first N frames in decoding order always decode, so N is the largest number whose times
    are the first N without a gap. None where the frame at ``start`` cannot be decoded alone.
    """
    if samples.obstacle is not None or start not in samples.times:
        return None
    first = samples.times.index(start)
    if not samples.clean[first]:
        return None
    stop = min((b for b in samples.breaks if b > first), default=len(samples.times))
    decoding = samples.times[first:stop]
    shown = sorted(samples.times[first:])
    if shown[0] != start or len(set(shown)) != len(shown):
        # Frames that lead the keyframe lean on what came before it.
        return None
    limit = None if room is None else start + room + samples.tick
    best, best_end = 0, start
    latest = start
    for count, time in enumerate(decoding, 1):
        latest = max(latest, time)
        if shown[count - 1] != latest:
            continue
        end = _end(samples, shown, count)
        if end is None or (limit is not None and end > limit):
            break
        best, best_end = count, end
    due = [t for t in shown[1:] if limit is None or t <= limit]
    if not best or best < len(due) - MAX_REORDER:
        # Not the order of B-frames, but disorder.
        return None
    size = sum(samples.sizes[first : first + best])
    return Run(first, best, tuple(shown[:best]), best_end, size)


def _end(samples: SampleFacts, shown: Sequence[Fraction], count: int) -> Fraction | None:
    """Where the ``count``-th frame ends: where the next begins, or with the video."""
    return shown[count] if count < len(shown) else samples.end


def shortened(run: Run, samples: SampleFacts, count: int) -> Run:
    """The run with fewer frames, as far as its beginning is itself without a gap."""
    shown = sorted(samples.times[run.first :])
    while count > 1:
        if max(samples.times[run.first : run.first + count]) == shown[count - 1]:
            break
        count -= 1
    size = sum(samples.sizes[run.first : run.first + count])
    end = run.times[count] if count < run.frames else run.end
    return Run(run.first, count, run.times[:count], end, size)


def packed_length(run: Run, samples: SampleFacts) -> Fraction:
    """Seconds that the run lasts in an MP4 that keeps its times.

    A sample table tells the distance in decoding order, so that the last frame shown lasts as
    long as the step at its place there.
    """
    decoding = samples.times[run.first : run.first + run.frames]
    steps = [b - a for a, b in pairwise((*run.times, run.end))]
    return max(t + d for t, d in zip(decoding, steps, strict=True)) - run.times[0]


def on_grid(run: Run, rate: Fraction) -> bool:
    """Whether each frame has a slot of its own on the even grid.

    The last one may be cut short by less than a frame, and is shown in full then; it may not be
    held longer than that.
    """
    start = run.times[0]
    if any(slot(t - start, rate) != i for i, t in enumerate(run.times)):
        return False
    return slot(run.end - start, rate) <= run.frames
