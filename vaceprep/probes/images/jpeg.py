"""JPEG: segments up to the first scan (MPO included: its first picture is the image)."""

from __future__ import annotations

import struct
from typing import Final

from vaceprep.probes.images.byte_source import Source
from vaceprep.probes.images.exif import TiffView
from vaceprep.probes.images.jpeg_scans import Frame, frame_of, read_scans
from vaceprep.probes.images.layout import MAX_FRAMES, MAX_PIECES, Layout

_SOF: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Frames whose pixels are refined scan by scan.
_PROGRESSIVE: Final = frozenset([0xC2, 0xC6, 0xCA, 0xCE])
_ALONE: Final = frozenset([0x01, *range(0xD0, 0xD9)])
#: The segments whose content decides how pixels are made, JFIF and Adobe's colour transform, and
#: the bytes that they have at least: libjpeg passes over shorter ones.
_DECODER_APPS: Final = {0xE0: (b"JFIF\0", 14), 0xEE: (b"Adobe", 12)}
_DRI: Final = 0xDD
_EXIF: Final = b"Exif\0"
_XMP: Final = (b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0")
_ICC: Final = b"ICC_PROFILE\0"
_GAIN_MAPS: Final = (b"hdrgm:Version", b"urn:iso:std:iso:ts:21496:-1", b"apdi:AuxiliaryImageType")
_ENDS_EARLY: Final = "the file ends inside the JPEG's headers"


def read_jpeg(source: Source) -> Layout:
    """Walk a JPEG's segments up to its first scan. Sizes in pixels as stored; never raises."""
    layout = Layout("jpeg")
    layout.keep(0, 2)
    icc: list[bytes] = []
    mpf: tuple[bytes, int] | None = None
    gain_map = False
    colours = b""
    described: Frame | None = None
    interval = 0
    at = 2
    for _ in range(MAX_PIECES):
        head = source.read_at(at, 4)
        if len(head) < 2:
            return layout.cut(_ENDS_EARLY)
        if head[0] != 0xFF:
            # Stray bytes between segments: decoders skip them, up to a point.
            skipped = source.read_at(at, 4096).find(b"\xff")
            if skipped < 0:
                return layout.broken("the JPEG's headers are damaged")
            at += skipped
            continue
        marker = head[1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _ALONE or marker == 0:
            at += 2
            continue
        if marker == 0xD9:
            return layout.broken("the JPEG ends before any picture")
        if len(head) < 4:
            return layout.cut(_ENDS_EARLY)
        length = (head[2] << 8) + head[3]
        if length < 2:
            return layout.broken("the JPEG's headers are damaged")
        if at + 2 + length > source.size:
            return layout.cut(_ENDS_EARLY)
        if marker == 0xDA:
            # A scan of fewer colours than the picture has is not the only one.
            layout.scans = layout.scans or source.read_at(at + 4, 1) < colours
            break
        app = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not app:
            layout.keep(at, 2 + length)
        if marker in _SOF and not layout.width:
            frame = source.read_at(at + 4, 6)
            layout.scans = marker in _PROGRESSIVE
            if len(frame) == 6:
                colours = frame[5:]
                layout.bit_depth = frame[0]
                layout.height, layout.width = struct.unpack(">HH", frame[1:5])
                described = frame_of(marker, source.read_at(at + 4, length - 2))
        elif marker == _DRI:
            interval = int.from_bytes(source.read_at(at + 4, 2), "big")
        elif app and marker != 0xFE:
            body = source.read_at(at + 4, length - 2)
            wanted = _DECODER_APPS.get(marker)
            if wanted and body.startswith(wanted[0]):
                if len(body) >= wanted[1]:
                    layout.keep(at, 2 + length)
            elif marker == 0xE1 and body.startswith(_EXIF):
                layout.exif.append(layout.metadata(body))
            elif marker == 0xE1 and body.startswith(_XMP):
                layout.xmp.append(layout.metadata(body.split(b"\0", 1)[1]))
            elif marker == 0xE2 and body.startswith(_ICC):
                icc.append(layout.metadata(body[12:]))
            elif marker == 0xE2 and body.startswith(b"MPF\0"):
                mpf = (body[4:], at + 8)
            gain_map = gain_map or any(mark in body for mark in _GAIN_MAPS)
        at += 2 + length
    else:
        return layout.broken("the JPEG has too many segments")
    layout.keep(at, source.size - at)
    if described is not None:
        layout.scans_found = read_scans(source, at, described, interval)
    if not _has_end_mark(source, at):
        layout.cut("the file ends before the JPEG's end mark")
    layout.icc = _joined(icc)
    if mpf is not None and not gain_map:
        layout.frames = _pictures(mpf[0], mpf[1], source.size)
    if not layout.width or not layout.height:
        return layout.broken("the JPEG says no size")
    if layout.bit_depth != 8:
        return layout.broken(f"its pixels have {layout.bit_depth} bits a channel, JPEG here has 8")
    return layout


def _has_end_mark(source: Source, at: int) -> bool:
    """Whether an end mark follows the first scan: inside scans, such a pair cannot stand."""
    while at < source.size:
        block = source.read_at(at, 1 << 20)
        if b"\xff\xd9" in block:
            return True
        # The pair may lie across two blocks.
        at += max(1, len(block) - 1)
        if len(block) < 2:
            break
    return False


def _joined(pieces: list[bytes]) -> bytes | None:
    """The profile from its numbered pieces; empty where one is missing."""
    if not pieces:
        return None
    if any(len(p) < 2 for p in pieces):
        return b""
    ordered = sorted(pieces, key=lambda p: p[0])
    if [p[0] for p in ordered] != list(range(1, ordered[0][1] + 1)):
        return b""
    return b"".join(p[2:] for p in ordered)


def _pictures(data: bytes, start: int, size: int) -> int:
    """Pictures of an MPO beside its own previews, by the index in ``data``.

    One that would begin behind the end of the file (a copy that kept the first) does not count.
    """
    view = TiffView(data)
    first = view.directory(view.first)
    entries = first.raw(0xB002) if first is not None else b""
    count = 0
    for at in range(0, min(len(entries), 16 * MAX_FRAMES) - 15, 16):
        attribute, _, offset = struct.unpack_from(view.order + "III", entries, at)
        preview = (attribute & 0xFFFFFF) >> 16 == 1
        inside = offset == 0 or start + offset < size
        count += not preview and inside
    return max(1, count)
