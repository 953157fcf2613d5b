"""Colours, depth and transparency of prepared images; littleCMS and Pillow are the yardsticks."""

from __future__ import annotations

import struct
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageCms

import vaceprep
from tests.preparation.stills import FIXTURES, MASK, PHOTO, furthest, given, passes
from tests.probes.stillmedia import chunk, picture, png16, saved
from vaceprep.contract import Role
from vaceprep.plans.predict import predict_image
from vaceprep.rules.catalogue import Severity

# --- colours -------------------------------------------------------------------------------


def cmyk_profile() -> bytes:
    """A printer's profile of two nodes a side, each at the Lab of plain ink on paper."""
    corners = b""
    lab = ImageCms.createProfile("LAB")
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), lab, "RGB", "LAB")
    for node in range(16):
        c, m, y, k = ((node >> shift) & 1 for shift in (3, 2, 1, 0))
        rgb = tuple(round(20 + 225 * (1 - ink) * (1 - 0.9 * k)) for ink in (c, m, y))
        pixel = to_lab.apply(Image.new("RGB", (1, 1), rgb)).tobytes()
        # Pillow's a and b are signed, the profile's lie above 128.
        corners += bytes([pixel[0], (pixel[1] + 128) & 255, (pixel[2] + 128) & 255])
    ramp = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0])
    table += struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table += ramp * 4 + corners + ramp * 3
    name = b"desc" + struct.pack(">4xI", 5) + b"Inks\0" + bytes(78)
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    tags = [(b"desc", name), (b"A2B0", table), (b"wtpt", white)]
    at, index, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for tag, value in tags:
        index += struct.pack(">4sII", tag, at + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    head = struct.pack(">I4xI", at + len(body), 0x02400000) + b"prtrCMYKLab "
    head += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + index + body


def profile_of(name: str) -> bytes:
    with Image.open(FIXTURES / "image" / name) as image:
        profile: bytes = image.info["icc_profile"]
    return profile


def by_littlecms(image: Image.Image, profile: bytes) -> Image.Image:
    done = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert done is not None
    return done


@pytest.mark.parametrize("name", ["display-p3.jpg", "adobe-rgb.jpg"])
def test_wide_colours_become_srgb(name: str, tmp_path: Path) -> None:
    profile, source = profile_of(name), picture(size=(400, 500))
    done = given(tmp_path, saved(source, "PNG", icc_profile=profile))
    assert done.edits == ["convert-colours"]
    assert furthest(done.image, by_littlecms(source, profile)) <= 2
    # It matters, and grey stays grey.
    assert furthest(done.image, source) > 15
    grey = given(tmp_path, saved(Image.new("RGB", (400, 400), (99, 99, 99)), "PNG"))
    assert grey.plan.empty


def test_display_p3_by_its_own_numbers(tmp_path: Path) -> None:
    def light(level: int) -> float:
        x = level / 255
        return x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4

    def level(x: float) -> int:
        return round(255 * (12.92 * x if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055))

    # From the two standards' primaries, which share white and curve.
    rows = ((1.22494, -0.22494, 0), (-0.042057, 1.042057, 0), (-0.019638, -0.078636, 1.098274))
    shown = (180, 110, 70)
    red, green, blue = (
        level(sum(k * light(c) for k, c in zip(row, shown, strict=True))) for row in rows
    )
    source = Image.new("RGB", (400, 400), shown)
    done = given(tmp_path, saved(source, "PNG", icc_profile=profile_of("display-p3.jpg")))
    assert furthest(done.image, Image.new("RGB", (400, 400), (red, green, blue))) <= 2
    assert abs(red - shown[0]) > 8


def test_inks_become_srgb_by_their_profile(tmp_path: Path) -> None:
    profile = cmyk_profile()
    source = Image.merge("CMYK", [*picture(size=(400, 500)).split(), picture("L", (400, 500))])
    done = given(tmp_path, saved(source, "TIFF", icc_profile=profile))
    assert done.edits == ["convert-colours", "convert-mode"]
    assert furthest(done.image, by_littlecms(source, profile)) <= 2
    assert furthest(done.image, source.convert("RGB")) > 5
    passes(done)


def test_inks_without_a_profile(tmp_path: Path) -> None:
    source = picture("CMYK", (400, 500))
    done = given(tmp_path, saved(source, "TIFF"))
    assert done.edits == ["convert-mode"]
    assert done.image.tobytes() == source.convert("RGB").tobytes()
    # As JPEG, inks are often stored the wrong way round.
    done = given(tmp_path, saved(source, "JPEG", quality=95))
    assert furthest(done.image.convert("L"), source.convert("RGB").convert("L")) < 16


def test_lab(tmp_path: Path) -> None:
    rgb = picture(size=(400, 500))
    srgb, space = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.buildTransform(srgb, space, "RGB", "LAB").apply(rgb)
    lab.info.clear()
    done = given(tmp_path, saved(lab, "TIFF"))
    assert done.edits == ["convert-mode"]
    # Eight bits of Lab are coarse: how near they come to where they were is not ours.
    assert furthest(done.image, lab.convert("RGB")) == 0
    assert furthest(done.image, rgb) <= 20
    passes(done)


def test_grey_with_a_profile_stays_grey(tmp_path: Path) -> None:
    grey = picture("L", (400, 500))
    done = given(tmp_path, saved(grey, "PNG", icc_profile=profile_of("adobe-rgb.jpg")))
    assert (done.edits, done.after.mode) == (["convert-colours"], "L")
    expected = by_littlecms(grey.convert("RGB"), profile_of("adobe-rgb.jpg")).getchannel("G")
    assert furthest(done.image, expected) <= 2


@pytest.mark.parametrize("profile", [b"nonsense", profile_of("display-p3.jpg")[:200]])
def test_a_damaged_profile_tells_nothing(profile: bytes, tmp_path: Path) -> None:
    source = picture(size=(400, 500))
    done = given(tmp_path, saved(source, "PNG", icc_profile=profile))
    assert done.image.tobytes() == source.tobytes()
    passes(done)


# --- depth and transparency ----------------------------------------------------------------


def test_16_bits_by_the_high_byte(tmp_path: Path) -> None:
    row = b"\0" + b"".join(struct.pack(">H", 160 * x) for x in range(400))
    done = given(tmp_path, png16(0, row * 400, (400, 400)))
    assert done.after.mode == "L"
    assert [done.image.getpixel((x, 7)) for x in (0, 1, 2, 300, 399)] == [0, 0, 1, 187, 249]


@pytest.mark.parametrize(
    ("mode", "top"), [("F", 1.0), ("F", 255.0), ("I", 65535), ("I", 2**31 - 1)]
)
def test_32_bits_by_what_white_is(mode: str, top: float, tmp_path: Path) -> None:
    image = Image.new(mode, (400, 400), top)
    image.paste(top / 2 if mode == "F" else int(top) // 2, (0, 0, 400, 200))
    done = given(tmp_path, saved(image, "TIFF"))
    assert done.after.mode == "L"
    assert done.image.getpixel((9, 9)) in (127, 128)
    assert done.image.getpixel((9, 399)) == 255


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_on_the_colour_given(mode: str, tmp_path: Path) -> None:
    source = picture("RGBA" if mode == "P" else mode, (400, 500))
    if mode == "P":
        source = source.quantize(200)
    data = saved(source, "PNG")
    ground = Image.new("RGBA", source.size, (10, 200, 90))
    expected = Image.alpha_composite(ground, source.convert("RGBA")).convert("RGB")
    done = given(tmp_path, data, background=(10, 200, 90))
    assert done.after.mode == "RGB"
    assert furthest(done.image, expected) <= 1
    white = given(tmp_path, data)
    assert white.after.mode == ("L" if mode == "LA" else "RGB")
    ground.paste((255, 255, 255), (0, 0, 400, 500))
    expected = Image.alpha_composite(ground, source.convert("RGBA")).convert("RGB")
    assert furthest(white.image.convert("RGB"), expected) <= 1
    passes(white)


def test_one_transparent_colour(tmp_path: Path) -> None:
    source = Image.new("RGB", (400, 400), (10, 20, 30))
    source.paste((1, 2, 3), (0, 0, 200, 400))
    done = given(tmp_path, saved(source, "PNG", transparency=(10, 20, 30)))
    assert done.image.getpixel((399, 0)) == (255, 255, 255)
    assert done.image.getpixel((0, 0)) == (1, 2, 3)
    assert "transparency" not in done.image.info
    deep = png16(0, (b"\0" + b"\x12\x34" * 200 + b"\x12\x35" * 200) * 400, (400, 400))
    at = deep.index(b"IDAT") - 4
    done = given(tmp_path, deep[:at] + chunk(b"tRNS", b"\x12\x34") + deep[at:])
    assert (done.image.getpixel((0, 0)), done.image.getpixel((399, 0))) == (255, 0x12)


FORMATS = "PNG TIFF WEBP BMP JPEG GIF JPEG2000 PPM AVIF PCX QOI".split()
MASKS_TOO = ("PNG",)
FORMATS_OF_ROLES = [
    *((fmt, PHOTO, False) for fmt in FORMATS),
    *((fmt, MASK, fmt not in MASKS_TOO) for fmt in FORMATS),
]


MODES = "1 L LA P RGB RGBA CMYK YCbCr LAB I;16 I F".split()
#: Formats that keep few modes apart, or are written slowly: all but these modes are long.
FEW = {"AVIF": ("RGB", "RGBA"), "JPEG2000": ("L", "RGBA", "I;16"), "QOI": ("RGB",)}


@pytest.mark.parametrize(
    ("fmt", "role", "mode"),
    [
        pytest.param(
            *(fmt, role, mode),
            marks=pytest.mark.long if long or mode not in FEW.get(fmt, MODES) else (),
        )
        for fmt, role, long in FORMATS_OF_ROLES
        for mode in MODES
    ],
)
def test_every_mode_in_every_format(fmt: str, mode: str, role: Role, tmp_path: Path) -> None:
    image = picture(mode, (500, 300))
    if mode == "I;16":
        # As bright as the others, not as dark as 8 bits in 16 are.
        image = picture("I", (500, 300)).point(lambda level: level * 257).convert(mode)
    try:
        data = saved(image, fmt)
    except (OSError, KeyError, ValueError):
        return
    for asked in ({}, {"only_errors": True}):
        done = given(tmp_path, data, role, **asked)
        if not asked:
            passes(done, role)
        expected = predict_image(done.plan, done.before)
        assert replace(done.after, bytes=0, mask=None) == replace(expected, bytes=0, mask=None)
        report = vaceprep.check(done.path, role=role)
        assert not [f for f in report.findings if f.severity is Severity.ERROR]
