"""Masks from any image: displayed, strict, the size asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import vaceprep
from tests.paths import ROOT
from vaceprep.errors import Refused
from vaceprep.facts import ImageFacts
from vaceprep.plans.image import agrees
from vaceprep.preparation.image.mask import fixed, write_mask
from vaceprep.preparation.image.preview import share

FIXTURES = ROOT / "fixtures"
#: Upper left quarter white, the rest black.
SIZE = (64, 48)


def quarter(mode: str = "L", white: object = 255, black: object = 0) -> Image.Image:
    image = Image.new(mode, SIZE, black)  # type: ignore[arg-type]
    image.paste(Image.new(mode, (32, 24), white), (0, 0))  # type: ignore[arg-type]
    return image


EXPECTED = [255, 0, 0, 0]


def levels(image: Image.Image) -> list[int]:
    assert image.mode == "L"
    counts = image.histogram()
    assert counts[0] + counts[255] == image.width * image.height
    width, height = image.size
    at = [(1, 1), (1, height - 2), (width - 2, 1), (width - 2, height - 2)]
    return [int(image.getpixel(place)) for place in at]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("grey.png", quarter("L", 200, 100)),
        ("rgb.png", quarter("RGB", (250, 250, 250), (5, 5, 5))),
        ("lossy.jpg", quarter("L", 240, 20)),
        ("one-bit.png", quarter("1", 1, 0)),
        ("16-bit.png", quarter("I;16", 40000, 30000)),
        ("alpha.png", quarter("RGBA", (255, 255, 255, 255), (255, 255, 255, 0))),
        ("half.png", quarter("RGBA", (255, 255, 255, 200), (255, 255, 255, 90))),
        ("grey-alpha.png", quarter("LA", (255, 255), (255, 10))),
        ("palette.png", quarter("RGB", (255, 255, 0), (0, 0, 255)).quantize(4)),
        ("float.tiff", quarter("F", 1.0, 0.2)),
        ("32-bit.tiff", quarter("I", 2**31 - 1, 7)),
        ("cmyk.jpg", quarter("CMYK", (0, 0, 0, 0), (0, 0, 0, 255))),
        ("a.bmp", quarter()),
        ("a.webp", quarter("RGB", (255, 255, 255), (0, 0, 0))),
        ("a.gif", quarter()),
    ],
)
def test_any_image(tmp_path: Path, name: str, image: Image.Image) -> None:
    image.save(tmp_path / name)
    made = fixed(str(tmp_path / name), SIZE)
    assert levels(made) == EXPECTED
    inverted = fixed(str(tmp_path / name), SIZE, invert=True)
    assert levels(inverted) == [0, 255, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "jpg", "tiff", "webp"])
def test_displayed_orientation(tmp_path: Path, ending: str, orientation: int) -> None:
    """Where the white quarter of the stored picture is shown, by the words of the EXIF standard."""
    rows = "top bottom".split()
    path = tmp_path / f"a.{ending}"
    exif = Image.Exif()
    exif[0x112] = orientation
    quarter().convert("RGB").save(path, exif=exif)
    # Stored row 0 and column 0 are the picture's ... side (TIFF 6.0, Orientation).
    sides = {
        1: ("top", "left"),
        2: ("top", "right"),
        3: ("bottom", "right"),
        4: ("bottom", "left"),
        5: ("left", "top"),
        6: ("right", "top"),
        7: ("right", "bottom"),
        8: ("left", "bottom"),
    }[orientation]
    turned = sides[0] not in rows
    size = (48, 64) if turned else SIZE
    made = fixed(str(path), size)
    corner = ("bottom" in sides) + 2 * ("right" in sides)
    assert [level == 255 for level in levels(made)] == [n == corner for n in range(4)]
    facts = vaceprep.probe(path)
    assert isinstance(facts, ImageFacts)
    assert (facts.width, facts.height) == made.size


def test_threshold(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    quarter("L", 128, 127).save(path)
    assert levels(fixed(str(path), SIZE)) == EXPECTED
    assert levels(fixed(str(path), SIZE, threshold=129)) == [0, 0, 0, 0]
    assert levels(fixed(str(path), SIZE, threshold=127)) == [255] * 4


def test_scaling_is_by_nearest_neighbour(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    quarter().save(path)
    made = fixed(str(path), (640, 480))
    assert made.getbbox() == (0, 0, 320, 240)
    assert made.histogram()[255] == 320 * 240
    with pytest.raises(Refused, match=r"64x48, of another shape than 640x360; --stretch"):
        fixed(str(path), (640, 360))
    assert fixed(str(path), (640, 360), stretch=True).getbbox() == (0, 0, 320, 180)


@pytest.mark.parametrize(
    ("mask", "video", "same"),
    [
        ((640, 360), (1280, 720), True),
        ((427, 240), (1280, 720), True),
        ((1280, 721), (1280, 720), True),
        ((1280, 722), (1280, 720), False),
        ((720, 1280), (1280, 720), False),
        ((640, 480), (1280, 720), False),
    ],
)
def test_shapes_that_agree(mask: tuple[int, int], video: tuple[int, int], same: bool) -> None:
    assert agrees(mask, video) is same


@pytest.mark.parametrize("name", ["heic.heic", "avif.avif"])
def test_other_formats(name: str) -> None:
    path = FIXTURES / "image" / name
    try:
        facts = vaceprep.probe(path)
    except vaceprep.ProbeError:
        pytest.skip("needs a decoder for this format")
    assert fixed(str(path), (facts.width, facts.height)).mode == "L"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("image/truncated.png", "cannot be read"),
        ("image/bomb.png", "cannot be read"),
        ("image/text.jpg", "cannot be read"),
        ("video/ok-one-frame.mp4", "it is a video, not an image"),
        ("image/none.png", "no such file"),
    ],
)
def test_unreadable(name: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        fixed(str(FIXTURES / name), (640, 360), stretch=True)


@pytest.mark.parametrize("path", sorted((FIXTURES / "mask").glob("*.[pjb][npm][gp]")), ids=str)
def test_fixtures_become_strict(tmp_path: Path, path: Path) -> None:
    with Image.open(path) as image:
        size = image.size
    target = tmp_path / "a.png"
    write_mask(fixed(str(path), size), str(target), force=False)
    report = vaceprep.check(target, role="mask_image_url")
    assert {f.code for f in report.findings} <= {"VP303", "VP304"}


@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_share_never_rounds_to_all_or_nothing(white: int, pixels: int) -> None:
    text = share(min(white, pixels), pixels)
    assert (text == "0 %") == (white == 0)
    assert (text == "100 %") == (white >= pixels)
