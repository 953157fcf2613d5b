"""Select the frames to keep and their constant rate: pure arithmetic on exact times.

All times are seconds from the first frame shown.
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
#: Nominal rates that a rounded or jittering clock approximates.
USUAL: Final = tuple(
    Fraction(r) for r in (24, 25, 30, 60, 50, 48, 16, 20, 15, 12, 10, 8, 120, 100, 90, 72, 240)
) + tuple(Fraction(r * 1000, 1001) for r in (24, 30, 60, 48, 120, 15, 12))
#: Relative difference within which an average counts as a usual rate.
NEARLY: Final = Fraction(1, 200)
#: Least number of frames with an interval to measure.
MANY: Final = 2
#: The largest denominator of a rate that is not a usual one.
FINEST: Final = 1001


class Run(NamedTuple):
    """Coded frames that can be copied: ``frames`` of them from position ``first``."""

    first: int
    frames: int
    #: Presentation timestamps in presentation order, and the end of the last frame.
    times: tuple[Fraction, ...]
    end: Fraction
    bytes: int


def slot(time: Fraction, rate: Fraction) -> int:
    """Return the index of the grid frame nearest to an instant; half a frame rounds up."""
    return floor(time * rate + HALF)


def usual(rate: Fraction, slack: Fraction = NEARLY) -> Fraction:
    """Return the usual rate that this one approximates, else a rate with a small denominator."""
    near = min(USUAL, key=lambda r: abs(r - rate))
    if abs(near - rate) <= slack * near:
        return near
    return rate.limit_denominator(FINEST) or rate


def multiple(rate: Fraction, least: Fraction) -> int:
    """Return how many times to show each frame to reach at least the rate ``least``."""
    return max(1, ceil(least / rate))


def base_rate(
    facts: VideoFacts, times: Sequence[Fraction] = (), end: Fraction | None = None
) -> Fraction | None:
    """Return the constant rate of the frames, or the nearest one; None if unknown.

    ``times`` are those of the window, in order, and ``end`` is the end of its last frame: the
    average counts if frames are unevenly spaced.
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
    """Return the rate nearest to the frame intervals, whatever the last frame's duration.

    None below two frames.
    """
    if len(times) < MANY or times[-1] <= times[0]:
        return None
    return usual((len(times) - 1) / (times[-1] - times[0]))


def shown_at(samples: SampleFacts, instant: Fraction) -> Fraction | None:
    """Return the time of the frame shown at an instant: the latest up to it (within a tick)."""
    return max((t for t in samples.times if t <= instant + samples.tick), default=None)


def first_after(samples: SampleFacts, instant: Fraction) -> Fraction | None:
    """Return the time of the first frame that begins at or after an instant (within a tick)."""
    return min((t for t in samples.times if t >= instant - samples.tick), default=None)


def copyable(samples: SampleFacts, start: Fraction, room: Fraction | None) -> Run | None:
    """Return the longest run from the frame at ``start`` that can be copied within ``room``.

    The first N frames in decoding order always decode, so N is the largest number whose times are
    the first N without a gap. None if the frame at ``start`` cannot be decoded alone.
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
        # Frames that lead the keyframe refer to frames before it.
        return None
    limit = None if room is None else start + room + samples.tick
    best, best_end = 0, start
    latest = start
    for count, time in enumerate(decoding, 1):
        latest = max(latest, time)
        if shown[count - 1] != latest:
            continue
        # The next frame's start, or the video's end.
        end = shown[count] if count < len(shown) else samples.end
        if end is None or (limit is not None and end > limit):
            break
        best, best_end = count, end
    due = [t for t in shown[1:] if limit is None or t <= limit]
    if not best or best < len(due) - MAX_REORDER:
        # The order is not that of B-frames, but disorder.
        return None
    size = sum(samples.sizes[first : first + best])
    return Run(first, best, tuple(shown[:best]), best_end, size)


def shortened(run: Run, samples: SampleFacts, count: int) -> Run:
    """Return at most ``count`` frames of the run, fewer if those would leave a gap."""
    shown = sorted(samples.times[run.first :])
    while count > 1:
        if max(samples.times[run.first : run.first + count]) == shown[count - 1]:
            break
        count -= 1
    size = sum(samples.sizes[run.first : run.first + count])
    end = run.times[count] if count < run.frames else run.end
    return Run(run.first, count, run.times[:count], end, size)


def packed_length(run: Run, samples: SampleFacts) -> Fraction:
    """Return the seconds that the run lasts in an MP4 that keeps its times.

    A sample table stores intervals in decoding order, so the last frame shown lasts as long as the
    interval at its place there.
    """
    decoding = samples.times[run.first : run.first + run.frames]
    steps = [b - a for a, b in pairwise((*run.times, run.end))]
    return max(t + d for t, d in zip(decoding, steps, strict=True)) - run.times[0]


def on_grid(run: Run, rate: Fraction) -> bool:
    """Return whether each frame has its own slot on the constant grid.

    The last frame may be cut short by less than a frame, and is then shown in full; it may not last
    longer than a frame.
    """
    start = run.times[0]
    if any(slot(t - start, rate) != i for i, t in enumerate(run.times)):
        return False
    return slot(run.end - start, rate) <= run.frames
