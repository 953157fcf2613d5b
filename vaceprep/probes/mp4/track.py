"""One track of the MP4 family: its header, edit list, first sample entry and sample tables.

Specification: ISO/IEC 14496-12, 8.3 to 8.7 and 12.1 (``clap``), Apple's QuickTime File Format, and
Dolby Vision Streams Within the ISO Base Media File Format (``dvcC``, ``dvvC``).
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from math import floor
from typing import Final, NamedTuple

from vaceprep.contract import MAX_STREAMS
from vaceprep.facts import Crop
from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.tables import (
    BoxError,
    Boxes,
    Runs,
    children,
    counted,
    end_of_data,
    numbers,
    signed_durations,
    sizes_of,
)
from vaceprep.records import Values

#: Most edits of one track; more than a few are an editor's project, not a clip.
MAX_EDITS: Final = 1000
#: Most data references read; a sample entry refers to its own in 16 bits.
MAX_REFERENCES: Final = 0xFFFF
IDENTITY: Final = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
#: Bytes of a video sample entry before its boxes.
FIXED: Final = 78
DOLBY_VISION: Final = ("dvcC", "dvvC", "dvwC")
#: The profile whose base layer never has a standard colour space.
PROFILE_ALONE: Final = 5
NO_BYTES: Final = memoryview(b"")
#: A duration of all ones means "unknown".
UNKNOWN: Final = (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


class Edit(NamedTuple):
    """One entry of an edit list: length in movie ticks, start in media ticks, rate 16.16."""

    length: int
    media_time: int
    rate: int


class DolbyVision(NamedTuple):
    """The profile, and the compatible base layer for other decoders (0: none)."""

    profile: int
    compatibility: int

    @property
    def alone(self) -> bool:
        """Whether only a Dolby Vision decoder can show its colours."""
        return self.profile == PROFILE_ALONE or self.compatibility == 0


class Entry(NamedTuple):
    """A video sample entry. Sizes in pixels of the stored picture."""

    #: Pixels outside the clean aperture; None without one.
    crop: Crop | None
    dolby: DolbyVision | None


class Track(Values):
    """One ``trak``; times in media ticks unless noted."""

    id: int = 0
    handler: str = ""
    matrix: tuple[int, ...] = IDENTITY
    #: Width and height by the track header, in pixels (16.16).
    shown: tuple[int, int] = (0, 0)
    #: In movie ticks; None if the header says "unknown".
    header_duration: int | None = None
    timescale: int = 0
    media_duration: int | None = None
    edits: tuple[Edit, ...] = ()
    #: Four-letter codes of all sample entries, and the number that the table claims.
    formats: tuple[str, ...] = ()
    entries: int = 0
    #: The first sample entry of a video track.
    entry: Entry | None = None
    #: The body of the first sample entry.
    description: memoryview = NO_BYTES
    #: Whether the data of the first sample entry are in another file.
    external: bool = False
    #: ``(count, duration)`` and ``(count, offset)`` runs; negative durations are corrected.
    durations: Sequence[tuple[int, int]] = ()
    offsets: Sequence[tuple[int, int]] = ()
    #: The runs of durations as stored; None without ``stts``.
    stored: Runs | None = None
    samples: int = 0
    #: Samples covered by the table of durations.
    timed_samples: int = 0
    #: Bytes of each sample, or of all if they are equal (``sizes`` is None then).
    sizes: array[int] | None = None
    fixed_size: int = 0
    #: Byte offsets of the chunks; first chunk, samples per chunk and sample entry of each run.
    chunks: array[int] | None = None
    per_chunk: array[int] | None = None
    #: Numbers (from 1) of the samples at which decoding may begin; None: all of them.
    sync: array[int] | None = None
    #: The offset after the last byte of any sample.
    end: int = 0

    @property
    def encrypted(self) -> bool:
        """Return whether a sample entry is of a protected type."""
        return any(f in ("encv", "enca", "enct", "encs", "drmi") for f in self.formats)


def duration_of(value: int) -> int | None:
    """Return a header's duration; None if it says "unknown"."""
    return None if value in UNKNOWN else value


def clock_of(view: memoryview) -> tuple[int, int | None, int]:
    """Return timescale and duration of ``mvhd`` or ``mdhd``, and the offset after them."""
    form, at = (">IQ", 20) if view[0] == 1 else (">II", 12)
    timescale, duration = struct.unpack_from(form, view, at)
    return timescale, duration_of(duration), at + struct.calcsize(form)


def _tkhd(view: memoryview, track: Track) -> None:
    form, at = (">I4xQ", 20) if view[0] == 1 else (">I4xI", 12)
    track.id, duration = struct.unpack_from(form, view, at)
    track.header_duration = duration_of(duration)
    at += struct.calcsize(form) + 16
    track.matrix = struct.unpack_from(">9i", view, at)
    if len(view) >= at + 44:
        track.shown = struct.unpack_from(">II", view, at + 36)


def _elst(view: memoryview) -> tuple[Edit, ...]:
    version, count = view[0], struct.unpack_from(">I", view, 4)[0]
    form = struct.Struct(">Qqi" if version == 1 else ">Iii")
    if count > MAX_EDITS or count * form.size > len(view) - 8:
        raise BoxError(f"its edit list claims {count:,} entries")
    return tuple(Edit(*form.unpack_from(view, 8 + i * form.size)) for i in range(count))


def _read_entry(body: memoryview) -> Entry | None:
    """Parse the body of a video sample entry; None if it is too short."""
    if len(body) < FIXED:
        return None
    width, height = struct.unpack_from(">HH", body, 24)
    crop, dolby = None, None
    for name, inner in children(body[FIXED:]):
        if name == Box.CLAP:
            crop = clean_aperture(inner, width, height)
        elif name in DOLBY_VISION:
            dolby = dolby_vision(bytes(inner[:5]))
    return Entry(crop, dolby)


def dolby_vision(record: bytes) -> DolbyVision | None:
    """Parse a Dolby Vision configuration record; None if it is too short."""
    if len(record) < 5:
        return None
    return DolbyVision(record[2] >> 1, record[4] >> 4)


def clean_aperture(body: memoryview, width: int, height: int) -> Crop | None:
    """Return the pixels outside ``clap``; None if it is the whole picture or lies outside it."""
    if len(body) < 32:
        return None
    parts = struct.unpack_from(">IIIIiIiI", body)
    if not all(parts[1::2]):
        return None
    wide, high, across, down = (
        Fraction(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)
    )
    if wide <= 0 or high <= 0:
        return None
    left, right = (width - wide) / 2 + across, (width - wide) / 2 - across
    top, bottom = (height - high) / 2 + down, (height - high) / 2 - down
    if min(left, right, top, bottom) < 0:
        return None
    found = Crop(*(floor(side) for side in (left, top, right, bottom)))
    return found if any(found) else None


def _dref_external(view: memoryview) -> list[bool]:
    # Flag 1 of a data reference: the data are in this file.
    listed = islice(children(view[8:]), MAX_REFERENCES)
    return [len(body) >= 4 and not body[3] & 1 for _, body in listed]


def _stsd(view: memoryview, track: Track, external: list[bool]) -> None:
    track.entries = struct.unpack_from(">I", view, 4)[0]
    entries = list(islice(children(view[8:]), MAX_STREAMS))
    track.formats = tuple(name for name, _ in entries)
    if entries and len(entries[0][1]) >= 8:
        reference = struct.unpack_from(">H", entries[0][1], 6)[0]
        track.external = 0 < reference <= len(external) and external[reference - 1]
    if entries:
        track.description = entries[0][1]
    if entries and track.handler == "vide":
        track.entry = _read_entry(entries[0][1])


def _stbl(boxes: Boxes, track: Track, external: list[bool]) -> None:
    for kind, body, _ in boxes:
        if kind == Box.STSD:
            _stsd(body, track, external)
        elif kind == Box.STTS:
            track.stored = Runs(body, "I")
            track.durations = signed_durations(track.stored)
            if 0 in track.stored.counts:
                track.durations = [run for run in track.durations if run[0]]
            track.timed_samples = sum(track.stored.counts)
        elif kind == Box.CTTS:
            # Version 0 is unsigned in the standard, but writers use it for negative offsets.
            track.offsets = Runs(body, "i")
        elif kind in (Box.STSZ, Box.STZ2):
            track.samples, track.fixed_size, track.sizes = sizes_of(body, kind)
        elif kind in (Box.STCO, Box.CO64):
            count = counted(body, 4, "chunks")
            track.chunks = numbers(body, 8, count, "I" if kind == Box.STCO else "Q", "chunks")
        elif kind == Box.STSC:
            count = counted(body, 4, "runs of chunks")
            track.per_chunk = numbers(body, 8, 3 * count, "I", "runs of chunks")
        elif kind == Box.STSS:
            track.sync = numbers(body, 8, counted(body, 4, "keyframes"), "I", "keyframes")
    if track.chunks and track.per_chunk:
        track.end = end_of_data(track.chunks, track.per_chunk, track.sizes, track.fixed_size)


def _minf(boxes: Boxes, track: Track) -> None:
    inside = {kind: inner for kind, _, inner in boxes}
    external: list[bool] = []
    references = {kind: body for kind, body, _ in inside.get(Box.DINF, ())}.get(Box.DREF)
    if references:
        external = _dref_external(references)
    _stbl(inside.get(Box.STBL, ()), track, external)


def read_track(boxes: Boxes) -> Track:
    """Parse the boxes of a ``trak``. Raises BoxError, struct.error or IndexError if broken."""
    track = Track()
    for kind, body, inside in boxes:
        if kind == Box.TKHD:
            _tkhd(body, track)
        elif kind == Box.EDTS:
            for name, entry, _ in inside:
                if name == Box.ELST:
                    track.edits = _elst(entry)
        elif kind == Box.MDIA:
            # The handler says how to read the entries, wherever it stands.
            parts = {name: (part, held) for name, part, held in inside}
            if Box.MDHD in parts:
                track.timescale, track.media_duration, _ = clock_of(parts[Box.MDHD][0])
            if Box.HDLR in parts:
                track.handler = bytes(parts[Box.HDLR][0][8:12]).decode("latin-1")
            if Box.MINF in parts:
                _minf(parts[Box.MINF][1], track)
    return track
