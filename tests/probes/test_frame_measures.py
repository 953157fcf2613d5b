"""What frames look like, as numbers: differences, spread, dark borders, over all pixel formats."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw

from tests import footage
from vaceprep.contract_advice import BAR_SHARE
from vaceprep.facts import Crop
from vaceprep.files.source import open_path
from vaceprep.formats import MOV
from vaceprep.probes.frame_measures import FrameMeasure, Measuring, Sides, frame_measures
from vaceprep.probes.shots import cuts, summary


def frame(picture: Image.Image, pixels: str = "rgb24", number: int = 0) -> VideoFrame:
    found = footage.as_frame(picture)
    found = found if pixels == "rgb24" else found.reformat(format=pixels)
    found.pts, found.time_base = number, Fraction(1, 25)
    return found


def measured(*pictures: Image.Image, crop: Crop | None = None) -> list[FrameMeasure]:
    measuring = Measuring(crop)
    return [measuring.add(frame(p, number=n)) for n, p in enumerate(pictures)]


def grey(level: int, size: tuple[int, int] = (640, 360)) -> Image.Image:
    return Image.new("L", size, level)


@pytest.mark.parametrize("pixels", ["rgb24", "gray", "yuv420p", "yuvj420p", "yuv420p10le", "nv12"])
def test_luma_is_from_0_to_255_in_every_pixel_format(pixels: str) -> None:
    measuring = Measuring()
    found = [measuring.add(frame(grey(level), pixels)) for level in (0, 100, 255)]
    assert [f.mean for f in found] == pytest.approx([0, 100, 255], abs=2)
    assert [f.difference for f in found[1:]] == pytest.approx([100, 155], abs=3)
    assert [f.spread for f in found] == [0, 0, 0]


def test_times_are_seconds_from_the_first_frame() -> None:
    measuring = Measuring()
    pictures = [frame(grey(9), number=n) for n in (5, 6, 8)]
    pictures[1].pts = None
    assert [measuring.add(f).time for f in pictures] == [0, 0, Fraction(3, 25)]


def test_an_object_that_moves_counts_by_its_pixels() -> None:
    """A tenth of the picture changes by 200."""
    other = grey(20)
    ImageDraw.Draw(other).rectangle((0, 0, 63, 359), fill=220)
    first, second = measured(grey(20), other)
    assert first.difference is None
    assert second.difference == pytest.approx(20, abs=0.5)
    assert (second.peak, second.spread) == (200, 200)


def barred(left: int, top: int, right: int, bottom: int, level: int = 0) -> Image.Image:
    """A picture of 640x360 with bars of so many pixels."""
    picture = grey(level)
    picture.paste(grey(150), (left, top))
    ImageDraw.Draw(picture).rectangle((640 - right, 0, 640, 360), fill=level)
    ImageDraw.Draw(picture).rectangle((0, 360 - bottom, 640, 360), fill=level)
    return picture


def black_bars(frames: list[FrameMeasure]) -> Sides:
    return summary(frames).black_bars()


@pytest.mark.parametrize("bars", [(0, 48, 0, 48), (80, 0, 80, 0), (0, 36, 0, 0), (64, 36, 64, 36)])
def test_bars_are_parts_of_a_side(bars: tuple[int, int, int, int]) -> None:
    found = black_bars(measured(barred(*bars), barred(*bars)))
    parts = [bar / side for bar, side in zip(bars, (640, 360, 640, 360), strict=True)]
    assert found == pytest.approx(parts, abs=0.008)


def test_a_bar_takes_at_least_a_fiftieth_of_a_side() -> None:
    assert any(black_bars(measured(barred(0, 9, 0, 9))))
    assert not any(black_bars(measured(barred(0, 5, 0, 5))))
    assert Fraction(5, 360) < BAR_SHARE < Fraction(9, 360)


def test_a_bar_is_black_in_every_frame() -> None:
    assert any(black_bars(measured(barred(0, 40, 0, 40, level=15), grey(5))))
    assert not any(black_bars(measured(barred(0, 40, 0, 40, level=30))))
    assert not any(black_bars(measured(barred(0, 40, 0, 40), grey(150))))
    assert not any(black_bars(measured(grey(0), grey(0))))


def test_an_object_on_black_has_no_bars() -> None:
    picture = grey(0)
    ImageDraw.Draw(picture).ellipse((200, 60, 400, 300), fill=200)
    assert not any(black_bars(measured(picture)))


def test_what_the_container_hides_is_no_bar() -> None:
    assert not any(black_bars(measured(barred(0, 60, 0, 60), crop=Crop(0, 60, 0, 60))))
    assert any(black_bars(measured(barred(0, 60, 0, 60), crop=Crop(0, 10, 0, 10))))


def test_a_file_is_measured_frame_by_frame(tmp_path: Path) -> None:
    clip = footage.cut(3)
    footage.write(tmp_path / "cut.mp4", clip.rate, clip.frames, (320, 180))
    with open_path(str(tmp_path / "cut.mp4")) as opened:
        both = list(frame_measures(opened, MOV))
    found = [measure for measure, _ in both]
    assert cuts(found) == clip.cuts
    assert [f.time for f in found] == [Fraction(n, clip.rate) for n in range(len(clip.frames))]
    assert {picture.size for _, picture in both} == {(320, 180)}


def test_what_does_not_decode_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0")
    with open_path(str(path)) as opened:
        assert list(frame_measures(opened, MOV)) == []
