"""ICC profiles: the description, and whether the values are those of sRGB.

Names are unreliable: sRGB comes as "c2", "sRGB built-in", "IEC http://www.iec.ch" and in a dozen
sizes. So compare the three colourants and the tone curve with the standard's. Pure, and
independent of any colour library.
"""

from __future__ import annotations

import struct
from typing import Final

from vaceprep.probes.images.cicp import srgb_curve

#: sRGB's red, green and blue as XYZ under D50 (IEC 61966-2-1, adapted by Bradford).
_COLOURANTS: Final = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
#: Tolerance of a colourant in XYZ: published sRGB profiles differ by 0.002 at most, the nearest
#: other space (BT.601's primaries) by more than 0.015. J
_COLOURANT_TOLERANCE: Final = 0.004
#: Tolerance of a curve in linear light of 1: pure gamma 2.2 differs by up to 0.008, so it passes
#: only for the shortened profiles that approximate the standard's curve. J
_CURVE_TOLERANCE: Final = 0.005
_SAMPLES: Final = 33
_MAX_TAGS: Final = 200
#: Shown instead of a description.
BROKEN: Final = "a damaged profile"
UNNAMED: Final = "a profile without a name"


def read_icc(profile: bytes) -> tuple[str, bool]:
    """Return the profile's description, and whether it is sRGB (a grey profile: its tone curve).

    A profile that cannot be read is ``BROKEN`` and not sRGB. Never raises.
    """
    try:
        tags = _tags(profile)
        name = _description(tags.get(b"desc", b"")) or UNNAMED
        return name, _is_srgb(profile[16:20], tags, name)
    except (struct.error, ValueError, IndexError, KeyError, ZeroDivisionError, OverflowError):
        return BROKEN, False


def _tags(profile: bytes) -> dict[bytes, bytes]:
    if len(profile) < 132 or profile[36:40] != b"acsp":
        raise ValueError("no profile")
    (count,) = struct.unpack_from(">I", profile, 128)
    if not 0 < count <= _MAX_TAGS:
        raise ValueError("an impossible number of tags")
    tags: dict[bytes, bytes] = {}
    for at in range(132, 132 + 12 * count, 12):
        name, offset, size = struct.unpack_from(">4sII", profile, at)
        if offset + size > len(profile):
            raise ValueError("a tag outside the profile")
        tags[name] = profile[offset : offset + size]
    return tags


def _description(tag: bytes) -> str:
    if tag[:4] == b"desc":
        (length,) = struct.unpack_from(">I", tag, 8)
        text = tag[12 : 12 + length].split(b"\0")[0].decode("latin-1")
    elif tag[:4] == b"mluc":
        count, size = struct.unpack_from(">II", tag, 8)
        if not count or size < 12:
            return ""
        length, offset = struct.unpack_from(">II", tag, 20)
        text = tag[offset : offset + length].decode("utf-16-be", "replace").strip("\0")
    elif tag[:4] == b"text":
        text = tag[8:].split(b"\0")[0].decode("latin-1")
    else:
        return ""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:200]


def _is_srgb(space: bytes, tags: dict[bytes, bytes], name: str) -> bool:
    if space == b"GRAY":
        return _follows_srgb(tags[b"kTRC"])
    if space != b"RGB ":
        return False
    if not all(tag in tags for tag in _COLOURANTS):
        # Only tables: recognise the ICC's own sRGB profiles of this kind by name.
        return name.lower().startswith("srgb")
    for tag, expected in _COLOURANTS.items():
        found = struct.unpack_from(">3i", tags[tag], 8)
        if any(
            abs(f / 65536 - e) > _COLOURANT_TOLERANCE for f, e in zip(found, expected, strict=True)
        ):
            return False
    return all(_follows_srgb(tags[tag]) for tag in (b"rTRC", b"gTRC", b"bTRC"))


def _follows_srgb(curve: bytes) -> bool:
    points = [i / (_SAMPLES - 1) for i in range(_SAMPLES)]
    return all(abs(_apply(curve, x) - srgb_curve(x)) <= _CURVE_TOLERANCE for x in points)


def _apply(curve: bytes, x: float) -> float:
    """Return the value of a tone curve (``curv`` or ``para``) at x, 0 to 1."""
    if curve[:4] == b"curv":
        (count,) = struct.unpack_from(">I", curve, 8)
        if count == 0:
            return x
        if count == 1:
            (gamma,) = struct.unpack_from(">H", curve, 12)
            return float(x ** (gamma / 256))
        if 12 + 2 * count > len(curve):
            raise ValueError("a curve outside its tag")
        place = x * (count - 1)
        low = min(int(place), count - 2)
        a, b = struct.unpack_from(">2H", curve, 12 + 2 * low)
        return float((a + (b - a) * (place - low)) / 65535)
    if curve[:4] == b"para":
        (kind,) = struct.unpack_from(">H", curve, 8)
        number = (1, 3, 4, 5, 7)[kind]
        g, *rest = (v / 65536 for v in struct.unpack_from(f">{number}i", curve, 12))
        a, b, c, d, e, f = (*rest, *[0.0] * (6 - len(rest))) if rest else (1.0, 0, 0, 0, 0, 0)
        if kind == 0:
            return float(x**g)
        if kind in (1, 2):
            # Below the break the curve is constant: 0, or c.
            base = a * x + b
            return float(base**g + c if base >= 0 else c)
        if x < d:
            return float(c * x + f)
        if a * x + b < 0:
            raise ValueError("a curve without a value")
        return float((a * x + b) ** g + e)
    raise ValueError("an unknown curve")
