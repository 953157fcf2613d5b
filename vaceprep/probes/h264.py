"""H.264's sequence parameter set, read from the decoder configuration (``avcC``).

FFmpeg learns pixel format, aspect and colour by decoding a frame (5 to 18 ms); the same stands
in a few bits of the index. Specification: ITU-T H.264, 7.3.2.1 and Annex E; names of values as
FFmpeg prints them. Anything out of the ordinary gives None, and PyAV opens the file in full.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from vaceprep.probes.bits import Bits

#: Profiles whose parameter set tells chroma format and bit depth.
HIGH_PROFILES: Final = frozenset([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135])
BASELINE: Final = 66
PROFILES: Final = {
    **{BASELINE: "Baseline", 77: "Main", 88: "Extended", 100: "High", 110: "High 10"},
    **{122: "High 4:2:2", 244: "High 4:4:4 Predictive"},
}
#: Table E-1: pixel aspects by ``aspect_ratio_idc``; 255 is written out.
ASPECTS: Final = tuple(
    Fraction(a, b)
    for a, b in (
        *((1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11)),
        *((80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1)),
    )
)
WRITTEN_OUT: Final = 255
#: Bytes of a parameter set that are read; real ones have fewer than 100.
MAX_BYTES: Final = 4096
#: Value of a colour property that says nothing.
UNSPECIFIED: Final = 2


class Sps(NamedTuple):
    """What a progressive 8-bit 4:2:0 parameter set says. Colour values as in ITU-T H.273."""

    #: FFmpeg's name; None where it is none of the progressive 8-bit ones.
    profile: str | None
    width: int
    height: int
    #: None where the set does not say.
    aspect: Fraction | None
    full_range: bool | None
    primaries: int
    transfer: int
    matrix: int
    #: Whether lines or columns at the top or left are cropped.
    corner_cropped: bool

    def within(self, width: int, height: int) -> tuple[int, int]:
        """The size shown where the container says another one, as FFmpeg has it.

        A smaller one within the same macroblocks is the container's cropping.
        """
        inside = 0 < width <= self.width and 0 < height <= self.height
        same = -(-width // 16) == -(-self.width // 16) and -(-height // 16) == -(-self.height // 16)
        if inside and same and not self.corner_cropped:
            return width, height
        return self.width, self.height


def _scaling_lists(bits: Bits, count: int) -> None:
    for index in range(count):
        if not bits.u(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.se() + 256) % 256
            last = following or last


def first_sps(extradata: bytes) -> bytes | None:
    """The first parameter set of an ``avcC`` record; None where there is none."""
    if len(extradata) < 8 or extradata[0] != 1 or not extradata[5] & 31:
        return None
    length = int.from_bytes(extradata[6:8], "big")
    unit = extradata[8 : 8 + length]
    return unit if 4 < length == len(unit) <= MAX_BYTES and unit[0] & 31 == 7 else None


def annexb_sps(extradata: bytes) -> bytes | None:
    """The first parameter set after a start code; None where there is none."""
    at = extradata.find(b"\0\0\1")
    while at >= 0:
        end = extradata.find(b"\0\0\1", at + 3)
        unit = extradata[at + 3 : end if end >= 0 else len(extradata)]
        if len(unit) > 4 and unit[0] & 31 == 7:
            return unit[:MAX_BYTES]
        at = end
    return None


class Slices(NamedTuple):
    """What has to be known to read the header of a slice whose picture may be a field."""

    #: Bits of ``frame_num``.
    frame_number: int
    #: Whether the three colour planes are coded apart.
    planes: bool


@lru_cache(maxsize=8)
def parse_sps(unit: bytes) -> Sps | None:
    """What a parameter set says; None unless it is progressive, 8-bit and 4:2:0."""
    try:
        return _parse(unit)
    except ValueError:
        return None


def fields_of(unit: bytes) -> Slices | None:
    """How to read slices of a parameter set that allows fields; None where it allows none."""
    if parse_sps(unit) is not None:
        return None
    try:
        head = _head(Bits(unit[1:].replace(b"\0\0\3", b"\0\0")))
    except ValueError:
        return None
    return None if head.frames_only else Slices(head.frame_number, head.planes)


class _Head(NamedTuple):
    """The beginning of a parameter set, up to ``frame_mbs_only_flag``."""

    profile: int
    constraints: int
    #: 8-bit 4:2:0 without tricks.
    plain: bool
    planes: bool
    frame_number: int
    #: In macroblocks; the height in those of a frame, or pairs of those of a field.
    width: int
    height: int
    frames_only: bool


def _head(bits: Bits) -> _Head:
    profile = bits.u(8)
    constraints = bits.u(8)
    bits.u(8)
    bits.ue()
    plain, planes = True, False
    if profile in HIGH_PROFILES:
        chroma = bits.ue()
        planes = bool(chroma == 3 and bits.u(1))
        luma, colour = bits.ue(), bits.ue()
        plain = chroma == 1 and not luma and not colour
        bits.u(1)
        if bits.u(1):
            _scaling_lists(bits, 12 if chroma == 3 else 8)
    frame_number = bits.ue() + 4
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 256)):
            bits.se()
    bits.ue()
    bits.u(1)
    width, height = bits.ue() + 1, bits.ue() + 1
    frames_only = bool(bits.u(1))
    return _Head(profile, constraints, plain, planes, frame_number, width, height, frames_only)


def _parse(unit: bytes) -> Sps | None:
    bits = Bits(unit[1:].replace(b"\0\0\3", b"\0\0"))
    head = _head(bits)
    if not head.plain or not head.frames_only:
        return None
    profile, constraints = head.profile, head.constraints
    width, height = head.width * 16, head.height * 16
    bits.u(1)
    left = top = 0
    if bits.u(1):
        left, right, top, bottom = (bits.ue() * 2 for _ in range(4))
        width, height = width - left - right, height - top - bottom
    if not (0 < width <= 1 << 15 and 0 < height <= 1 << 15):
        return None
    aspect, full_range = None, None
    primaries = transfer = matrix = UNSPECIFIED
    if bits.u(1):
        if bits.u(1):
            idc = bits.u(8)
            if idc == WRITTEN_OUT:
                across, down = bits.u(16), bits.u(16)
                aspect = Fraction(across, down) if across and down else None
            elif 0 < idc <= len(ASPECTS):
                aspect = ASPECTS[idc - 1]
        if bits.u(1):
            bits.u(1)
        if bits.u(1):
            bits.u(3)
            full_range = bool(bits.u(1))
            if bits.u(1):
                primaries, transfer, matrix = bits.u(8), bits.u(8), bits.u(8)
    name = PROFILES.get(profile)
    if profile == BASELINE and constraints & 0x40:
        name = "Constrained Baseline"
    corner = bool(left or top)
    return Sps(name, width, height, aspect, full_range, primaries, transfer, matrix, corner)
