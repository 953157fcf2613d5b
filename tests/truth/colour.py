"""Colours by the specifications: BT.601, BT.709 and BT.2020 matrices, ranges and bit depths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.truth.mosaic import RGB

#: Kr and Kb of each matrix, by the name that FFmpeg's programs print.
WEIGHTS: Final = {
    "bt709": (0.2126, 0.0722),
    "smpte170m": (0.299, 0.114),
    "bt470bg": (0.299, 0.114),
    "bt2020nc": (0.2627, 0.0593),
}
#: Code points of ITU-T H.273.
MATRIX_CODE: Final = {"bt709": 1, "unknown": 2, "bt470bg": 5, "smpte170m": 6, "bt2020nc": 9}
PRIMARIES_CODE: Final = {"bt709": 1, "unknown": 2, "bt470bg": 5, "smpte170m": 6, "bt2020": 9}
TRANSFER_CODE: Final = {
    **{"bt709": 1, "unknown": 2, "smpte170m": 6, "bt2020-10": 14},
    **{"smpte2084": 16, "arib-std-b67": 18},
}


@dataclass(frozen=True)
class Colour:
    """How RGB becomes Y'CbCr, and what is written beside the pixels about it."""

    matrix: str = "bt709"
    primaries: str = "bt709"
    transfer: str = "bt709"
    full: bool = False
    #: Whether the codec's own headers tell it.
    in_stream: bool = True

    def to_yuv(self, rgb: RGB, depth: int = 8) -> tuple[int, int, int]:
        """Y', Cb and Cr of a colour at that depth."""
        red, green, blue = (value / 255 for value in rgb)
        kr, kb = WEIGHTS[self.matrix]
        luma = kr * red + (1 - kr - kb) * green + kb * blue
        cb, cr = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
        unit = 1 << depth - 8
        top = (1 << depth) - 1
        if self.full:
            levels = luma * top, cb * top + 128 * unit, cr * top + 128 * unit
        else:
            levels = (
                (luma * 219 + 16) * unit,
                (cb * 224 + 128) * unit,
                (cr * 224 + 128) * unit,
            )
        y, u, v = (max(0, min(top, round(level))) for level in levels)
        return y, u, v

    def to_rgb(self, y: float, u: float, v: float) -> RGB:
        """The colour of 8-bit levels."""
        kr, kb = WEIGHTS[self.matrix]
        luma = y / 255 if self.full else (y - 16) / 219
        width = 255 if self.full else 224
        cb, cr = (u - 128) / width, (v - 128) / width
        red, blue = luma + (2 - 2 * kr) * cr, luma + (2 - 2 * kb) * cb
        green = (luma - kr * red - kb * blue) / (1 - kr - kb)
        r, g, b = (max(0, min(255, round(value * 255))) for value in (red, green, blue))
        return r, g, b


BT709: Final = Colour()
BT601: Final = Colour("smpte170m", "smpte170m", "smpte170m")
BT601_PAL: Final = Colour("bt470bg", "bt470bg", "smpte170m")
BT2020: Final = Colour("bt2020nc", "bt2020", "bt2020-10")
PQ: Final = Colour("bt2020nc", "bt2020", "smpte2084")
HLG: Final = Colour("bt2020nc", "bt2020", "arib-std-b67")
