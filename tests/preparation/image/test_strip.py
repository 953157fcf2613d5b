"""Metadata and further frames are cut out, and the coded pixels stay as they were."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from tests.preparation.stills import FIXTURES, furthest, given, passes, prepare, scans
from tests.probes.stillmedia import chunk, picture, saved


@pytest.mark.parametrize("name", ["gps.jpg", "serial.jpg"])
def test_a_place_is_cut_out_of_a_jpeg(name: str, tmp_path: Path) -> None:
    path = FIXTURES / "image" / name
    done = prepare(path, tmp_path)
    assert (done.edits, done.plan.lossless) == (["strip"], True)
    assert scans(done.data) == scans(path.read_bytes())
    assert b"Exif" not in done.data
    assert len(done.data) < path.stat().st_size


@pytest.mark.parametrize("progressive", [False, True])
def test_profile_and_transform_of_a_jpeg_stay(progressive: bool, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0xC62F] = "S1"
    exif[274] = 1
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = picture(size=(400, 500))
    options: dict[str, Any] = {"exif": exif, "icc_profile": profile, "comment": b"made in Ulm"}
    data = saved(source, "JPEG", progressive=progressive, xmp=b"<x/>", **options)
    done = given(tmp_path, data)
    assert done.after.icc_profile == done.before.icc_profile != None  # noqa: E711
    assert (b"Ulm" in data, b"Ulm" in done.data, b"<x/>" in done.data) == (True, False, False)
    with Image.open(BytesIO(data)) as before:
        assert done.image.tobytes() == before.convert("RGB").tobytes()


def test_the_first_of_several_in_a_jpeg(tmp_path: Path) -> None:
    path = FIXTURES / "image" / "multi-picture.jpg"
    done = prepare(path, tmp_path)
    source = path.read_bytes()
    assert (done.edits, done.plan.lossless) == (["first-frame"], True)
    assert scans(done.data) == scans(source)
    assert source.count(b"\xff\xda") == 2
    assert done.data.count(b"\xff\xda") == 1
    assert done.data.endswith(b"\xff\xd9")


def test_a_place_is_cut_out_of_a_png(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0xC62F] = "S1"
    exif[274] = 1
    source = picture(size=(400, 500))
    data = saved(source, "PNG", exif=exif, dpi=(300, 300))
    data = data[:33] + chunk(b"tEXt", b"Comment\0made in Ulm") + data[33:]
    done = given(tmp_path, data)
    assert (done.edits, done.after.format) == (["strip"], "png")
    assert data[data.index(b"IDAT") :] == done.data[done.data.index(b"IDAT") :]
    assert b"pHYs" in done.data
    assert b"Ulm" not in done.data


@pytest.mark.parametrize("name", ["animated.png", "animated.webp", "pages.tiff"])
def test_the_first_frame_alone_is_exact(name: str, tmp_path: Path) -> None:
    path = FIXTURES / "image" / name
    done = prepare(path, tmp_path)
    assert (done.edits, done.plan.lossless) == (["first-frame"], True)
    with Image.open(path) as source:
        assert done.image.convert("RGB").tobytes() == source.convert("RGB").tobytes()
    assert getattr(done.image, "n_frames", 1) == 1


@pytest.mark.parametrize("lossless", [False, True])
def test_a_place_is_cut_out_of_a_webp(lossless: bool, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0xC62F] = "S1"
    data = saved(picture(size=(400, 500)), "WEBP", exif=exif, xmp=b"<x/>", lossless=lossless)
    done = given(tmp_path, data)
    assert (done.edits, done.after.location) == (["strip"], ())
    at = data.index(b"VP8L" if lossless else b"VP8 ")
    size = 8 + struct.unpack_from("<I", data, at + 4)[0]
    assert data[at : at + size] in done.data
    assert b"EXIF" not in done.data
    with Image.open(BytesIO(done.data)) as image:
        assert "exif" not in image.info


def test_a_webp_frame_that_does_not_fill_its_canvas(tmp_path: Path) -> None:
    path = FIXTURES / "image" / "animated.webp"
    data = bytearray(path.read_bytes())
    # The canvas grows: the first frame alone would no longer have its size.
    struct.pack_into("<I", data, 24, (int.from_bytes(data[24:27], "little") + 40) | data[27] << 24)
    done = given(tmp_path, bytes(data), background=(255, 255, 255))
    assert done.after.frames == 1
    assert (done.after.width, done.after.height) == (done.before.width, done.before.height)
    passes(done)


def test_lossy_and_lossless_webp_stay_what_they_are(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 3
    source = picture(size=(400, 500))
    done = given(tmp_path, saved(source, "WEBP", exif=exif, lossless=True))
    assert b"VP8L" in done.data
    assert done.image.tobytes() == source.rotate(180).tobytes()
    done = given(tmp_path, saved(source, "WEBP", exif=exif, quality=80))
    assert b"VP8L" not in done.data
    assert furthest(done.image.convert("L"), source.rotate(180).convert("L")) < 12
