"""WEBP: the chunks of the RIFF file.

Specification: RFC 9649 (WebP), RFC 6386 (VP8: 9.1, the frame header).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from vaceprep.contract import MAX_SAMPLES
from vaceprep.files.source import Opened
from vaceprep.probes.images.layout import MAX_FRAMES, MAX_PIECES, Layout, Source

if TYPE_CHECKING:
    # A still picture is measured without this module.
    from vaceprep.probes.timing import Timing


def shown_for(delay: int) -> int:
    """Return the milliseconds for which browsers show a frame with that delay."""
    from vaceprep.probes.timestamps import INSTEAD, SHORT

    return round(INSTEAD * 1000) if delay <= SHORT * 1000 else delay


def animation(opened: Opened) -> Timing:
    """Return frames and durations (milliseconds) of the file's ANMF chunks."""
    from fractions import Fraction

    from vaceprep.probes.timestamps import from_timestamps

    at, clock = 12, 0
    times: list[int] = []
    spent: list[int] = []
    while at + 8 <= opened.size and len(times) < MAX_SAMPLES:
        header = opened.read_at(at, 24)
        if len(header) < 8:
            break
        kind, size = struct.unpack_from("<4sI", header)
        if kind == b"ANMF" and len(header) == 24:
            duration = shown_for(int.from_bytes(header[20:23], "little"))
            times.append(clock)
            spent.append(duration)
            clock += duration
        at += 8 + size + (size & 1)
    return from_timestamps(times, spent, Fraction(1, 1000), (), rounds=False)


def pixel_format(opened: Opened) -> str | None:
    """Return FFmpeg's name of the first frame's pixel format: lossy 4:2:0, lossless ARGB."""
    data = opened.read_at(12, 1 << 16)
    at = data.find(b"ANMF")
    kind = data[at + 24 : at + 28] if at >= 0 else b""
    return {b"VP8 ": "yuv420p", b"ALPH": "yuva420p", b"VP8L": "argb"}.get(kind)


def canvas(head: bytes) -> tuple[int, int]:
    """Return width and height of the canvas in pixels, from the VP8X chunk."""
    return (
        int.from_bytes(head[24:27], "little") + 1,
        int.from_bytes(head[27:30], "little") + 1,
    )


_METADATA: Final = (b"EXIF", b"XMP ", b"ICCP")
#: Bytes after a lossy picture's frame tag, and the first byte of a lossless one.
_VP8_START: Final = b"\x9d\x01\x2a"
_VP8L_SIGNATURE: Final = b"\x2f"
#: Both have sides of 14 bits; a lossless one stores them less 1.
_SIDE: Final = 0x3FFF


def read_webp(source: Source) -> Layout:
    """Read a WEBP's chunks. Sizes in pixels (of the canvas, if any); never raises."""
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
        elif name == b"VP8 " and body[3:6] == _VP8_START and len(body) == 10:
            pictures += 1
            if not layout.width:
                layout.width = int.from_bytes(body[6:8], "little") & _SIDE
                layout.height = int.from_bytes(body[8:10], "little") & _SIDE
        elif name == b"VP8L" and body[:1] == _VP8L_SIGNATURE and len(body) >= 5:
            pictures += 1
            if not layout.width:
                bits = int.from_bytes(body[1:5], "little")
                layout.width, layout.height = (bits & _SIDE) + 1, (bits >> 14 & _SIDE) + 1
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
