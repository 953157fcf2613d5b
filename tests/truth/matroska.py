"""Write a Matroska file with one video track by hand, each element as wanted (RFC 9559)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

#: Element identifiers of Video, Colour and Projection.
VIDEO: Final = {
    **{"PixelWidth": 0xB0, "PixelHeight": 0xBA, "DisplayWidth": 0x54B0, "DisplayHeight": 0x54BA},
    **{"PixelCropBottom": 0x54AA, "PixelCropTop": 0x54BB, "PixelCropLeft": 0x54CC},
    **{"PixelCropRight": 0x54DD, "FlagInterlaced": 0x9A, "FieldOrder": 0x9D, "DisplayUnit": 0x54B2},
}
COLOUR: Final = {
    **{"MatrixCoefficients": 0x55B1, "BitsPerChannel": 0x55B2, "Range": 0x55B9},
    **{"TransferCharacteristics": 0x55BA, "Primaries": 0x55BB},
}


def element(identifier: int, body: bytes) -> bytes:
    """An element with its size in eight bytes."""
    name = identifier.to_bytes((identifier.bit_length() + 7) // 8, "big")
    return name + (len(body) | 1 << 56).to_bytes(8, "big") + body


def number(identifier: int, value: int) -> bytes:
    """An element with an unsigned number."""
    return element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def real(identifier: int, value: float) -> bytes:
    """An element with a floating-point number."""
    return element(identifier, struct.pack(">d", value))


@dataclass(frozen=True)
class Packet:
    """A coded picture and when it is shown."""

    data: bytes
    at: Fraction
    keyframe: bool


@dataclass(frozen=True)
class Track:
    """The video track: Matroska's names for what it says."""

    codec: str
    private: bytes
    size: tuple[int, int]
    video: Mapping[str, int] = field(default_factory=dict)
    colour: Mapping[str, int] = field(default_factory=dict)
    #: Degrees counterclockwise; None writes no Projection.
    roll: float | None = None


def _track(track: Track) -> bytes:
    shape = {"PixelWidth": track.size[0], "PixelHeight": track.size[1], **track.video}
    video = b"".join(number(VIDEO[name], value) for name, value in shape.items())
    if track.colour:
        parts = (number(COLOUR[name], value) for name, value in track.colour.items())
        video += element(0x55B0, b"".join(parts))
    if track.roll is not None:
        video += element(0x7670, number(0x7671, 0) + real(0x7675, track.roll))
    body = number(0xD7, 1) + number(0x73C5, 1) + number(0x83, 1) + number(0x9C, 0)
    body += element(0x86, track.codec.encode())
    if track.private:
        body += element(0x63A2, track.private)
    return element(0xAE, body + element(0xE0, video))


def write(path: Path, track: Track, packets: Iterable[Packet], duration: Fraction) -> None:
    """Write the file; times in milliseconds, one cluster for each keyframe."""
    head = number(0x4286, 1) + number(0x42F7, 1) + number(0x42F2, 4) + number(0x42F3, 8)
    head += element(0x4282, b"matroska") + number(0x4287, 4) + number(0x4285, 2)
    info = number(0x2AD7B1, 1_000_000) + element(0x4D80, b"hand") + element(0x5741, b"hand")
    info += real(0x4489, float(duration * 1000))
    clusters = b""
    blocks = b""
    base = 0
    for packet in packets:
        at = round(packet.at * 1000)
        if packet.keyframe or not blocks:
            if blocks:
                clusters += element(0x1F43B675, number(0xE7, base) + blocks)
            base, blocks = at, b""
        flags = 0x80 if packet.keyframe else 0
        blocks += element(0xA3, b"\x81" + struct.pack(">hB", at - base, flags) + packet.data)
    clusters += element(0x1F43B675, number(0xE7, base) + blocks)
    body = element(0x1549A966, info) + element(0x1654AE6B, _track(track)) + clusters
    path.write_bytes(element(0x1A45DFA3, head) + element(0x18538067, body))
