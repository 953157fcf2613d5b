"""The MP4 family's index, read straight from its boxes.

PyAV rounds durations to movie ticks and hides brands, edit lists and the file's end; the boxes
tell them exactly, in a tenth of a millisecond. Every count is checked against the bytes that
stand behind it before anything is allocated for it.

Specification: ISO/IEC 14496-12 (ISO base media file format) and Apple's QuickTime File Format.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from vaceprep.contract import MAX_INDEX_BYTES, MAX_SAMPLES, MAX_STREAMS
from vaceprep.probe.guard import check_fragment, check_structure, misplaced
from vaceprep.probe.tables import BoxError, Runs, children, counted, end_of_data, numbers, sizes_of
from vaceprep.source import Opened

__all__ = ["BoxError", "Edit", "Movie", "Track", "read_boxes"]

#: Top-level boxes looked at; a two-hour file in one-second fragments has some 15,000.
MAX_TOP_BOXES: Final = 200_000
#: Edits of one track; more than a few are an editor's project, not a clip.
MAX_EDITS: Final = 1000
#: Bytes of a fragment's header, or of another top-level box that may hold boxes.
MAX_HOLDER_BYTES: Final = 16 << 20
#: Top-level boxes beside the index that FFmpeg looks into.
HOLDERS: Final = ("udta", "meta")
#: Data references that are looked at; a sample entry names its own in 16 bits.
MAX_REFERENCES: Final = 0xFFFF
#: Bytes of XMP that are searched in all.
MAX_XMP_BYTES: Final = 1 << 20
XMP_UUID: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")

IDENTITY: Final = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
#: A duration of all ones means "unknown".
UNKNOWN: Final = (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


class Edit(NamedTuple):
    """One entry of an edit list: length in movie ticks, start in media ticks, rate 16.16."""

    length: int
    media_time: int
    rate: int


@dataclass(slots=True, eq=False, repr=False)
class Track:
    """One ``trak``; times in media ticks unless said otherwise."""

    id: int = 0
    handler: str = ""
    matrix: tuple[int, ...] = IDENTITY
    #: In movie ticks; None where the header says "unknown".
    header_duration: int | None = None
    timescale: int = 0
    media_duration: int | None = None
    edits: tuple[Edit, ...] = ()
    #: Four-letter codes of all sample entries.
    formats: tuple[str, ...] = ()
    #: Whether the first sample entry's data lie in another file.
    external: bool = False
    #: ``(count, duration)`` and ``(count, offset)`` runs.
    durations: Sequence[tuple[int, int]] = ()
    offsets: Sequence[tuple[int, int]] = ()
    samples: int = 0
    #: Samples that the table of durations covers.
    timed_samples: int = 0
    #: The byte after the last one that any sample claims.
    end: int = 0

    @property
    def encrypted(self) -> bool:
        """Whether a sample entry is one of the protected kinds."""
        return any(f in ("encv", "enca", "enct", "encs", "drmi") for f in self.formats)


@dataclass(slots=True, eq=False, repr=False)
class Movie:
    """What the top-level boxes and ``moov`` say."""

    major_brand: str | None = None
    brands: tuple[str, ...] = ()
    timescale: int = 0
    duration: int | None = None
    matrix: tuple[int, ...] = IDENTITY
    tracks: list[Track] = field(default_factory=list)
    has_index: bool = False
    compressed_index: bool = False
    fragmented: bool = False
    #: The index stands before the media data; None where there is no media data.
    index_first: bool | None = None
    #: Where the file ends too early, in words.
    truncation: str | None = None
    xmp: bytes = b""


def _duration(value: int) -> int | None:
    return None if value in UNKNOWN else value


def _mvhd(view: memoryview, movie: Movie) -> None:
    if view[0] == 1:
        movie.timescale, duration = struct.unpack_from(">IQ", view, 20)
        at = 32
    else:
        movie.timescale, duration = struct.unpack_from(">II", view, 12)
        at = 20
    movie.duration = _duration(duration)
    movie.matrix = struct.unpack_from(">9i", view, at + 16)


def _tkhd(view: memoryview, track: Track) -> None:
    if view[0] == 1:
        track.id, duration = struct.unpack_from(">I4xQ", view, 20)
        at = 36
    else:
        track.id, duration = struct.unpack_from(">I4xI", view, 12)
        at = 24
    track.header_duration = _duration(duration)
    track.matrix = struct.unpack_from(">9i", view, at + 16)


def _mdhd(view: memoryview, track: Track) -> None:
    if view[0] == 1:
        track.timescale, duration = struct.unpack_from(">IQ", view, 20)
    else:
        track.timescale, duration = struct.unpack_from(">II", view, 12)
    track.media_duration = _duration(duration)


def _elst(view: memoryview) -> tuple[Edit, ...]:
    version, count = view[0], struct.unpack_from(">I", view, 4)[0]
    form = struct.Struct(">Qqi" if version == 1 else ">Iii")
    if count > MAX_EDITS or count * form.size > len(view) - 8:
        raise BoxError(f"its edit list claims {count:,} entries")
    return tuple(Edit(*form.unpack_from(view, 8 + i * form.size)) for i in range(count))


def _dref_external(view: memoryview) -> list[bool]:
    # Flag 1 of a data reference: the data are in this file.
    listed = islice(children(view[8:]), MAX_REFERENCES)
    return [len(body) >= 4 and not body[3] & 1 for _, body in listed]


def _stbl(view: memoryview, track: Track, external: list[bool]) -> None:
    fixed, sizes = 0, None
    chunks: array[int] = array("I")
    per_chunk: array[int] = array("I")
    for kind, body in children(view):
        if kind == "stsd":
            entries = list(islice(children(body[8:]), MAX_STREAMS))
            track.formats = tuple(name for name, _ in entries)
            if entries and len(entries[0][1]) >= 8:
                reference = struct.unpack_from(">H", entries[0][1], 6)[0]
                track.external = 0 < reference <= len(external) and external[reference - 1]
        elif kind == "stts":
            track.durations = Runs(body, "I")
            track.timed_samples = sum(n for n, _ in track.durations)
        elif kind == "ctts":
            # Version 0 is unsigned on paper; every writer of negative offsets uses it as signed.
            track.offsets = Runs(body, "i")
        elif kind in ("stsz", "stz2"):
            track.samples, fixed, sizes = sizes_of(body, kind)
        elif kind in ("stco", "co64"):
            count = counted(body, 4, "chunks")
            chunks = numbers(body, 8, count, "I" if kind == "stco" else "Q", "chunks")
        elif kind == "stsc":
            count = counted(body, 4, "runs of chunks")
            per_chunk = numbers(body, 8, 3 * count, "I", "runs of chunks")
    track.end = end_of_data(chunks, per_chunk, sizes, fixed)


def _trak(view: memoryview) -> Track:
    track = Track()
    external: list[bool] = []
    for kind, body in children(view):
        if kind == "tkhd":
            _tkhd(body, track)
        elif kind == "edts":
            for name, entry in children(body):
                if name == "elst":
                    track.edits = _elst(entry)
        elif kind == "mdia":
            for name, part in children(body):
                if name == "mdhd":
                    _mdhd(part, track)
                elif name == "hdlr":
                    track.handler = bytes(part[8:12]).decode("latin-1")
                elif name == "minf":
                    inner = dict(children(part))
                    if "dinf" in inner:
                        references = dict(children(inner["dinf"])).get("dref")
                        external = _dref_external(references) if references else []
                    if "stbl" in inner:
                        _stbl(inner["stbl"], track, external)
    return track


def _moov(view: memoryview, movie: Movie) -> None:
    movie.has_index = True
    for kind, body in children(view):
        if kind == "mvhd":
            _mvhd(body, movie)
        elif kind == "trak":
            if len(movie.tracks) >= MAX_STREAMS:
                raise BoxError(f"it has more than {MAX_STREAMS} tracks")
            movie.tracks.append(_trak(body))
        elif kind == "mvex":
            movie.fragmented = True
        elif kind == "cmov":
            movie.compressed_index = True
        elif kind == "udta":
            for name, packet in children(body):
                if name == "XMP_":
                    movie.xmp += bytes(packet[: MAX_XMP_BYTES - len(movie.xmp)])


def _check_counts(movie: Movie) -> None:
    """Refuse an index that costs more to expand than any clip needs."""
    total = 0
    for track in movie.tracks:
        # Uncompressed sound has one "sample" a tick, which readers take a chunk at a time.
        if track.handler == "soun" and len(track.durations) == 1 and track.durations[0][1] == 1:
            continue
        # Each edit lays its stretch of the index down once more.
        total += track.samples * max(1, sum(e.media_time >= 0 for e in track.edits))
    if total > MAX_SAMPLES:
        raise BoxError(f"its index claims {total:,} frames; {MAX_SAMPLES:,} at most are read")


def read_boxes(opened: Opened) -> Movie:
    """The index of a file of the MP4 family.

    Raises BoxError where the boxes can't be true, and OSError where reading fails.
    """
    movie = Movie()
    at, index_at, data_at = 0, None, None
    fragment_frames = 0
    for _ in range(MAX_TOP_BOXES):
        if at + 8 > opened.size:
            break
        header = opened.read_at(at, 16)
        if len(header) < 8:
            break
        size, raw = struct.unpack_from(">I4s", header)
        kind, start = raw.decode("latin-1"), at + 8
        if size == 1 and len(header) == 16:
            size, start = struct.unpack_from(">Q", header, 8)[0], at + 16
        elif size == 0:
            size = opened.size - at
        if size < start - at:
            # Padding of zeros at the end is common and harmless; anything else is a broken file.
            if any(header) and movie.truncation is None and not movie.has_index:
                raise BoxError(f"its box {kind!r} claims a size of {size} bytes")
            break
        whole = at + size <= opened.size
        if not whole and movie.truncation is None:
            movie.truncation = (
                f"its box {kind!r} should end at byte {at + size:,} "
                f"but the file ends at byte {opened.size:,}"
            )
        if kind == "ftyp" and movie.major_brand is None:
            body = opened.read_at(start, min(size - (start - at), 4096))
            movie.major_brand = body[:4].decode("latin-1").strip(" \0")
            movie.brands = tuple(
                body[i : i + 4].decode("latin-1").strip(" \0") for i in range(8, len(body) - 3, 4)
            )
        elif kind == "moov" and not movie.has_index:
            index_at = at
            if size > MAX_INDEX_BYTES:
                raise BoxError(f"its index claims {size:,} bytes; {MAX_INDEX_BYTES:,} are read")
            if whole:
                body = opened.read_at(start, size - (start - at))
                check_structure("moov", memoryview(body))
                try:
                    _moov(memoryview(body), movie)
                except (struct.error, IndexError):
                    raise BoxError("its index is broken") from None
        elif kind == "moof":
            movie.fragmented = True
            fragment_frames += _fragment(opened, start, size - (start - at)) if whole else 0
            if fragment_frames > MAX_SAMPLES:
                raise BoxError(f"its fragments claim more than {MAX_SAMPLES:,} frames")
        elif kind == "mdat" and data_at is None:
            data_at = at
        elif kind == "uuid" and whole and not movie.xmp:
            body = opened.read_at(start, min(size - (start - at), MAX_XMP_BYTES))
            movie.xmp = body[16:] if body.startswith(XMP_UUID) else b""
        elif whole and kind in HOLDERS and size <= MAX_HOLDER_BYTES:
            # Their usual content is harmless; FFmpeg would take a track from here too.
            check_structure(kind, memoryview(opened.read_at(start, size - (start - at))))
        elif misplaced(kind):
            raise BoxError(f"its box {kind!r} stands outside the index")
        at += size
    opened.seek(0)
    if index_at is not None and data_at is not None:
        movie.index_first = index_at < data_at
    _check_counts(movie)
    _find_missing_samples(movie, opened.size)
    return movie


def _fragment(opened: Opened, start: int, size: int) -> int:
    """The frames that a fragment's header claims."""
    if size > MAX_HOLDER_BYTES:
        raise BoxError(f"the header of a fragment claims {size:,} bytes")
    view = memoryview(opened.read_at(start, size))
    check_structure("moof", view)
    return check_fragment(view)


def _find_missing_samples(movie: Movie, size: int) -> None:
    for track in movie.tracks:
        if track.end > size and movie.truncation is None and not track.external:
            movie.truncation = (
                f"its index points to byte {track.end:,} but the file ends at byte {size:,}"
            )
