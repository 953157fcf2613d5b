"""TIFF pixel layouts, and the directory with which a decoder gets them.

Pillow does not read these layouts, or reads them wrongly: uncompressed 16-bit planes, odd depths
(3, 5 to 7, 9 to 15, 24 bits), white stored as 0 above 8 bits, grey with alpha at 16 bits, 32-bit
integers, floats with several channels or of 16 and 64 bits, and channels beyond colour and alpha.

libtiff decompresses strips as if they were 8-bit grey pictures whose rows are the bytes of the real
rows. Slices and translation tables then extract planes, so no pixel costs a step of Python, except
with predictors.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from sys import byteorder
from typing import Final, Literal

from vaceprep.probes.images.exif import TYPE_BYTES, Directory
from vaceprep.probes.images.layout import Source
from vaceprep.probes.images.tiff_tags import Tag

Kind = Literal["unsigned", "signed", "float"]
_KINDS: Final[dict[int, Kind]] = {1: "unsigned", 2: "signed", 3: "float", 4: "unsigned"}
#: None, LZW, Deflate (two numbers), PackBits, LZMA and Zstandard.
COMPRESSIONS: Final = (1, 5, 8, 32946, 32773, 34925, 50000)
#: Colour channels by photometric interpretation: white is 0, black is 0, RGB, CMYK.
_COLOURS: Final = {0: 1, 1: 1, 2: 3, 5: 4}
WHITE_IS_ZERO, CMYK = 0, 5
#: Compressions without a predictor: none, and PackBits.
_PLAIN: Final = (1, 32773)
_NO_PREDICTOR, _DIFFERENCES, _FLOAT_PREDICTOR = 1, 2, 3
#: Most channels read. J
_MAX_SAMPLES: Final = 64
#: Extra channels that are alpha: premultiplied, and not.
_ALPHAS: Final = (1, 2)
#: Copies of the pixels that decoding holds at once, and bytes per pixel of its picture.
_COPIES, _MADE_BYTES = 3, 8
#: BigTIFF's 8-byte types, and the 4-byte types that replace them.
_NARROWED: Final = {16: (4, "Q", "I"), 17: (9, "q", "i"), 18: (13, "Q", "I")}
_MOST: Final = 2**32

#: Tag number, type, number of values, and the values as bytes.
Field = tuple[int, int, int, bytes]


@dataclass(frozen=True, slots=True)
class Raster:
    """The pixel layout of one page in the file. Sizes in pixels, offsets in bytes."""

    order: Literal["<", ">"]
    width: int
    height: int
    bits: int
    kind: Kind
    samples: int
    photometric: int
    #: 1 premultiplied, 2 not, 0 if the channel after the colours is no alpha.
    alpha: int
    planar: bool
    compression: int
    predictor: int
    reversed_bits: bool
    #: Width and height of a tile; of a strip, the picture's width and the strip's rows.
    block: tuple[int, int]
    tiled: bool
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]

    @property
    def colours(self) -> int:
        """Colour channels: 1, 3 or 4."""
        return _COLOURS[self.photometric]

    @property
    def interleaved(self) -> int:
        """Channels interleaved in one row of the file."""
        return 1 if self.planar else self.samples

    @property
    def planes(self) -> int:
        """Planes stored one after the other, each with ``interleaved`` channels."""
        return self.samples if self.planar else 1

    @property
    def block_row(self) -> int:
        """Bytes of one row of a strip or tile."""
        return (self.block[0] * self.interleaved * self.bits + 7) // 8

    @property
    def blocks(self) -> tuple[int, int]:
        """Strips or tiles across and down."""
        return -(-self.width // self.block[0]), -(-self.height // self.block[1])

    @property
    def memory(self) -> int:
        """Approximate maximum bytes that decoding takes."""
        across, down = self.blocks
        stored = across * self.block_row * down * self.block[1] * self.planes
        return _COPIES * stored + _MADE_BYTES * self.width * self.height

    @property
    def mode(self) -> str:
        """Pillow's name of the mode, with the depth if Pillow has no such mode."""
        if self.kind == "float" and self.colours == 1 and not self.alpha:
            return "F"
        if self.colours == 1 and not self.alpha:
            return f"I;{self.bits}" if self.bits in (16, 32) else f"L;{self.bits}"
        base = {1: "L", 3: "RGB", 4: "CMYK"}[self.colours]
        with_alpha = base + ("A" if self.alpha and base != "CMYK" else "")
        return with_alpha if self.bits == 8 else f"{with_alpha};{self.bits}"


def raster_of(page: Directory, order: str) -> Raster | None:
    """Return the page's layout if vaceprep must read it; None if Pillow reads it correctly.

    Also None if neither reads it: then Pillow's message says so. Never raises.
    """
    raster = page_blocks(page, order)
    if raster is None or raster.compression not in COMPRESSIONS:
        return None
    depths = (16, 32, 64) if raster.kind == "float" else range(1, 33)
    if raster.bits not in depths or _pillow_reads(raster, page.integers(Tag.EXTRA_SAMPLES)):
        return None
    return raster


def page_blocks(page: Directory, order: str) -> Raster | None:
    """Return the pixel layout of a grey, RGB or CMYK page; None for others. Never raises."""
    one = page.integer
    bits = page.integers(Tag.BITS_PER_SAMPLE) or (1,)
    kinds = page.integers(Tag.SAMPLE_FORMAT) or (1,)
    samples = one(Tag.SAMPLES_PER_PIXEL) or 1
    photometric = one(Tag.PHOTOMETRIC)
    extra = page.integers(Tag.EXTRA_SAMPLES)
    if photometric not in _COLOURS or not 0 < samples <= _MAX_SAMPLES or order not in ("<", ">"):
        return None
    colours, kind = _COLOURS[photometric], _KINDS.get(kinds[0])
    alike = len(set(bits)) == 1 and len(set(kinds)) == 1 and len(bits) in (1, samples)
    if not alike or kind is None or samples < colours or bits[0] <= 0:
        return None
    width, height = one(Tag.IMAGE_WIDTH) or 0, one(Tag.IMAGE_LENGTH) or 0
    tiled = Tag.TILE_OFFSETS in page.entries
    block = (one(Tag.TILE_WIDTH) or 0, one(Tag.TILE_LENGTH) or 0)
    if not tiled:
        block = (width, min(one(Tag.ROWS_PER_STRIP) or height, height))
    if min(width, height, *block) <= 0:
        return None
    return Raster(
        order="<" if order == "<" else ">",
        width=width,
        height=height,
        bits=bits[0],
        kind=kind,
        samples=samples,
        photometric=photometric,
        alpha=extra[0] if samples > colours and extra and extra[0] in _ALPHAS else 0,
        planar=(one(Tag.PLANAR_CONFIGURATION) or 1) == 2 and samples > 1,
        compression=one(Tag.COMPRESSION) or 1,
        predictor=one(Tag.PREDICTOR) or _NO_PREDICTOR,
        reversed_bits=one(Tag.FILL_ORDER) == 2,
        block=block,
        tiled=tiled,
        offsets=page.integers(Tag.TILE_OFFSETS if tiled else Tag.STRIP_OFFSETS),
        lengths=page.integers(Tag.TILE_BYTE_COUNTS if tiled else Tag.STRIP_BYTE_COUNTS),
    )


def _pillow_reads(raster: Raster, extra: tuple[int, ...]) -> bool:
    """Return whether Pillow's tables have this layout, correctly."""
    colours, spare = raster.colours, raster.samples - raster.colours
    if raster.kind == "float":
        return raster.bits == 32 and raster.samples == 1 and raster.photometric == 1
    if raster.kind == "signed":
        return False
    if raster.bits in (1, 2, 4):
        return raster.samples == 1
    if raster.bits == 8:
        if raster.photometric == WHITE_IS_ZERO:
            return spare == 0
        # There, grey has one extra channel, CMYK two, RGB three, of types in this order.
        few = spare <= {1: 1, 3: 3, 4: 2}[colours]
        return (
            few and len(extra) == spare and not any(extra[1:]) and (colours < 4 or not any(extra))
        )
    if raster.bits != 16 or raster.planar:
        return False
    if colours == 1:
        return raster.photometric == 1 and spare == 0
    return spare == 0 or (colours == 3 and spare == 1 and len(extra) == 1 and extra[0] <= 2)


def missing(raster: Raster) -> bool:
    """Return whether strips or tiles are missing or (uncompressed) shorter than their pixels."""
    across, down = raster.blocks
    wanted = across * down * raster.planes
    if len(raster.offsets) < wanted:
        return True
    if raster.compression != 1 or len(raster.lengths) < wanted:
        return False
    rows = raster.block[1]
    last = rows if raster.tiled else raster.height - rows * (down - 1)
    for index in range(wanted):
        due = raster.block_row * (last if index // across % down == down - 1 else rows)
        # Old writers left out lengths (0); readers compute them.
        if 0 < raster.lengths[index] < due:
            return True
    return False


class Short(EOFError):
    """A strip or tile has fewer bytes than its pixels need."""


Unpack = Callable[[Raster, int, int, int], bytes]


def rows_of(raster: Raster, plane: int, unpack: Unpack) -> bytes:
    """Return the bytes of one plane's rows in order, predictor undone. Raises Short.

    ``unpack(raster, first, blocks, rows)`` returns the bytes of that many strips or tiles from
    number ``first``, together ``rows`` rows of ``raster.block_row`` bytes.
    """
    across, down = raster.blocks
    each = across * down
    rows = each * raster.block[1] if raster.tiled else raster.height
    data = unpack(raster, plane * each, each, rows)
    if len(data) < rows * raster.block_row:
        raise Short
    data = _undone(raster, data, rows)
    if not raster.tiled:
        return data
    return _untiled(raster, data)


def _untiled(raster: Raster, data: bytes) -> bytes:
    across, _ = raster.blocks
    step, high = raster.block_row, raster.block[1]
    row_bytes = (raster.width * raster.interleaved * raster.bits + 7) // 8
    out = bytearray()
    for y in range(raster.height):
        first = (y // high * across * high + y % high) * step
        starts = range(first, first + across * high * step, high * step)
        out += b"".join(data[at : at + step] for at in starts)[:row_bytes]
    return bytes(out)


def _undone(raster: Raster, data: bytes, rows: int) -> bytes:
    whole = raster.bits in (8, 16, 32) or (raster.bits == 64 and raster.kind == "float")
    if raster.predictor == _NO_PREDICTOR or raster.compression in _PLAIN:
        return data
    step = raster.block_row
    pieces = (data[at : at + step] for at in range(0, rows * step, step))
    if raster.predictor == _DIFFERENCES and whole:
        return b"".join(_summed(raster, piece) for piece in pieces)
    if raster.predictor == _FLOAT_PREDICTOR and raster.kind == "float":
        return b"".join(_gathered(raster, piece) for piece in pieces)
    raise ValueError(f"predictor {raster.predictor} with {raster.bits} bits")


def _summed(raster: Raster, row: bytes) -> bytes:
    """Convert horizontal differences of one row to values, in the file's byte order."""
    size, step = raster.bits // 8, raster.interleaved
    values = array({1: "B", 2: "H", 4: "I", 8: "Q"}[size], row)
    swap = (raster.order == "<") != (byteorder == "little")
    if swap:
        values.byteswap()
    mask = (1 << raster.bits) - 1
    for channel in range(step):
        own = values[channel::step]
        values[channel::step] = array(values.typecode, [v & mask for v in accumulate(own)])
    if swap:
        values.byteswap()
    return values.tobytes()


def _gathered(raster: Raster, row: bytes) -> bytes:
    """Undo the float predictor of one row: planes of bytes, each of differences."""
    size, step = raster.bits // 8, raster.interleaved
    summed = bytearray(row)
    for channel in range(step):
        summed[channel::step] = bytes(v & 255 for v in accumulate(row[channel::step]))
    count = len(row) // size
    out = bytearray(len(row))
    for place in range(size):
        # The planes begin with the most significant bytes in either byte order.
        at = place if raster.order == ">" else size - 1 - place
        out[at::size] = summed[place * count : (place + 1) * count]
    return bytes(out)


def with_directory(
    source: Source, order: str, fields: list[Field]
) -> list[bytes | tuple[int, int]] | None:
    """Return the file as parts: header, its own bytes from 8, and one directory of ``fields``.

    A decoder then sees only these tags.
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
