"""AVIF and HEIC: the colours in numbers (nclx) of the primary picture's ``colr`` box.

Specification: ISO/IEC 14496-12 (boxes), 23008-12 (item properties).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from vaceprep.probes.images.layout import Source

#: Formats made of such boxes.
FORMATS: Final = ("avif", "heic", "heif")
#: Most bytes of a ``meta`` box, and most boxes at one level, that are read. J
_MAX_META: Final = 4 * 2**20
_MAX_BOXES: Final = 4096


def colour_numbers(source: Source) -> tuple[int, int] | None:
    """Return the primary picture's colour primaries and transfer (H.273); None if not given.

    Never raises.
    """
    try:
        meta = _meta(source)
        return None if meta is None else _numbers(meta)
    except (struct.error, IndexError):
        return None


def _meta(source: Source) -> bytes | None:
    at = 0
    for _ in range(_MAX_BOXES):
        head = source.read_at(at, 16)
        if len(head) < 8:
            return None
        size, name = int.from_bytes(head[:4], "big"), head[4:8]
        inner = 8
        if size == 1:
            size, inner = int.from_bytes(head[8:16], "big"), 16
        if size == 0:
            size = source.size - at
        if size < inner:
            return None
        if name == b"meta":
            return source.read_at(at + inner + 4, min(size - inner - 4, _MAX_META))
        at += size
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:
            return
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def _numbers(meta: bytes) -> tuple[int, int] | None:
    found = dict(_boxes(meta))
    properties = dict(_boxes(found.get(b"iprp", b"")))
    listed = list(_boxes(properties.get(b"ipco", b"")))
    wanted = _associated(properties.get(b"ipma", b""), _primary(found.get(b"pitm", b"")))
    own = [listed[i - 1] for i in wanted if 0 < i <= len(listed)]
    for name, body in own or listed:
        if name == b"colr" and body[:4] == b"nclx" and len(body) >= 10:
            primaries, transfer = struct.unpack_from(">HH", body, 4)
            return primaries, transfer
    return None


def _primary(body: bytes) -> int:
    return int.from_bytes(body[4:6] if body[:1] == b"\0" else body[4:8], "big")


def _associated(body: bytes, item: int) -> list[int]:
    """Return the numbers (from 1) of the properties of one item."""
    if len(body) < 8:
        return []
    wide_item, wide_index = body[0] > 0, body[3] & 1
    (entries,) = struct.unpack_from(">I", body, 4)
    at = 8
    for _ in range(min(entries, _MAX_BOXES)):
        width = 4 if wide_item else 2
        number = int.from_bytes(body[at : at + width], "big")
        count = body[at + width]
        at += width + 1
        step = 2 if wide_index else 1
        mask = 0x7FFF if wide_index else 0x7F
        places = range(at, at + count * step, step)
        if number == item:
            return [int.from_bytes(body[p : p + step], "big") & mask for p in places]
        at += count * step
    return []


# XX
