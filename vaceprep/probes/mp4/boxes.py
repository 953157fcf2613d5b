"""The index of an MP4 family file, parsed from its boxes.

PyAV rounds durations to movie ticks and hides brands, edit lists and the file's end; the boxes have
them exactly, and reading takes a tenth of a millisecond. Checks every count against the available
bytes before allocating for it.

Specification: ISO/IEC 14496-12 (ISO base media file format) and Apple's QuickTime File Format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from vaceprep.contract import MAX_INDEX_BYTES, MAX_SAMPLES, MAX_STREAMS
from vaceprep.files.source import Opened
from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.fragments import claim, default_sizes
from vaceprep.probes.mp4.structure import check_structure, misplaced
from vaceprep.probes.mp4.tables import BoxError, Boxes
from vaceprep.probes.mp4.track import IDENTITY, NO_BYTES, Edit, Track, clock_of, read_track

__all__ = ["IDENTITY", "BoxError", "Edit", "Movie", "Track", "read_boxes"]

#: Most top-level boxes read; a two-hour file in one-second fragments has some 15,000.
MAX_TOP_BOXES: Final = 200_000
#: Most bytes of a fragment's header, or of another top-level box that may hold boxes.
MAX_HOLDER_BYTES: Final = 16 << 20
#: Top-level boxes that count as cut off if longer than the file. Anything else is no box, but bytes
#: appended to the file.
KNOWN: Final = frozenset(
    "ftyp moov mdat free skip wide uuid udta meta moof mfra styp sidx ssix prft emsg pnot pdin "
    "imda".split()
)
#: Of these, boxes without which samples are lost.
INDEX_BOXES: Final = (Box.MOOV, Box.MOOF)
#: Top-level boxes beside the index that FFmpeg parses.
HOLDERS: Final = (Box.UDTA, Box.META)
#: Most bytes of XMP searched in one file.
MAX_XMP_BYTES: Final = 1 << 20
XMP_UUID: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


class Movie:
    """The contents of the top-level boxes and ``moov``."""

    major_brand: str | None = None
    brands: tuple[str, ...] = ()
    timescale: int = 0
    duration: int | None = None
    matrix: tuple[int, ...] = IDENTITY
    tracks: list[Track]
    has_index: bool = False
    #: The body of ``moov``, where the file contains all of it.
    index: memoryview = NO_BYTES
    #: The boxes inside it.
    boxes: Boxes = ()
    #: The types of the top-level boxes, in order.
    top: list[str]
    compressed_index: bool = False
    fragmented: bool = False
    #: Whether the index precedes the media data; None without media data.
    index_first: bool | None = None
    #: Which of its samples, or which part of the index, lies past the end of the file, in words.
    truncation: str | None = None
    #: Which box claims more bytes than the file has, in words.
    overrun: str | None = None
    #: The offset after the last byte of any fragment's samples.
    fragments_end: int = 0
    #: Default sample size in fragments by track id, in bytes.
    fragment_sizes: dict[int, int]
    xmp: bytes = b""

    def __init__(self) -> None:
        self.tracks, self.top, self.fragment_sizes = [], [], {}


def _moov(boxes: Boxes, movie: Movie) -> None:
    movie.has_index = True
    for kind, body, inside in boxes:
        if kind == Box.MVHD:
            movie.timescale, movie.duration, at = clock_of(body)
            movie.matrix = struct.unpack_from(">9i", body, at + 16)
        elif kind == Box.TRAK:
            if len(movie.tracks) >= MAX_STREAMS:
                raise BoxError(f"it has more than {MAX_STREAMS} tracks")
            movie.tracks.append(read_track(inside))
        elif kind == Box.MVEX:
            movie.fragmented = True
            movie.fragment_sizes = default_sizes(body)
        elif kind == Box.CMOV:
            movie.compressed_index = True
        elif kind == Box.UDTA:
            for name, packet, _ in inside:
                if name == Box.XMP:
                    movie.xmp += bytes(packet[: MAX_XMP_BYTES - len(movie.xmp)])


def _check_counts(movie: Movie) -> None:
    """Refuse an index that costs more to expand than any clip needs."""
    total = 0
    for track in movie.tracks:
        # Uncompressed sound has one sample per tick, which readers take a chunk at a time.
        if track.handler == "soun" and len(track.durations) == 1 and track.durations[0][1] == 1:
            continue
        # Each edit expands its part of the index again.
        total += track.samples * max(1, sum(e.media_time >= 0 for e in track.edits))
    if total > MAX_SAMPLES:
        raise BoxError(f"its index claims {total:,} frames; {MAX_SAMPLES:,} at most are read")


class _TopBox(NamedTuple):
    """A top-level box of the file. ``at`` and ``start`` (of its body) are offsets in bytes."""

    kind: str
    at: int
    start: int
    #: Bytes of the body.
    length: int
    #: Whether the file contains all of it.
    whole: bool


class _Reader:
    """One pass over the top-level boxes of a file."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.movie = Movie()
        self.index_at: int | None = None
        self.data_at: int | None = None
        self.frames = 0

    def read(self) -> Movie:
        for box in self._boxes():
            self._content(box)
        self.opened.seek(0)
        movie = self.movie
        if self.index_at is not None and self.data_at is not None:
            movie.index_first = self.index_at < self.data_at
        _check_counts(movie)
        _find_missing_samples(movie, self.opened.size)
        return movie

    def _boxes(self) -> Iterator[_TopBox]:
        at = 0
        for _ in range(MAX_TOP_BOXES):
            box = self._box(at)
            if box is None:
                return
            yield box
            at = box.start + box.length

    def _box(self, at: int) -> _TopBox | None:
        """Return the box at byte ``at``; record one longer than the file. None at the end."""
        opened, movie = self.opened, self.movie
        header = opened.read_at(at, 16) if at + 8 <= opened.size else b""
        if len(header) < 8:
            return None
        size, raw = struct.unpack_from(">I4s", header)
        kind, start = raw.decode("latin-1"), at + 8
        if size == 1 and len(header) == 16:
            size, start = struct.unpack_from(">Q", header, 8)[0], at + 16
        elif size == 0:
            size = opened.size - at
        if size < start - at:
            # Padding of zeros at the end is common and harmless; anything else is a broken file.
            if any(header) and movie.overrun is None and not movie.has_index:
                raise BoxError(f"its box {kind!r} claims a size of {size} bytes")
            return None
        whole = at + size <= opened.size
        if not whole and movie.overrun is None and (kind in KNOWN or not movie.has_index):
            movie.overrun = (
                f"its box {kind!r} should end at byte {at + size:,} "
                f"but the file ends at byte {opened.size:,}"
            )
            if kind in INDEX_BOXES and not (kind == Box.MOOV and movie.has_index):
                movie.truncation = movie.overrun
        return _TopBox(kind, at, start, at + size - start, whole)

    def _content(self, box: _TopBox) -> None:
        """Record the content of a box. Raises BoxError."""
        kind, at, start, length, whole = box
        opened, movie = self.opened, self.movie
        movie.top.append(kind)
        if kind == Box.FTYP and movie.major_brand is None:
            body = opened.read_at(start, min(length, 4096))
            movie.major_brand = body[:4].decode("latin-1").strip(" \0")
            movie.brands = tuple(
                body[i : i + 4].decode("latin-1").strip(" \0") for i in range(8, len(body) - 3, 4)
            )
        elif kind == Box.MOOV and not movie.has_index:
            self.index_at = at
            size = length + start - at
            if size > MAX_INDEX_BYTES:
                raise BoxError(f"its index claims {size:,} bytes; {MAX_INDEX_BYTES:,} are read")
            if whole:
                self._index(memoryview(opened.read_at(start, length)))
        elif kind == Box.MOOF:
            movie.fragmented = True
            if whole:
                self._fragment(at, start, length)
        elif kind == Box.MDAT and self.data_at is None:
            self.data_at = at
        elif kind == Box.UUID and whole and not movie.xmp:
            body = opened.read_at(start, min(length, MAX_XMP_BYTES))
            movie.xmp = body[16:] if body.startswith(XMP_UUID) else b""
        elif whole and kind in HOLDERS and length <= MAX_HOLDER_BYTES:
            # Their usual content is harmless, but FFmpeg would read a track from here too.
            check_structure(kind, memoryview(opened.read_at(start, length)))
        elif misplaced(kind):
            raise BoxError(f"its box {kind!r} stands outside the index")

    def _index(self, body: memoryview) -> None:
        self.movie.index = body
        self.movie.boxes = check_structure(Box.MOOV, body)
        try:
            _moov(self.movie.boxes, self.movie)
        except (struct.error, IndexError):
            raise BoxError("its index is broken") from None

    def _fragment(self, at: int, start: int, length: int) -> None:
        if length > MAX_HOLDER_BYTES:
            raise BoxError(f"the header of a fragment claims {length:,} bytes")
        view = memoryview(self.opened.read_at(start, length))
        check_structure(Box.MOOF, view)
        try:
            frames, end = claim(view, at, self.movie.fragment_sizes)
        except (struct.error, IndexError):
            raise BoxError("the header of a fragment is broken") from None
        self.frames += frames
        self.movie.fragments_end = max(self.movie.fragments_end, end)
        if self.frames > MAX_SAMPLES:
            raise BoxError(f"its fragments claim more than {MAX_SAMPLES:,} frames")


def read_boxes(opened: Opened) -> Movie:
    """Read the index of a file of the MP4 family.

    Raises BoxError if the boxes contradict each other, and OSError if reading fails.
    """
    return _Reader(opened).read()


def _find_missing_samples(movie: Movie, size: int) -> None:
    if not movie.has_index or movie.truncation is not None:
        movie.truncation = movie.truncation or movie.overrun
        return
    claimed = [track.end for track in movie.tracks if not track.external]
    end = max([*claimed, movie.fragments_end], default=0)
    if end > size:
        message = f"its index points to byte {end:,} but the file ends at byte {size:,}"
        movie.truncation = movie.overrun or message
