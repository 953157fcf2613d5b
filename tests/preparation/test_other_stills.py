"""Pictures in formats that the service does not take: recognised by their bytes and converted."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops

import vaceprep
from tests.probes.stillmedia import facts, saved
from vaceprep.probes.sniff import sniff_image


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))


def picture(size: tuple[int, int] = (400, 360)) -> Image.Image:
    # The corners tell which way up it is.
    image = Image.new("RGB", size, (60, 90, 200))
    image.paste((200, 60, 60), (0, 0, size[0] // 2, size[1] // 3))
    image.paste((60, 180, 75), (size[0] // 2, size[1] // 2, size[0], size[1]))
    return image


def icon(**options: object) -> bytes:
    data = io.BytesIO()
    picture((128, 128)).save(data, "ICO", sizes=[(16, 16), (128, 128)], **options)
    return data.getvalue()


def tga_without_footer() -> bytes:
    return saved(picture(), "TGA")[: 18 + 400 * 360 * 3]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("ico", icon()),
        ("ico", icon(bitmap_format="bmp")),
        ("tga", saved(picture(), "TGA")),
        ("tga", saved(picture(), "TGA", compression="tga_rle")),
        ("tga", tga_without_footer()),
        ("tga", saved(picture().convert("L"), "TGA")),
        ("tga", saved(picture().convert("P"), "TGA")),
        ("pnm", saved(picture(), "PPM")),
        ("jp2", saved(picture(), "JPEG2000")),
    ],
)
def test_converted_to_png(tmp_path: Path, name: str, data: bytes) -> None:
    assert sniff_image(data[:512]) == name
    source = tmp_path / "a.bin"
    source.write_bytes(data)
    assert "VP201" in {f.code for f in vaceprep.check(source, role="ref_images_url").findings}
    (made,) = vaceprep.prepare(source, role="ref_images_url", output=tmp_path / "out").files
    assert made.ok, made
    assert made.output is not None
    with Image.open(made.output) as image:
        found = image.convert("RGB")
    first = Image.open(io.BytesIO(data)).convert("RGB").resize(found.size)
    off = ImageChops.difference(found, first).convert("L").histogram()
    # Scaling and palettes move few pixels far; turning it would move most.
    assert sum(off[40:]) < 0.05 * found.width * found.height
    assert found.getpixel((5, 5))[0] > 100  # type: ignore[index]


def test_the_largest_picture_of_an_icon() -> None:
    found = facts(icon())
    assert (found.format, found.width, found.height) == ("ico", 128, 128)


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\2\0\0\0\0\0\0\0\0\0\0\0\x10\0\x18\0",
        b"\0\0\2\0\0\1\0\0\0\0\0\0\x10\0\x10\0\x18\0",
        b"\0\0\2\0\0\0\0\0\0\0\0\0\x10\0\x10\0\x17\0",
        b"\0\0\1\xba" + bytes(40),
        b"\0\0\0\1" + bytes(40),
        b"\0\1\0\0" + bytes(40),
        bytes(64),
    ],
)
def test_what_is_no_tga(data: bytes) -> None:
    assert sniff_image(data) is None
