"""Change the boxes of an MP4 fixture: its sample entry, its track header, any box of its index."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator

from tests.media import box

#: The way to the first sample entry.
WAY = ("moov", "trak", "mdia", "minf", "stbl", "stsd")
#: Bytes of a video sample entry before its boxes, with its own head.
ENTRY = 86


def _children(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Offset, length and type of each box between two offsets."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        yield at, size, kind.decode("latin-1")
        at += size


def _find(data: bytes, way: Collection[str]) -> list[int]:
    """The offsets of the boxes on the way to the last of them."""
    offsets, at, end = list[int](), 0, len(data)
    for name in way:
        at, size = next((a, s) for a, s, kind in _children(data, at, end) if kind == name)
        offsets.append(at)
        end, at = at + size, at + 8
    return offsets


def _replaced(data: bytes, parents: list[int], start: int, end: int, new: bytes) -> bytes:
    """The file with other bytes between two offsets, all boxes around them resized."""
    changed = bytearray(data)
    changed[start:end] = new
    for parent in parents:
        size = int.from_bytes(data[parent : parent + 4])
        struct.pack_into(">I", changed, parent, size + len(new) - (end - start))
    _move_chunks(changed, len(new) - (end - start))
    return bytes(changed)


def _move_chunks(data: bytearray, by: int) -> None:
    """Correct the offsets of the chunks if the index precedes them."""
    if data.find(b"moov") > data.find(b"mdat"):
        return
    at = data.find(b"stco")
    while at >= 0:
        for number in range(int.from_bytes(data[at + 8 : at + 12])):
            place = at + 12 + 4 * number
            struct.pack_into(">I", data, place, int.from_bytes(data[place : place + 4]) + by)
        at = data.find(b"stco", at + 4)


def with_entry_boxes(data: bytes, *boxes: bytes, without: Collection[str] = ()) -> bytes:
    """The file whose first sample entry has more boxes, and some of its own no longer."""
    parents = _find(data, WAY)
    entry = parents[-1] + 16
    size = int.from_bytes(data[entry : entry + 4])
    start = entry + ENTRY
    kept = [
        data[at : at + length]
        for at, length, kind in _children(data, start, entry + size)
        if kind not in without
    ]
    return _replaced(data, [*parents, entry], start, entry + size, b"".join([*kept, *boxes]))


def with_entry_bytes(data: bytes, offset: int, new: bytes) -> bytes:
    """The file whose first sample entry has other bytes at an offset of its body."""
    at = _find(data, WAY)[-1] + 24 + offset
    return data[:at] + new + data[at + len(new) :]


def with_bytes(data: bytes, way: Collection[str], offset: int, new: bytes) -> bytes:
    """The file with other bytes at an offset of the body of a box."""
    at = _find(data, way)[-1] + 8 + offset
    return data[:at] + new + data[at + len(new) :]


def with_child(data: bytes, way: Collection[str], child: bytes) -> bytes:
    """The file whose box at the end of ``way`` has one more child, or more bytes."""
    parents = _find(data, way)
    end = parents[-1] + int.from_bytes(data[parents[-1] : parents[-1] + 4])
    return _replaced(data, parents, end, end, child)


def colr(kind: bytes, *values: int) -> bytes:
    """A ``colr`` box: primaries, transfer, matrix and, for ``nclx``, the byte of the range."""
    form = ">HHHB" if kind == b"nclx" else ">HHH"
    return box("colr", kind, struct.pack(form, *values))
