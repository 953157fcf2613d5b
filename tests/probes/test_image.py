"""Image facts against media made here, the real corpus, Pillow and exiftool."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import vaceprep
from tests.probes.stillmedia import (
    CORPUS,
    facts,
    failure,
    needs_corpus,
    picture,
    png16,
    probe,
    saved,
    with_chunk,
)
from vaceprep.facts import ImageFacts, Unreadable
from vaceprep.files.source import open_bytes, open_path
from vaceprep.probes.image import probe_image
from vaceprep.probes.sniff import sniff_image

exiftool = shutil.which("exiftool")


ACCEPTED: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: saved(picture(), "JPEG"),
    "progressive": lambda: saved(picture(), "JPEG", progressive=True),
    "grey jpeg": lambda: saved(picture("1"), "JPEG"),
    "png": lambda: saved(picture(), "PNG"),
    "palette png": lambda: saved(picture("P"), "PNG"),
    "bmp": lambda: saved(picture(), "BMP"),
    "palette bmp": lambda: saved(picture("P"), "BMP"),
    "webp": lambda: saved(picture(), "WEBP"),
    "lossless webp": lambda: saved(picture("RGBA"), "WEBP", lossless=True),
    "tiff": lambda: saved(picture(), "TIFF"),
    "lzw tiff": lambda: saved(picture(), "TIFF", compression="tiff_lzw"),
    "jpeg tiff": lambda: saved(picture(), "TIFF", compression="jpeg"),
    "bigtiff": lambda: saved(picture(), "TIFF", big_tiff=True),
    "two pages": lambda: saved(picture(), "TIFF", save_all=True, append_images=[picture("L")]),
    "apng": lambda: saved(picture(), "PNG", save_all=True, append_images=[picture().rotate(9)]),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_whole_files_agree_with_pillow(name: str) -> None:
    data = ACCEPTED[name]()
    found = facts(data)
    with Image.open(io.BytesIO(data)) as image:
        assert found.format == str(image.format).lower().replace("mpo", "jpeg")
        assert (found.width, found.height) == image.size == (70, 50)
        assert found.mode == image.mode
        assert found.frames == getattr(image, "n_frames", 1)
    assert found.bytes == len(data)
    assert found.decoded
    assert found.orientation == 1
    assert found.mask is None
    assert found.location == ()


@pytest.mark.parametrize("name", ACCEPTED)
def test_cut_at_any_byte(name: str) -> None:
    # Pillow pads the pages of a TIFF with zeros, which nobody misses.
    data = ACCEPTED[name]().rstrip(b"\0") if name == "two pages" else ACCEPTED[name]()
    cuts = {*range(16, len(data), max(1, len(data) // 60)), *range(len(data) - 14, len(data))}
    for end in sorted(cuts):
        with open_bytes(data[:end]) as opened:
            found = probe_image(opened, str(sniff_image(data)))
        assert isinstance(found, Unreadable), (end, len(data))
        assert found.message
        if end == len(data) - 1:
            assert found.reason == "truncated"


@pytest.mark.parametrize("name", ACCEPTED)
def test_bytes_behind_the_end_are_no_damage(name: str) -> None:
    assert facts(ACCEPTED[name]() + bytes(5000)).width == 70


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_a_cut_file_keeps_its_header(fmt: str) -> None:
    data = saved(Image.effect_noise((300, 200), 90).convert("RGB"), fmt)
    found = failure(data[: len(data) // 2])
    assert (found.reason, found.width, found.height) == ("truncated", 300, 200)
    assert found.format == fmt.lower()
    assert found.bytes == len(data) // 2


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(ACCEPTED)),
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), min_size=1, max_size=12),
    st.integers(0, 400),
)
def test_mutated_files_never_raise(
    name: str, changes: list[tuple[int, int]], near_start: int
) -> None:
    data = bytearray(ACCEPTED[name]())
    fmt = str(sniff_image(bytes(data)))
    for at, value in changes:
        data[at % min(len(data), 20 + near_start)] = value
    with open_bytes(bytes(data)) as opened:
        found = probe_image(opened, fmt, max_pixels=1_000_000, want_mask=True)
    assert isinstance(found, ImageFacts) or found.message


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["jpeg", "png", "bmp", "tiff", "webp", "gif", "avif", "jp2", "psd", "qoi"]),
    st.binary(min_size=1, max_size=200),
)
def test_random_bytes_never_raise(fmt: str, data: bytes) -> None:
    with open_bytes(data) as opened:
        assert isinstance(probe_image(opened, fmt), Unreadable)


# --- orientation, metadata -----------------------------------------------------------------


@needs_corpus
@pytest.mark.parametrize(
    ("shape", "size"), [("Landscape", (1800, 1200)), ("Portrait", (1200, 1800))]
)
def test_eight_orientations_show_one_size(shape: str, size: tuple[int, int]) -> None:
    for number in range(9):
        with open_path(CORPUS / "exif" / f"{shape}_{number}.jpg") as opened:
            found = probe_image(opened, "jpeg")
        assert isinstance(found, ImageFacts)
        assert (found.width, found.height) == size
        assert found.orientation == max(1, number)
        turned = (size[1], size[0]) if number >= 5 else size
        assert (found.stored_width, found.stored_height) == turned


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(("value", "expected"), [(6, 6), (8, 8), (3, 3), (0, 1), (9, 1)])
def test_orientation_in_each_format(fmt: str, value: int, expected: int) -> None:
    exif = Image.Exif()
    exif[274] = value
    found = facts(saved(picture(), fmt, exif=exif))
    assert found.orientation == expected
    assert (found.width, found.height) == ((50, 70) if expected in (6, 8) else (70, 50))
    assert (found.stored_width, found.stored_height) == (70, 50)


def position(latitude: tuple[float, ...]) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = 1  # Pillow writes no block that holds nothing else
    gps = exif.get_ifd(0x8825)
    gps[0], gps[1], gps[2], gps[3], gps[4] = b"\2\3\0\0", "N", latitude, "E", (13.0, 22.0, 0.5)
    return exif


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP"])  # TIFF: by exiftool, below
def test_gps_position(fmt: str) -> None:
    data = saved(picture(), fmt, exif=position((52.0, 31.0, 12.0)))
    assert facts(data).location == ("GPSLatitude", "GPSLongitude")


def test_gps_without_a_position_is_none() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[0] = b"\2\3\0\0"
    assert facts(saved(picture(), "JPEG", exif=exif)).location == ()


def test_serial_numbers() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA431] = "12345"
    exif.get_ifd(0x8769)[0xA435] = "   "
    exif[0xC62F] = "S1"
    found = facts(saved(picture(), "JPEG", exif=exif))
    assert found.location == ("CameraSerialNumber", "BodySerialNumber")


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description exif:GPSLatitude="52,31.2N" '
    b'aux:SerialNumber=""><exif:GPSLongitude>13,22E</exif:GPSLongitude>'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


@pytest.mark.parametrize("fmt", ["JPEG", "WEBP", "TIFF", "PNG"])
def test_xmp_position(fmt: str) -> None:
    if fmt == "PNG":
        text = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP)
        data = with_chunk(saved(picture(), "PNG"), b"iTXt", text)
    elif fmt == "TIFF":
        data = saved(picture(), fmt, tiffinfo={700: XMP})
    else:
        data = saved(picture(), fmt, xmp=XMP)
    assert facts(data).location == ("XMP exif:GPSLatitude", "XMP exif:GPSLongitude")


@pytest.mark.skipif(exiftool is None, reason="exiftool is not here")
@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exiftool_agrees(tmp_path: Path, fmt: str) -> None:
    """An independent reader: what it writes is found, and it reads the same values."""
    path = tmp_path / f"photo.{fmt.lower()}"
    path.write_bytes(saved(picture(), fmt))
    options = ["-GPSLatitude=52.5", "-GPSLatitudeRef=N", "-SerialNumber=77", "-Orientation#=6"]
    options += ["-XMP-aux:SerialNumber=78", "-overwrite_original", "-q"]
    subprocess.run([str(exiftool), *options, str(path)], check=True)
    found = facts(path.read_bytes())
    said = json.loads(subprocess.check_output([str(exiftool), "-j", "-n", str(path)]))[0]
    assert found.orientation == said["Orientation"] == 6
    assert (found.stored_width, found.stored_height) == (said["ImageWidth"], said["ImageHeight"])
    assert set(found.location) == {"GPSLatitude", "BodySerialNumber", "XMP aux:SerialNumber"}
    assert found.bytes == path.stat().st_size


# --- pixels --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "mode", "depth"),
    [
        (lambda: saved(picture("1"), "PNG"), "1", 1),
        (lambda: saved(picture("I;16"), "PNG"), "I;16", 16),
        (lambda: png16(2, (b"\0" + bytes(24)) * 3, (4, 3)), "RGB;16", 16),
        (lambda: png16(6, (b"\0" + bytes(32)) * 3, (4, 3)), "RGBA;16", 16),
        (lambda: png16(4, (b"\0" + bytes(16)) * 3, (4, 3)), "LA;16", 16),
        (lambda: png16(0, b"\0\0" * 3, (4, 3), depth=2), "L;2", 2),
        (lambda: saved(picture("CMYK"), "JPEG"), "CMYK", 8),
        (lambda: saved(picture("F"), "TIFF"), "F", 32),
        (lambda: saved(picture("I;16"), "TIFF"), "I;16", 16),
        (lambda: saved(Image.new("LAB", (9, 9)), "TIFF"), "LAB", 8),
        (lambda: saved(picture("1"), "BMP"), "1", 1),
        (lambda: saved(picture("L"), "WEBP"), "RGB", 8),
    ],
)
def test_modes(data: Callable[[], bytes], mode: str, depth: int) -> None:
    found = facts(data(), want_mask=True)
    assert (found.mode, found.bit_depth) == (mode, depth)


@pytest.mark.parametrize("fmt", ["PNG", "WEBP", "TIFF"])
def test_alpha_counts_only_where_it_is_used(fmt: str) -> None:
    options = {"lossless": True, "exact": True} if fmt == "WEBP" else {}
    image = picture("RGBA")
    image.putalpha(255)
    assert facts(saved(image, fmt, **options)).has_alpha is False
    image.putpixel((3, 3), (9, 9, 9, 254))
    assert facts(saved(image, fmt, **options)).has_alpha is True


def test_transparent_colours() -> None:
    image = Image.new("RGB", (8, 8), (10, 20, 30))
    assert facts(saved(image, "PNG", transparency=(10, 20, 30))).has_alpha is True
    assert facts(saved(image, "PNG", transparency=(10, 20, 31))).has_alpha is False
    grey = Image.new("L", (8, 8), 7)
    assert facts(saved(grey, "PNG", transparency=7)).has_alpha is True
    assert facts(saved(grey, "PNG", transparency=8)).has_alpha is False
    palette = picture("P")
    used = palette.getpixel((0, 0))
    unused = next(i for i, n in enumerate(palette.histogram()) if not n)
    assert facts(saved(palette, "PNG", transparency=used)).has_alpha is True
    assert facts(saved(palette, "PNG", transparency=unused)).has_alpha is False
    deep = png16(0, (b"\0" + b"\x12\x34" * 4) * 3, (4, 3))
    assert facts(with_chunk(deep, b"tRNS", b"\x12\x34")).has_alpha is True
    assert facts(with_chunk(deep, b"tRNS", b"\x34\x12")).has_alpha is False


def test_frames() -> None:
    second = picture().rotate(90)
    for fmt in ("PNG", "WEBP", "GIF", "TIFF", "MPO"):
        data = saved(
            picture(), fmt, save_all=True, append_images=[second, picture("L").convert("RGB")]
        )
        assert facts(data).frames == 3, fmt
        assert facts(data).width == 70
    assert facts(saved(picture(), "MPO", save_all=True, append_images=[second])).format == "jpeg"


def test_a_page_chain_that_bites_its_tail_ends() -> None:
    data = saved(picture(), "TIFF")
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    end = start + 2 + 12 * count
    looped = data[:end] + struct.pack("<I", start) + data[end + 4 :]
    assert facts(looped).frames == 1


def test_bombs_are_not_decoded() -> None:
    bomb = png16(2, b"", (60_000, 60_000), depth=8)
    found = failure(bomb)
    assert (found.reason, found.format) == ("bomb", "png")
    assert (found.width, found.height) == (60_000, 60_000)
    exact = saved(Image.new("1", (100, 100)), "PNG")
    assert facts(exact, max_pixels=10_000).decoded
    assert failure(exact, max_pixels=9_999).reason == "bomb"


def test_png_checksums() -> None:
    data = with_chunk(saved(picture(), "PNG"), b"tEXt", b"Title\0hello")
    assert facts(data).width == 70
    found = failure(data.replace(b"hello", b"hullo"))
    assert found.reason == "broken"
    assert "tEXt" in found.message


def test_a_jpeg_padded_with_zeros_after_a_cut_is_no_jpeg() -> None:
    data = saved(picture(), "JPEG")
    assert failure(data[:-400] + bytes(400)).reason == "truncated"


# --- other formats -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pillow", "fmt"),
    [("GIF", "gif"), ("AVIF", "avif"), ("JPEG2000", "jp2"), ("PPM", "pnm"), ("QOI", "qoi")],
)
def test_formats_that_are_not_accepted_still_have_facts(pillow: str, fmt: str) -> None:
    found = facts(saved(picture(), pillow))
    assert (found.format, found.width, found.height) == (fmt, 70, 50)


def test_heic_with_the_extra_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    heif = pytest.importorskip("pillow_heif")
    data = io.BytesIO()
    heif.from_pillow(picture()).save(data)
    found = facts(data.getvalue())
    assert (found.format, found.width, found.height) == ("heic", 70, 50)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    bare = failure(data.getvalue())
    assert (bare.reason, bare.format) == ("unsupported-image", "heic")


@pytest.mark.parametrize(
    ("data", "fmt"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='500' height='500'/>", "svg"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "eps"),
        (b"\xff\x0a\xfa\x1f\x41", "jxl"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(40), "cr2"),
    ],
)
def test_recognised_but_never_decoded(data: bytes, fmt: str) -> None:
    if fmt == "cr2":
        entry = struct.pack("<HHHII", 1, 256, 3, 1, 640)
        data = data[:16] + entry + bytes(8)
    found = failure(data)
    assert (found.reason, found.format) == ("unsupported-image", fmt)


def test_raw_photographs_are_no_tiff() -> None:
    for maker, photometric, expected in (("NIKON", 32803, "nef"), ("Who", 32803, "raw")):
        data = saved(picture("L"), "TIFF", tiffinfo={271: maker})
        where = data.index(struct.pack("<HHI", 262, 3, 1))
        raw = data[: where + 8] + struct.pack("<H", photometric) + data[where + 10 :]
        assert failure(raw).format == expected
        assert facts(data).format == "tiff"


# --- the surroundings ----------------------------------------------------------------------


def test_only_the_decoder_in_question_is_imported() -> None:
    code = (
        "import sys\n"
        "from vaceprep.probes.image import probe_image\n"
        "from vaceprep.files.source import open_bytes\n"
        "assert 'PIL' not in sys.modules\n"
        "data = bytes.fromhex(sys.argv[1])\n"
        "with open_bytes(data) as opened:\n"
        "    assert probe_image(opened, 'bmp').decoded\n"
        "loaded = {m for m in sys.modules if m.endswith('ImagePlugin')}\n"
        "assert loaded == {'PIL.BmpImagePlugin'}, loaded\n"
        "assert not {'av', 'httpx'} & set(sys.modules)\n"
    )
    data = saved(Image.new("RGB", (3, 3)), "BMP")
    subprocess.run([sys.executable, "-c", code, data.hex()], check=True)


def test_threads_agree() -> None:
    files = [make() for make in ACCEPTED.values()]
    expected = [probe(data) for data in files]
    results: list[list[ImageFacts | Unreadable]] = []

    def work() -> None:
        results.append([probe(data) for data in files])

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 6


def _png_with_key(kind: int, depth: int, rows: bytes, key: bytes) -> bytes:
    """A PNG of one row of pixels, with a transparent colour."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = zlib.crc32(name + body)
        return len(body).to_bytes(4, "big") + name + body + check.to_bytes(4, "big")

    width = len(rows) * 8 // depth // {0: 1, 2: 3}[kind]
    header = width.to_bytes(4, "big") + (1).to_bytes(4, "big") + bytes([depth, kind, 0, 0, 0])
    data = zlib.compress(b"\0" + rows)
    chunks = chunk(b"IHDR", header) + chunk(b"tRNS", key) + chunk(b"IDAT", data)
    return b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "depth", "rows", "key", "used"),
    [
        (0, 1, b"\xf0", b"\0\1", True),
        (0, 1, b"\0", b"\0\1", False),
        (0, 2, b"\xff", b"\0\3", True),
        (0, 2, b"\x55", b"\0\3", False),
        (0, 4, b"\x11", b"\0\1", True),
        (0, 8, b"\x11", b"\0\x11", True),
        (2, 16, b"\x12\x34" * 3, b"\x12\x34" * 3, True),
        (2, 16, b"\x12\x34" * 3, b"\x34\x12" * 3, False),
        (2, 8, b"\x12\x34\x56", b"\0\x12\0\x34\0\x56", True),
    ],
)
def test_a_transparent_colour_is_told_in_the_depth_of_the_file(
    kind: int, depth: int, rows: bytes, key: bytes, used: bool, tmp_path: Path
) -> None:
    path = tmp_path / "key.png"
    path.write_bytes(_png_with_key(kind, depth, rows, key))
    facts = vaceprep.probe(path, "ref_images_url")
    assert isinstance(facts, ImageFacts)
    assert facts.has_alpha is used
