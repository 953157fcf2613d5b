"""Convert colours given by numbers (CICP, ITU-T H.273) or chromaticities to an ICC profile.

The profile is treated like a file's own, so one place converts all colours. Pure.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

Xy = tuple[float, float]
#: Chromaticities of red, green, blue and white.
Chromaticities = tuple[Xy, Xy, Xy, Xy]
Curve = Callable[[float], float]

_D65: Final = (0.3127, 0.3290)
_C: Final = (0.310, 0.316)
BT709: Final[Chromaticities] = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
#: H.273, table 2. Unspecified (2) and reserved numbers count as BT.709.
_PRIMARIES: Final[dict[int, tuple[str, Chromaticities]]] = {
    1: ("sRGB", BT709),
    4: ("BT.470 M", ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C)),
    5: ("BT.601 (625 lines)", ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65)),
    6: ("BT.601 (525 lines)", ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)),
    7: ("SMPTE 240M", ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)),
    8: ("film", ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C)),
    9: ("BT.2020", ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65)),
    10: ("XYZ", ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3))),
    11: ("DCI-P3", ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351))),
    12: ("Display P3", ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65)),
    22: ("EBU 3213", ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65)),
}
PQ, HLG = 16, 18
#: Luminance of SDR white in an HDR picture, cd/m2 (BT.2408), and the peaks of PQ and HLG.
_SDR_WHITE, _PQ_PEAK, _HLG_PEAK = 203.0, 10000.0, 1000.0
#: Entries of a tone curve in a profile.
_SAMPLES: Final = 4096
_D50: Final = (0.9642, 1.0, 0.8249)
_BRADFORD: Final = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))

Matrix = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Colours:
    """Colours other than sRGB: a name for a person, and the profile."""

    name: str
    profile: bytes


def srgb_curve(x: float) -> float:
    """Convert an sRGB value to linear light, both 0 to 1."""
    return x / 12.92 if x <= 0.04045 else float(((x + 0.055) / 1.055) ** 2.4)


def pq(x: float) -> float:
    """Convert a PQ value to linear light, 1.0 being SDR white; more is clipped."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = x ** (1 / m2)
    linear = (max(power - c1, 0.0) / (c2 - c3 * power)) ** (1 / m1)
    return min(1.0, float(linear) * _PQ_PEAK / _SDR_WHITE)


def hlg(x: float) -> float:
    """Convert HLG to linear light on a display of 1000 cd/m2, 1.0 being SDR white; clipped."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = x * x / 3 if x <= 0.5 else (pow(2.718281828459045, (x - c) / a) + b) / 12
    return min(1.0, float(scene**1.2) * _HLG_PEAK / _SDR_WHITE)


#: H.273, table 3, except sRGB's. BT.709's family (1, 6, 7, 14, 15) uses sRGB's curve, as in
#: browsers.
_CURVES: Final[dict[int, tuple[str, Curve]]] = {
    4: ("gamma 2.2", lambda x: float(x**2.2)),
    5: ("gamma 2.8", lambda x: float(x**2.8)),
    8: ("linear light", lambda x: x),
    9: ("logarithmic (100:1)", lambda x: float(10 ** (2 * (x - 1)))),
    10: ("logarithmic (316:1)", lambda x: float(10 ** (2.5 * (x - 1)))),
    PQ: ("PQ (HDR)", pq),
    17: ("SMPTE 428", lambda x: min(1.0, float(52.37 / 48 * x**2.6))),
    HLG: ("HLG (HDR)", hlg),
}


def of_numbers(primaries: int, transfer: int, *, full: bool = True) -> Colours | None:
    """Return the colours that CICP numbers name; None for sRGB.

    Without ``full``, values range from 16 (black) to 235 (white) of 255.
    """
    name, chromaticities = _PRIMARIES.get(primaries, _PRIMARIES[1])
    tone = _CURVES.get(transfer)
    if chromaticities is BT709 and tone is None and full:
        return None
    curve = srgb_curve if tone is None else tone[1]
    shown = name if tone is None else f"{name} with {tone[0]}"
    if not full:
        shown, inner = f"{shown}, limited range", curve

        def curve(x: float) -> float:
            return inner(min(1.0, max(0.0, (x * 255 - 16) / 219)))

    return Colours(shown, profile(chromaticities, curve))


def profile(chromaticities: Chromaticities, curve: Curve) -> bytes:
    """Return an ICC profile (version 2, RGB) of these primaries and this tone curve.

    Raises ZeroDivisionError for chromaticities that span no colours.
    """
    columns = _adapted(chromaticities)
    values = [min(65535, max(0, round(curve(i / (_SAMPLES - 1)) * 65535))) for i in range(_SAMPLES)]
    tone = b"curv" + bytes(4) + struct.pack(f">I{_SAMPLES}H", _SAMPLES, *values)
    text = b"built from the file's own colour values\0"
    tags = [(b"desc", b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78))]
    tags += [(b"cprt", b"text" + bytes(4) + b"none\0"), (b"wtpt", _xyz(_D50))]
    names = (b"rXYZ", b"gXYZ", b"bXYZ")
    tags += [(name, _xyz(column)) for name, column in zip(names, columns, strict=True)]
    bodies, table = b"", b""
    start = 128 + 4 + 12 * (len(tags) + 3)
    for name, body in tags:
        table += struct.pack(">4sII", name, start + len(bodies), len(body))
        bodies += body + bytes(-len(body) % 4)
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        table += struct.pack(">4sII", name, start + len(bodies), len(tone))
    bodies += tone + bytes(-len(tone) % 4)
    head = struct.pack(
        ">I4x4s4s4s4s12x4s28x",
        start + len(bodies),
        b"\2\x10\0\0",
        b"mntr",
        b"RGB ",
        b"XYZ ",
        b"acsp",
    )
    head += struct.pack(">3i", *(round(v * 65536) for v in _D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags) + 3) + table + bodies


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))


def _adapted(chromaticities: Chromaticities) -> list[tuple[float, ...]]:
    """Return the XYZ of red, green and blue under D50 (Bradford), each a column."""
    white = _of_xy(chromaticities[3])
    rgb = [_of_xy(xy, scaled=False) for xy in chromaticities[:3]]
    shares = _times(_inverse(tuple(zip(*rgb, strict=True))), white)
    cone, target = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
    columns = []
    for share, primary in zip(shares, rgb, strict=True):
        seen = _times(_BRADFORD, tuple(share * value for value in primary))
        scaled = tuple(s * t / c for s, t, c in zip(seen, target, cone, strict=True))
        columns.append(_times(_inverse(_BRADFORD), scaled))
    return columns


def _of_xy(xy: Xy, *, scaled: bool = True) -> tuple[float, ...]:
    x, y = xy
    plain = (x, y, 1 - x - y)
    return tuple(value / y for value in plain) if scaled else plain


def _times(matrix: Matrix, vector: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix)


def _inverse(matrix: tuple[tuple[float, ...], ...]) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return (
        ((e * i - f * h) / det, (c * h - b * i) / det, (b * f - c * e) / det),
        ((f * g - d * i) / det, (a * i - c * g) / det, (c * d - a * f) / det),
        ((d * h - e * g) / det, (b * g - a * h) / det, (a * e - b * d) / det),
    )
