"""GIF: blocks up to the trailer.

Specification: GIF89a, sections 18 to 27.
"""

from __future__ import annotations

import struct
from typing import Final

from vaceprep.probes.images.layout import MAX_FRAMES, MAX_PIECES, Layout, Source

#: The first byte of an extension, an image and the trailer, and the extension of an image.
_EXTENSION: Final = b"!"
_IMAGE: Final = b","
_TRAILER: Final = b";"
_GRAPHIC_CONTROL: Final = b"\xf9"
#: Flags of the screen and of an image: a colour table follows; the low bits give its entries.
_HAS_TABLE: Final = 0x80
_TABLE_SIZE: Final = 0x07
_CUT: Final = "the file ends before the GIF's end mark"


#: Most sub-blocks read: a gigabyte of full ones. A file of short ones takes a minute. J
_MAX_BLOCKS: Final = 4_000_000


class TooMany(Exception):
    """More sub-blocks than any picture has."""


class _Blocks:
    """Reads forward in large steps, because a GIF is a chain of blocks of at most 255 bytes."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._start = 0
        self._data = b""
        self.at = 0
        self.seen = 0

    def take(self, size: int) -> bytes:
        offset = self.at - self._start
        if offset < 0 or offset + size > len(self._data):
            self._start = self.at
            self._data = self._source.read_at(self.at, max(size, 1 << 16))
            offset = 0
        self.at += size
        return self._data[offset : offset + size]

    def skip_blocks(self) -> bool:
        """Skip a chain of sub-blocks; return False if the file ends first."""
        while length := self.take(1):
            if length == b"\0":
                return True
            self.at += length[0]
            self.seen += 1
            if self.seen > _MAX_BLOCKS:
                raise TooMany
        return False


def read_gif(source: Source) -> Layout:
    """Read a GIF's blocks; the decoder gets the first frame. Sizes in pixels; never raises."""
    layout = Layout("gif", bit_depth=8)
    try:
        return _read(source, layout)
    except TooMany:
        return layout.broken("the GIF has too many blocks")


def _read(source: Source, layout: Layout) -> Layout:
    blocks = _Blocks(source)
    head = blocks.take(13)
    if len(head) < 13:
        return layout.cut("the file ends inside the GIF's header")
    layout.width, layout.height, flags = struct.unpack_from("<HHB", head, 6)
    if flags & _HAS_TABLE:
        blocks.at += 3 << (flags & _TABLE_SIZE) + 1
    layout.keep(0, blocks.at)
    frames = 0
    for _ in range(MAX_PIECES):
        start = blocks.at
        kind = blocks.take(1)
        if not kind:
            return layout.cut(_CUT)
        if kind == _TRAILER:
            break
        if kind == _EXTENSION:
            label = blocks.take(1)
            if not blocks.skip_blocks():
                return layout.cut(_CUT)
            if label == _GRAPHIC_CONTROL and not frames:
                layout.keep(start, blocks.at - start)
        elif kind == _IMAGE:
            image = blocks.take(9)
            if len(image) < 9:
                return layout.cut(_CUT)
            left, top, width, height, flags = struct.unpack("<HHHHB", image)
            if flags & _HAS_TABLE:
                blocks.at += 3 << (flags & _TABLE_SIZE) + 1
            blocks.at += 1
            if not blocks.skip_blocks():
                return layout.cut(_CUT)
            if not frames:
                layout.width = max(layout.width, left + width)
                layout.height = max(layout.height, top + height)
                layout.keep(start, blocks.at - start)
            frames += 1
            if frames >= MAX_FRAMES:
                break
        elif kind != b"\0":
            return layout.broken("the GIF's blocks are damaged")
    layout.parts.append(_TRAILER)
    if not frames:
        return layout.broken("the GIF has no picture")
    layout.frames = frames
    return layout
