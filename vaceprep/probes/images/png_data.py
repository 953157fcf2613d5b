"""PNG pixel data as strict decoders (libpng) accept it: one complete zlib stream with all rows.

Inflates row by row with the window of the stream's header, to find a distance beyond that window as
libpng does. Keeps nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from vaceprep.probes.images.layout import Header, Layout, Source

#: Bytes inflated at once.
_INPUT: Final = 8192
#: Rows shorter than this are inflated several at once.
_LEAST: Final = 256
#: The highest number of a row's filter.
LAST_FILTER: Final = 4
#: Adam7's passes: first column, first row, column step, row step.
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

#: A piece of the stream: offset and length in bytes.
Piece = tuple[int, int]


class Rows(NamedTuple):
    """The ranges of a PNG's pixel data, and the ``passes`` that they hold."""

    pieces: list[Piece]
    passes: list[tuple[int, int]]
    #: Not interlaced and with the largest window: Pillow decodes it like libpng.
    plain: bool
    #: Whether a chunk makes a colour transparent.
    keyed: bool


def passes(width: int, height: int, bits: int, interlaced: bool) -> list[tuple[int, int]]:
    """Return bytes per row (filter byte included) and rows of each pass that has pixels."""
    if not interlaced:
        return [(1 + (width * bits + 7) // 8, height)]
    found = []
    for left, top, across, down in _PASSES:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            found.append((1 + (columns * bits + 7) // 8, rows))
    return found


def header_of(layout: Layout) -> Header | None:
    """Return what Pillow's header would say; None if Pillow must decode the pixels."""
    mode = (layout.mode or "").partition(";")[0]
    if layout.rows is None or layout.rows.keyed or mode not in ("1", "L", "P", "I", "RGB"):
        return None
    return Header("I;16" if mode == "I" else mode)


def is_complete(source: Source, layout: Layout) -> bool:
    """Return whether every row is there, correctly compressed."""
    return layout.rows is not None and fault(source, layout.rows) is None


def fault(source: Source, rows: Rows) -> str | None:
    """Return what is wrong with the stream for its passes; None if nothing is."""
    feed = _inputs(source, rows.pieces)
    inflating = zlib.decompressobj(wbits=0)
    try:
        return _read_rows(inflating, feed, rows.passes)
    except zlib.error as error:
        reason = str(error).partition(": ")[2]
        return f"the PNG's pixel data do not inflate ({reason or error})"


def _read_rows(
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
    """Check the end mark and checksum after the last row. Ignores surplus rows."""
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


# XX
