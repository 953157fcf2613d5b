"""MPEG-4 Visual's object layer header: whether the picture is interlaced.

FFmpeg reports it only for a decoded frame. Specification: ISO/IEC 14496-2, 6.2.3.
"""

from __future__ import annotations

from typing import Final

from vaceprep.probes.h264 import START_CODE, Bits

#: Start codes of the object layer: 0x20 to 0x2F.
LAYER_CODES: Final = range(0x20, 0x30)
MAX_BYTES: Final = 4096
WRITTEN_OUT: Final = 15
RECTANGULAR: Final = 0


def interlaced(extradata: bytes) -> bool | None:
    """Return whether the header says interlaced; None if it is absent or unreadable."""
    data = extradata[:MAX_BYTES]
    for found in START_CODE.finditer(data, 0, len(data) - 1):
        if data[found.end()] in LAYER_CODES:
            try:
                return _interlaced(Bits(data[found.end() + 1 :]))
            except ValueError:
                return None
    return None


def _interlaced(bits: Bits) -> bool | None:
    bits.u(9)
    if bits.u(1):
        bits.u(7)
    if bits.u(4) == WRITTEN_OUT:
        bits.u(16)
    if bits.u(1):
        bits.u(3)
        if bits.u(1):
            bits.u(79)
    if bits.u(2) != RECTANGULAR:
        return None
    bits.u(1)
    resolution = bits.u(16)
    bits.u(1)
    if bits.u(1):
        bits.u(max((resolution - 1).bit_length(), 1))
    # Width and height, each between two markers.
    bits.u(29)
    return bool(bits.u(1))
