"""WEBP: the RIFF's chunks."""

from __future__ import annotations

from typing import Final

from vaceprep.probes.images.byte_source import Source
from vaceprep.probes.images.layout import MAX_FRAMES, MAX_PIECES, Layout

_METADATA: Final = (b"EXIF", b"XMP ", b"ICCP")


def read_webp(source: Source) -> Layout:
    """Walk a WEBP's chunks. Sizes in pixels (the canvas where there is one); never raises."""
    layout = Layout("webp", bit_depth=8)
    head = source.read_at(0, 12)
    end = 8 + int.from_bytes(head[4:8], "little")
    layout.keep(0, min(end, source.size))
    at = 12
    frames = 0
    pictures = 0
    for _ in range(MAX_PIECES):
        if at + 8 > min(end, source.size):
            break
        chunk = source.read_at(at, 18)
        name, length = chunk[:4], int.from_bytes(chunk[4:8], "little")
        body = source.read_at(at + 8, 10)
        if name == b"VP8X" and len(body) == 10 and not layout.width:
            layout.width = 1 + int.from_bytes(body[4:7], "little")
            layout.height = 1 + int.from_bytes(body[7:10], "little")
        elif name == b"VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) == 10:
            pictures += 1
            if not layout.width:
                layout.width = int.from_bytes(body[6:8], "little") & 0x3FFF
                layout.height = int.from_bytes(body[8:10], "little") & 0x3FFF
        elif name == b"VP8L" and body[:1] == b"\x2f" and len(body) >= 5:
            pictures += 1
            if not layout.width:
                bits = int.from_bytes(body[1:5], "little")
                layout.width, layout.height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"ANMF":
            frames += 1
        elif name in _METADATA and at + 8 + length <= source.size:
            data = layout.metadata(source.read_at(at + 8, min(length, layout.room)))
            if name == b"EXIF":
                layout.exif.append(data)
            elif name == b"XMP ":
                layout.xmp.append(data)
            else:
                layout.icc = data
        at += 8 + length + (length & 1)
    if end > source.size:
        missing = end - source.size
        return layout.cut(f"the file ends {missing} bytes before its header says")
    if not frames and not pictures:
        return layout.broken("the WEBP has no picture")
    layout.frames = min(MAX_FRAMES, max(1, frames))
    return layout
