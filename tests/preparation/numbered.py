"""Clips whose frames carry their number as a row of black and white blocks."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
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
    plane = frame.planes[0]
    plane.update(image.convert("RGB").tobytes("raw", "RGB", plane.line_size, 1))
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


def luma(image: Image.Image) -> VideoFrame:
    """A grey picture of even sides as yuv420p of limited range."""
    frame = VideoFrame(image.width, image.height, "yuv420p")
    plane = frame.planes[0]
    levels = image.point([round(16 + v * 219 / 255) for v in range(256)])
    plane.update(levels.tobytes("raw", "L", plane.line_size, 1))
    for chroma in frame.planes[1:]:
        chroma.update(b"\x80" * chroma.buffer_size)
    return frame


@cache
def _grey(number: int) -> VideoFrame:
    return luma(coded(number))


def number_in(frame: VideoFrame) -> int:
    """The number in a frame of any size, read from the centre of each block."""
    assert frame.format.name in {"yuv420p", "yuvj420p", "yuv422p", "yuv444p"}
    plane = frame.planes[0]
    row, number = memoryview(plane)[frame.height // 2 * plane.line_size :], 0
    for bit in range(BITS):
        level = row[(2 * bit + 1) * frame.width // (2 * BITS)]
        assert level < 54 or level > 183, f"bit {bit} reads {level}"
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
    data = _written(
        path.suffix,
        frames,
        Fraction(rate),
        None if times is None else tuple(times),
        tuple((options or {}).items()),
        codec,
        container,
        tuple((container_options or {}).items()),
        pixel_format,
    )
    path.write_bytes(data)
    return path


@cache
def _written(
    ending: str,
    frames: int,
    rate: Fraction,
    times: tuple[int, ...] | None,
    options: tuple[tuple[str, str], ...],
    codec: str,
    container: str | None,
    container_options: tuple[tuple[str, str], ...],
    pixel_format: str,
) -> bytes:
    settings = {"bf": "3", "g": "12", "preset": "ultrafast", "crf": "12"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a{ending}")
        muxing = dict(container_options)
        with av.open(str(path), "w", format=container, container_options=muxing) as out:
            stream = out.add_stream(codec, rate=rate)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height = SIZE
            stream.pix_fmt = pixel_format
            stream.codec_context.time_base = 1 / rate
            usual = settings if codec == "libx264" else {}
            stream.options = {"threads": "1", **usual, **dict(options)}
            for number in range(frames):
                plain = pixel_format == "yuv420p"
                frame = _grey(number) if plain else as_frame(coded(number))
                frame.pts = number if times is None else times[number]
                frame.time_base = 1 / rate
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        return path.read_bytes()


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
