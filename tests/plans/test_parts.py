"""A long video is divided so that each frame is in one part, within the limit, at its cuts."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaceprep.limits import CONTRACT
from vaceprep.plans import parts
from vaceprep.plans.parts import (
    CannotDivide,
    CannotSplit,
    Part,
    SplitOptions,
    Timeline,
    TooManyParts,
    parts_of,
)

NTSC = Fraction(30000, 1001)
NONE = Fraction(0)


def constant(fps: Fraction | int, frames: int) -> Timeline:
    rate = Fraction(fps)
    times = tuple(number / rate for number in range(frames))
    return Timeline(times, frames / rate, 1 / rate)


def made(
    timeline: Timeline, *cuts: Fraction | int, **options: Fraction | int | None
) -> tuple[Part, ...]:
    wanted = SplitOptions(**options)  # type: ignore[arg-type]
    return parts_of(timeline, [Fraction(cut) for cut in cuts], wanted, CONTRACT)


def spans(found: tuple[Part, ...]) -> list[tuple[int, int]]:
    return [(part.first, part.last) for part in found]


def test_the_numbers_are_those_of_the_documents() -> None:
    assert (60, 1, Fraction(2)) == (parts.MAX_PARTS, parts.SPARE, parts.MIN_LENGTH)
    assert [Fraction(1, 2), Fraction(1)] == [parts.OVERLAP, parts.LEAST]


@pytest.mark.parametrize(
    ("timeline", "expected"),
    [
        (constant(30, 360), [(0, 119), (120, 239), (240, 359)]),
        # 5.01 s in all: two parts that differ by one frame at most.
        (constant(100, 501), [(0, 249), (250, 500)]),
        # 150 frames would last 5.005 s.
        (constant(NTSC, 299), [(0, 99), (100, 198), (199, 298)]),
        (constant(NTSC, 298), [(0, 148), (149, 297)]),
    ],
)
def test_without_cuts_the_parts_are_equally_long(
    timeline: Timeline, expected: list[tuple[int, int]]
) -> None:
    assert spans(made(timeline, overlap=NONE)) == expected


@pytest.mark.parametrize("seconds", [6, 9, 10, 19, 23, 40])
def test_an_overlap_costs_what_the_documents_say(seconds: int) -> None:
    found = made(constant(30, 30 * seconds))
    lap = Fraction(1, 2)
    assert len(found) == -((lap - seconds) // (5 - lap))
    assert {part.overlap for part in found[1:]} == {lap}
    assert max(part.length for part in found) - min(part.length for part in found) <= Fraction(
        1, 15
    )


def test_a_part_ends_at_a_cut_and_has_no_overlap_there() -> None:
    found = made(constant(30, 360), 4, 7)
    assert spans(found) == [(0, 119), (120, 209), (210, 359)]
    assert [part.after_cut for part in found] == [False, True, True]
    assert [part.overlap for part in found] == [0, 0, 0]


def test_cuts_that_cost_more_than_one_part_are_not_followed() -> None:
    # Parts of 3 s would be 4 more than parts of 5 s.
    found = made(constant(30, 900), *range(3, 30, 3), overlap=NONE)
    assert len(found) == 7
    assert sum(part.after_cut for part in found) == 3
    # A shot of half a second is no part.
    assert min(p.length for p in made(constant(30, 360), Fraction(5, 2), 3)) >= 1


def test_more_parts_than_allowed_are_refused_with_their_number() -> None:
    with pytest.raises(TooManyParts, match="takes 133 parts, and --max-parts is 60") as caught:
        made(constant(25, 15000))
    assert caught.value.parts == 133
    assert len(made(constant(25, 15000), max_parts=133)) == 133


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"length": Fraction(1)}, "--part-length is from 2 to 5 s"),
        ({"length": Fraction(6)}, "--part-length is from 2 to 5 s"),
        ({"overlap": Fraction(-1)}, "--overlap is from 0 to half a part, 2.5 s"),
        ({"length": Fraction(3), "overlap": Fraction(2)}, "half a part, 1.5 s"),
    ],
)
def test_options_that_give_no_parts_are_refused(options: dict[str, Fraction], words: str) -> None:
    with pytest.raises(CannotSplit, match=words):
        made(constant(30, 360), **options)


def test_a_frame_that_is_longer_than_a_part_is_refused() -> None:
    slides = Timeline((Fraction(0), Fraction(1), Fraction(8)), Fraction(9))
    with pytest.raises(CannotDivide, match="frame 2 is shown for 7 s"):
        made(slides)
    # No division has only parts of 1 s and more.
    uneven = Timeline(tuple(map(Fraction, ("0", "4.8", "4.9", "5"))), Fraction("5.1"))
    with pytest.raises(CannotDivide, match="even frame rate"):
        made(uneven, overlap=NONE)


def test_a_last_frame_that_is_cut_short_counts_in_full() -> None:
    short = Timeline(tuple(Fraction(n, 30) for n in range(301)), Fraction(10), Fraction(1, 30))
    assert len(made(short, overlap=NONE)) == 3


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    if draw(st.booleans()):
        fps = Fraction(draw(st.sampled_from(["1", "3", "4", "5", "8", "10", "15000/1001", "16"])))
        return constant(fps, draw(st.integers(int(5 * fps) + 1, int(25 * fps) + 1)))
    steps = st.integers(1, 1500)
    intervals = draw(st.lists(steps, min_size=12, max_size=90))
    times = [Fraction(0)]
    for interval in intervals:
        times.append(times[-1] + Fraction(interval, 1001))
    return Timeline(tuple(times[:-1]), times[-1])


def least_number(timeline: Timeline, cuts: set[int], options: SplitOptions) -> int | None:
    """The least number of parts, by trying every end of every part."""
    times = (*timeline.times, timeline.end)
    count, step = len(timeline.times), timeline.interval or NONE
    room = options.length or CONTRACT.video_seconds
    lap = parts.OVERLAP if options.overlap is None else options.overlap

    def length(first: int, end: int) -> Fraction:
        return max(times[end] - times[first], (end - first) * step)

    needed: dict[int, int] = {0: 0}
    for before in range(count):
        if before not in needed:
            continue
        first = before
        if before not in cuts:
            first = bisect_left(timeline.times, times[before] - lap)
            while length(first, before + 1) > room:
                first += 1
        for end in range(before + 1, count + 1):
            if length(first, end) > room:
                break
            if length(first, end) >= 1:
                needed[end] = min(needed.get(end, count), needed[before] + 1)
    return needed.get(count)


@settings(max_examples=60, deadline=None)
@given(
    timelines(),
    st.lists(st.integers(0, 400), max_size=8),
    st.sampled_from([None, NONE, Fraction(1, 5), Fraction(1)]),
    st.sampled_from([None, Fraction(2), Fraction(7, 2)]),
)
def test_every_frame_is_in_one_part_and_the_parts_are_few(
    timeline: Timeline,
    places: list[int],
    overlap: Fraction | None,
    length: Fraction | None,
) -> None:
    count = len(timeline.times)
    numbers = {place for place in places if 0 < place < count}
    options = SplitOptions(length=length, overlap=overlap)
    cuts = [timeline.times[number] for number in numbers]
    least = least_number(timeline, numbers, options)
    try:
        found = parts_of(timeline, cuts, options, CONTRACT)
    except CannotDivide:
        assert least is None
        return
    assert least is not None and least <= len(found) <= least + 1
    times = (*timeline.times, timeline.end)
    room = length or CONTRACT.video_seconds
    most_overlap = parts.OVERLAP if overlap is None else overlap
    assert [part.index for part in found] == list(range(1, len(found) + 1))
    assert (found[0].first, found[-1].last, found[0].after_cut) == (0, count - 1, False)
    for part in found:
        assert (part.start, part.end) == (times[part.first], times[part.last + 1])
        assert 1 <= part.length <= room or (timeline.interval and part.length > Fraction(9, 10))
        assert (part.last + 1 - part.first) * (timeline.interval or 0) <= room
    for before, after in pairwise(found):
        begin = before.last + 1
        assert before.first < after.first <= begin <= after.last
        assert after.overlap == before.end - after.start <= most_overlap
        assert after.after_cut == (begin in numbers)
        assert not (after.after_cut and after.overlap)
