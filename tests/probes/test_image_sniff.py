"""Formats by first bytes: each signature, and nothing raised for any bytes."""

from __future__ import annotations

import io
import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vaceprep.contract import IMAGE_BRANDS
from vaceprep.probes.sniff import sniff_image

SIGNATURES = [
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "jpeg"),
    (b"\x89PNG\r\n\x1a\n" + bytes(8), "png"),
    (b"GIF87a" + bytes(10), "gif"),
    (b"GIF89a" + bytes(10), "gif"),
    (b"RIFF\x10\0\0\0WEBPVP8 ", "webp"),
    (b"RIFF\x10\0\0\0WAVEfmt ", None),
    (b"RIFF\x10\0\0\0AVI LIST", None),
    (b"II*\0\x08\0\0\0", "tiff"),
    (b"MM\0*\0\0\0\x08", "tiff"),
    (b"II+\0\x08\0\0\0" + bytes(8), "tiff"),
    (b"MM\0+\0\x08\0\0" + bytes(8), "tiff"),
    (b"II*\0\x10\0\0\0CR\x02\0", "cr2"),
    (b"IIRO\x08\0\0\0", "orf"),
    (b"FUJIFILMCCD-RAW 0201", "raf"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
    (b"\xff\x0a\xfa\x00", "jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51\0\x2f", "jp2"),
    (b"8BPS\0\x01" + bytes(20), "psd"),
    (b"qoif\0\0\0\1", "qoi"),
    (b"DDS |\0\0\0", "dds"),
    (b"#?RADIANCE\n", "hdr"),
    (b"\x76\x2f\x31\x01\x02\0\0\0", "exr"),
    (b"%!PS-Adobe-3.0 EPSF-3.0", "eps"),
    (b"%PDF-1.7", None),
    (b"icns\0\0\1\0", "icns"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'>", "svg"),
    (b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- x -->\n<svg/>", "svg"),
    (b"<?xml version='1.0'?><html/>", None),
    (b"P6\n3 2\n255\n" + bytes(18), "pnm"),
    (b"P6 is a road", None),
    (b"BM is a car maker, and more words", None),
    (b"", None),
    (b"hello", None),
]


@pytest.mark.parametrize(("head", "expected"), SIGNATURES)
def test_signatures(head: bytes, expected: str | None) -> None:
    assert sniff_image(head) == expected


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    body = major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", 8 + len(body)) + b"ftyp" + body


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (ftyp(b"heic", b"mif1"), "heic"),
        (ftyp(b"hevx"), "heic"),
        (ftyp(b"avif", b"mif1"), "avif"),
        (ftyp(b"avis"), "avif"),
        (ftyp(b"mif1", b"miaf", b"avif"), "avif"),
        (ftyp(b"mif1", b"miaf", b"heic"), "heic"),
        (ftyp(b"msf1", b"miaf"), "heif"),
        (ftyp(b"crx ", b"isom"), "cr3"),
        (ftyp(b"isom", b"mif1"), None),
        (ftyp(b"qt  "), None),
    ],
)
def test_brands_route(head: bytes, expected: str | None) -> None:
    assert sniff_image(head) == expected


@pytest.mark.parametrize("brand", sorted(IMAGE_BRANDS))
def test_every_image_brand_of_the_contract_is_an_image(brand: str) -> None:
    assert sniff_image(ftyp(brand.encode().ljust(4))) is not None


@pytest.mark.parametrize(
    ("pillow", "expected"),
    [
        ("JPEG", "jpeg"),
        ("PNG", "png"),
        ("BMP", "bmp"),
        ("TIFF", "tiff"),
        ("WEBP", "webp"),
        ("GIF", "gif"),
        ("ICO", "ico"),
        ("AVIF", "avif"),
        ("JPEG2000", "jp2"),
        ("PCX", "pcx"),
        ("PPM", "pnm"),
        ("EPS", "eps"),
    ],
)
def test_what_pillow_writes(pillow: str, expected: str) -> None:
    data = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(data, pillow)
    assert sniff_image(data.getvalue()[:4096]) == expected


def test_dng_by_its_tag() -> None:
    entries = struct.pack("<HHII", 256, 3, 1, 640) + struct.pack("<HHII", 50706, 1, 4, 0x104)
    head = b"II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)
    assert sniff_image(head) == "dng"
    assert sniff_image(head.replace(struct.pack("<H", 50706), struct.pack("<H", 270))) == "tiff"


HEADS = [head for head, _ in SIGNATURES] + [ftyp(b"mif1"), b"\0\0\1\0\1\0", b"\x0a\5\1\x08"]


@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(bytes.__add__, st.sampled_from(HEADS), st.binary(max_size=200)),
    )
)
def test_never_raises(head: bytes) -> None:
    found = sniff_image(head)
    assert found is None or found.islower()


@given(st.sampled_from(HEADS), st.integers(0, 40))
def test_never_raises_on_short_heads(head: bytes, length: int) -> None:
    sniff_image(head[:length])


def test_needs_no_library() -> None:
    code = (
        "import sys, vaceprep.probes.sniff\n"
        "assert not {m for m in sys.modules if m.split('.')[0] in ('PIL', 'av', 'httpx')}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
