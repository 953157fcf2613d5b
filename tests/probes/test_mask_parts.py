"""Small islands and holes of masks, against a flood fill; and masks that flicker."""

from __future__ import annotations

from random import Random

import pytest
from PIL import Image, ImageDraw

from tests.footage import as_frame
from vaceprep.contract_advice import FLICKER_FRAMES, FLICKER_SHARE, MOST_SPECKS, SPECK_SHARE
from vaceprep.facts import MaskShape
from vaceprep.probes import mask_parts
from vaceprep.probes.images.pixels import count_mask
from vaceprep.probes.mask_parts import small_parts
from vaceprep.probes.mask_shape import MaskShapes


def disc(size: tuple[int, int] = (640, 360)) -> Image.Image:
    picture = Image.new("L", size)
    ImageDraw.Draw(picture).ellipse((200, 50, 450, 300), fill=255)
    return picture


def specks(count: int, side: int, *, level: int = 255) -> Image.Image:
    """A disc, and so many squares outside it, or inside it as holes."""
    picture = disc()
    pen = ImageDraw.Draw(picture)
    for number in range(count):
        across, down = number % 10, number // 10
        left, top = (4, 4) if level else (250, 120)
        at = left + 15 * across, top + 15 * down
        pen.rectangle((*at, at[0] + side - 1, at[1] + side - 1), fill=level)
    return picture


def test_tiny_islands_and_holes_are_counted() -> None:
    # 0.05 % of the picture: 115 pixels.
    assert 10 * 10 < SPECK_SHARE * 640 * 360 < 11 * 11
    assert small_parts(disc()) == (0, 0)
    assert small_parts(specks(21, 10)) == (21, 0)
    assert small_parts(specks(21, 11)) == (0, 0)
    assert small_parts(specks(12, 3, level=0)) == (0, 12)
    assert small_parts(specks(12, 3).convert("1")) == (12, 0)
    assert small_parts(specks(12, 3).convert("RGB")) == (12, 0)


def flooded(picture: Image.Image, level: int, limit: float, *, corners: bool) -> int:
    """The small connected parts of one level, by filling each from a pixel of it."""
    left = {
        (x, y)
        for x in range(picture.width)
        for y in range(picture.height)
        if picture.getpixel((x, y)) == level
    }
    around = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if corners or not (x and y)]
    small = 0
    while left:
        reached = [left.pop()]
        for x, y in reached:
            beside = {(x + across, y + down) for across, down in around} & left
            left -= beside
            reached.extend(beside)
        small += len(reached) < limit
    return small


@pytest.mark.parametrize("seed", range(12))
def test_they_are_those_of_a_flood_fill(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    size = random.randint(1, 30), random.randint(1, 20)
    share = random.choice((0.3, 0.5, 0.7))
    picture = Image.new("L", size)
    picture.putdata([255 * (random.random() < share) for _ in range(size[0] * size[1])])
    monkeypatch.setattr(mask_parts, "SPECK_SHARE", 3.5 / (size[0] * size[1]))
    expected = (
        flooded(picture, 255, 3.5, corners=True),
        flooded(picture, 0, 3.5, corners=False),
    )
    assert small_parts(picture) == expected


def test_noise_and_huge_pictures_are_bounded() -> None:
    islands, holes = small_parts(Image.effect_noise((1000, 800), 200))
    assert min(islands, holes) > MOST_SPECKS
    large = specks(30, 10).resize((2560, 1440), Image.Resampling.NEAREST)
    assert small_parts(large) == (30, 0)


def test_an_image_says_what_it_holds() -> None:
    assert count_mask(specks(25, 4)).shape == MaskShape(25, 0, None)
    # A photograph is no mask.
    assert count_mask(Image.linear_gradient("L")).shape is None


def shapes(*pictures: Image.Image) -> MaskShape:
    found = MaskShapes()
    for picture in pictures:
        found.add(as_frame(picture))
    return found.facts()


def moved(step: int) -> Image.Image:
    picture = Image.new("L", (640, 360))
    ImageDraw.Draw(picture).rectangle((step, 100, step + 200, 250), fill=255)
    return picture


def test_a_mask_that_moves_does_not_flicker() -> None:
    assert shapes(*(moved(8 * step) for step in range(20))).flicker is None
    assert shapes(*[disc()] * 9).flicker is None
    # It stays changed.
    assert shapes(disc(), disc(), *[moved(0)] * 9).flicker is None


@pytest.mark.parametrize("frames", range(1, 6))
def test_what_changes_back_within_4_frames_flickers(frames: int) -> None:
    pictures = [*[disc()] * 6, *[moved(0)] * frames, *[disc()] * 6]
    expected = 7 + frames if frames < FLICKER_FRAMES else None
    assert shapes(*pictures).flicker == expected


@pytest.mark.parametrize(("side", "flickers"), [(44, False), (56, True)])
def test_a_hundredth_of_the_picture_flickers(side: int, flickers: bool) -> None:
    assert 44**2 < FLICKER_SHARE * 640 * 360 < 56**2
    other = disc()
    ImageDraw.Draw(other).rectangle((0, 0, side - 1, side - 1), fill=255)
    assert (shapes(disc(), other, disc(), disc()).flicker is not None) == flickers


def test_the_worst_frame_counts() -> None:
    assert shapes(*[disc()] * 8, *[specks(30, 6)] * 8).islands == 30
