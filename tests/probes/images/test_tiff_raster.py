"""TIFF layouts that Pillow reads wrongly or not at all, against the values they were made of."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

from tests.probes.stillmedia import facts, failure
from vaceprep.preparation.image.colours import plain
from vaceprep.preparation.image.decode import still
from vaceprep.preparation.read import reading

W, H = 48, 20
Pixel = tuple[float, ...]


def ramp(x: int, y: int) -> Pixel:
    """Red grows to the right, green downwards, blue to the left."""
    return x / (W - 1), y / (H - 1), 1 - x / (W - 1)


def rows(
    values: Callable[[int, int], Sequence[int | float]], bits: int, order: str, kind: int
) -> list[bytes]:
    """Each row's bytes: whole ones in ``order``, packed bits from the highest on."""
    found = []
    for y in range(H):
        row = [v for x in range(W) for v in values(x, y)]
        if bits % 8 == 0:
            code = {(16, 1): "H", (32, 1): "I", (8, 1): "B", (16, 2): "h", (32, 2): "i"}
            code |= {(16, 3): "e", (32, 3): "f", (64, 3): "d"}
            found.append(struct.pack(f"{order}{len(row)}{code[bits, kind]}", *row))
            continue
        text = "".join(f"{int(v):0{bits}b}" for v in row)
        text += "0" * (-len(text) % 8)
        found.append(bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8)))
    return found


def tiff(
    planes: list[list[bytes]],
    bits: int,
    samples: int,
    photometric: int,
    *,
    order: str = "<",
    kind: int = 1,
    extra: Sequence[int] = (),
    strip: int = 7,
    deflate: bool = False,
    predictor: int = 1,
    big: bool = False,
) -> bytes:
    """A TIFF in strips of ``strip`` rows, one list of rows for each plane."""
    blocks = [
        b"".join(plane[at : at + strip]) for plane in planes for at in range(0, len(plane), strip)
    ]
    if deflate:
        blocks = [zlib.compress(block) for block in blocks]
    head = 16 if big else 8
    places = [head + sum(map(len, blocks[:i])) for i in range(len(blocks))]
    data = b"".join(blocks)
    data += b"\0" * (len(data) & 1)
    tags: list[tuple[int, str, Sequence[int]]] = [
        (256, "H", [W]), (257, "H", [H]), (258, "H", [bits] * samples),
        (259, "H", [8 if deflate else 1]), (262, "H", [photometric]), (273, "I", places),
        (277, "H", [samples]), (278, "H", [strip]), (279, "I", [len(b) for b in blocks]),
        (284, "H", [2 if len(planes) > 1 else 1]), (317, "H", [predictor]),
        (339, "H", [kind] * samples),
    ]  # fmt: skip
    if extra:
        tags.append((338, "H", extra))
    word, wide = ("Q", 8) if big else ("I", 4)
    at = head + len(data)
    start = at + (8 if big else 2) + len(tags) * (20 if big else 12) + wide
    entries, outline = b"", b""
    for tag, code, values in sorted(tags):
        packed = struct.pack(f"{order}{len(values)}{code}", *values)
        kind_number = 3 if code == "H" else 4
        entries += struct.pack(f"{order}HH{word}", tag, kind_number, len(values))
        if len(packed) <= wide:
            entries += packed.ljust(wide, b"\0")
        else:
            entries += struct.pack(order + word, start + len(outline))
            outline += packed + b"\0" * (len(packed) & 1)
    mark = b"II" if order == "<" else b"MM"
    top = mark + (
        struct.pack(order + "HHHQ", 43, 8, 0, at) if big else struct.pack(order + "HI", 42, at)
    )
    count = struct.pack(order + ("Q" if big else "H"), len(tags))
    return top + data + count + entries + b"\0" * wide + outline


def shown(tmp_path: Path, data: bytes) -> Image.Image:
    """The picture as ``prepare`` reads it, 8-bit RGB."""
    path = tmp_path / "a.tif"
    path.write_bytes(data)
    with reading(str(path), "ref_images_url") as read:
        found = still(read)
        depth = getattr(read.facts, "bit_depth", None)
        return plain(found.image, found.profile, "RGB", to_srgb=False, flatten=None, depth=depth)


def holds(image: Image.Image, wanted: Callable[[int, int], Pixel], slack: float = 1.01) -> None:
    assert image.size == (W, H)
    for y in range(0, H, 3):
        for x in range(W):
            got = image.getpixel((x, y))
            assert isinstance(got, tuple)
            for level, value in zip(got, wanted(x, y), strict=True):
                assert abs(level - min(1.0, max(0.0, value)) * 255) <= slack, (x, y, got)


def grey_of(x: int, y: int) -> Pixel:
    return (ramp(x, y)[0],) * 3


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflate", [False, True])
def test_16_bit_planes(tmp_path: Path, order: str, deflate: bool) -> None:
    def plane(channel: int) -> list[bytes]:
        return rows(lambda x, y: [round(ramp(x, y)[channel] * 65535)], 16, order, 1)

    planes = [plane(channel) for channel in range(3)]
    holds(shown(tmp_path, tiff(planes, 16, 3, 2, order=order, deflate=deflate)), ramp)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_odd_depths(tmp_path: Path, bits: int, order: str) -> None:
    most = (1 << bits) - 1
    grey = rows(lambda x, y: [round(ramp(x, y)[0] * most)], bits, order, 1)
    data = tiff([grey], bits, 1, 1, order=order)
    assert facts(data).bit_depth == bits
    holds(shown(tmp_path, data), grey_of)
    colours = rows(lambda x, y: [round(v * most) for v in ramp(x, y)], bits, order, 1)
    holds(shown(tmp_path, tiff([colours], bits, 3, 2, order=order)), ramp)


@pytest.mark.parametrize(("bits", "kind"), [(10, 1), (12, 1), (16, 1), (32, 1), (32, 3)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_white_is_zero(tmp_path: Path, bits: int, kind: int, order: str) -> None:
    most = 1 if kind == 3 else (1 << bits) - 1

    def value(x: int, _: int) -> list[float]:
        return [most * x / (W - 1) if kind == 3 else round(most * x / (W - 1))]

    data = tiff([rows(value, bits, order, kind)], bits, 1, 0, order=order, kind=kind)
    holds(shown(tmp_path, data), lambda x, y: tuple(1 - v for v in grey_of(x, y)))


@pytest.mark.parametrize("bits", [12, 16])
def test_a_mask_whose_white_is_zero(bits: int) -> None:
    most = (1 << bits) - 1
    data = tiff([rows(lambda x, _: [0 if x < 5 else most], bits, "<", 1)], bits, 1, 0)
    mask = facts(data, want_mask=True).mask
    assert mask is not None
    assert (mask.white, mask.black, mask.other) == (5 * H, (W - 5) * H, 0)
    nearly = tiff([rows(lambda x, _: [0 if x < 5 else most - 1], bits, "<", 1)], bits, 1, 0)
    mask = facts(nearly, want_mask=True).mask
    assert mask is not None
    assert mask.other == (W - 5) * H


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("spare", [1, 4])
def test_extra_samples_of_no_meaning(tmp_path: Path, bits: int, spare: int) -> None:
    most = (1 << bits) - 1
    body = rows(
        lambda x, y: [*(round(v * most) for v in ramp(x, y)), *[x % 7] * spare], bits, "<", 1
    )
    data = tiff([body], bits, 3 + spare, 2, extra=[0] * spare)
    holds(shown(tmp_path, data), ramp)
    assert facts(data).has_alpha is False
    grey = rows(lambda x, y: [round(ramp(x, y)[0] * most), *[x % 7] * spare], bits, "<", 1)
    holds(shown(tmp_path, tiff([grey], bits, 1 + spare, 1, extra=[0] * spare)), grey_of)


@pytest.mark.parametrize("bits", [8, 16])
def test_big_endian_bigtiff(tmp_path: Path, bits: int) -> None:
    most = (1 << bits) - 1
    body = rows(lambda x, y: [round(v * most) for v in ramp(x, y)], bits, ">", 1)
    holds(shown(tmp_path, tiff([body], bits, 3, 2, order=">", big=True)), ramp)


@pytest.mark.parametrize("order", ["<", ">"])
def test_floats_over_one_are_clipped(tmp_path: Path, order: str) -> None:
    grey = rows(lambda x, y: [4.0 if (x, y) == (0, 0) else ramp(x, y)[0]], 32, order, 3)
    data = tiff([grey], 32, 1, 1, order=order, kind=3)
    holds(shown(tmp_path, data), lambda x, y: (1.0,) * 3 if (x, y) == (0, 0) else grey_of(x, y))
    for bits in (16, 64):
        colours = rows(lambda x, y: [1.2 * v for v in ramp(x, y)], bits, order, 3)
        data = tiff([colours], bits, 3, 2, order=order, kind=3)
        holds(shown(tmp_path, data), lambda x, y: tuple(1.2 * v for v in ramp(x, y)))


@pytest.mark.parametrize("most", [255, 65535])
def test_floats_that_are_integers(tmp_path: Path, most: int) -> None:
    grey = rows(lambda x, y: [float(round(ramp(x, y)[0] * most))], 32, "<", 3)
    holds(shown(tmp_path, tiff([grey], 32, 1, 1, kind=3)), grey_of)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "most"), [(1, 2**32 - 1), (2, 2**31 - 1), (1, 65535)])
def test_32_bit_integers(tmp_path: Path, order: str, kind: int, most: int) -> None:
    grey = rows(lambda x, y: [round(ramp(x, y)[0] * most)], 32, order, kind)
    holds(shown(tmp_path, tiff([grey], 32, 1, 1, order=order, kind=kind)), grey_of)


def test_predicted_32_bit_colours(tmp_path: Path) -> None:
    most = 2**32 - 1
    seen: dict[tuple[int, int], list[int]] = {}

    def difference(x: int, y: int) -> list[int]:
        own = [round(v * most) for v in ramp(x, y)]
        before = seen.get((x - 1, y), [0, 0, 0])
        seen[x, y] = own
        return [(a - b) & most for a, b in zip(own, before, strict=True)]

    body = rows(difference, 32, "<", 1)
    holds(shown(tmp_path, tiff([body], 32, 3, 2, deflate=True, predictor=2)), ramp)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_halved_strips(bits: int) -> None:
    body = rows(lambda _x, _y: [7], bits, "<", 1)
    whole = tiff([body], bits, 1, 1)
    assert facts(whole).decoded
    halved = tiff([[row[: len(row) // 2] for row in body]], bits, 1, 1)
    found = failure(halved + bytes(len(whole)))
    assert found.reason == "truncated"
