"""Clips whose frames carry their number as bars of black and white, and what is read of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageDraw

SIZE = (160, 96)
BITS = 11
#: Height of the bars at the top of a frame.
BARS = 24

Paint = Callable[[Image.Image], Image.Image]


def picture(number: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """A frame with its number at the top, and a slowly moving landscape under it."""
    width, height = size
    image = Image.linear_gradient("L").resize(size)
    warm = Image.merge("RGB", (image, image.point(lambda v: v * 3 // 4 + 30), image.rotate(180)))
    pen = ImageDraw.Draw(warm)
    x = 20 + number // 4 % (width - 60)
    pen.ellipse((x, 50, x + 24, 74), fill=(200, 90, 60))
    pen.rectangle((width - 50, 40, width - 20, height - 10), fill=(60, 110, 170))
    for bit in range(BITS):
        left, right = width * bit // BITS, width * (bit + 1) // BITS - 1
        white = number >> bit & 1
        pen.rectangle((left, 0, right, BARS), fill=(255, 255, 255) if white else (0, 0, 0))
    return warm


def number_of(frame: VideoFrame) -> int:
    """The number that a frame shows."""
    image = frame.to_image().convert("L")  # type: ignore[no-untyped-call]
    width = image.width
    at = (width * (2 * bit + 1) // (2 * BITS) for bit in range(BITS))
    return sum((image.getpixel((x, BARS // 2)) > 127) << bit for bit, x in enumerate(at))


def write(
    path: Path,
    numbers: Iterable[int],
    *,
    rate: Fraction | int = 30,
    size: tuple[int, int] = SIZE,
    paint: Paint = lambda image: image,
    options: dict[str, str] | None = None,
    codec: str = "libx264",
) -> Path:
    """A clip of the frames with these numbers."""
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream(codec, rate=Fraction(rate))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"threads": "1", "preset": "ultrafast", "crf": "10", **(options or {})}
        for place, number in enumerate(numbers):
            frame = VideoFrame.from_image(paint(picture(number, size)))  # type: ignore[no-untyped-call]
            frame.pts, frame.time_base = place, 1 / Fraction(rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def decoded(path: Path) -> Iterator[tuple[VideoFrame, Fraction]]:
    """The frames of a video with their times from the first."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        begin: int | None = None
        for frame in container.decode(stream):
            assert frame.pts is not None and stream.time_base is not None
            begin = frame.pts if begin is None else begin
            yield frame, (frame.pts - begin) * Fraction(stream.time_base)


def numbers_of(path: Path) -> list[int]:
    """The numbers that a video shows, frame by frame."""
    return [number_of(frame) for frame, _ in decoded(path)]
