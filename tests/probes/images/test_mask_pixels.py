"""White, black and other pixels of masks in each mode."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from tests.probes.stillmedia import CORPUS, facts, needs_corpus, saved
from vaceprep.facts import MaskFacts


def mask_of(data: bytes) -> MaskFacts:
    found = facts(data, want_mask=True).mask
    assert found is not None
    return found


@needs_corpus
def test_real_masks_are_white_and_black() -> None:
    for name in ("test.png", "test2.png"):
        path = CORPUS / "vace" / "masks" / name
        counted = mask_of(path.read_bytes())
        with Image.open(path) as image:
            pixels = image.convert("RGB").tobytes()
        triples = [pixels[i : i + 3] for i in range(0, len(pixels), 3)]
        assert counted.white == triples.count(b"\xff\xff\xff") > 0
        assert counted.black == triples.count(b"\0\0\0") > 0
        assert (counted.other, counted.first_other) == (0, None)
        assert counted.pixels == len(triples)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("fmt", ["PNG", "TIFF"])
def test_masks_in_each_mode(mode: str, fmt: str) -> None:
    image = Image.new("L", (20, 10), 0)
    image.paste(255, (0, 0, 5, 10))
    if mode == "I;16":
        image = Image.new("I;16", (20, 10), 0)
        image.paste(65535, (0, 0, 5, 10))
    else:
        image = image.convert(mode)
    clean = mask_of(saved(image, fmt))
    assert (clean.white, clean.black, clean.other, clean.first_other) == (50, 150, 0, None)
    if mode == "1":
        return
    grey: Any = {"I;16": 65534, "LA": (254, 255), "RGB": (255, 255, 254)}.get(mode, 254)
    if mode == "RGBA":
        grey = (0, 1, 0, 255)
    elif mode == "P":
        image.putpalette([0, 0, 0, 255, 255, 255, 254, 255, 255])
        image.paste(1, (0, 0, 5, 10))
        image.paste(0, (5, 0, 20, 10))
        grey = 2
    image.putpixel((19, 9), grey)
    dirty = mask_of(saved(image, fmt))
    assert (dirty.white, dirty.black, dirty.other, dirty.first_other) == (50, 149, 1, 1)


def test_alpha_does_not_change_a_mask() -> None:
    image = Image.new("RGBA", (4, 4), (255, 255, 255, 0))
    assert mask_of(saved(image, "PNG")).white == 16


def test_cmyk_masks_are_judged_in_rgb() -> None:
    white = Image.new("CMYK", (4, 4), (0, 0, 0, 0))
    assert mask_of(saved(white, "TIFF")).white == 16
