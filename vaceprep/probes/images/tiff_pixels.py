"""Decode a ``Raster`` to a Pillow image of 8 bits, 16-bit grey (``I;16``) or float grey."""

from __future__ import annotations

import struct
from math import gcd
from typing import TYPE_CHECKING, Final

from vaceprep.probes.images import pixels
from vaceprep.probes.images.layout import Source, Spliced
from vaceprep.probes.images.tiff_raster import (
    CMYK,
    WHITE_IS_ZERO,
    Field,
    Raster,
    Short,
    rows_of,
    with_directory,
)
from vaceprep.probes.images.tiff_tags import FieldType, Tag

if TYPE_CHECKING:
    from PIL.Image import Image

_FLOATS: Final = {16: "e", 32: "f", 64: "d"}
_HALF_RANGE: Final = 128
#: Every byte with its bits reversed.
_REVERSED: Final = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_INVERTED: Final = bytes(255 - value for value in range(256))


def decode(source: Source, raster: Raster) -> Image:
    """Every pixel, white at the top of its range. Modes: ``L``, ``LA``, ``La``, ``RGB``, ``RGBA``,
    ``RGBa``, ``CMYK``, ``I;16``.

    Raises ``Short`` where bytes are missing, and whatever Pillow raises for broken data.
    """

    def unpack(raster: Raster, first: int, blocks: int, rows: int) -> bytes:
        if raster.compression == 1:
            return _stored(source, raster, first, blocks, rows)
        return _unpacked(source, raster, first, blocks, rows)

    wanted = [*range(raster.colours), *([raster.colours] if raster.alpha else [])]
    if raster.planar:
        planes = [(rows_of(raster, index, unpack), 0) for index in wanted]
    else:
        together = rows_of(raster, 0, unpack)
        planes = [(together, index) for index in wanted]
    if raster.kind == "float":
        return _of_floats(raster, planes)
    return _of_integers(raster, [_columns(raster, *plane) for plane in planes])


# --- bytes of rows -------------------------------------------------------------------------


def _stored(source: Source, raster: Raster, first: int, blocks: int, rows: int) -> bytes:
    high = raster.block[1]
    pieces = []
    for index in range(blocks):
        size = raster.block_row * min(high, rows - index * high)
        piece = source.read_at(raster.offsets[first + index], size)
        if len(piece) < size:
            raise Short
        pieces.append(piece)
    data = b"".join(pieces)
    return data.translate(_REVERSED) if raster.reversed_bits else data


def _unpacked(source: Source, raster: Raster, first: int, blocks: int, rows: int) -> bytes:
    """Decompress strips or tiles with libtiff as rows of 8-bit grey, one below the other."""
    if len(raster.lengths) < first + blocks:
        raise Short

    def longs(*values: int) -> bytes:
        return struct.pack(f"{raster.order}{len(values)}I", *values)

    def short(value: int) -> bytes:
        return struct.pack(f"{raster.order}H", value)

    places = raster.offsets[first : first + blocks]
    sizes = raster.lengths[first : first + blocks]
    if max(places) + max(sizes) >= 2**32:
        raise ValueError("strips behind the first 4 GB")
    fields: list[Field] = [
        (Tag.IMAGE_WIDTH, FieldType.LONG, 1, longs(raster.block_row)),
        (Tag.IMAGE_LENGTH, FieldType.LONG, 1, longs(rows)),
        (Tag.BITS_PER_SAMPLE, FieldType.SHORT, 1, short(8)),
        (Tag.COMPRESSION, FieldType.SHORT, 1, short(raster.compression)),
        (Tag.PHOTOMETRIC, FieldType.SHORT, 1, short(1)),
        (Tag.FILL_ORDER, FieldType.SHORT, 1, short(2 if raster.reversed_bits else 1)),
        (Tag.STRIP_OFFSETS, FieldType.LONG, blocks, longs(*places)),
        (Tag.SAMPLES_PER_PIXEL, FieldType.SHORT, 1, short(1)),
        (Tag.ROWS_PER_STRIP, FieldType.LONG, 1, longs(raster.block[1])),
        (Tag.STRIP_BYTE_COUNTS, FieldType.LONG, blocks, longs(*sizes)),
    ]
    parts = with_directory(source, raster.order, fields)
    make = pixels.decoder("tiff")
    if parts is None or make is None:
        raise ValueError("strips behind the first 4 GB")
    return pixels.decode(pixels.header(make, Spliced(source, parts))).tobytes()


# --- columns of one byte per sample ---------------------------------------------------------


def _either(one: bytes, other: bytes) -> bytes:
    """Return the bitwise OR of byte strings of equal length."""
    together = int.from_bytes(one, "little") | int.from_bytes(other, "little")
    return together.to_bytes(len(one), "little")


def _both(one: bytes, other: bytes) -> bytes:
    """Return the bitwise AND of byte strings of equal length."""
    together = int.from_bytes(one, "little") & int.from_bytes(other, "little")
    return together.to_bytes(len(one), "little")


def _left(column: bytes, places: int) -> bytes:
    """Return every byte shifted left; overflow is lost."""
    return column.translate(bytes(value << places & 255 for value in range(256)))


def _right(column: bytes, places: int) -> bytes:
    """Return every byte shifted right."""
    return column.translate(bytes(value >> places for value in range(256)))


def _inverted(column: bytes) -> bytes:
    """Return 255 minus every byte."""
    return column.translate(_INVERTED)


def _whole_bytes(data: bytes, size: int, count: int, channel: int, order: str) -> list[bytes]:
    """Return columns of one of ``count`` channels of ``size`` bytes, most significant first."""
    places = range(size) if order == ">" else range(size - 1, -1, -1)
    return [data[channel * size + place :: count * size] for place in places]


def _packed_bits(
    data: bytes, bits: int, count: int, channel: int, size: tuple[int, int]
) -> list[bytes]:
    """Return one of ``count`` channels of ``bits`` bits, packed from each byte's highest bit on.

    Two columns: the value's 16 highest bits, left-justified and padded with the value's own highest
    bits, so that only the largest value is 0xFFFF. ``size`` is width and height in pixels; rows
    begin at byte boundaries.
    """
    width, height = size
    row_bytes = (width * count * bits + 7) // 8
    # After ``period`` bytes, which hold ``inside`` samples, the pattern repeats.
    period = bits // gcd(bits, 8)
    inside = period * 8 // bits
    # A channel's samples have the same bit offsets only every ``count`` samples.
    again = count // gcd(count, inside)
    period, inside = period * again, inside * again
    stride = -(-row_bytes // period) * period + period
    padded = b"".join(
        data[at : at + row_bytes].ljust(stride, b"\0")
        for at in range(0, height * row_bytes, row_bytes)
    ) + bytes(4)
    per_row = stride // period
    own = range(channel, inside, count)
    high, low = bytearray(per_row * len(own) * height), bytearray(per_row * len(own) * height)
    for place, sample in enumerate(own):
        top, bottom = _justified(padded, sample * bits, period, per_row * height, bits)
        high[place :: len(own)], low[place :: len(own)] = top, bottom
    wide = per_row * len(own)
    return [
        b"".join(c[at : at + width] for at in range(0, wide * height, wide)) for c in (high, low)
    ]


def _justified(data: bytes, at: int, period: int, number: int, bits: int) -> tuple[bytes, bytes]:
    """Return the samples that begin at bit ``at`` of each period, as high and low bytes."""
    first, shift = divmod(at, 8)
    raw = [data[first + i :: period][:number] for i in range(3)]
    high = raw[0] if not shift else _either(_left(raw[0], shift), _right(raw[1], 8 - shift))
    low = raw[1] if not shift else _either(_left(raw[1], shift), _right(raw[2], 8 - shift))
    if bits <= 8:
        kept = bytes(_filled(value >> 8 - bits, bits) for value in range(256))
        high = high.translate(kept)
        return high, high
    spare = max(0, 16 - bits)
    low = low.translate(bytes(value >> spare << spare for value in range(256)))
    return high, _either(low, _right(high, 8 - spare)) if spare else low


def _filled(value: int, bits: int) -> int:
    """Return a value of up to 8 bits as a level of 0 to 255."""
    return (value * 255 + ((1 << bits) - 1) // 2) // ((1 << bits) - 1)


# --- planes --------------------------------------------------------------------------------


def _columns(raster: Raster, data: bytes, channel: int) -> list[bytes]:
    size = raster.width, raster.height
    if raster.bits % 8:
        return _packed_bits(data, raster.bits, raster.interleaved, channel, size)
    step = raster.bits // 8
    return _whole_bytes(data, step, raster.interleaved, channel, raster.order)


def _of_integers(raster: Raster, planes: list[list[bytes]]) -> Image:
    from PIL import Image as Pillow

    size = raster.width, raster.height
    if raster.kind == "signed":
        planes = [_without_negative(plane) for plane in planes]
    if raster.bits == 32:
        planes = _widened(planes)
    elif raster.kind == "signed":
        planes = [_doubled(plane) for plane in planes]
    if raster.photometric == WHITE_IS_ZERO:
        planes[0] = [_inverted(column) for column in planes[0]]
    if len(planes) == 1 and len(planes[0]) > 1:
        pairs = bytearray(2 * len(planes[0][0]))
        pairs[0::2], pairs[1::2] = planes[0][1], planes[0][0]
        return Pillow.frombytes("I;16", size, bytes(pairs))
    return _merged(raster, [Pillow.frombytes("L", size, plane[0]) for plane in planes])


def _without_negative(plane: list[bytes]) -> list[bytes]:
    """Return signed values with those below 0 set to 0."""
    kept = plane[0].translate(bytes(255 if value < _HALF_RANGE else 0 for value in range(256)))
    return [_both(column, kept) for column in plane]


def _doubled(plane: list[bytes]) -> list[bytes]:
    """Expand values one bit narrower than their storage to the whole range."""
    # Repeat the highest bit as the lowest, so that the largest value is white.
    following = [*plane[1:], _left(plane[0], 1)]
    return [
        _either(_left(one, 1), _right(other, 7))
        for one, other in zip(plane, following, strict=True)
    ]


def _widened(planes: list[list[bytes]]) -> list[list[bytes]]:
    """Scale 32-bit values to the whole range: white is one of ``pixels.WHITES``."""
    used = [max(max(plane[place]) for plane in planes) for place in range(4)]
    if used[0] >= _HALF_RANGE:
        return planes
    if used[0] or used[1]:
        return [_doubled(plane) for plane in planes]
    if used[2]:
        return [plane[2:] for plane in planes]
    return [[plane[3], plane[3]] for plane in planes]


def _of_floats(raster: Raster, planes: list[tuple[bytes, int]]) -> Image:
    from PIL import ImageChops

    images = [_float_plane(raster, *plane) for plane in planes]
    white = pixels.white_of(images[: raster.colours])
    # Alpha is 1.0 at most, whatever white is.
    whites = [white] * raster.colours + [1.0] * (len(images) - raster.colours)
    grey = [pixels.scaled(image, top) for image, top in zip(images, whites, strict=True)]
    if raster.photometric == WHITE_IS_ZERO:
        grey[0] = ImageChops.invert(grey[0])
    return _merged(raster, grey)


def _float_plane(raster: Raster, data: bytes, channel: int) -> Image:
    from array import array

    from PIL import Image as Pillow

    size, step = (raster.width, raster.height), raster.bits // 8
    parts = _whole_bytes(data, step, raster.interleaved, channel, raster.order)
    together = bytearray(len(parts[0]) * step)
    for place, column in enumerate(parts):
        together[place::step] = column
    if raster.bits == 32:
        return Pillow.frombytes("F", size, bytes(together), "raw", "F;32BF")
    number = len(parts[0])
    values = array("f", struct.unpack(f">{number}{_FLOATS[raster.bits]}", together))
    return Pillow.frombytes("F", size, values.tobytes(), "raw", "F;32NF")


def _merged(raster: Raster, planes: list[Image]) -> Image:
    from PIL import Image as Pillow

    if raster.photometric == CMYK:
        return Pillow.merge("CMYK", planes[:4])
    if len(planes) == 1:
        return planes[0]
    if raster.alpha == 1:
        # Pillow merges into no premultiplied mode, but its bytes equal those of the plain mode.
        plain = Pillow.merge("LA" if len(planes) == 2 else "RGBA", planes)
        mode = "La" if len(planes) == 2 else "RGBa"
        return Pillow.frombytes(mode, plain.size, plain.tobytes()).convert(plain.mode)
    if len(planes) == 2:
        return Pillow.merge("LA", planes)
    return Pillow.merge("RGBA" if len(planes) == 4 else "RGB", planes)
