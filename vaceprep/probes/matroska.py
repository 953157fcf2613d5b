"""Matroska: crop, rotation and Dolby Vision of a picture, which PyAV does not give.

Specification: RFC 9559 (Matroska) and RFC 8794 (EBML).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Final

from vaceprep.facts import Crop
from vaceprep.files.source import Opened
from vaceprep.probes.display import PLAIN, UPRIGHT, Picture, Turn, turn
from vaceprep.probes.mp4.track import IDENTITY, dolby_vision


class Element:
    """Identifiers of elements (RFC 9559, section 5), with their length marker."""

    SEGMENT = 0x18538067
    SEEK_HEAD = 0x114D9B74
    SEEK = 0x4DBB
    SEEK_ID = 0x53AB
    SEEK_POSITION = 0x53AC
    CLUSTER = 0x1F43B675
    TRACKS = 0x1654AE6B
    TRACK_ENTRY = 0xAE
    VIDEO = 0xE0
    CROP_LEFT = 0x54CC
    CROP_TOP = 0x54BB
    CROP_RIGHT = 0x54DD
    CROP_BOTTOM = 0x54AA
    PROJECTION = 0x7670
    PROJECTION_TYPE = 0x7671
    YAW = 0x7673
    PITCH = 0x7674
    ROLL = 0x7675
    BLOCK_ADDITION_MAPPING = 0x41E4
    BLOCK_ADD_ID_TYPE = 0x41E7
    BLOCK_ADD_ID_EXTRA_DATA = 0x41ED


CROP: Final = (Element.CROP_LEFT, Element.CROP_TOP, Element.CROP_RIGHT, Element.CROP_BOTTOM)
#: Projection types: a flat picture.
RECTANGULAR: Final = 0
DOLBY: Final = frozenset(int.from_bytes(n) for n in (b"dvcC", b"dvvC", b"dvwC"))
#: Most elements read at the top of a segment, and most bytes of one that is read.
MAX_ELEMENTS: Final = 64
MAX_BYTES: Final = 1 << 20
#: 1 in 16.16.
ONE: Final = 0x10000


def _identifier(data: bytes, at: int) -> tuple[int, int] | None:
    """Return the element id at ``at`` and the byte after it."""
    if at >= len(data) or not data[at]:
        return None
    width = 9 - data[at].bit_length()
    if width > 4 or at + width > len(data):
        return None
    return int.from_bytes(data[at : at + width]), at + width


def vint(data: bytes, at: int) -> tuple[int | None, int] | None:
    """Return the length at ``at`` (None: unknown) and the byte after it; None if it is cut off."""
    if at >= len(data) or not data[at]:
        return None
    width = 9 - data[at].bit_length()
    if at + width > len(data):
        return None
    top = (1 << (7 * width)) - 1
    value = int.from_bytes(data[at : at + width]) & top
    return (None if value == top else value), at + width


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the elements of a body in memory; stop at one that is cut off or of unknown length."""
    at = 0
    while True:
        found = _identifier(data, at)
        sized = None if found is None else vint(data, found[1])
        if found is None or sized is None or sized[0] is None:
            return
        at = sized[1] + sized[0]
        if at > len(data):
            return
        yield found[0], data[sized[1] : at]


def _header(opened: Opened, at: int) -> tuple[int, int, int | None] | None:
    """Return an element's id, the offset of its body, and its length (None: unknown)."""
    data = opened.read_at(at, 12)
    found = _identifier(data, 0)
    sized = None if found is None else vint(data, found[1])
    if found is None or sized is None:
        return None
    return found[0], at + sized[1], sized[0]


def _tracks(opened: Opened) -> bytes:
    """Return the body of Tracks; empty if not found."""
    first = _header(opened, 0)
    if first is None or first[2] is None:
        return b""
    segment = _header(opened, first[1] + first[2])
    if segment is None or segment[0] != Element.SEGMENT:
        return b""
    at, elsewhere = segment[1], None
    for _ in range(MAX_ELEMENTS):
        found = _header(opened, at)
        if found is None:
            break
        kind, start, length = found
        if kind == Element.TRACKS and length is not None:
            return opened.read_at(start, min(length, MAX_BYTES))
        if kind == Element.SEEK_HEAD and length is not None:
            elsewhere = _sought(opened.read_at(start, min(length, MAX_BYTES)))
        if kind == Element.CLUSTER or length is None:
            break
        at = start + length
    if elsewhere is None:
        return b""
    found = _header(opened, segment[1] + elsewhere)
    if found is None or found[0] != Element.TRACKS or found[2] is None:
        return b""
    return opened.read_at(found[1], min(found[2], MAX_BYTES))


def _sought(body: bytes) -> int | None:
    """Return the offset of Tracks from the seek head, relative to the segment's body."""
    for kind, seek in _elements(body):
        parts = dict(_elements(seek)) if kind == Element.SEEK else {}
        if _number(parts.get(Element.SEEK_ID)) == Element.TRACKS and Element.SEEK_POSITION in parts:
            return _number(parts[Element.SEEK_POSITION])
    return None


def _number(data: bytes | None) -> int:
    return int.from_bytes(data[:8]) if data else 0


def _float(data: bytes | None) -> float:
    if data is None or len(data) not in (4, 8):
        return 0.0
    value: float = struct.unpack(">f" if len(data) == 4 else ">d", data)[0]
    return value


def picture(opened: Opened, order: int) -> Picture:
    """Return how to show the video track that is the ``order``-th (from 0) track in the file.

    Raises OSError if reading fails.
    """
    at = opened.tell()
    try:
        entries = [body for kind, body in _elements(_tracks(opened)) if kind == Element.TRACK_ENTRY]
    finally:
        # Restore the position: a demuxer may continue reading from it.
        opened.seek(at)
    if not 0 <= order < len(entries):
        return PLAIN
    crop, turned, dolby = None, UPRIGHT, None
    for kind, body in _elements(entries[order]):
        if kind == Element.VIDEO:
            parts = dict(_elements(body))
            sides = Crop(*(_number(parts.get(side)) for side in CROP))
            crop = sides if any(sides) else None
            if Element.PROJECTION in parts:
                turned = _turn(dict(_elements(parts[Element.PROJECTION])))
        elif kind == Element.BLOCK_ADDITION_MAPPING:
            parts = dict(_elements(body))
            if _number(parts.get(Element.BLOCK_ADD_ID_TYPE)) in DOLBY:
                dolby = dolby_vision(parts.get(Element.BLOCK_ADD_ID_EXTRA_DATA, b"")[:5])
    return Picture(crop, turned, dolby)


def _turn(projection: dict[int, bytes]) -> Turn:
    """Return a rectangular projection's pose as FFmpeg and players show it.

    The roll is counter-clockwise; a yaw of 180 degrees mirrors before the roll. Players ignore any
    other pose, which is one in space.
    """
    yaw, pitch, roll = (
        _float(projection.get(part)) for part in (Element.YAW, Element.PITCH, Element.ROLL)
    )
    if _number(projection.get(Element.PROJECTION_TYPE)) != RECTANGULAR:
        return UPRIGHT
    if pitch != 0 or yaw not in (0, 180, -180) or not math.isfinite(roll):
        return UPRIGHT
    across = -1 if yaw else 1
    radians = math.radians(across * roll)
    a, b = round(math.cos(radians) * ONE), -round(math.sin(radians) * ONE)
    return turn((across * a, b, 0, -across * b, a, 0, 0, 0, 1 << 30), IDENTITY)
