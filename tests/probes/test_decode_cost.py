"""What an image may take: decoded, in draft, or left alone and said so."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from PIL import Image

from vaceprep.contract import CHECK_PIXEL_MEMORY
from vaceprep.facts import ImageFacts
from vaceprep.files.source import open_bytes
from vaceprep.probes.image import probe_image
from vaceprep.probes.images.layout import MAX_METADATA
from vaceprep.rules.catalogue import Asset
from vaceprep.rules.judge import judge

SIDE = 2400


def saved(fmt: str, mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (SIDE, SIDE)).save(file, fmt, **options)
    return file.getvalue()


def facts(data: bytes, fmt: str, memory: int | None, *, mask: bool = False) -> ImageFacts:
    with open_bytes(data) as opened:
        found = probe_image(opened, fmt, memory=memory, want_mask=mask)
    assert isinstance(found, ImageFacts)
    return found


@pytest.mark.parametrize(
    ("fmt", "mode", "options", "each"),
    [
        ("png", "RGB", {}, 4),
        ("png", "L", {}, 1),
        ("png", "I;16", {}, 2),
        ("bmp", "RGB", {}, 4),
        ("webp", "RGB", {"method": 0}, 16),
        ("tiff", "RGB", {"compression": "tiff_lzw"}, 5),
    ],
)
def test_one_byte_less_leaves_the_pixels_alone(
    fmt: str, mode: str, options: dict[str, Any], each: int
) -> None:
    data = saved(fmt.upper(), mode, **options)
    enough = each * SIDE * SIDE
    whole, left = facts(data, fmt, enough), facts(data, fmt, enough - SIDE * SIDE)
    assert whole.decoded
    assert (left.decoded, left.has_alpha, left.mask) == (False, None, None)
    assert (left.width, left.mode, left.format) == (SIDE, whole.mode, fmt)
    assert facts(data, fmt, None).decoded
    codes = {f.code for f in judge(left, Asset("ref_images_url"))}
    assert codes >= {"VP203", "VP204"}


def test_a_jpeg_is_proven_at_an_eighth() -> None:
    data = saved("JPEG")
    draft = facts(data, "jpeg", SIDE * SIDE, mask=True)
    assert draft.decoded
    assert draft.mask is None
    assert (draft.width, draft.stored_height) == (SIDE, SIDE)
    codes = {f.code for f in judge(draft, Asset("ref_images_url"))}
    assert codes == {"VP203"}


def test_a_jpeg_in_several_scans_holds_more() -> None:
    data = saved("JPEG", progressive=True)
    assert facts(data, "jpeg", 10 * SIDE * SIDE).decoded
    assert facts(data, "jpeg", 7 * SIDE * SIDE, mask=True).mask is None
    assert not facts(data, "jpeg", 5 * SIDE * SIDE).decoded


def test_counting_by_bands_counts_the_same() -> None:
    image = Image.new("RGBA", (SIDE, SIDE), "white")
    image.putpixel((5, SIDE - 1), (0, 0, 0, 254))
    file = io.BytesIO()
    image.save(file, "PNG")
    found = facts(file.getvalue(), "png", CHECK_PIXEL_MEMORY, mask=True)
    assert found.has_alpha
    assert found.mask is not None
    assert (found.mask.black, found.mask.other) == (1, 0)
    assert found.mask.white == SIDE * SIDE - 1


def test_no_more_metadata_is_kept_than_is_allowed() -> None:
    from vaceprep.probes.images.jpeg import read_jpeg

    data = saved("JPEG")
    piece = b"\xff\xe1" + struct.pack(">H", 65535) + b"Exif\0\0" + bytes(65535 - 8)
    count = MAX_METADATA // 65535 + 3
    with open_bytes(data[:2] + piece * count + data[2:]) as opened:
        layout = read_jpeg(opened)
    assert layout.damage is None
    assert sum(map(len, layout.exif)) <= MAX_METADATA < count * 65535
