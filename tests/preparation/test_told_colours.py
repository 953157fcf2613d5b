"""Colours told without an ICC profile: PNG's chunks, and nclx of AVIF, against true sRGB values.

The expected numbers come from the standards' own formulas here, not from the code under test.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.probes.stillmedia import chunk, facts
from vaceprep.preparation.image.colours import plain
from vaceprep.preparation.image.decode import still
from vaceprep.preparation.read import reading
from vaceprep.probes.sniff import sniff_image

PATCHES = [
    (200, 60, 60),
    (60, 180, 75),
    (60, 90, 200),
    (128, 128, 128),
    (255, 255, 255),
    (20, 20, 20),
]
#: XYZ (D65) to RGB of each space, from their chromaticities as the standards print them.
FROM_XYZ = {
    12: (
        (2.493497, -0.931384, -0.402711),
        (-0.829489, 1.762664, 0.023625),
        (0.035846, -0.076172, 0.956885),
    ),
    9: (
        (1.716651, -0.355671, -0.253366),
        (-0.666684, 1.616481, 0.015769),
        (0.017640, -0.042771, 0.942103),
    ),
    1: (
        (3.240970, -1.537383, -0.498611),
        (-0.969244, 1.875968, 0.041555),
        (0.055630, -0.203977, 1.056972),
    ),
}
TO_XYZ = (
    (0.412391, 0.357584, 0.180481),
    (0.212639, 0.715169, 0.072192),
    (0.019331, 0.119195, 0.950532),
)
P3_CHRM = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
SRGB_CHRM = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def times(matrix: tuple[tuple[float, ...], ...], vector: list[float]) -> list[float]:
    return [sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix]


def linear(level: int) -> float:
    value = level / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def srgb(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def pq(value: float) -> float:
    power = (value * 203 / 10000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def stored(colour: tuple[int, int, int], primaries: int, curve: object) -> list[float]:
    values = times(FROM_XYZ[primaries], times(TO_XYZ, [linear(c) for c in colour]))
    return [curve(min(1.0, max(0.0, v))) for v in values]  # type: ignore[operator]


def png(patches: list[list[float]], chunks: dict[bytes, bytes], bits: int = 8) -> bytes:
    most = (1 << bits) - 1
    code = "B" if bits == 8 else "H"
    row = [round(v * most) for patch in patches for _ in range(4) for v in patch]
    raw = (b"\0" + struct.pack(f">{len(row)}{code}", *row)) * 4
    head = struct.pack(">IIBBBBB", 4 * len(patches), 4, bits, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + b"".join(chunk(n, b) for n, b in chunks.items())
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def seen(tmp_path: Path, data: bytes) -> list[tuple[int, ...]]:
    """The patches as ``prepare`` makes them."""
    path = tmp_path / "a"
    path.write_bytes(data)
    with reading(str(path), "ref_images_url") as read:
        found = still(read)
        assert not read.facts.srgb  # type: ignore[union-attr]
        image = plain(found.image, found.profile, "RGB", to_srgb=True, flatten=None)
    step = image.width // len(PATCHES)
    pixels = [
        image.getpixel((step * i + step // 2, image.height // 2)) for i in range(len(PATCHES))
    ]
    return [p for p in pixels if isinstance(p, tuple)]


def near(found: list[tuple[int, ...]], slack: int = 6) -> None:
    for got, wanted in zip(found, PATCHES, strict=False):
        assert max(abs(a - b) for a, b in zip(got, wanted, strict=True)) <= slack, (got, wanted)


GAMMA = {gamma: struct.pack(">I", gamma) for gamma in (100000, 55556, 45455, 50000)}
CHRM = struct.pack(">8I", *P3_CHRM)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("gamma", [100000, 55556, 50000])
def test_gamma(tmp_path: Path, gamma: int, bits: int) -> None:
    patches = [stored(p, 1, lambda v: v ** (gamma / 100000)) for p in PATCHES]
    data = png(patches, {b"gAMA": GAMMA[gamma]}, bits)
    assert "gAMA" in (facts(data).icc_profile or "")
    found = seen(tmp_path, data)
    # In 8 bits of linear light the darkest patch is one of six levels.
    near(found[:-1] if gamma == 100000 else found)


def test_primaries(tmp_path: Path) -> None:
    patches = [stored(p, 12, srgb) for p in PATCHES]
    near(seen(tmp_path, png(patches, {b"gAMA": GAMMA[45455], b"cHRM": CHRM})))
    near(seen(tmp_path, png(patches, {b"cHRM": CHRM})))


@pytest.mark.parametrize(
    ("primaries", "transfer", "curve"),
    [(12, 13, srgb), (9, 13, srgb), (9, 16, pq), (1, 8, float), (9, 1, srgb)],
)
def test_cicp(tmp_path: Path, primaries: int, transfer: int, curve: object) -> None:
    patches = [stored(p, primaries, curve) for p in PATCHES]
    data = png(patches, {b"cICP": bytes([primaries, transfer, 0, 1])}, 16)
    assert ("HDR" in (facts(data).icc_profile or "")) == (transfer == 16)
    found = seen(tmp_path, data)
    near(found[:-1] if transfer == 8 else found)


@pytest.mark.parametrize(
    "chunks",
    [
        {b"sRGB": b"\0"},
        {b"sRGB": b"\0", b"gAMA": GAMMA[100000], b"cHRM": CHRM},
        {b"gAMA": GAMMA[45455]},
        {b"gAMA": GAMMA[45455], b"cHRM": struct.pack(">8I", *SRGB_CHRM)},
        {b"cICP": b"\1\x0d\0\1", b"gAMA": GAMMA[100000]},
        {b"cHRM": bytes(32)},
        {b"gAMA": bytes(4)},
        {b"gAMA": b"\0"},
    ],
)
def test_what_is_srgb_all_the_same(chunks: dict[bytes, bytes]) -> None:
    found = facts(png([[0.1, 0.5, 0.9]], chunks))
    assert (found.srgb, found.icc_profile) == (True, None)


def test_cicp_goes_before_a_profile(tmp_path: Path) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    body = b"x\0\0" + zlib.compress(profile)
    patches = [stored(p, 12, srgb) for p in PATCHES]
    near(seen(tmp_path, png(patches, {b"iCCP": body, b"cICP": b"\x0c\x0d\0\1"})))
    # And a profile before what the older chunks say.
    assert facts(png(patches, {b"iCCP": body, b"cHRM": CHRM})).srgb


def avif(patches: list[list[float]], primaries: int, transfer: int) -> bytes:
    """An AVIF whose nclx says so: the encoder's own numbers are replaced."""
    image = Image.new("RGB", (16 * len(patches), 16))
    for index, patch in enumerate(patches):
        colour = tuple(round(v * 255) for v in patch)
        image.paste(colour, (16 * index, 0, 16 * index + 16, 16))
    data = io.BytesIO()
    image.save(data, "AVIF", quality=100, subsampling="4:4:4")
    made = data.getvalue()
    at = made.index(b"colrnclx") + 8
    return made[:at] + struct.pack(">HH", primaries, transfer) + made[at + 4 :]


@pytest.mark.parametrize(("primaries", "transfer", "curve"), [(12, 13, srgb), (9, 16, pq)])
def test_nclx(tmp_path: Path, primaries: int, transfer: int, curve: object) -> None:
    from PIL import features

    if not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    data = avif([stored(p, primaries, curve) for p in PATCHES], primaries, transfer)
    assert sniff_image(data[:64]) == "avif"
    found = facts(data)
    assert not found.srgb
    assert ("HDR" in (found.icc_profile or "")) == (transfer == 16)
    # The encoder's and the decoder's 8 bits of PQ are 4 levels each where it is steep.
    near(seen(tmp_path, data), 10 if transfer == 16 else 6)
    assert facts(avif([[0.5, 0.5, 0.5]], 1, 13)).srgb
