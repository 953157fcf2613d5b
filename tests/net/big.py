"""A huge MP4 that takes no room: its index stands behind a hole."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.media import Hand, box, ftyp, u32


def boxes(data: bytes) -> dict[str, tuple[int, int]]:
    """Place and length of each box at the top level."""
    found, at = {}, 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found[kind.decode()] = at, size
        at += size
    return found


def sparse(path: Path, total: int = 2 * 10**9, frames: int = 40, data: bytes | None = None) -> int:
    """Write one of ``total`` bytes, and tell how many of these are its index.

    ``data`` is an MP4 with its index last that shall become so large.
    """
    data = Hand(frames=frames).data() if data is None else data
    places = boxes(data)
    (begin, size), (index, index_size) = places["mdat"], places["moov"]
    assert begin < index, "the index is last"
    hole = total - index_size - begin
    with path.open("wb") as file:
        file.write(data[:begin] + u32(hole) + b"mdat" + data[begin + 8 : begin + size])
        file.truncate(total - index_size)
        file.seek(total - index_size)
        file.write(data[index : index + index_size])
    return index_size


def deep_frames() -> bytes:
    """An MP4 of which neither the beginning nor the index holds a frame."""
    made, padding = Hand(frames=40), bytes(3 << 20)
    at = len(ftyp()) + 8 + len(padding)
    return ftyp() + box("mdat", padding, *made.payload(), padding) + made.movie(at)
