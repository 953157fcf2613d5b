"""BMP: two headers and where the pixels lie."""

from __future__ import annotations

import struct

from vaceprep.probes.images.byte_source import Source
from vaceprep.probes.images.layout import MAX_METADATA, Layout

_RAW_COMPRESSIONS = (0, 3, 6)


def read_bmp(source: Source) -> Layout:
    """Read a BMP's headers. Sizes in pixels; never raises."""
    layout = Layout("bmp")
    layout.keep(0, source.size)
    head = source.read_at(0, 14 + 124)
    if len(head) < 26:
        return layout.cut("the file ends inside the BMP's header")
    start, header = struct.unpack_from("<II", head, 10)
    if len(head) < 14 + min(header, 124):
        return layout.cut("the file ends inside the BMP's header")
    compression, data_size = 0, 0
    if header == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", head, 18)
    elif header in (40, 52, 56, 64, 108, 124):
        width, height, _, bits = struct.unpack_from("<iiHH", head, 18)
        compression, data_size = struct.unpack_from("<II", head, 30)
    else:
        return layout.broken("the BMP's header is of no known kind")
    layout.width, layout.height = max(0, width), abs(height)
    # Of 16 bits, each channel has five.
    layout.bit_depth = {16: 5, 24: 8, 32: 8}.get(bits, bits)
    layout.mode = "RGB;5" if bits == 16 else None
    if width <= 0 or height == 0 or bits not in (1, 2, 4, 8, 16, 24, 32):
        return layout.broken("the BMP's header says an impossible size")
    if compression in _RAW_COMPRESSIONS:
        data_size = (width * bits + 31) // 32 * 4 * abs(height)
    if start + data_size > source.size:
        missing = start + data_size - source.size
        return layout.cut(f"the file ends {missing} bytes before its pixels do")
    if header == 124:
        kind, offset, length = struct.unpack_from("<4s48x4xII", head, 70)[0:3]
        if kind == b"DEBM":
            if 14 + offset + length > source.size:
                return layout.cut("the file ends inside the BMP's colour profile")
            layout.icc = source.read_at(14 + offset, min(length, MAX_METADATA))
    return layout
