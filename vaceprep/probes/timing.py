"""Exact presentation timing, from runs of durations and offsets to presented facts.

Pure. Times are in ticks of the track's own clock until the end. Processes a two-hour index in
pieces, so that memory does not grow with its length.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, chain, islice, repeat
from math import gcd
from operator import add, sub
from typing import Final, NamedTuple

from vaceprep.facts import NO_STRETCH
from vaceprep.formats import REORDER_PACKETS
from vaceprep.probes.mp4.hidden_samples import NOTHING, ExcludedSamples, durations_of, shown_times
from vaceprep.probes.mp4.tables import expand, values_of
from vaceprep.probes.mp4.track import Edit, Track
from vaceprep.records import Values

#: Samples processed at a time.
PIECE: Final = 1 << 16
#: Least units of an interval whose length may differ by rounding: 5 ms at 200 FPS.
LEAST_UNITS: Final = 5
#: Least count of the rarer interval if rounding made both; one alone is an odd interval.
LEAST_ODD: Final = 2
#: An edit's rate in 16.16 when it plays as fast as the track.
NORMAL_RATE: Final = 0x10000
#: No time at all.
NO_TIME: Final = Fraction(0)


class Timing(NamedTuple):
    """Presented timing in seconds. See the fields of the same names in VideoFacts."""

    duration: Fraction | None
    frames: int
    fps: Fraction | None
    rounding_tick: Fraction | None
    constant_rate: bool | None
    min_interval: Fraction | None
    max_interval: Fraction | None
    edit_effect: str | None = None
    #: Seconds before the first frame is shown: a leading empty edit, samples that are not shown.
    delay: Fraction = NO_TIME
    #: Length of the track without its edit list, from its first frame's start and from the start of
    #: its clock; None if it has no frames.
    unedited: Fraction | None = None
    media_end: Fraction | None = None


class Window(Values):
    """A window ``[start, end)`` of media time, and the frames shown in it."""

    start: int
    end: int | None
    frames: int = 0
    first: int | None = None
    last: int = 0
    shown_end: int = -(1 << 62)
    shortest: int | None = None
    longest: int | None = None
    #: The greatest common divisor of all intervals, in ticks.
    unit: int = 0
    #: Number of intervals of the shortest and of the longest length.
    short: int = 0
    long: int = 0
    #: Ticks of the track shown per tick of presentation, in 16.16.
    rate: int = NORMAL_RATE

    def take(self, times: Sequence[int], ends: dict[int, int] | None, duration: int) -> None:
        """Count a sorted piece of frame times; ``ends`` if durations differ."""
        low = bisect_left(times, self.start)
        high = len(times) if self.end is None else bisect_left(times, self.end)
        if low >= high:
            return
        part = times[low:high]
        if self.first is None:
            self.first = part[0]
            pairs: Iterable[tuple[int, int]] = ()
        else:
            self.first = min(self.first, part[0])
            pairs = ((part[0], self.last),)
        self.frames += len(part)
        if isinstance(part, range):
            gaps = [part.step] if len(part) > 1 else []
        else:
            gaps = list(chain((a - b for a, b in pairs), map(sub, part[1:], part)))
        if gaps:
            kinds = set(gaps)
            self.unit = gcd(self.unit, *kinds)
            # A range has one step for all its intervals.
            alike = len(part) - 1 if isinstance(part, range) else len(gaps)
            many = alike if len(kinds) == 1 else 0
            self._count(min(kinds), max(kinds), gaps, many)
        self.last = part[-1]
        # The latest end need not be the last frame's, but it is one of the last few.
        end = part[-1] + duration if ends is None else max(ends[t] for t in part[-REORDER_PACKETS:])
        self.shown_end = max(self.shown_end, end)

    def _count(self, shortest: int, longest: int, gaps: Sequence[int], many: int) -> None:
        """Keep the shortest and the longest interval, and how often each occurs."""
        if self.shortest is None or shortest < self.shortest:
            self.shortest, self.short = shortest, 0
        if self.longest is None or longest > self.longest:
            self.longest, self.long = longest, 0
        self.short += many or gaps.count(self.shortest)
        self.long += many or gaps.count(self.longest)

    def takes_all(self, whole: Window) -> bool:
        """Copy the counts of ``whole`` if all its frames start in this window too."""
        if whole.first is None or self.start > whole.first:
            return False
        if self.end is not None and self.end <= whole.last:
            return False
        self.frames, self.first, self.last = whole.frames, whole.first, whole.last
        self.shortest, self.longest, self.unit = whole.shortest, whole.longest, whole.unit
        self.short, self.long = whole.short, whole.long
        self.shown_end = whole.shown_end
        return True

    @property
    def span(self) -> int:
        """Return the ticks from the first frame's start to the end of the last one or window."""
        if self.first is None:
            return 0
        end = self.shown_end if self.end is None else min(self.end, self.shown_end)
        return max(end - self.first, 0)

    def shown(self, ticks: int) -> int | Fraction:
        """Return how long so many ticks of the track take in the presentation."""
        # Edits that change the speed are rare, and whole numbers are much faster.
        return ticks if self.rate == NORMAL_RATE else Fraction(ticks * NORMAL_RATE, self.rate)


def _pieces(track: Track) -> Iterator[tuple[list[int], dict[int, int] | None, int]]:
    """Yield sorted presentation times in pieces, with their ends if durations differ."""
    last = track.durations[-1][1] if track.durations else 0
    uniform = len(track.durations) == 1 or len({d for n, d in track.durations if n}) <= 1
    durations = durations_of(track)
    offsets = chain(expand(track.offsets), repeat(0))
    # One duration for all samples: a range needs no table.
    step = last if len(track.durations) == 1 else 0
    clock, left = 0, track.samples
    held: list[int] = []
    held_ends: dict[int, int] = {}
    while left:
        count = min(left, PIECE)
        left -= count
        spent: Sequence[int] = ()
        starts: Iterable[int]
        if step:
            starts = range(clock, clock + step * count, step)
            clock += step * count
        else:
            spent = array("q", islice(durations, count))
            starts = islice(accumulate(spent, initial=clock), count)
            clock += sum(spent)
        shown = list(map(add, starts, islice(offsets, count)))
        ends = None
        if not uniform:
            stops = list(map(add, shown, spent))
            ends = held_ends | dict(zip(shown, stops, strict=True))
            if len(ends) < len(held_ends) + count:
                # Of several frames with the same time the one that ends last counts.
                for time, stop in (*held_ends.items(), *zip(shown, stops, strict=True)):
                    ends[time] = max(ends[time], stop)
        times = sorted(held + shown)
        if left:
            held, times = times[-REORDER_PACKETS:], times[:-REORDER_PACKETS]
            held_ends = {} if ends is None else {t: ends[t] for t in held}
        yield times, ends, last


def _seen(track: Track, excluded: ExcludedSamples) -> tuple[list[int], dict[int, int]]:
    """Return the sorted presentation times of the samples that are frames, and their ends."""
    ends: dict[int, int] = {}
    times: list[int] = []
    for number, (time, duration) in enumerate(
        zip(islice(shown_times(track), track.samples), durations_of(track), strict=False)
    ):
        if number in excluded.hidden:
            continue
        if number in excluded.seconds and times:
            # Both fields are one frame, shown from the first field on.
            ends[times[-1]] = max(ends[times[-1]], time + duration)
            continue
        times.append(time)
        ends[time] = max(ends.get(time, time), time + duration)
    return sorted(times), ends


def _count_frames(track: Track, windows: list[Window], excluded: ExcludedSamples) -> None:
    """Count the track's frames in each window."""
    if excluded.hidden or excluded.seconds:
        frames, stops = _seen(track, excluded)
        for window in windows:
            window.take(frames, stops, 0)
        return
    if len(track.durations) == 1 and not any(values_of(track.offsets)):
        # Evenly spaced in decoding order: nothing to sort or expand.
        step = track.durations[0][1]
        if step > 0:
            for window in windows:
                window.take(range(0, step * track.samples, step), None, step)
            return
    for times, ends, duration in _pieces(track):
        for window in windows:
            window.take(times, ends, duration)


class _EditList(NamedTuple):
    """The windows that an edit list shows, in order, and the seconds without a frame."""

    windows: list[Window]
    #: Before the first frame.
    delay: Fraction
    #: Between the windows.
    gap: Fraction


def _read_edits(edits: Sequence[Edit], scale: int, movie_timescale: int) -> _EditList:
    """Return the windows of a track with ``scale`` ticks a second."""
    windows: list[Window] = []
    # In ticks of the movie.
    delay = gap = pending = 0
    for edit in edits:
        if edit.media_time < 0:
            if windows:
                # Count an empty edit only if a window follows: at the end it shows nothing.
                pending += edit.length
            else:
                delay += edit.length
            continue
        rate = edit.rate if edit.rate > 0 else NORMAL_RATE
        # To the nearest tick, as FFmpeg does.
        unit = movie_timescale * NORMAL_RATE
        ticks = (2 * edit.length * scale * rate + unit) // (2 * unit)
        stop = edit.media_time + ticks
        gap, pending = gap + pending, 0
        windows.append(Window(edit.media_time, stop if edit.length else None, rate=rate))
    return _EditList(
        windows,
        Fraction(delay, movie_timescale) if delay else NO_TIME,
        Fraction(gap, movie_timescale) if gap else NO_TIME,
    )


def present(track: Track, movie_timescale: int, excluded: ExcludedSamples = NOTHING) -> Timing:
    """Return the track's presented timing: edit list applied, samples that are no frames excluded.

    A track without frames or with a time base of zero has no duration and no rate.
    """
    scale = track.timescale
    if track.samples == 0 or scale <= 0 or not track.durations:
        return Timing(None, track.samples, None, None, None, None, None)
    edits = track.edits if movie_timescale > 0 else ()
    shown = _read_edits(edits, scale, movie_timescale)
    whole = Window(start=-(1 << 62), end=None)
    _count_frames(track, [whole], excluded)
    # Most edit lists only undo the delay of B-frames: their window has all the frames.
    rest = [window for window in shown.windows if not window.takes_all(whole)]
    if rest:
        _count_frames(track, rest, excluded)
    end = whole.shown_end
    for window in shown.windows:
        # Edits are rounded to movie ticks: one that ends within a tick of the track's end, or after
        # it, hides nothing there.
        tick = -(-scale * window.rate // (movie_timescale * NORMAL_RATE))
        if window.end is not None and window.end >= end - tick:
            window.end = None
    lead = _lead(whole, shown.windows) if excluded.hidden else 0
    return _timing(
        shown.windows or [whole],
        scale,
        _effects(edits, shown, whole),
        shown.delay + Fraction(lead, scale) if lead else shown.delay,
        shown.gap,
        (Fraction(whole.span, scale), Fraction(end, scale)),
    )


def _effects(edits: Sequence[Edit], shown: _EditList, whole: Window) -> list[str]:
    """Return what the edit list changes, in clauses."""
    windows, delay, gap = shown
    effects = []
    if delay:
        effects.append(f"it delays the first frame by {float(delay):g} s")
    if gap:
        effects.append(f"it leaves {float(gap):g} s empty in the middle")
    if not windows:
        return [*effects, NO_STRETCH] if edits else effects
    frames = sum(w.frames for w in windows)
    if len(windows) > 1:
        effects.append(f"it plays {len(windows)} stretches of the track one after the other")
    if frames < whole.frames:
        effects.append(f"it hides {whole.frames - frames} of {whole.frames} frames")
    elif any(w.end is not None and w.end < w.shown_end for w in windows):
        effects.append("it cuts the last frame short")
    if any(e.rate != NORMAL_RATE and e.media_time >= 0 for e in edits):
        effects.append(_speed([w.rate for w in windows]))
    return effects


def _lead(whole: Window, windows: Sequence[Window]) -> int:
    """Return the ticks before the first frame covered by samples that are not shown."""
    first = windows[0] if windows else whole
    begin = first.start if windows else 0
    return max(first.first - begin, 0) if first.first is not None else 0


def _speed(rates: Sequence[int]) -> str:
    """Return how edits change the speed."""
    other = next((rate for rate in rates if rate != NORMAL_RATE), None)
    if other is None:
        return "it plays at another speed"
    many = "" if len(rates) == 1 else "a part of "
    return f"it plays {many}the track at {other / NORMAL_RATE:g} times its speed"


def evenness(
    shortest: int | Fraction, longest: int | Fraction, unit: int, rarer: int
) -> tuple[bool, bool]:
    """Return whether two interval lengths are even, and whether only rounding makes them differ.

    ``unit`` is the tick they were rounded to: a file that once had a clock of milliseconds keeps
    multiples of them on a finer clock. An interval of few units is a dropped frame, not rounding.
    With a rounded rate both lengths recur, and ``rarer`` is the lower count: a single odd interval
    on an exact clock counts in full.
    """
    if shortest <= 0:
        return False, False
    rounded = longest - shortest == unit and shortest >= LEAST_UNITS * unit
    return longest == shortest or rounded, rounded and rarer >= LEAST_ODD


def _timing(
    windows: list[Window],
    scale: int,
    effects: list[str],
    delay: Fraction,
    gap: Fraction,
    unedited: tuple[Fraction, Fraction],
) -> Timing:
    frames = sum(w.frames for w in windows)
    duration = Fraction(sum(w.shown(w.span) for w in windows), scale)
    if gap:
        duration += gap
    gaps = [w.shown(g) for w in windows for g in (w.shortest, w.longest) if g is not None]
    shortest, longest = (min(gaps), max(gaps)) if gaps else (None, None)
    even: bool | None = None
    tick = None
    if shortest is not None and longest is not None:
        unit = gcd(*(w.unit for w in windows))
        rarer = min(sum(w.short for w in windows), sum(w.long for w in windows))
        even, rounded = evenness(shortest, longest, unit, rarer)
        even = even and not gap
        tick = Fraction(unit, scale) if even and rounded else None
    return Timing(
        duration=duration if duration > 0 else None,
        frames=frames,
        fps=frames / duration if duration > 0 and frames else None,
        rounding_tick=tick,
        constant_rate=even,
        min_interval=None if shortest is None else Fraction(shortest, scale),
        max_interval=None if longest is None else Fraction(longest, scale),
        edit_effect="; ".join(effects) or None,
        delay=delay,
        unedited=unedited[0],
        media_end=unedited[1],
    )
