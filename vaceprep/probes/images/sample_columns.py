"""Extract samples of any depth from rows, as columns of one byte per sample. Pure."""

from __future__ import annotations

from math import gcd
from typing import Final

#: Every byte with its bits reversed.
REVERSED: Final = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_INVERTED: Final = bytes(255 - value for value in range(256))


def either(one: bytes, other: bytes) -> bytes:
    """Return the bitwise OR of byte strings of equal length."""
    together = int.from_bytes(one, "little") | int.from_bytes(other, "little")
    return together.to_bytes(len(one), "little")


def both(one: bytes, other: bytes) -> bytes:
    """Return the bitwise AND of byte strings of equal length."""
    together = int.from_bytes(one, "little") & int.from_bytes(other, "little")
    return together.to_bytes(len(one), "little")


def left(column: bytes, places: int) -> bytes:
    """Return every byte shifted left; overflow is lost."""
    return column.translate(bytes(value << places & 255 for value in range(256)))


def right(column: bytes, places: int) -> bytes:
    """Return every byte shifted right."""
    return column.translate(bytes(value >> places for value in range(256)))


def inverted(column: bytes) -> bytes:
    """Return 255 minus every byte."""
    return column.translate(_INVERTED)


def whole_bytes(data: bytes, size: int, count: int, channel: int, order: str) -> list[bytes]:
    """Return columns of one of ``count`` channels of ``size`` bytes, most significant first."""
    places = range(size) if order == ">" else range(size - 1, -1, -1)
    return [data[channel * size + place :: count * size] for place in places]


def packed_bits(
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
    high = raw[0] if not shift else either(left(raw[0], shift), right(raw[1], 8 - shift))
    low = raw[1] if not shift else either(left(raw[1], shift), right(raw[2], 8 - shift))
    if bits <= 8:
        kept = bytes(_filled(value >> 8 - bits, bits) for value in range(256))
        high = high.translate(kept)
        return high, high
    spare = max(0, 16 - bits)
    low = low.translate(bytes(value >> spare << spare for value in range(256)))
    return high, either(low, right(high, 8 - spare)) if spare else low


def _filled(value: int, bits: int) -> int:
    """Return a value of up to 8 bits as a level of 0 to 255."""
    return (value * 255 + ((1 << bits) - 1) // 2) // ((1 << bits) - 1)
