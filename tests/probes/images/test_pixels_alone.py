"""JPEG and PNG proven without Pillow's modules: the same facts as with them, file by file."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import PIL
import pytest
from PIL import Image

from tests.paths import ROOT
from tests.probes.stillmedia import CORPUS, needs_corpus, picture, probe, saved
from vaceprep.facts import ImageFacts, Unreadable
from vaceprep.files.source import open_bytes
from vaceprep.probes import image
from vaceprep.probes.images import jpeg_pixels, png_data
from vaceprep.probes.images.jpeg import read_jpeg
from vaceprep.probes.images.png import read_png
from vaceprep.probes.sniff import sniff_image

FOUND = CORPUS.parent / "found"


def photo(mode: str = "RGB", size: tuple[int, int] = (150, 110)) -> Image.Image:
    noise = Image.effect_noise(size, 60)
    both = [noise, noise.rotate(180), Image.linear_gradient("L").resize(size)]
    return Image.merge("RGB", both).convert(mode)


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    return saved(photo(mode), "JPEG", quality=80, **options)


JPEGS: dict[str, Callable[[], bytes]] = {
    "baseline": jpeg,
    "4:4:4": lambda: jpeg(subsampling=0),
    "grey": lambda: jpeg("L"),
    "cmyk": lambda: jpeg("CMYK"),
    "restarts": lambda: jpeg(restart_marker_rows=1),
    "progressive": lambda: jpeg(progressive=True),
    "progressive cmyk": lambda: jpeg("CMYK", progressive=True),
    "a pixel": lambda: saved(photo(size=(1, 1)), "JPEG"),
    "a row": lambda: saved(photo(size=(700, 3)), "JPEG", progressive=True),
    "large, progressive": lambda: saved(photo(size=(640, 450)), "JPEG", progressive=True),
    "metadata": lambda: jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\0\0", icc_profile=b"no profile"),
}
PNGS: dict[str, Callable[[], bytes]] = {
    mode: partial(saved, picture(mode), "PNG")
    for mode in ("1", "L", "P", "RGB", "I;16", "RGBA", "LA")
}


def both_ways(
    data: bytes, monkeypatch: pytest.MonkeyPatch, **options: object
) -> tuple[ImageFacts | Unreadable, ImageFacts | Unreadable]:
    """The facts without Pillow's modules where that suffices, and those with them."""
    alone = probe(data, **options)
    with monkeypatch.context() as patch:
        patch.setattr(image, "_proved_alone", lambda *_: None)
        return alone, probe(data, **options)


def mutants(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """The bytes with parts changed, removed, repeated and cut off, most in the headers."""
    dice = random.Random(seed)
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(dice.choice((1, 1, 1, 2, 5))):
            at = dice.randrange(min(len(changed), dice.choice((40, 700, len(changed)))))
            kind = dice.randrange(6)
            if kind < 3:
                changed[at] = dice.choice((0, 1, 255, 0xD9, 0xDA, 0xC0, dice.randrange(256)))
            elif kind == 3:
                del changed[at : at + dice.choice((1, 2, 8, 64))]
            elif kind == 4:
                changed[at:at] = changed[at : at + dice.choice((1, 2, 20, 80))]
            else:
                del changed[max(2, len(changed) - dice.choice((1, 2, 3, 40, at))) :]
            if len(changed) < 30:
                break
        yield bytes(changed)


@pytest.mark.parametrize("kind", JPEGS)
def test_a_whole_jpeg_needs_no_module_of_pillow(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = JPEGS[kind]()
    with open_bytes(data) as opened:
        assert jpeg_pixels.is_complete(opened, read_jpeg(opened))
    alone, yardstick = both_ways(data, monkeypatch)
    assert alone == yardstick
    assert isinstance(alone, ImageFacts)


@pytest.mark.parametrize("kind", PNGS)
def test_a_png_needs_pillow_for_alpha_alone(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = PNGS[kind]()
    with open_bytes(data) as opened:
        assert (png_data.header_of(read_png(opened)) is None) == (kind in ("RGBA", "LA"))
    for options in ({}, {"want_mask": True}, {"memory": 10}):
        alone, yardstick = both_ways(data, monkeypatch, **options)
        assert alone == yardstick


@pytest.mark.parametrize("memory", [1000, 9_000, 20_000, 100_000])
@pytest.mark.parametrize("kind", ["baseline", "grey", "cmyk", "progressive"])
@pytest.mark.parametrize("want_mask", [False, True])
def test_the_same_memory_suffices(
    kind: str, memory: int, want_mask: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"memory": memory, "want_mask": want_mask}
    alone, yardstick = both_ways(JPEGS[kind](), monkeypatch, **options)
    assert alone == yardstick


def same_on_mutants(make: Callable[[], bytes], count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Compare both ways on mutants; return how many of them are readable."""
    readable = 0
    for data in mutants(make(), count, 17):
        if sniff_image(data[:64]) not in ("jpeg", "png"):
            continue
        alone, yardstick = both_ways(data, monkeypatch)
        assert alone == yardstick, data.hex()
        readable += isinstance(alone, ImageFacts)
    return readable


@pytest.mark.parametrize("kind", [*JPEGS, *PNGS])
def test_mutants_have_the_same_facts(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make = {**JPEGS, **PNGS}[kind]
    readable = same_on_mutants(make, 20 if kind.startswith("large") else 150, monkeypatch)
    assert readable or kind in PNGS


@pytest.mark.long
@pytest.mark.parametrize("kind", [*JPEGS, *PNGS])
def test_many_mutants_have_the_same_facts(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 300 if kind.startswith("large") else 1500
    same_on_mutants({**JPEGS, **PNGS}[kind], count, monkeypatch)


def files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.rglob("*") if f.suffix.lower() in (".jpg", ".jpeg", ".png"))


def sniffed(paths: list[Path]) -> list[Path]:
    """The files whose first bytes are a JPEG's or a PNG's."""
    return [f for f in paths if sniff_image(f.read_bytes()[:64]) in ("jpeg", "png")]


IMAGES = sniffed(files(ROOT / "fixtures") + files(ROOT / "vaceprep" / "sandbox"))


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_fixtures_have_the_same_facts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone, yardstick = both_ways(path.read_bytes(), monkeypatch)
    assert alone == yardstick


@needs_corpus
def test_the_corpus_has_the_same_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sniffed([*files(CORPUS / "exif"), *files(FOUND)])
    for path in paths:
        alone, yardstick = both_ways(path.read_bytes(), monkeypatch)
        assert alone == yardstick, path
    assert len(paths) > 10


@pytest.mark.parametrize(
    "core",
    [
        SimpleNamespace(PILLOW_VERSION="0.1"),
        SimpleNamespace(PILLOW_VERSION=PIL.__version__),
        SimpleNamespace(PILLOW_VERSION=PIL.__version__, new=lambda *_: 1 / 0),
        None,
    ],
)
def test_another_interface_leaves_it_to_pillow(
    core: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = jpeg()
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "PIL._imaging", core)
        with open_bytes(data) as opened:
            assert not jpeg_pixels.is_complete(opened, read_jpeg(opened))
    monkeypatch.setattr(jpeg_pixels, "_core", lambda: core)
    found = probe(data)
    assert isinstance(found, ImageFacts)
    assert found.decoded


@pytest.mark.parametrize("fmt", ["JPEG", "PNG"])
def test_pillow_is_not_imported(fmt: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    photo().save(
        path, fmt, exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\1\0\0\0" + bytes(4)
    )
    code = (
        "import sys\n"
        "from vaceprep import check\n"
        f"assert check({str(path)!r}).files[0].facts.decoded\n"
        "unwanted = {'PIL.Image', 'PIL.ImageFile', 'logging', 'subprocess', 'av', 'numpy'}\n"
        "unwanted |= {'vaceprep.probes.timing', 'vaceprep.probes.images.tiff', 'dataclasses'}\n"
        "assert not unwanted & set(sys.modules), unwanted & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([255, marker]) + (len(body) + 2).to_bytes(2, "big") + body


@pytest.mark.parametrize(
    "odd",
    [
        segment(0xC0, bytes([8, 0, 110, 0, 150, 1, 1, 0x11, 0])),
        segment(0xC0, bytes([8, 0, 110, 0, 150, 3, 1, 0x11])),
        segment(0xC8, bytes(4)),
        segment(0xDF, bytes(1)),
        segment(0xF3, bytes(9)),
        segment(0xDB, bytes(64)),
        segment(0xDB, bytes([16]) + bytes(64)),
        segment(0xDB, bytes(65) + bytes(1)),
    ],
)
def test_unusual_headers_are_left_to_pillow(odd: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = jpeg()
    data = whole[:2] + odd + whole[2:]
    with open_bytes(data) as opened:
        assert not jpeg_pixels.is_complete(opened, read_jpeg(opened))
    alone, yardstick = both_ways(data, monkeypatch)
    assert alone == yardstick


def test_a_table_of_16_bits_is_usual() -> None:
    whole = jpeg()
    data = whole[:2] + segment(0xDB, bytes([0x13]) + b"\0\1" * 64) + whole[2:]
    with open_bytes(data) as opened:
        assert jpeg_pixels.is_complete(opened, read_jpeg(opened))
