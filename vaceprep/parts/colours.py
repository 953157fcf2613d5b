"""Colours in CIELAB: their mean and spread, and the CIEDE2000 difference of two of them.

Pixels are sRGB with 8 bits, the white point is D65. CIEDE2000: G. Sharma, W. Wu, E. N. Dalal, "The
CIEDE2000 Color-Difference Formula", 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt
from typing import Final, NamedTuple

Triple = tuple[float, float, float]
#: The white point D65 in XYZ.
WHITE: Final[Triple] = (0.95047, 1.0, 1.08883)
#: 25 to the power of 7, of CIEDE2000.
_POW25_7: Final = 25.0**7


def linear(value: float) -> float:
    """Return the linear light of a value of sRGB, both from 0 to 1."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def coded(light: float) -> float:
    """Return the value of sRGB of a linear light; outside 0 to 1 the curve is continued."""
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


@cache
def _lights() -> tuple[float, ...]:
    return tuple(linear(level / 255) for level in range(256))


def lab(red: float, green: float, blue: float) -> Triple:
    """Return CIELAB of linear light."""
    x, y, z = (
        _root(value / white)
        for value, white in zip(
            (
                0.4124564 * red + 0.3575761 * green + 0.1804375 * blue,
                0.2126729 * red + 0.7151522 * green + 0.0721750 * blue,
                0.0193339 * red + 0.1191920 * green + 0.9503041 * blue,
            ),
            WHITE,
            strict=True,
        )
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _root(value: float) -> float:
    return value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116


def _cube(root: float) -> float:
    return root**3 if root > 6 / 29 else (116 * root - 16) * 27 / 24389


def from_lab(lightness: float, a: float, b: float) -> Triple:
    """Return linear light of CIELAB; it may be outside 0 to 1."""
    y = (lightness + 16) / 116
    x, y, z = (
        _cube(root) * white
        for root, white in zip((y + a / 500, y, y - b / 200), WHITE, strict=True)
    )
    return (
        3.2404542 * x - 1.5371385 * y - 0.4985314 * z,
        -0.9692660 * x + 1.8760108 * y + 0.0415560 * z,
        0.0556434 * x - 0.2040259 * y + 1.0572252 * z,
    )


def labs_of(pixels: bytes) -> list[Triple]:
    """Return CIELAB of packed 8-bit RGB."""
    lights = _lights()
    return [
        lab(lights[red], lights[green], lights[blue])
        for red, green, blue in zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True)
    ]


def ciede2000(one: Triple, other: Triple) -> float:
    """Return the CIEDE2000 difference of two colours of CIELAB."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean_chroma = (hypot(a1, b1) + hypot(a2, b2)) / 2
    power = mean_chroma**7
    stretch = 1 + 0.5 * (1 - sqrt(power / (power + _POW25_7)))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = hypot(a1, b1), hypot(a2, b2)
    h1, h2 = (degrees(atan2(b, a)) % 360 if a or b else 0.0 for a, b in ((a1, b1), (a2, b2)))
    turn, hue = h2 - h1, h1 + h2
    if not c1 or not c2:
        turn = 0.0
    elif abs(turn) > 180:
        turn += -360 if turn > 0 else 360
        hue = (hue + 360) / 2 if hue < 360 else (hue - 360) / 2
    else:
        hue /= 2
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    by_hue = (
        1
        - 0.17 * cos(radians(hue - 30))
        + 0.24 * cos(radians(2 * hue))
        + 0.32 * cos(radians(3 * hue + 6))
        - 0.20 * cos(radians(4 * hue - 63))
    )
    offset = (lightness - 50) ** 2
    d_l = (l2 - l1) / (1 + 0.015 * offset / sqrt(20 + offset))
    d_c = (c2 - c1) / (1 + 0.045 * chroma)
    d_h = 2 * sqrt(c1 * c2) * sin(radians(turn / 2)) / (1 + 0.015 * chroma * by_hue)
    power = chroma**7
    rotation = -sin(radians(60 * exp(-(((hue - 275) / 25) ** 2)))) * 2
    rotation *= sqrt(power / (power + _POW25_7))
    return sqrt(max(0.0, d_l**2 + d_c**2 + d_h**2 + rotation * d_c * d_h))


def difference(one: bytes, other: bytes) -> float:
    """Return the mean CIEDE2000 between two pictures of one size, packed 8-bit RGB."""
    pairs = zip(labs_of(one), labs_of(other), strict=True)
    return sum(ciede2000(a, b) for a, b in pairs) / max(1, len(one) // 3)


class Statistics(NamedTuple):
    """Mean and spread (standard deviation) of each channel of CIELAB."""

    mean: Triple
    spread: Triple


def statistics_of(colours: Sequence[Triple]) -> Statistics:
    """Return the statistics of at least one colour."""
    means, spreads = [], []
    for values in zip(*colours, strict=True):
        mean = sum(values) / len(values)
        means.append(mean)
        spreads.append(sqrt(sum((v - mean) ** 2 for v in values) / len(values)))
    return Statistics((means[0], means[1], means[2]), (spreads[0], spreads[1], spreads[2]))
