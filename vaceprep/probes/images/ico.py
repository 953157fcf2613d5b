"""ICO and CUR: the largest of their pictures, a complete PNG or a BMP without its file header."""

from __future__ import annotations

import struct
from typing import Final

from vaceprep.probes.images.layout import Layout, Source
from vaceprep.probes.images.png import read_png

_ENTRY: Final = struct.Struct("<BBBBHHII")
_PNG: Final = b"\x89PNG"
_MAX_PICTURES: Final = 1024


class _Within:
    """A part of a file, presented as a file."""

    def __init__(self, source: Source, offset: int, size: int) -> None:
        self._source, self._offset, self.size = source, offset, size

    def read_at(self, offset: int, size: int) -> bytes:
        return self._source.read_at(self._offset + offset, min(size, max(0, self.size - offset)))


def read_icon(source: Source, fmt: str) -> Layout:
    """Read the largest picture of an ICO or CUR (``fmt``). Sizes in pixels; never raises."""
    layout = Layout(fmt, coded="ico")
    count = int.from_bytes(source.read_at(4, 2), "little")
    table = source.read_at(6, 16 * min(count, _MAX_PICTURES))
    entries = [_ENTRY.unpack_from(table, at) for at in range(0, len(table) - 15, 16)]
    if not entries:
        return layout.cut("the file ends inside the icon's directory")
    # Side 0 means 256 or more; of the same size, prefer the one with the most bytes.
    best = max(entries, key=lambda e: ((e[0] or 256) * (e[1] or 256), e[6]))
    size, offset = best[6], best[7]
    if offset + size > source.size:
        return layout.cut("the file ends before the icon's pixels do")
    head = source.read_at(offset, 40)
    if head.startswith(_PNG):
        return _nested(layout, read_png(_Within(source, offset, size)), offset)
    if len(head) < 40 or int.from_bytes(head[:4], "little") != 40:
        return layout.broken("the icon's picture is neither PNG nor BMP")
    width, height, _, bits = struct.unpack_from("<iiHH", head, 4)
    layout.width, layout.height = max(0, width), max(0, abs(height) // 2)
    layout.bit_depth = 8
    if not layout.width or not layout.height:
        return layout.broken("the icon says an impossible size")
    sides = (layout.width % 256, layout.height % 256)
    entry = _ENTRY.pack(*sides, 0, 0, 1, bits, size, 22)
    layout.parts = [struct.pack("<HHH", 0, 1, 1) + entry, (offset, size)]
    return layout


def _nested(layout: Layout, inner: Layout, offset: int) -> Layout:
    layout.coded, layout.damage = "png", inner.damage
    layout.width, layout.height, layout.mode = inner.width, inner.height, inner.mode
    layout.bit_depth, layout.icc, layout.colours = inner.bit_depth, inner.icc, inner.colours
    layout.parts = [p if isinstance(p, bytes) else (p[0] + offset, p[1]) for p in inner.parts]
    return layout
