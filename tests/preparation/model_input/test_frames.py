"""The pictures that the model takes, before overlays and encoding: against Pillow's own scaling."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from random import Random

import av
import pytest
from av.video.frame import VideoFrame
from PIL import Image, ImageChops, ImageStat

from tests import footage
from tests.paths import ROOT
from tests.preparation import numbered
from tests.preparation.jobmedia import sized
from vaceprep.errors import Refused
from vaceprep.preparation.model_input.assets import Taken
from vaceprep.preparation.model_input.frames import GREY, pictures_of
from vaceprep.preparation.model_input.read import preview_of
from vaceprep.preparation.video.thumbnails import oriented
from vaceprep.records import replace

FIXTURES = ROOT / "fixtures" / "video"
#: From limited-range BT.601 to RGB.
MATRIX = (
    *(255 / 219, 0.0, 1.402 * 255 / 224, -16 * 255 / 219 - 128 * 1.402 * 255 / 224),
    *(255 / 219, -0.344136 * 255 / 224, -0.714136 * 255 / 224),
    -16 * 255 / 219 + 128 * (0.344136 + 0.714136) * 255 / 224,
    *(255 / 219, 1.772 * 255 / 224, 0.0, -16 * 255 / 219 - 128 * 1.772 * 255 / 224),
)


def taken(path: Path | str) -> Taken:
    (file,) = preview_of(str(path)).model.files
    return file


def rgb(frame: VideoFrame) -> Image.Image:
    """A frame of full size, by Pillow's own arithmetic."""
    planes = frame.reformat(format="yuv444p", interpolation="BICUBIC").planes
    size = frame.width, frame.height
    channels = [
        Image.frombytes("L", size, bytes(plane), "raw", "L", plane.line_size) for plane in planes
    ]
    return Image.merge("RGB", channels).convert("RGB", MATRIX)


def frames_of(path: Path) -> list[VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def expected(frame: VideoFrame, file: Taken, turn: int = 0) -> Image.Image:
    whole = oriented(rgb(frame), (turn, False))
    scaled = whole.resize(file.scaled, Image.Resampling.BICUBIC)
    left, top = file.crop
    return scaled.crop((left, top, left + file.width, top + file.height))


def psnr(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    squares = sum(ImageStat.Stat(ImageChops.difference(one, other)).sum2)
    return 10 * math.log10(255**2 * 3 * one.width * one.height / max(squares, 1))


def detailed(size: tuple[int, int]) -> Image.Image:
    """A scene with fine texture, which scaling without a filter would alias."""
    scene = footage.scene(Random(3)).convert("RGB").resize(size, Image.Resampling.BICUBIC)
    half = size[0] // 2, size[1] // 2
    grain = Image.frombytes("L", half, Random(4).randbytes(half[0] * half[1]))
    fine = grain.resize(size, Image.Resampling.BICUBIC).convert("RGB")
    return Image.blend(scene, fine, 0.3)


@pytest.mark.parametrize("size", [(1920, 1080), (1000, 562)], ids=str)
def test_a_scaled_video_is_as_pillow_scales_it(size: tuple[int, int], tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    footage.write(clip, 16, [detailed(size)], size)
    file = taken(clip)
    (picture,) = pictures_of(file)
    assert picture.mode == "RGB"
    assert psnr(picture, expected(frames_of(clip)[0], file)) >= 40


def test_a_turned_video_is_upright() -> None:
    path = FIXTURES / "rotated-90.mp4"
    file = replace(taken(path), used=(0,))
    (picture,) = pictures_of(file)
    assert psnr(picture, expected(frames_of(path)[0], file, 90)) >= 40


def test_the_frames_are_those_that_are_used(tmp_path: Path) -> None:
    file = taken(sized(tmp_path / "clip.mp4", numbered.SIZE, frames=40, rate=Fraction(24)))
    assert (file.width, file.height, file.scaled) == (352, 352, (352, 352))
    found = [numbered.number_of(p.resize(numbered.SIZE)) for p in pictures_of(file)]
    assert tuple(found) == file.used
    twice = replace(file, used=(3, 3, 7))
    found = [numbered.number_of(p.resize(numbered.SIZE)) for p in pictures_of(twice)]
    assert found == [3, 3, 7]
    with pytest.raises(Refused, match="ends before its frame 101"):
        list(pictures_of(replace(file, used=(0, 100))))


def test_grey_is_around_a_picture_that_begins_inside() -> None:
    file = taken(FIXTURES / "ok-one-frame.mp4")
    wide = replace(file, width=file.width + 64, height=file.height - 16, crop=(-32, 8))
    (picture,) = pictures_of(wide)
    (whole,) = pictures_of(file)
    assert picture.size == (wide.width, wide.height)
    assert picture.getpixel((0, 0)) == picture.getpixel((wide.width - 1, 5)) == GREY
    inside = picture.crop((32, 0, 32 + file.width, wide.height))
    assert psnr(inside, whole.crop((0, 8, file.width, 8 + wide.height))) > 90


@pytest.mark.parametrize("name", ["animated.webp", "animated.gif", "odd-width.mp4", "mirrored.mp4"])
def test_other_videos_have_pictures(name: str) -> None:
    file = taken(FIXTURES / name)
    assert len(list(pictures_of(replace(file, used=file.used[:2])))) == 2


def test_a_damaged_video_gives_the_pictures_before() -> None:
    file = taken(FIXTURES / "damaged.mp4")
    pictures = pictures_of(file)
    assert next(pictures).size == (file.width, file.height)
    with pytest.raises(Refused, match="cannot be read: "):
        list(pictures)
