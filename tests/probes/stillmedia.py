"""Images made in memory, and the probe on bytes."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from tests.paths import ROOT
from vaceprep.facts import ImageFacts, Unreadable
from vaceprep.files.source import open_bytes
from vaceprep.probes.image import probe_image
from vaceprep.probes.sniff import sniff_image

CORPUS = ROOT.parent / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")


def probe(data: bytes, **options: Any) -> ImageFacts | Unreadable:
    with open_bytes(data) as opened:
        fmt = sniff_image(opened.head)
        assert fmt is not None
        return probe_image(opened, fmt, **options)


def facts(data: bytes, **options: Any) -> ImageFacts:
    found = probe(data, **options)
    assert isinstance(found, ImageFacts), found
    return found


def failure(data: bytes, **options: Any) -> Unreadable:
    found = probe(data, **options)
    assert isinstance(found, Unreadable), found
    return found


def saved(image: Image.Image, fmt: str, **options: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, fmt, **options)
    return data.getvalue()


def picture(mode: str = "RGB", size: tuple[int, int] = (70, 50)) -> Image.Image:
    grey = Image.radial_gradient("L").resize(size)
    image = Image.merge("RGB", [grey, grey.rotate(90), grey.rotate(180)])
    if mode == "I;16":
        return grey.convert("I;16")
    if mode in ("RGBA", "LA"):
        image.putalpha(grey)
    return image.convert(mode)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunk(png: bytes, name: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    return png[:33] + chunk(name, body) + png[33:]


def png16(colour: int, rows: bytes, size: tuple[int, int], depth: int = 16) -> bytes:
    head = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
