"""``--salvage`` of images: what decodes is kept, and nothing is made where nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageChops

import vaceprep
from tests.probes.stillmedia import saved
from vaceprep.preparation.report import Prepared


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))


NOISE = Image.effect_noise((400, 360), 30)
SEEN = Image.merge("RGB", [NOISE, Image.linear_gradient("L").resize((400, 360)), NOISE])


def picture() -> Image.Image:
    return SEEN.copy()


def broken_checksum() -> bytes:
    data = bytearray(saved(picture(), "PNG"))
    at = data.index(b"IDAT")
    length = int.from_bytes(data[at - 4 : at], "big")
    data[at + 4 + length] ^= 1
    return bytes(data)


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def entry(folder: Path, name: str, data: bytes, *, salvage: bool = True) -> Prepared:
    source = folder / name
    source.write_bytes(data)
    out = folder / "out"
    return vaceprep.prepare(source, role="ref_images_url", output=out, salvage=salvage).files[0]


@pytest.mark.parametrize(
    ("name", "data", "rows"),
    [
        ("checksum.png", broken_checksum(), 360),
        ("cut.png", cut(saved(picture(), "PNG"), 0.6), 150),
        ("no-end.jpg", saved(picture(), "JPEG", quality=90)[:-2], 360),
        ("cut.jpg", cut(saved(picture(), "JPEG", quality=90), 0.6), 150),
        ("cut.gif", cut(saved(picture().convert("L"), "GIF", interlace=False), 0.6), 150),
        ("cut.bmp", cut(saved(picture(), "BMP"), 0.6), 0),
    ],
)
def test_what_decodes_is_kept(tmp_path: Path, name: str, data: bytes, rows: int) -> None:
    refused = entry(tmp_path, name, data, salvage=False)
    assert refused.status == "failed"
    assert [f.code for f in refused.remaining][-1] == "VP204"
    assert "--salvage" in str(refused.remaining[-1].fix)
    made = entry(tmp_path, name, data)
    assert (made.status, made.lossless) == ("prepared", False)
    assert made.plan[0].edit == "salvage"
    assert made.output is not None
    assert vaceprep.check(made.output, role="ref_images_url").findings == ()
    with Image.open(made.output) as image:
        found = image.convert("RGB").crop((0, 0, 400, rows))
    if rows:
        wanted = picture_of(name).crop((0, 0, 400, rows))
        off = ImageChops.difference(found, wanted).convert("L").histogram()
        assert sum(off[40:]) < 0.02 * 400 * rows


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cut.tif", {}),
        ("cut.webp", {}),
        ("cut.ico", {"sizes": [(256, 256)]}),
        ("cut.ppm", {}),
        ("cut.tga", {"compression": "tga_rle"}),
        ("cut.jp2", {}),
        ("cut.avif", {"speed": 10}),
    ],
)
def test_no_salvage_is_offered_where_nothing_of_the_format_decodes(
    tmp_path: Path, name: str, settings: dict[str, object]
) -> None:
    form = {"tif": "TIFF", "jp2": "JPEG2000"}.get(name[4:], name[4:].upper())
    source = picture().crop((0, 0, 256, 256)) if form == "ICO" else picture()
    data = cut(saved(source, form, **settings), 0.9)
    refused = entry(tmp_path, name, data)
    assert refused.status == "failed"
    found = {f.code: f.fix for f in refused.remaining}
    assert "VP204" in found
    assert not any("--salvage" in str(fix) for fix in found.values())


def picture_of(name: str) -> Image.Image:
    image = SEEN.convert("L").convert("RGB") if name.endswith(".gif") else SEEN
    return image.copy()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(300)),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(300)),
        ("a.png", saved(picture(), "PNG")[:48]),
        ("a.webp", cut(saved(picture(), "WEBP"), 0.5)),
        ("a.tif", cut(saved(picture(), "TIFF"), 0.5)),
    ],
)
def test_nothing_is_made_of_nothing(tmp_path: Path, name: str, data: bytes) -> None:
    made = entry(tmp_path, name, data)
    assert made.status == "failed"
    assert "VP204" in [f.code for f in made.remaining]
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
