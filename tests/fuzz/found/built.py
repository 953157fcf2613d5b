"""Inputs that once took minutes, or all memory, for little: too large to keep, easy to build."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Final

from tests.media import Hand, box, full, u32

#: Bytes of metadata that a kilobyte of the file unpacks to.
UNPACKED: Final = 16 << 20


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    header = (b"IHDR", struct.pack(">IIBBBBB", 400, 400, 8, 0, 0, 0, 0))
    pixels = (b"IDAT", zlib.compress(bytes(401 * 400)))
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in (header, *chunks, pixels, (b"IEND", b"")):
        parts += [struct.pack(">I", len(body)), kind, body]
        parts.append(struct.pack(">I", zlib.crc32(kind + body)))
    return b"".join(parts)


def _packed_texts() -> bytes:
    packed = zlib.compress(bytes(UNPACKED), 9)
    return _png(*[(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed)] * 300)


def _packed_profiles() -> bytes:
    return _png(*[(b"iCCP", b"a\0\0" + zlib.compress(bytes(UNPACKED), 9))] * 1000)


def _page(entries: list[tuple[int, int, int, int]], following: int) -> bytes:
    fields = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + fields + struct.pack("<I", following)


def _shared_strips() -> bytes:
    """300 pages that all claim the same two million strips."""
    count = 1_900_000
    table = u32(0x08000000) * count
    first = 8 + len(table)
    data = b"II*\0" + struct.pack("<I", first) + table
    entries = [(256, 4, 1, 400), (257, 4, 1, 400), (273, 4, count, 8), (279, 4, count, 8)]
    for number in range(300):
        at = first + number * 54
        data += _page(entries, at + 54 if number < 299 else 0)
    return data


def _shared_entries() -> bytes:
    """10,000 pages of 4096 entries each, all laid over one another in 180 KB."""
    ahead = 4096 * 12 // 6
    units = (struct.pack("<HI", 4096, max(8 + 6 * (n - ahead + 1), 0)) for n in range(30_000))
    return b"II*\0\x08\0\0\0" + b"".join(units)


def _short_blocks() -> bytes:
    head = b"GIF89a" + struct.pack("<HHB", 400, 400, 0) + b"\0\0"
    return head + b"!\xfe" + b"\1a" * 12_000_000 + b"\0"


#: Name, with the ending that the file gets, to what makes it.
BUILT: Final[dict[str, Callable[[], bytes]]] = {
    "sample entries by the million.mp4": lambda: Hand(
        tables={"stsd": full("stsd", u32(1), box("free") * 1_000_000)}
    ).data(),
    "data references by the million.mp4": lambda: Hand(
        data_reference=box("url ") * 1_000_000
    ).data(),
    "xmp by the megabyte.mp4": lambda: Hand(
        in_movie=box("udta", box("XMP_", bytes(1 << 20)) * 60)
    ).data(),
    "texts that unpack.png": _packed_texts,
    "profiles that unpack.png": _packed_profiles,
    "pages that share strips.tiff": _shared_strips,
    "pages that share entries.tiff": _shared_entries,
    "blocks of one byte.gif": _short_blocks,
}
