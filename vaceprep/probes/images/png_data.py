"""PNG pixel data as strict decoders (libpng) take it: one whole zlib stream with every row.

Inflated row by row with the window that the stream's header announces, so that a distance behind
that window is found, as libpng finds it. Nothing is kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vaceprep.probes.images.byte_source import Source

#: Bytes that are inflated from at once.
_INPUT: Final = 8192
#: Rows shorter than this are inflated several at once.
_LEAST: Final = 256
#: The highest number of a row's filter.
LAST_FILTER: Final = 4
#: First column, first row, columns apart, rows apart of Adam7's passes.
_PASSES: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


class ColourType:
    """The colour types of IHDR (PNG, third edition, table 11.1)."""

    GREY = 0
    RGB = 2
    PALETTE = 3
    GREY_ALPHA = 4
    RGBA = 6


#: Samples of a pixel by colour type.
SAMPLES: Final[dict[int, int]] = {
    ColourType.GREY: 1,
    ColourType.RGB: 3,
    ColourType.PALETTE: 1,
    ColourType.GREY_ALPHA: 2,
    ColourType.RGBA: 4,
}

#: Where a piece of the stream lies: offset and length in bytes.
Piece = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rows:
    """Where a PNG's pixel data lie, and the ``passes`` that they hold."""

    pieces: list[Piece]
    passes: list[tuple[int, int]]
    #: Not interlaced, and inflated with the largest window: nothing that Pillow does otherwise.
    plain: bool
    #: Whether a chunk makes colours transparent.
    keyed: bool


def passes(width: int, height: int, bits: int, interlaced: bool) -> list[tuple[int, int]]:
    """Bytes of a row (its filter byte included) and rows, of each pass that has pixels."""
    if not interlaced:
        return [(1 + (width * bits + 7) // 8, height)]
    found = []
    for left, top, across, down in _PASSES:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            found.append((1 + (columns * bits + 7) // 8, rows))
    return found


def fault(source: Source, rows: Rows) -> str | None:
    """What is wrong with the stream for its passes; None where nothing is."""
    feed = _inputs(source, rows.pieces)
    inflating = zlib.decompressobj(wbits=0)
    try:
        return _walk(inflating, feed, rows.passes)
    except zlib.error as error:
        reason = str(error).partition(": ")[2]
        return f"the PNG's pixel data do not inflate ({reason or error})"


def _walk(
    inflating: zlib._Decompress, feed: Iterator[bytes], rows: list[tuple[int, int]]
) -> str | None:
    waiting = next(feed, b"")
    for size, count in rows:
        each = max(1, _LEAST // size)
        left = count
        while left:
            now = min(each, left)
            due, got = size * now, b""
            while len(got) < due:
                got += inflating.decompress(waiting, due - len(got))
                waiting = inflating.unconsumed_tail
                if len(got) == due or inflating.eof:
                    break
                if not waiting:
                    waiting = next(feed, b"")
                    if not waiting:
                        break
            if len(got) < due:
                return "the PNG's pixel data end before its last row"
            if max(got[::size]) > LAST_FILTER:
                return "a row of the PNG has an unknown filter"
            left -= now
    return _ending(inflating, feed, waiting)


def _ending(inflating: zlib._Decompress, feed: Iterator[bytes], waiting: bytes) -> str | None:
    """The end mark and checksum behind the last row. More rows than are due are ignored."""
    while not inflating.eof:
        if inflating.decompress(waiting, 1):
            return None
        waiting = inflating.unconsumed_tail or next(feed, b"")
        if not waiting and not inflating.eof:
            return "the checksum of the PNG's pixel data is missing"
    return None


def _inputs(source: Source, pieces: list[Piece]) -> Iterator[bytes]:
    for offset, length in pieces:
        for at in range(offset, offset + length, _INPUT):
            yield source.read_at(at, min(_INPUT, offset + length - at))
