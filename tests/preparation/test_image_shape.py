"""Prepared images stay upright, fit the limits of size and bytes, and lose little."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageOps

from tests.preparation.stills import furthest, given, noise, passes, prepare, scans
from tests.probes.stillmedia import CORPUS, needs_corpus, picture, png16, saved
from vaceprep.contract import IMAGE_BYTES_DECIMAL
from vaceprep.plans.predict import predict_image

# --- orientation ---------------------------------------------------------------------------


@needs_corpus
@pytest.mark.parametrize("shape", ["Landscape", "Portrait"])
@pytest.mark.parametrize("number", range(9))
def test_eight_orientations_come_out_the_same_way_up(
    shape: str, number: int, tmp_path: Path
) -> None:
    path = CORPUS / "exif" / f"{shape}_{number}.jpg"
    done = prepare(path, tmp_path)
    with Image.open(path) as source:
        right = ImageOps.exif_transpose(source)
    assert ("orient" in done.edits) == (number > 1)
    assert done.after.format == "jpeg"
    # A second time at its own quality: hardly a level off.
    before, after = right.convert("L").resize((90, 90)), done.image.convert("L").resize((90, 90))
    assert furthest(before, after) <= 3
    difference = ImageChops.difference(right, done.image).convert("L").histogram()
    assert sum(level * n for level, n in enumerate(difference)) / sum(difference) < 1.5


def test_lossless_formats_turn_without_loss(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 7
    source = picture(size=(400, 500))
    for fmt in ("PNG", "TIFF"):
        done = given(tmp_path, saved(source, fmt, exif=exif))
        assert (done.edits, done.plan.lossless) == (["orient"], True)
        assert done.image.tobytes() == source.transpose(Image.Transpose.TRANSVERSE).tobytes()


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("orientation", [3, 6])
def test_a_turned_jpeg_keeps_its_tables(subsampling: int, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    # One of its own for each place, so that a table turned wrongly shows.
    tables = [[1 + i % 50 for i in range(64)], [2 + i for i in range(64)]]
    settings: dict[str, Any] = {"qtables": tables, "subsampling": subsampling}
    done = given(tmp_path, saved(picture(size=(400, 480)), "JPEG", exif=exif, **settings))
    after: Any = done.image
    turned = [[t[8 * (i % 8) + i // 8] for i in range(64)] for t in tables]
    expected = turned if orientation == 6 else tables
    assert [list(after.quantization[i]) for i in (0, 1)] == expected
    from PIL.JpegImagePlugin import get_sampling

    # 4:2:2 on its side has no name here: full colour then.
    assert get_sampling(after) == (0 if (subsampling, orientation) == (1, 6) else subsampling)


def test_avif_is_turned_once(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    source = picture(size=(400, 500))
    done = given(tmp_path, saved(source, "AVIF", exif=exif, quality=95))
    assert done.after.format == "jpeg"
    upright = source.transpose(Image.Transpose.ROTATE_270)
    assert furthest(done.image.convert("L"), upright.convert("L")) < 12


# --- size ----------------------------------------------------------------------------------


def test_where_no_scale_fits_both_sides(tmp_path: Path) -> None:
    source = Image.new("RGB", (4000, 300), (200, 30, 30))
    source.paste((30, 30, 200), (1900, 0, 2100, 300))
    done = given(tmp_path, saved(source, "PNG"), background=(0, 255, 0))
    assert done.edits == ["scale", "pad"]
    image = done.image
    assert image.size == (2000, 360)
    assert image.getpixel((0, 0)) == image.getpixel((1999, 359)) == (0, 255, 0)
    assert image.getpixel((10, 180)) == (200, 30, 30)
    assert image.getpixel((1000, 180)) == (30, 30, 200)
    passes(done)
    done = given(tmp_path, saved(source, "PNG"), shape="crop")
    assert done.edits == ["scale", "crop"]
    image = done.image
    assert image.size == (2000, 360)
    assert image.getpixel((0, 0)) == (200, 30, 30)
    assert image.getpixel((1000, 180)) == (30, 30, 200)
    # 200 of 300 lines are 240 of 360: the middle, as wide as it was.
    blue = image.getchannel("B").point([255 if level > 115 else 0 for level in range(256)])
    box = blue.getbbox()
    assert box is not None
    assert (abs(box[0] - 880), abs(box[2] - 1120)) <= (1, 1)
    passes(done)


@pytest.mark.parametrize("shape", ["pad", "crop"])
@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (3, 5), (360, 2001)])
def test_extreme_shapes(shape: str, size: tuple[int, int], tmp_path: Path) -> None:
    done = given(tmp_path, saved(Image.new("RGB", size, (9, 8, 7)), "PNG"), shape=shape)
    passes(done)
    assert (done.after.width, done.after.height) == (
        predict_image(done.plan, done.before).width,
        predict_image(done.plan, done.before).height,
    )


def test_cropping_without_scaling_moves_nothing(tmp_path: Path) -> None:
    source = noise((700, 401))
    done = given(tmp_path, saved(source, "PNG"), size=(401, 401), shape="crop")
    assert done.edits == ["crop"]
    assert done.image.tobytes() == source.crop((149, 0, 550, 401)).tobytes()


def test_downscaling_averages_and_keeps_edges_of_alpha_clean(tmp_path: Path) -> None:
    # Transparent red beside opaque white: no red may bleed in.
    source = Image.new("RGBA", (2400, 1200), (255, 0, 0, 0))
    source.paste((255, 255, 255, 255), (1001, 0, 2400, 1200))
    done = given(tmp_path, saved(source, "PNG", compress_level=1))
    assert done.edits == ["flatten", "scale"]
    assert done.image.getextrema() == ((255, 255),) * 3
    kept = given(tmp_path, saved(source, "PNG", compress_level=1), only_errors=True)
    assert (kept.edits, kept.after.mode, kept.after.has_alpha) == (["scale"], "RGBA", True)
    ground = Image.new("RGBA", kept.image.size, "white")
    flat = Image.alpha_composite(ground, kept.image).convert("RGB")
    assert furthest(flat, Image.new("RGB", flat.size, "white")) <= 1


# --- 10 MB ---------------------------------------------------------------------------------


@pytest.mark.long
def test_a_noisy_16_bit_png_gets_under_the_limit(tmp_path: Path) -> None:
    rows = b"".join(b"\0" + os.urandom(2000 * 6) for _ in range(2000))
    done = given(tmp_path, png16(2, rows, (2000, 2000)))
    assert (done.before.bytes or 0) > 2 * IMAGE_BYTES_DECIMAL
    assert done.edits == ["convert-mode", "recompress"]
    assert 0.7 * IMAGE_BYTES_DECIMAL < len(done.data) <= IMAGE_BYTES_DECIMAL
    assert done.after.format == "jpeg"
    passes(done)


def test_lossless_first(tmp_path: Path) -> None:
    source = picture(size=(2000, 1900))
    done = given(tmp_path, saved(source, "PNG", compress_level=0))
    assert (done.edits, done.after.format) == (["recompress"], "png")
    assert done.image.tobytes() == source.tobytes()
    done = given(tmp_path, saved(source, "BMP"))
    assert (done.edits, done.after.format) == (["convert-format", "recompress"], "png")
    assert done.image.tobytes() == source.tobytes()


def test_a_jpeg_that_is_large_for_what_hangs_on_it(tmp_path: Path) -> None:
    small = saved(picture(size=(400, 500)), "JPEG")
    data = small[:2] + (b"\xff\xe5\xff\xff" + bytes(65_533)) * 160 + small[2:]
    done = given(tmp_path, data)
    assert (done.edits, scans(done.data)) == (["recompress"], scans(small))
    passes(done)


def test_a_jpeg_that_is_large_itself(tmp_path: Path) -> None:
    data = saved(noise((2000, 2000)), "JPEG", quality=98, subsampling=0)
    assert len(data) > IMAGE_BYTES_DECIMAL
    done = given(tmp_path, data)
    assert done.after.format == "jpeg"
    assert 0.7 * IMAGE_BYTES_DECIMAL < len(done.data) <= IMAGE_BYTES_DECIMAL
