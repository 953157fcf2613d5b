"""Find samples of an MP4 track that are no shown frames, by its tables and the NAL units.

Reads only samples that may lack a picture: those of a few bytes, those before the first keyframe,
and all if the parameter set allows fields. Decoding (``--deep``) finds the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, repeat
from typing import Final, NamedTuple

from vaceprep.files.source import Opened
from vaceprep.formats import REORDER_PACKETS
from vaceprep.probes.access_units import Form, Pairs, Picture, picture
from vaceprep.probes.mp4.tables import expand
from vaceprep.probes.mp4.track import Track

#: Samples with fewer bytes are read: H.264 codes an unchanged picture in some 20.
SMALL: Final = 200
#: Small samples read before all of them are assumed to be pictures.
ENOUGH: Final = 2048
#: Most samples, each of which is read, if fields are allowed.
MAX_FIELDS: Final = 500_000
#: Most samples read before the first keyframe.
MAX_BEFORE: Final = 10_000


class ExcludedSamples(NamedTuple):
    """Numbers (from 0, in decoding order) of samples that are no separate frames."""

    #: Never shown.
    hidden: frozenset[int]
    #: The second field of the previous frame.
    seconds: frozenset[int]
    #: Number of samples that hold no picture.
    empty: int
    #: Number of pictures not shown because no keyframe precedes them.
    before: int


NOTHING: Final = ExcludedSamples(frozenset(), frozenset(), 0, 0)


def excluded_samples(opened: Opened, track: Track, form: Form | None) -> ExcludedSamples:
    """Return the samples that are no frames. Raises OSError if reading fails."""
    samples = _Samples(opened, track, form)
    empty = frozenset(samples.empty())
    first = _first_key(track, samples, empty)
    before = frozenset(range(first)) - empty if first else frozenset[int]()
    if first:
        before |= _leading(track, first)
    elif form and len(track.offsets):
        before = frozenset(samples.leading()) - empty
    seconds = frozenset(samples.seconds()) if form and form.slices else frozenset[int]()
    if not empty and not before and not seconds:
        return NOTHING
    frames = len(before - seconds)
    return ExcludedSamples(empty | before, seconds - empty - before, len(empty), frames)


class _Samples(NamedTuple):
    """Samples of one track, read at the offsets in the index."""

    opened: Opened
    track: Track
    form: Form | None

    def picture(self, start: int, size: int) -> Picture | None:
        form, read_at = self.form, self.opened.read_at
        if form is None or start + size > self.opened.size:
            # A missing sample proves nothing.
            return Picture(False, None, False)
        return picture(form, size, lambda at, count: read_at(start + at, min(count, size - at)))

    def places(self) -> Iterator[tuple[int, int]]:
        """Yield the offset of each sample, and its size in bytes."""
        track = self.track
        sizes = track.sizes
        number = 0
        for start, count in _chunks(track):
            at = start
            for _ in range(min(count, track.samples - number)):
                size = track.fixed_size if sizes is None else sizes[number]
                yield at, size
                at += size
                number += 1

    def empty(self) -> Iterator[int]:
        """Yield samples without a picture."""
        sizes = self.track.sizes
        if sizes is None:
            if self.track.fixed_size >= SMALL or self.form is None:
                return
        elif min(sizes, default=SMALL) >= SMALL:
            return
        looked = found = 0
        for number, (start, size) in enumerate(self.places()):
            if size >= SMALL:
                continue
            looked += 1
            if not size or self.picture(start, size) is None:
                found += 1
                yield number
            if looked >= ENOUGH and not found:
                return

    def entry(self, until: int) -> int:
        """Return the first sample before ``until`` at which decoding may begin; else ``until``."""
        if self.form is None:
            return until
        for number, (start, size) in enumerate(islice(self.places(), min(until, MAX_BEFORE))):
            found = self.picture(start, size)
            if found is not None and found.entry:
                return number
        return until

    def leading(self) -> Iterator[int]:
        """Yield samples shown before the first sample that refer to missing pictures."""
        times = list(islice(shown_times(self.track), min(self.track.samples, REORDER_PACKETS)))
        early = [number for number, time in enumerate(times) if time < times[0]]
        if not early:
            return
        places = list(islice(self.places(), early[-1] + 1))
        opening = self.picture(*places[0])
        if opening is None or (self.form and self.form.codec == "h264" and opening.entry):
            return
        for number in early:
            found = self.picture(*places[number])
            if found is not None and (found.skipped or (self.form and self.form.codec == "h264")):
                yield number

    def seconds(self) -> Iterator[int]:
        """Yield samples that are the second field of a frame."""
        pairs = Pairs()
        for number, (start, size) in enumerate(islice(self.places(), MAX_FIELDS)):
            found = self.picture(start, size)
            if found is not None and pairs.second(found.field):
                yield number


def _chunks(track: Track) -> Iterator[tuple[int, int]]:
    """Yield the offset of each chunk, and its number of samples."""
    chunks, per_chunk = track.chunks, track.per_chunk
    if not chunks or not per_chunk:
        return
    firsts, counts = per_chunk[::3], per_chunk[1::3]
    run = 0
    for number, start in enumerate(chunks, 1):
        while run + 1 < len(firsts) and firsts[run + 1] <= number:
            run += 1
        yield start, counts[run]


def _first_key(track: Track, samples: _Samples, empty: frozenset[int]) -> int:
    """Return the first sample from which frames are shown; 0 if all are, or without a table."""
    if not track.sync or not 1 < track.sync[0] <= track.samples:
        return 0
    key = track.sync[0] - 1
    if all(number in empty for number in range(key)):
        return 0
    return samples.entry(key)


def _leading(track: Track, first: int) -> frozenset[int]:
    """Return samples after the first keyframe shown before it: they refer to missing pictures."""
    times = list(islice(shown_times(track), track.samples))
    return frozenset(n for n in range(first + 1, len(times)) if times[n] < times[first])


def durations_of(track: Track) -> Iterator[int]:
    """Yield each sample's duration without end: the last one again, as players do."""
    last = track.durations[-1][1] if track.durations else 0
    return chain(expand(track.durations), repeat(last))


def shown_times(track: Track) -> Iterator[int]:
    """Yield each sample's presentation timestamp in decoding order, without end."""
    offsets = chain(expand(track.offsets), repeat(0))
    clock = 0
    for duration, offset in zip(durations_of(track), offsets, strict=False):
        yield clock + offset
        clock += duration
