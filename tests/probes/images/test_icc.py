"""Profiles: sRGB by its numbers, whatever it is called."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageCms

from tests.probes.stillmedia import facts, picture, saved
from vaceprep.probes.images.icc import BROKEN, read_icc

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def profile(
    name: bytes, colourants: list[tuple[float, float, float]], curve: bytes, space: bytes = b"RGB "
) -> bytes:
    """A small profile, written by the specification and not by any library."""
    tags: list[tuple[bytes, bytes]] = [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name + b"\0")
    ]
    if space == b"GRAY":
        tags.append((b"kTRC", curve))
    else:
        for letter, xyz in zip((b"r", b"g", b"b"), colourants, strict=True):
            numbers = struct.pack(">3i", *(round(v * 65536) for v in xyz))
            tags += [(letter + b"XYZ", b"XYZ \0\0\0\0" + numbers), (letter + b"TRC", curve)]
    table = struct.pack(">I", len(tags))
    body = b""
    for tag, data in tags:
        table += struct.pack(">4sII", tag, 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = bytearray(128)
    head[0:4] = struct.pack(">I", 128 + len(table) + len(body))
    head[8:12] = b"\4\x20\0\0"
    head[12:24] = b"mntr" + space + b"XYZ "
    head[36:40] = b"acsp"
    head[68:80] = struct.pack(">3i", 63190, 65536, 54061)
    return bytes(head) + table + body


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


PARA = b"para\0\0\0\0" + struct.pack(
    ">HH5i", 3, 0, *(round(v * 65536) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
)
PRIMARIES = [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141)]
P3 = [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)]
ADOBE = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]


@pytest.mark.parametrize(
    ("data", "name", "srgb"),
    [
        (SRGB, "sRGB built-in", True),
        (profile(b"c2", PRIMARIES, PARA), "c2", True),
        (profile(b"Display P3", P3, PARA), "Display P3", False),
        (profile(b"Adobe RGB (1998)", ADOBE, gamma(2.19921875)), "Adobe RGB (1998)", False),
        (profile(b"sRGB they say", P3, PARA), "sRGB they say", False),
        (profile(b"linear", PRIMARIES, gamma(1.0)), "linear", False),
        (profile(b"gamma 1.8", PRIMARIES, gamma(1.8)), "gamma 1.8", False),
        (profile(b"sGrey", [], PARA, b"GRAY"), "sGrey", True),
        (profile(b"Dot Gain", [], gamma(1.75), b"GRAY"), "Dot Gain", False),
        (profile(b"inks", PRIMARIES, PARA, b"CMYK"), "inks", False),
        (b"", BROKEN, False),
        (SRGB[:200], BROKEN, False),
        (b"no profile" * 20, BROKEN, False),
    ],
)
def test_profiles(data: bytes, name: str, srgb: bool) -> None:
    assert read_icc(data) == (name, srgb)


def test_the_curve_of_littlecms_is_srgb_by_a_second_reader() -> None:
    """Our own parametric profile turns colours into themselves under littleCMS."""
    ours = ImageCms.ImageCmsProfile(io.BytesIO(profile(b"c2", PRIMARIES, PARA)))
    image = picture()
    turned = ImageCms.profileToProfile(image, ours, ImageCms.createProfile("sRGB"))
    assert turned is not None
    pairs = zip(image.tobytes(), turned.tobytes(), strict=True)
    assert max(abs(a - b) for a, b in pairs) <= 1


@given(st.binary(max_size=400), st.integers(0, 600), st.integers(0, 255))
def test_profiles_never_raise(noise: bytes, at: int, value: int) -> None:
    broken = bytearray(SRGB)
    broken[at % len(broken)] = value
    for profile in (noise, bytes(broken), bytes(broken[:at])):
        name, is_srgb = read_icc(profile)
        assert name and isinstance(is_srgb, bool)
    # What is too short for a header and its table of tags is never taken for sRGB.
    assert not read_icc(noise[:131])[1]


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_profiles_in_each_format(fmt: str) -> None:
    plain = facts(saved(picture(), fmt))
    assert (plain.icc_profile, plain.srgb) == (None, True)
    for data, name, srgb in (
        (SRGB, "sRGB built-in", True),
        (profile(b"P3", P3, PARA), "P3", False),
    ):
        found = facts(saved(picture(), fmt, icc_profile=data))
        assert (found.icc_profile, found.srgb) == (name, srgb)
    broken = facts(saved(picture(), fmt, icc_profile=b"nonsense"))
    assert (broken.icc_profile, broken.srgb) == (BROKEN, False)
