"""BMP: two headers and the offset of the pixels.

Specification: Microsoft's BITMAPFILEHEADER, BITMAPCOREHEADER to BITMAPV5HEADER.
"""

from __future__ import annotations

import struct
from typing import Final

from vaceprep.probes.images.layout import MAX_METADATA, Layout, Source

#: BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS: rows of uncompressed pixels.
_RAW_COMPRESSIONS: Final = (0, 3, 6)
#: Bytes of the file header, of the oldest and the newest bitmap header, and of those between.
_FILE_HEADER: Final = 14
_CORE_HEADER: Final = 12
_V5_HEADER: Final = 124
_INFO_HEADERS: Final = (40, 52, 56, 64, 108, _V5_HEADER)
#: PROFILE_EMBEDDED, as bytes in the file.
_EMBEDDED: Final = b"DEBM"


def read_bmp(source: Source) -> Layout:
    """Read a BMP's headers. Sizes in pixels; never raises."""
    layout = Layout("bmp")
    layout.keep(0, source.size)
    head = source.read_at(0, _FILE_HEADER + _V5_HEADER)
    if len(head) < 26:
        return layout.cut("the file ends inside the BMP's header")
    start, header = struct.unpack_from("<II", head, 10)
    if len(head) < _FILE_HEADER + min(header, _V5_HEADER):
        return layout.cut("the file ends inside the BMP's header")
    compression, data_size = 0, 0
    if header == _CORE_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", head, 18)
    elif header in _INFO_HEADERS:
        width, height, _, bits = struct.unpack_from("<iiHH", head, 18)
        compression, data_size = struct.unpack_from("<II", head, 30)
    else:
        return layout.broken("the BMP's header is of no known kind")
    layout.width, layout.height = max(0, width), abs(height)
    # A pixel of 16 bits has five bits per channel.
    layout.bit_depth = {16: 5, 24: 8, 32: 8}.get(bits, bits)
    layout.mode = "RGB;5" if bits == 16 else None
    if width <= 0 or height == 0 or bits not in (1, 2, 4, 8, 16, 24, 32):
        return layout.broken("the BMP's header says an impossible size")
    if compression in _RAW_COMPRESSIONS:
        data_size = (width * bits + 31) // 32 * 4 * abs(height)
    if start + data_size > source.size:
        missing = start + data_size - source.size
        return layout.cut(f"the file ends {missing} bytes before its pixels do")
    if header == _V5_HEADER:
        kind, offset, length = struct.unpack_from("<4s48x4xII", head, 70)[0:3]
        if kind == _EMBEDDED:
            if _FILE_HEADER + offset + length > source.size:
                return layout.cut("the file ends inside the BMP's colour profile")
            layout.icc = source.read_at(_FILE_HEADER + offset, min(length, MAX_METADATA))
    return layout
