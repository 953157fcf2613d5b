"""Salvage the part of a damaged image that decodes, as a complete file."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from vaceprep.contract import MAX_IMAGE_PIXELS
from vaceprep.files.source import Opened
from vaceprep.preparation.image import encode
from vaceprep.preparation.image.decode import turned_by
from vaceprep.probes.image import READERS
from vaceprep.probes.images import exif, pixels, png_data
from vaceprep.probes.images.layout import Layout, Source, Spliced
from vaceprep.rules.image import SALVAGED

if TYPE_CHECKING:
    from PIL.Image import Image

#: Errors after which part of an image may still decode.
DAMAGED: Final = ("broken", "truncated")
EDIT: Final = "made of what still decodes; what is missing is grey or black"
_PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n"
#: Modes that PNG supports.
_PNG_MODES: Final = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_PIECE: Final = 1 << 16


def rescued(opened: Opened, fmt: str) -> bytes | None:
    """Return a JPEG (of a JPEG) or a PNG of what decodes, upright; None if nothing does.

    ``fmt`` is the format by the first bytes. Never raises because of the file's content.
    """
    if fmt not in SALVAGED:
        return None
    try:
        layout = READERS[fmt](opened)
        image = _decoded(opened, layout)
        if image is None or _is_flat(image):
            return None
        profile = layout.icc if layout.colours is None else layout.colours.profile
        image = turned_by(image, layout.orientation or exif.orientation(layout.exif))
        image.info = {k: v for k, v in image.info.items() if k == "transparency"}
        settings = {"icc_profile": profile} if profile else {}
        if fmt == "jpeg":
            return encode.saved(
                image, "jpeg", quality=encode.BEST_QUALITY, subsampling=0, **settings
            )
        if image.mode not in _PNG_MODES:
            image = image.convert("RGB")
        return encode.saved(image, "png", **settings)
    except Exception:  # Pillow raises nearly everything for broken data
        return None


def _decoded(opened: Opened, layout: Layout) -> Image | None:
    make = pixels.decoder(layout.coded or layout.format)
    if make is None or layout.width * layout.height > MAX_IMAGE_PIXELS:
        return None
    if layout.format == "jpeg":
        return pixels.decode(pixels.header(make, Spliced(opened, [*layout.parts, b"\xff\xd9"])))
    if layout.format == "png":
        data = whole_png(opened)
        return None if data is None else pixels.decode(pixels.header(make, Spliced(opened, [data])))
    image = pixels.header(make, pixels.rewound(opened))
    if image.width * image.height > MAX_IMAGE_PIXELS:
        return None
    try:
        return pixels.decode(image)
    except OSError:
        # The image's memory holds what the decoder has written so far.
        image.tile = []
        return image.copy()


def _is_flat(image: Image) -> bool:
    """Whether all pixels are equal: decoders fill an image of which they have no data."""
    return all(low == high for low, high in (band.getextrema() for band in image.split()))


def whole_png(source: Source) -> bytes | None:
    """Return a damaged PNG with valid checksums and all rows; None without a header."""
    kept: dict[bytes, bytes] = {}
    data: list[tuple[int, int]] = []
    at = len(_PNG_HEAD)
    while at + 8 <= source.size:
        head = source.read_at(at, 8)
        length, name = int.from_bytes(head[:4], "big"), head[4:]
        if name == b"IDAT":
            data.append((at + 8, min(length, source.size - at - 8)))
        elif name in (b"IHDR", b"PLTE", b"tRNS") and length <= _PIECE:
            kept.setdefault(name, source.read_at(at + 8, length))
        elif name == b"IEND":
            break
        at += 12 + length
    header = kept.get(b"IHDR", b"")
    if len(header) != 13 or header[9] not in png_data.SAMPLES:
        return None
    width, height, depth, colour = struct.unpack_from(">IIBB", header)
    if not 0 < width * height <= MAX_IMAGE_PIXELS or depth not in (1, 2, 4, 8, 16):
        return None
    rows = png_data.passes(width, height, depth * png_data.SAMPLES[colour], header[12] == 1)
    raw = _inflated(source, data, sum(size * count for size, count in rows))
    end = _sound(raw, rows)
    raw[end:] = bytes(len(raw) - end)
    kept[b"IHDR"] = header[:10] + b"\0\0" + header[12:]
    chunks = [*kept.items(), (b"IDAT", zlib.compress(bytes(raw), 1)), (b"IEND", b"")]
    return _PNG_HEAD + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def _sound(raw: bytearray, rows: list[tuple[int, int]]) -> int:
    """Return the number of bytes before the first row with an unknown filter: the rest is noise."""
    at = 0
    for size, count in rows:
        for _ in range(count):
            if raw[at] > png_data.LAST_FILTER:
                return at
            at += size
    return at


def _inflated(source: Source, pieces: list[tuple[int, int]], due: int) -> bytearray:
    """Return ``due`` bytes: those that inflate, then zeros."""
    found = bytearray()
    inflating = zlib.decompressobj()
    with suppress(zlib.error):
        for offset, length in pieces:
            for at in range(offset, offset + length, _PIECE):
                piece = source.read_at(at, min(_PIECE, offset + length - at))
                found += inflating.decompress(piece, max(1, due - len(found)))
                if len(found) >= due:
                    return found[:due]
    return found + bytes(due - len(found))
