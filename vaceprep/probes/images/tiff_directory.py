"""Write a classic TIFF directory after a file's bytes, so that a decoder sees only these tags."""

from __future__ import annotations

import struct
from typing import Final

from vaceprep.probes.images.exif import TYPE_BYTES
from vaceprep.probes.images.layout import Source

#: BigTIFF's 8-byte types, and the 4-byte types that replace them.
_NARROWED: Final = {16: (4, "Q", "I"), 17: (9, "q", "i"), 18: (13, "Q", "I")}
_MOST: Final = 2**32

#: Tag number, type, number of values, and the values as bytes.
Field = tuple[int, int, int, bytes]


def with_directory(
    source: Source, order: str, fields: list[Field]
) -> list[bytes | tuple[int, int]] | None:
    """Return the file as parts: header, its own bytes from 8, and one directory of ``fields``.

    None if an offset does not fit into 4 bytes or a value has the wrong length.
    """
    at = source.size + (source.size & 1)
    values = at + 2 + len(fields) * 12 + 4
    directory = struct.pack(order + "H", len(fields))
    outline = b""
    for number, stored, count, wide in sorted(fields):
        narrow = _narrowed(order, stored, count, wide)
        if narrow is None:
            return None
        kind, data = narrow
        directory += struct.pack(order + "HHI", number, kind, count)
        if len(data) <= 4:
            directory += data.ljust(4, b"\0")
        else:
            directory += struct.pack(order + "I", (values + len(outline)) % _MOST)
            outline += data + b"\0" * (len(data) & 1)
    if values + len(outline) >= _MOST:
        return None
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, at)
    body = (8, source.size - 8)
    return [head, body, b"\0" * (source.size & 1), directory + b"\0" * 4 + outline]


def _narrowed(order: str, kind: int, count: int, data: bytes) -> tuple[int, bytes] | None:
    if len(data) != count * TYPE_BYTES.get(kind, 0):
        return None
    if kind not in _NARROWED:
        return kind, data
    kind, wide, narrow = _NARROWED[kind]
    values = struct.unpack(f"{order}{count}{wide}", data)
    if any(not -_MOST // 2 <= value < _MOST for value in values):
        return None
    try:
        return kind, struct.pack(f"{order}{count}{narrow}", *values)
    except struct.error:
        return None
