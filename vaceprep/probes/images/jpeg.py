"""JPEG: segments up to the first scan (MPO included: its first picture is the image).

Specification: ITU-T T.81, annex B; its application data by ITU-T T.871 (JFIF), CIPA DC-008 (Exif),
CIPA DC-007 (MPF), ISO 15076-1, B.4 (ICC), ISO 16684-3 (XMP) and ISO 21496-1 (gain maps).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from vaceprep.probes.images.jpeg_markers import (
    APPLICATION,
    END_MARK,
    FILL,
    FRAMES,
    PROGRESSIVE,
    STANDALONE,
    Marker,
)
from vaceprep.probes.images.jpeg_scans import Frame, frame_of, read_scans
from vaceprep.probes.images.layout import MAX_FRAMES, MAX_PIECES, Damage, Layout, Source

#: Application data that affect decoding, JFIF and Adobe's colour transform, and their minimum
#: length in bytes: libjpeg ignores shorter ones.
_DECODER_APPS: Final[dict[int, tuple[bytes, int]]] = {
    Marker.APP0: (b"JFIF\0", 14),
    Marker.APP14: (b"Adobe", 12),
}
_EXIF: Final = b"Exif\0"
_XMP: Final = (b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0")
_ICC: Final = b"ICC_PROFILE\0"
_MPF: Final = b"MPF\0"
#: MPF's table of pictures: its tag, and the type of preview pictures.
_MP_ENTRIES: Final = 0xB002
_MP_PREVIEW: Final = 1
_GAIN_MAPS: Final = (b"hdrgm:Version", b"urn:iso:std:iso:ts:21496:-1", b"apdi:AuxiliaryImageType")
_ENDS_EARLY: Final = "the file ends inside the JPEG's headers"
_DAMAGED: Final = "the JPEG's headers are damaged"
#: Bytes between two segments to search for the next marker.
_MAX_STRAY: Final = 4096


class _Segment(NamedTuple):
    """A marker with its content. ``at`` is the marker's offset, ``length`` includes both."""

    marker: int
    at: int
    length: int


class _HeadersEnd(Exception):
    """The headers end before a scan."""

    def __init__(self, reason: Literal["truncated", "broken"], message: str) -> None:
        super().__init__(message)
        self.damage = Damage(reason, message)


def _segments(source: Source) -> Iterator[_Segment]:
    """Yield the segments of the headers, each within the file; the first scan is the last one.

    Raises _HeadersEnd if there is no scan.
    """
    at = 2
    for _ in range(MAX_PIECES):
        head = source.read_at(at, 4)
        if len(head) < 2:
            raise _HeadersEnd("truncated", _ENDS_EARLY)
        marker = head[1]
        if head[0] != FILL:
            # Decoders skip stray bytes between segments, up to a limit.
            skipped = source.read_at(at, _MAX_STRAY).find(FILL)
            if skipped < 0:
                raise _HeadersEnd("broken", _DAMAGED)
            at += skipped
        elif marker == FILL:
            at += 1
        elif marker in STANDALONE or marker == Marker.STUFFED:
            at += 2
        elif marker == Marker.EOI:
            raise _HeadersEnd("broken", "the JPEG ends before any picture")
        else:
            segment = _Segment(marker, at, _length(source, at, head))
            yield segment
            if marker == Marker.SOS:
                return
            at += segment.length
    raise _HeadersEnd("broken", "the JPEG has too many segments")


def _length(source: Source, at: int, head: bytes) -> int:
    """Return the bytes of the segment at ``at``, which begins with ``head``. Raises _HeadersEnd."""
    if len(head) < 4:
        raise _HeadersEnd("truncated", _ENDS_EARLY)
    length = int.from_bytes(head[2:4], "big")
    if length < 2:
        raise _HeadersEnd("broken", _DAMAGED)
    if at + 2 + length > source.size:
        raise _HeadersEnd("truncated", _ENDS_EARLY)
    return 2 + length


class _Headers:
    """The values of the segments that the layout does not hold."""

    def __init__(self, source: Source, layout: Layout) -> None:
        self.source = source
        self.layout = layout
        self.icc: list[bytes] = []
        #: The content of MPF, and the base of its offsets.
        self.mpf: tuple[bytes, int] | None = None
        self.gain_map = False
        #: The frame's number of components, as a byte.
        self.components = b""
        self.frame: Frame | None = None
        self.restart_interval = 0

    def read(self, segment: _Segment) -> None:
        """Record the content of one segment."""
        marker, at, length = segment
        if marker == Marker.SOS:
            # A scan with fewer components than the frame is not the only scan.
            first = self.source.read_at(at + 4, 1)
            self.layout.scans = self.layout.scans or first < self.components
            return
        if marker in APPLICATION:
            self._application(segment)
        elif marker != Marker.COM:
            self.layout.keep(at, length)
        if marker in FRAMES and not self.layout.width:
            self._frame(segment)
        elif marker == Marker.DRI:
            self.restart_interval = int.from_bytes(self.source.read_at(at + 4, 2), "big")

    def _frame(self, segment: _Segment) -> None:
        marker, at, length = segment
        layout = self.layout
        layout.scans = marker in PROGRESSIVE
        body = self.source.read_at(at + 4, 6)
        if len(body) == 6:
            self.components = body[5:]
            layout.bit_depth = body[0]
            layout.height, layout.width = struct.unpack(">HH", body[1:5])
            self.frame = frame_of(marker, self.source.read_at(at + 4, length - 4))

    def _application(self, segment: _Segment) -> None:
        marker, at, length = segment
        layout = self.layout
        body = self.source.read_at(at + 4, length - 4)
        for_decoder = _DECODER_APPS.get(marker)
        if for_decoder and body.startswith(for_decoder[0]):
            if len(body) >= for_decoder[1]:
                layout.keep(at, length)
        elif marker == Marker.APP1 and body.startswith(_EXIF):
            layout.exif.append(layout.metadata(body))
        elif marker == Marker.APP1 and body.startswith(_XMP):
            layout.xmp.append(layout.metadata(body.split(b"\0", 1)[1]))
        elif marker == Marker.APP2 and body.startswith(_ICC):
            self.icc.append(layout.metadata(body[len(_ICC) :]))
        elif marker == Marker.APP2 and body.startswith(_MPF):
            self.mpf = (body[len(_MPF) :], at + 4 + len(_MPF))
        self.gain_map = self.gain_map or any(mark in body for mark in _GAIN_MAPS)


def read_jpeg(source: Source) -> Layout:
    """Read a JPEG's headers and find its scans. Sizes in pixels as stored; never raises."""
    layout = Layout("jpeg")
    layout.keep(0, 2)
    headers = _Headers(source, layout)
    scan = 0
    try:
        for segment in _segments(source):
            headers.read(segment)
            scan = segment.at
    except _HeadersEnd as end:
        layout.damage = end.damage
        return layout
    layout.keep(scan, source.size - scan)
    if headers.frame is not None:
        layout.scans_found = read_scans(source, scan, headers.frame, headers.restart_interval)
    if not _has_end_mark(source, scan):
        layout.cut("the file ends before the JPEG's end mark")
    layout.icc = _joined(headers.icc)
    if headers.mpf is not None and not headers.gain_map:
        layout.frames = _pictures(*headers.mpf, source.size)
    if not layout.width or not layout.height:
        return layout.broken("the JPEG says no size")
    if layout.bit_depth != 8:
        return layout.broken(f"its pixels have {layout.bit_depth} bits a channel, JPEG here has 8")
    return layout


def _has_end_mark(source: Source, at: int) -> bool:
    """Return whether an end mark follows the first scan; coded data cannot contain this pair."""
    while at < source.size:
        block = source.read_at(at, 1 << 20)
        if END_MARK in block:
            return True
        # The pair may span two blocks.
        at += max(1, len(block) - 1)
        if len(block) < 2:
            break
    return False


def _joined(pieces: list[bytes]) -> bytes | None:
    """Return the profile joined from its numbered pieces; empty if one is missing."""
    if not pieces:
        return None
    if any(len(p) < 2 for p in pieces):
        return b""
    ordered = sorted(pieces, key=lambda p: p[0])
    if [p[0] for p in ordered] != list(range(1, ordered[0][1] + 1)):
        return b""
    return b"".join(p[2:] for p in ordered)


def _pictures(data: bytes, start: int, size: int) -> int:
    """Return the pictures of an MPO, own previews excluded, by the index in ``data``.

    Ignores one that would begin past the end of the file (a copy that kept the first).
    """
    from vaceprep.probes.images.exif import TiffView

    view = TiffView(data)
    first = view.directory(view.first)
    entries = first.raw(_MP_ENTRIES) if first is not None else b""
    count = 0
    for at in range(0, min(len(entries), 16 * MAX_FRAMES) - 15, 16):
        attribute, _, offset = struct.unpack_from(view.order + "III", entries, at)
        preview = (attribute & 0xFFFFFF) >> 16 == _MP_PREVIEW
        inside = offset == 0 or start + offset < size
        count += not preview and inside
    return max(1, count)
