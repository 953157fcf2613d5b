"""PNG and APNG: every chunk, with its checksum."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from vaceprep.probe.stills.layout import MAX_PIECES, Layout, Source

#: Chunks that make pixels.
_PIXEL_CHUNKS: Final = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_MODES: Final = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_XMP_KEY: Final = b"XML:com.adobe.xmp"
_BLOCK: Final = 2**20


def read_png(source: Source) -> Layout:
    """Walk all chunks to IEND and verify each CRC. Sizes in pixels; never raises."""
    layout = Layout("png")
    layout.keep(0, 8)
    at = 8
    animation = 0
    still_outside = False
    seen_data = False
    for _ in range(MAX_PIECES):
        head = source.read_at(at, 8)
        if len(head) < 8:
            return layout.cut("the file ends before the PNG's end mark")
        length, name = int.from_bytes(head[:4], "big"), head[4:]
        if at + 12 + length > source.size:
            if name == b"IHDR":
                _header(layout, source.read_at(at + 8, 13))
            return layout.cut("the file ends inside the PNG's data")
        if not name.isalpha():
            return layout.broken("the PNG's chunks are damaged")
        body = source.read_at(at + 8, length) if length <= _BLOCK else b""
        if not _checked(source, at + 8, length, name, body):
            if name == b"IHDR" and at == 8:
                _header(layout, body)
            return layout.broken(f"the checksum of the PNG's {name.decode()} chunk is wrong")
        if at == 8:
            if name != b"IHDR" or not _header(layout, body):
                return layout.broken("the PNG does not begin with its header")
        elif name == b"eXIf":
            layout.exif.append(layout.metadata(source.read_at(at + 8, min(length, layout.room))))
        elif name == b"iCCP" and layout.room:
            data = source.read_at(at + 8, min(length, layout.room))
            layout.icc = layout.metadata(_profile(data, layout.room))
        elif name == b"iTXt" and body.startswith(_XMP_KEY + b"\0") and layout.room:
            layout.xmp.append(layout.metadata(_text(body[len(_XMP_KEY) + 1 :], layout.room)))
        elif name == b"acTL":
            animation = max(animation, 1)
        elif name == b"fcTL":
            animation += bool(animation)
        elif name == b"IDAT" and not seen_data:
            seen_data = True
            still_outside = animation == 1
        if name in _PIXEL_CHUNKS:
            layout.keep(at, 12 + length)
        at += 12 + length
        if name == b"IEND":
            break
    else:
        return layout.broken("the PNG has too many chunks")
    if not seen_data:
        return layout.broken("the PNG has no pixel data")
    # ``animation`` counts its announcement too; a still picture outside it is one frame more.
    layout.frames = max(1, animation - 1 + still_outside)
    return layout


def _checked(source: Source, at: int, length: int, name: bytes, body: bytes) -> bool:
    crc = zlib.crc32(name)
    if length <= _BLOCK:
        crc = zlib.crc32(body, crc)
    else:
        for start in range(at, at + length, _BLOCK):
            crc = zlib.crc32(source.read_at(start, min(_BLOCK, at + length - start)), crc)
    return int.from_bytes(source.read_at(at + length, 4), "big") == crc


def _header(layout: Layout, body: bytes) -> bool:
    if len(body) < 13:
        return False
    width, height, depth, colour = struct.unpack_from(">IIBB", body)
    layout.width, layout.height, layout.bit_depth = width, height, depth
    mode = _MODES.get(colour)
    if mode == "L" and depth < 8:
        layout.mode = "1" if depth == 1 else f"L;{depth}"
    elif mode == "L" and depth == 16:
        layout.mode = "I;16"
    elif mode is not None:
        layout.mode = mode if depth <= 8 else f"{mode};{depth}"
    return bool(width and height)


def _inflated(data: bytes, most: int) -> bytes:
    """At most ``most`` bytes (not 0, which is no limit) of a zlib stream; empty if damaged."""
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error:
        return b""


def _profile(body: bytes, most: int) -> bytes:
    name, separator, rest = body.partition(b"\0")
    return _inflated(rest[1:], most) if separator and name and rest[:1] == b"\0" else b""


def _text(rest: bytes, most: int) -> bytes:
    """The text of an iTXt chunk behind its keyword."""
    fields = rest[2:].split(b"\0", 2)
    if len(rest) < 2 or len(fields) < 3:
        return b""
    return _inflated(fields[2], most) if rest[0] else fields[2]
