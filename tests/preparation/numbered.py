"""Clips whose frames carry their number as a row of black and white blocks."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

BITS = 10
BLOCK = 36
SIZE = (BITS * BLOCK, 360)


def coded(number: int) -> Image.Image:
    """The picture of a number: one block a bit, the lowest first."""
    image = Image.new("L", SIZE, 96)
    for bit in range(BITS):
        level = 235 if number >> bit & 1 else 16
        image.paste(level, (bit * BLOCK, 0, (bit + 1) * BLOCK, SIZE[1]))
    return image


def as_frame(image: Image.Image) -> VideoFrame:
    """A picture as PyAV takes it."""
    frame = VideoFrame(image.width, image.height, "rgb24")
    plane, row = frame.planes[0], image.width * 3
    data = image.convert("RGB").tobytes()
    pad = bytes(plane.line_size - row)
    plane.update(b"".join(data[y * row : (y + 1) * row] + pad for y in range(image.height)))
    return frame


def number_of(image: Image.Image) -> int:
    """The number in a picture that may have been coded lossily."""
    grey = image.convert("L")
    assert grey.size == SIZE
    number = 0
    for bit in range(BITS):
        level = grey.getpixel((bit * BLOCK + BLOCK // 2, SIZE[1] // 2))
        assert isinstance(level, int)
        assert level < 60 or level > 195, f"bit {bit} reads {level}"
        number |= (level > 128) << bit
    return number


def write(
    path: Path,
    *,
    frames: int = 50,
    rate: Fraction | int = 25,
    times: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    codec: str = "libx264",
    container: str | None = None,
    container_options: dict[str, str] | None = None,
    pixel_format: str = "yuv420p",
) -> Path:
    """A clip of numbered frames; ``times`` in ticks of 1/rate, evenly spaced without."""
    settings = {"bf": "3", "g": "12", "preset": "veryfast", "crf": "12", "threads": "1"}
    with av.open(str(path), "w", format=container, container_options=container_options) as out:
        stream = out.add_stream(codec, rate=Fraction(rate))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = 1 / Fraction(rate)
        stream.options = {**(settings if codec == "libx264" else {}), **(options or {})}
        for number in range(frames):
            frame = as_frame(coded(number))
            frame.pts = number if times is None else times[number]
            frame.time_base = 1 / Fraction(rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def edit(path: Path, *stretches: tuple[int, int], rate: int = 25) -> Path:
    """Rewrite the edit list: stretches of the track as (first frame, number of frames)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"elst")
    assert struct.unpack_from(">BxxxI", data, at + 4) == (0, 1)
    assert data.index(b"moov") > data.index(b"mdat"), "growing the index must move no frame"
    movie = struct.unpack_from(">I", data, data.index(b"mvhd") + 16)[0]
    scale = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)[0]
    start = struct.unpack_from(">i", data, at + 16)[0]
    entries = [
        struct.pack(">IiI", count * movie // rate, start + first * scale // rate, 0x10000)
        for first, count in stretches
    ]
    data[at + 8 : at + 24] = struct.pack(">I", len(entries)) + b"".join(entries)
    for kind in (b"moov", b"trak", b"edts", b"elst"):
        place = data.index(kind) - 4
        size = struct.unpack_from(">I", data, place)[0]
        struct.pack_into(">I", data, place, size + 12 * (len(entries) - 1))
    path.write_bytes(data)
    return path


def matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Put a display matrix into the track's header."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    at += 52 if data[at] == 1 else 40
    one = 0x10000
    struct.pack_into(">9i", data, at, a * one, b * one, 0, c * one, d * one, 0, 0, 0, 0x40000000)
    path.write_bytes(data)
    return path
