"""How a frame is displayed: turned, square pixels, right colours."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from PIL import Image, ImageChops, ImageStat

from tests.media import ffmpeg, needs_ffmpeg
from tests.paths import ROOT
from tests.preparation import numbered
from vaceprep.facts import VideoFacts
from vaceprep.preparation.read import reading
from vaceprep.preparation.video.frame import Shown, frame_at, frame_number

FIXTURES = ROOT / "fixtures" / "video"
SIZE = (640, 360)
#: ``(a, b, c, d)``: a stored point (x, y) is shown at (a x + c y, b x + d y).
MATRICES = [
    *((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)),
    *((-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)),
]
#: Colour of each stored corner, by (right, lower).
CORNERS = {
    (0, 0): (220, 30, 30),
    (1, 0): (30, 200, 30),
    (0, 1): (30, 30, 220),
    (1, 1): (220, 220, 40),
}


def difference(image: Image.Image, reference: Path) -> float:
    """Mean absolute difference of two pictures, in levels."""
    with Image.open(reference) as other:
        assert other.size == image.size
        apart = ImageChops.difference(image, other.convert("RGB"))
    means: list[float] = ImageStat.Stat(apart).mean
    return max(means)


def first(path: Path) -> tuple[Shown, VideoFacts]:
    with reading(str(path), "video_url") as read:
        assert isinstance(read.facts, VideoFacts)
        return frame_at(read, "first"), read.facts


def write(
    path: Path,
    image: Image.Image,
    *,
    aspect: Fraction | None = None,
    space: Colorspace = Colorspace.ITU709,
    reach: ColorRange = ColorRange.MPEG,
    tags: tuple[int, int] = (1, 1),
) -> Path:
    """One picture as a clip of ten frames; ``tags`` are the matrix and the range it names."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = image.size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_range = tags
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        stream.options = {"crf": "4", "threads": "1", "preset": "veryfast"}
        frame = numbered.as_frame(image).reformat(
            format="yuv420p", dst_colorspace=space, dst_color_range=reach
        )
        for number in range(10):
            frame.pts = number
            frame.time_base = Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def corners(size: tuple[int, int] = SIZE) -> Image.Image:
    """A colour in each corner."""
    image = Image.new("RGB", size, (128, 128, 128))
    wide, high = size[0] // 8, size[1] // 8
    for (right, lower), colour in CORNERS.items():
        left, top = right * (size[0] - wide), lower * (size[1] - high)
        image.paste(colour, (left, top, left + wide, top + high))
    return image


def near(one: tuple[int, ...], other: tuple[int, ...], levels: int) -> bool:
    return all(abs(a - b) <= levels for a, b in zip(one, other, strict=True))


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return tuple(int(level) for level in found)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("aspect", [None, Fraction(4, 3)])
def test_eight_matrices(
    tmp_path: Path, matrix: tuple[int, int, int, int], aspect: Fraction | None
) -> None:
    clip = numbered.matrix(write(tmp_path / "a.mp4", corners(), aspect=aspect), *matrix)
    shown, facts = first(clip)
    assert shown.image.size == (facts.width, facts.height)
    wide = round(SIZE[0] * (aspect or 1))
    assert facts.width * facts.height == wide * SIZE[1]
    assert (facts.width > facts.height) == (matrix[0] != 0)
    a, b, c, d = matrix
    for (right, lower), colour in CORNERS.items():
        # From the middle: a corner's direction is turned as the matrix says.
        x, y = 2 * right - 1, 2 * lower - 1
        across, down = a * x + c * y, b * x + d * y
        place = (10 if across < 0 else facts.width - 11, 10 if down < 0 else facts.height - 11)
        assert near(pixel(shown.image, *place), colour, 12), (matrix, right, lower)


@pytest.mark.parametrize(
    ("space", "matrix"),
    [(Colorspace.ITU709, 1), (Colorspace.ITU601, 6), (Colorspace.SMPTE170M, 5)],
)
@pytest.mark.parametrize(("reach", "tag"), [(ColorRange.MPEG, 1), (ColorRange.JPEG, 2)])
@pytest.mark.parametrize("colour", [(200, 30, 60), (10, 180, 40), (255, 255, 255), (0, 0, 0)])
def test_matrix_and_range_are_honoured(
    tmp_path: Path,
    space: Colorspace,
    matrix: int,
    reach: ColorRange,
    tag: int,
    colour: tuple[int, int, int],
) -> None:
    image = Image.new("RGB", SIZE, colour)
    clip = write(tmp_path / "a.mp4", image, space=space, reach=reach, tags=(matrix, tag))
    shown, _ = first(clip)
    assert near(pixel(shown.image, 320, 180), colour, 3)


@needs_ffmpeg
@pytest.mark.parametrize(
    "name",
    [
        *("ok-b-frames", "10-bit", "av1", "hevc", "mpeg4", "yuv444p", "odd-width", "odd-height"),
        *("ok-full-range", "variable-rate", "rotated-90", "rotated-180", "mirrored"),
        *("edit-list-trims", "edit-list-delays", "edit-list-to-limit", "fragmented-dash"),
        *("ok-b-frames-negative-offsets", "ok-millisecond-ticks", "rotated-in-movie-header"),
    ],
)
def test_as_ffmpeg_shows_it(tmp_path: Path, name: str) -> None:
    clip = FIXTURES / f"{name}.mp4"
    select = "select=eq(n\\,0)+eq(n\\,5)+eq(n\\,14)"
    ffmpeg("-i", str(clip), "-vsync", "0", "-vf", select, str(tmp_path / "%d.png"))
    assert len(list(tmp_path.iterdir())) == 3
    for at, number in enumerate((1, 6, 15), 1):
        with reading(str(clip), "video_url") as read:
            assert difference(frame_number(read, number).image, tmp_path / f"{at}.png") < 2.5


def test_pixel_aspect() -> None:
    shown, facts = first(FIXTURES / "pixel-aspect.mp4")
    assert shown.image.size == (facts.width, facts.height) == (640, 360)
    assert "square" in shown.notes[0]


def test_interlaced_frames_lose_their_combs(tmp_path: Path) -> None:
    """Two fields of a moving edge: neighbouring lines agree afterwards."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"x264-params": "tff=1", "crf": "4", "threads": "1"}
        for number in range(10):
            image = Image.new("L", SIZE, 16)
            for field in (0, 1):
                edge = 100 + 40 * (2 * number + field)
                for y in range(field, SIZE[1], 2):
                    image.paste(235, (0, y, min(edge, SIZE[0]), y + 1))
            frame = numbered.as_frame(image)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with reading(str(path), "video_url") as read:
        shown = frame_number(read, 4)
    assert shown.notes == ("deinterlaced",)
    column = [pixel(shown.image, 100 + 40 * 6 + 20, y)[0] for y in range(100, 200)]
    assert max(column) - min(column) < 90


# FFmpeg computes its table for seconds; tests/cli/test_frame.py has a frame of HDR every day.
@pytest.mark.long
def test_hdr_is_brought_down() -> None:
    shown, facts = first(FIXTURES / "hlg.mp4")
    assert shown.notes == ("HDR brought down to BT.709",)
    assert shown.image.size == (facts.width, facts.height)
    assert shown.image.mode == "RGB"
