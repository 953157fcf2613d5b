"""When frames are shown: exact, held against a slow reference that expands every sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vaceprep.probes.mp4.boxes import Edit, Track
from vaceprep.probes.timestamps import from_timestamps
from vaceprep.probes.timing import present

NORMAL = 0x10000


@dataclass
class Shown:
    """What the reference says."""

    duration: Fraction | None
    frames: int
    delay: Fraction
    gaps: list[int]


def expand(runs: Sequence[tuple[int, int]], count: int, rest: int) -> list[int]:
    values = [value for number, value in runs for _ in range(number)][:count]
    return values + [rest] * (count - len(values))


def reference(track: Track, movie_timescale: int) -> Shown:
    """Every sample written out, every edit applied, all in fractions.

    An edit's end is rounded to the nearest tick of the track (as FFmpeg does), and one within a
    movie tick of the track's end is the track's end.
    """
    durations = expand(track.durations, track.samples, track.durations[-1][1])
    offsets = expand(track.offsets, track.samples, 0)
    clock, frames = 0, []
    for duration, offset in zip(durations, offsets, strict=True):
        frames.append((clock + offset, clock + offset + duration))
        clock += duration
    frames.sort()
    track_end = max(end for _, end in frames)
    total, count, gaps = Fraction(0), 0, []
    delay = between = Fraction(0)
    edits = list(track.edits) or [Edit(0, min(start for start, _ in frames), NORMAL)]
    seen = False
    for edit in edits:
        if edit.media_time < 0 and track.edits:
            length = Fraction(edit.length, movie_timescale)
            if seen:
                between += length
            else:
                delay += length
            continue
        # What stands empty after the last stretch delays nothing and is not shown.
        if seen:
            total += between
        seen, between = True, Fraction(0)
        stop = Fraction(track_end)
        if edit.length:
            exact = edit.media_time + Fraction(edit.length * track.timescale, movie_timescale)
            stop = Fraction(int(exact + Fraction(1, 2)))
        shown = [
            (a, b) for a, b in frames if edit.media_time <= a and (a < stop or not edit.length)
        ]
        if not shown:
            continue
        end = Fraction(max(b for _, b in shown))
        tick = Fraction(-(-track.timescale // movie_timescale))
        if stop < track_end - tick:
            end = min(end, stop)
        total += max(end - shown[0][0], Fraction(0)) / track.timescale
        count += len(shown)
        gaps += [b - a for (a, _), (b, _) in pairwise(shown)]
    return Shown(total if total > 0 else None, count, delay, gaps)


runs_of = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 1200)), min_size=1, max_size=4)


@st.composite
def tracks(draw: st.DrawFn) -> tuple[Track, int]:
    scale = draw(st.sampled_from([1, 16, 25, 30, 600, 1000, 12800, 15360, 30000, 90000]))
    movie = draw(st.sampled_from([scale, 600, 1000, 90000]))
    durations = draw(runs_of)
    samples = sum(n for n, _ in durations) + draw(st.integers(0, 3))
    offsets = draw(
        st.one_of(
            st.just([]),
            st.lists(st.tuples(st.integers(1, 9), st.integers(-300, 2400)), max_size=5),
        )
    )
    length = sum(n * d for n, d in durations)
    edit = st.builds(
        Edit,
        length=st.integers(0, max(length * movie * 2 // scale, 1)),
        media_time=st.one_of(st.just(-1), st.just(0), st.integers(0, length)),
        rate=st.just(NORMAL),
    )
    edits = draw(st.one_of(st.just([]), st.lists(edit, max_size=3)))
    if not any(e.media_time >= 0 for e in edits):
        edits = []
    track = Track(
        timescale=scale,
        samples=samples,
        durations=durations,
        offsets=offsets,
        edits=tuple(edits),
    )
    return track, movie


def one(
    count: int, step: int, scale: int, edits: list[tuple[int, int]] | None = None
) -> tuple[Track, int]:
    listed = tuple(Edit(length, at, NORMAL) for length, at in edits or [])
    track = Track(timescale=scale, samples=count, durations=[(count, step)], edits=listed)
    return track, 1000


#: Offsets that put the second and the third of three frames at one time.
TWINS: list[tuple[int, int]] = [(1, 0), (1, 2)]


@given(tracks())
@example(one(81, 1, 16, [(5062, 0)]))
@example(one(81, 1, 16, [(5000, 0)]))
@example(one(80, 1, 16, [(5000, 0), (2000, -1)]))
@example(one(125, 512, 12800, [(400, -1), (5000, 0)]))
@example((Track(timescale=1, samples=3, durations=[(1, 1), (1, 2), (1, 1)], offsets=TWINS), 1))
def test_presented_timing_agrees_with_every_sample_written_out(case: tuple[Track, int]) -> None:
    track, movie = case
    got, want = present(track, movie), reference(track, movie)
    assert (got.frames, got.duration, got.delay) == (want.frames, want.duration, want.delay)
    if want.duration and want.frames:
        assert got.fps == want.frames / want.duration
    if want.gaps and len(track.edits) < 2:
        assert got.min_interval == Fraction(min(want.gaps), track.timescale)
        assert got.max_interval == Fraction(max(want.gaps), track.timescale)


@given(tracks())
def test_an_edit_effect_is_told_exactly_where_frames_or_times_change(
    case: tuple[Track, int],
) -> None:
    track, movie = case
    bare = present(
        Track(
            timescale=track.timescale,
            samples=track.samples,
            durations=track.durations,
            offsets=track.offsets,
        ),
        movie,
    )
    edited = present(track, movie)
    assert bare.edit_effect is None
    if (edited.frames, edited.duration) != (bare.frames, bare.duration):
        assert edited.edit_effect is not None


@pytest.mark.parametrize("count", [70_000, 65_536, 65_537, 131_072])
def test_long_tracks_are_walked_in_pieces_without_a_seam(count: int) -> None:
    # Three B-frames a group: decoding order 0 4 2 1 3, so that every seam cuts a group.
    pattern = [(1, 1000), (1, 4000), (1, 1000), (1, -1000)]
    track = Track(
        timescale=25000,
        samples=count,
        durations=[(count, 1000)],
        offsets=pattern * (count // 4) + pattern[: count % 4],
    )
    got, want = present(track, 1000), reference(track, 1000)
    assert (got.frames, got.duration) == (want.frames, want.duration)
    assert got.min_interval == Fraction(min(want.gaps), 25000)
    assert got.max_interval == Fraction(max(want.gaps), 25000)


@pytest.mark.parametrize(
    ("count", "step", "scale", "seconds", "rate"),
    [
        (150, 1001, 30000, Fraction(5005, 1000), Fraction(30000, 1001)),
        (149, 1001, 30000, Fraction(149 * 1001, 30000), Fraction(30000, 1001)),
        (80, 1, 16, Fraction(5), Fraction(16)),
        (81, 1, 16, Fraction(81, 16), Fraction(16)),
        (79, 1001, 16000, Fraction(79 * 1001, 16000), Fraction(16000, 1001)),
        (3, 1, 1, Fraction(3), Fraction(1)),
    ],
)
def test_fractions_stay_exact(
    count: int, step: int, scale: int, seconds: Fraction, rate: Fraction
) -> None:
    timing = present(*one(count, step, scale))
    assert (timing.duration, timing.fps) == (seconds, rate)
    assert timing.constant_rate is True
    assert timing.rounding_tick is None


def test_an_edit_that_only_undoes_the_reordering_delay_changes_nothing() -> None:
    track = Track(
        timescale=12800,
        samples=4,
        durations=[(4, 512)],
        offsets=[(1, 1024), (1, 2048), (1, 1024), (1, 0)],
        edits=(Edit(160, 1024, NORMAL),),
    )
    timing = present(track, 1000)
    assert (timing.frames, timing.duration) == (4, Fraction(4, 25))
    assert timing.edit_effect is None


@pytest.mark.parametrize("scale", [0, -1])
def test_no_time_base_gives_no_times(scale: int) -> None:
    track = Track(timescale=scale, samples=3, durations=[(3, 1)])
    timing = present(track, 1000)
    assert (timing.frames, timing.duration, timing.fps) == (3, None, None)


def test_frames_that_all_stand_still_give_no_rate() -> None:
    timing = present(Track(timescale=25, samples=3, durations=[(3, 0)]), 1000)
    assert (timing.frames, timing.duration, timing.fps) == (3, None, None)
    assert timing.constant_rate is not True


rates = st.sampled_from(
    [Fraction(r) for r in (15, 16, 24, 25, 30, 50, 60)]
    + [Fraction(r * 1000, 1001) for r in (16, 24, 30, 60)]
)


@given(rates, st.integers(2, 400), st.integers(0, 5000), st.booleans())
def test_milliseconds_that_fit_the_header_s_rate_are_that_rate_exactly(
    rate: Fraction, count: int, start: int, down: bool
) -> None:
    def milliseconds(number: int) -> int:
        exact = number * 1000 / rate
        return start + (int(exact) if down else round(exact))

    times = [milliseconds(i) for i in range(count)]
    spent = [int(1000 / rate)] * count
    timing = from_timestamps(times, spent, Fraction(1, 1000), [rate], rounds=True)
    assert (timing.frames, timing.fps, timing.duration) == (count, rate, count / rate)
    assert timing.constant_rate is True


@given(st.integers(0, 78), st.integers(3, 40))
def test_one_late_frame_in_milliseconds_is_no_constant_rate(late: int, by: int) -> None:
    times = [round(i * 62.5) + (by if i > late else 0) for i in range(80)]
    timing = from_timestamps(times, [62] * 80, Fraction(1, 1000), [Fraction(16)], rounds=True)
    assert timing.constant_rate is False
    assert timing.duration == Fraction(times[-1] - times[0] + 62, 1000)


@given(st.lists(st.integers(1, 9000), min_size=1, max_size=50), st.integers(-90000, 90000))
def test_exact_clocks_are_taken_as_they_are(gaps: list[int], start: int) -> None:
    times = [start]
    for gap in gaps:
        times.append(times[-1] + gap)
    base = Fraction(1, 90000)
    timing = from_timestamps(times, [100] * len(times), base, [], rounds=False)
    assert timing.duration == (times[-1] - times[0] + 100) * base
    assert timing.fps == len(times) / timing.duration
    assert (timing.min_interval, timing.max_interval) == (min(gaps) * base, max(gaps) * base)


def test_one_frame_has_the_header_s_rate() -> None:
    timing = from_timestamps([7], [0], Fraction(1, 1000), [None, Fraction(25)], rounds=True)
    assert (timing.frames, timing.fps, timing.duration) == (1, Fraction(25), Fraction(1, 25))


def test_no_frames_give_nothing() -> None:
    timing = from_timestamps([], [], Fraction(1, 1000), [], rounds=False)
    assert (timing.frames, timing.duration, timing.fps) == (0, None, None)


@given(
    st.lists(st.integers(-(2**62), 2**62), max_size=20),
    st.integers(0, 2**40),
    st.fractions(min_value="1/90000", max_value=10),
    st.booleans(),
)
def test_any_timestamps_at_all_give_a_timing(
    times: list[int], spent: int, base: Fraction, rounds: bool
) -> None:
    times.sort()
    timing = from_timestamps(times, [spent] * len(times), base, [None, Fraction(25)], rounds=rounds)
    assert timing.frames == len(times)
    assert timing.duration is None or timing.duration > 0
