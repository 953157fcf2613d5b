"""H.264's sequence parameter set, read from the decoder configuration (``avcC``).

FFmpeg decodes a frame (5 to 18 ms) to find pixel format, aspect and colour; a few bits of the index
hold the same. Specification: ITU-T H.264, 7.3.2.1 and Annex E; values have FFmpeg's names. Anything
unusual gives None, and PyAV opens the file in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from vaceprep.probes.nal_units import (
    H264_NOT_IDR,
    H264_SETS,
    HEVC_IDR,
    HEVC_SETS,
    HEVC_SLICES,
    RECOVERY_POINT,
    H264Unit,
    h264_type,
    hevc_type,
)

#: Separates the units of a stream that has no length prefixes.
START_CODE: Final = re.compile(rb"\x00\x00\x01")


def length_size(codec: str, extradata: bytes) -> int | None:
    """Return the bytes of the length before each unit (1, 2 or 4); None for start codes."""
    if len(extradata) < 23 and codec == "hevc":
        return None
    if len(extradata) < 7 or extradata[0] != 1:
        return None
    return (extradata[21 if codec == "hevc" else 4] & 3) + 1


def units(packet: bytes, size: int | None) -> Iterator[bytes]:
    """Yield the first bytes of each unit; stop where a length is wrong."""
    if size is None:
        for found in START_CODE.finditer(packet):
            yield packet[found.end() : found.end() + 2]
        return
    at = 0
    while at + size < len(packet):
        length = int.from_bytes(packet[at : at + size])
        at += size
        yield packet[at : at + 2]
        at += length


def begins_clean(packet: bytes, codec: str, extradata: bytes) -> bool:
    """Return whether nothing after this keyframe may refer to a picture before it.

    False for a keyframe that is only a recovery point or starts an open GOP. Codecs without NAL
    units have no such keyframes: always True.
    """
    if codec not in ("h264", "hevc"):
        return True
    size = length_size(codec, extradata)
    for head in units(packet, size):
        if not head:
            return False
        if codec == "h264":
            kind = h264_type(head[0])
            if kind == H264Unit.IDR:
                return True
            if kind in H264_NOT_IDR:
                return False
        else:
            kind = hevc_type(head[0])
            if kind in HEVC_SLICES:
                return kind in HEVC_IDR
    return False


def leans_back(packet: bytes, codec: str, extradata: bytes) -> bool:
    """Return whether a decoder that starts at this keyframe may still need earlier pictures.

    True for an H.264 recovery point: it clears no references, and may itself need some frames until
    the picture is complete. HEVC decoders skip the pictures that lead the keyframe.
    """
    return codec == "h264" and not begins_clean(packet, codec, extradata)


def prepares(packet: bytes, codec: str, extradata: bytes) -> bool:
    """Return whether decoding the next picture needs a packet that holds no picture.

    True if the packet has a parameter set, or starts an SEI message with a recovery point.
    """
    for head in units(packet, length_size(codec, extradata)):
        if len(head) < 2:
            continue
        if codec == "hevc":
            if hevc_type(head[0]) in HEVC_SETS:
                return True
            continue
        kind = h264_type(head[0])
        if kind in H264_SETS or (kind == H264Unit.SEI and head[1] == RECOVERY_POINT):
            return True
    return False


def invalid(packet: bytes, codec: str, extradata: bytes) -> bool:
    """Return whether a coded frame has a unit that no decoder accepts.

    A length of zero or past the packet's end, ``forbidden_zero_bit`` set, H.264's type 0, HEVC's
    ``nuh_temporal_id_plus1`` of 0. Other codecs have no units.
    """
    if codec not in ("h264", "hevc"):
        return False
    size = length_size(codec, extradata)
    if size is None:
        return any(_is_invalid(head, codec) for head in units(packet, None))
    at = 0
    while at < len(packet):
        start = at + size
        at = start + int.from_bytes(packet[at:start])
        if not start < at <= len(packet) or _is_invalid(packet[start : start + 2], codec):
            return True
    return False


def _is_invalid(head: bytes, codec: str) -> bool:
    if not head or head[0] & 0x80:
        return True
    return h264_type(head[0]) == 0 if codec == "h264" else len(head) < 2 or head[1] & 7 == 0


class Bits:
    """A bit reader. Raises ValueError past the end."""

    __slots__ = ("left", "value")

    def __init__(self, data: bytes) -> None:
        self.value = int.from_bytes(data, "big")
        self.left = len(data) * 8

    def u(self, count: int) -> int:
        """Read ``count`` bits as an unsigned number."""
        if count > self.left:
            raise ValueError("the header ends early")
        self.left -= count
        return (self.value >> self.left) & ((1 << count) - 1)

    def ue(self) -> int:
        """Read an unsigned Exp-Golomb code (ITU-T H.264, 9.1)."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("an Exp-Golomb code is too long")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """Read a signed Exp-Golomb code."""
        value = self.ue()
        return (value + 1) // 2 if value & 1 else -(value // 2)


#: Profiles whose parameter set has chroma format and bit depth.
HIGH_PROFILES: Final = frozenset([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135])
BASELINE: Final = 66
PROFILES: Final = {
    **{BASELINE: "Baseline", 77: "Main", 88: "Extended", 100: "High", 110: "High 10"},
    **{122: "High 4:2:2", 244: "High 4:4:4 Predictive"},
}
#: Table E-1: pixel aspects by ``aspect_ratio_idc``; 255 is explicit.
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
#: The unspecified value of a colour property.
UNSPECIFIED: Final = 2
#: Matrix coefficients of pictures coded as red, green and blue.
RGB: Final = 0
#: FFmpeg's pixel formats by ``chroma_format_idc`` and bit depth; those with a name of their own for
#: a full range.
FORMS: Final = {
    **{(1, 8): "yuv420p", (2, 8): "yuv422p", (3, 8): "yuv444p"},
    **{(1, 10): "yuv420p10le", (2, 10): "yuv422p10le", (3, 10): "yuv444p10le"},
}
FULL_RANGE: Final = frozenset(["yuv420p", "yuv422p", "yuv444p"])
#: ``constraint_set3_flag``: FFmpeg has other names for these profiles if all frames are intra.
INTRA_FLAG: Final = 0x10
INTRA_PROFILES: Final = frozenset([110, 122, 244])


class Sps(NamedTuple):
    """A progressive parameter set of 8 or 10 bits. Colour values as in ITU-T H.273."""

    #: FFmpeg's name; None if it is not one of the usual profiles.
    profile: str | None
    #: FFmpeg's pixel format of a limited range.
    form: str
    width: int
    height: int
    #: None if the set has none.
    aspect: Fraction | None
    full_range: bool | None
    primaries: int
    transfer: int
    matrix: int
    #: Whether lines or columns at the top or left are cropped.
    corner_cropped: bool

    def pixel_format(self, full: bool | None, matrix: int) -> str | None:
        """Return FFmpeg's pixel format by range and matrix; None for red, green and blue."""
        if matrix == RGB and self.form.startswith("yuv444"):
            return None
        return self.form.replace("yuv", "yuvj") if full and self.form in FULL_RANGE else self.form

    def within(self, width: int, height: int) -> tuple[int, int]:
        """Return the size FFmpeg shows if the container's size differs.

        A smaller size within the same macroblocks is the container's cropping.
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
    """Return the first parameter set of an ``avcC`` record; None if there is none."""
    if len(extradata) < 8 or extradata[0] != 1 or not extradata[5] & 31:
        return None
    length = int.from_bytes(extradata[6:8], "big")
    unit = extradata[8 : 8 + length]
    if not 4 < length == len(unit) <= MAX_BYTES:
        return None
    return unit if h264_type(unit[0]) == H264Unit.SPS else None


def annexb_sps(extradata: bytes) -> bytes | None:
    """Return the first parameter set after a start code; None if there is none."""
    for unit in START_CODE.split(extradata)[1:]:
        if len(unit) > 4 and h264_type(unit[0]) == H264Unit.SPS:
            return unit[:MAX_BYTES]
    return None


class Slices(NamedTuple):
    """The values needed to read the header of a slice whose picture may be a field."""

    #: Bits of ``frame_num``.
    frame_number: int
    #: Whether the three colour planes are coded separately.
    planes: bool


@lru_cache(maxsize=8)
def parse_sps(unit: bytes) -> Sps | None:
    """Parse a parameter set; None unless it is progressive, of 8 or 10 bits, and in colour."""
    try:
        return _parse(unit)
    except ValueError:
        return None


def fields_of(unit: bytes) -> Slices | None:
    """Return how to read slices of a parameter set that allows fields; None if it allows none."""
    if parse_sps(unit) is not None:
        return None
    try:
        head = _head(Bits(unit[1:].replace(b"\0\0\3", b"\0\0")))
    except ValueError:
        return None
    return None if head.frames_only else Slices(head.frame_number, head.planes)


class _Head(NamedTuple):
    """The start of a parameter set, up to ``frame_mbs_only_flag``."""

    profile: int
    constraints: int
    #: ``chroma_format_idc``.
    chroma: int
    #: The pixel format; None for one that is not read here.
    form: str | None
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
    chroma, form, planes = 1, FORMS.get((1, 8)), False
    if profile in HIGH_PROFILES:
        chroma = bits.ue()
        planes = bool(chroma == 3 and bits.u(1))
        luma, colour = bits.ue(), bits.ue()
        form = FORMS.get((chroma, 8 + luma)) if luma == colour and not planes else None
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
    return _Head(
        profile, constraints, chroma, form, planes, frame_number, width, height, frames_only
    )


def _parse(unit: bytes) -> Sps | None:
    bits = Bits(unit[1:].replace(b"\0\0\3", b"\0\0"))
    head = _head(bits)
    if head.form is None or not head.frames_only:
        return None
    profile, constraints = head.profile, head.constraints
    width, height = head.width * 16, head.height * 16
    bits.u(1)
    left = top = 0
    if bits.u(1):
        left, right, top, bottom = (bits.ue() for _ in range(4))
        width -= (left + right) * (1 if head.chroma == 3 else 2)
        height -= (top + bottom) * (2 if head.chroma == 1 else 1)
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
    if profile in INTRA_PROFILES and constraints & INTRA_FLAG:
        name = None
    corner = bool(left or top)
    colours = (full_range, primaries, transfer, matrix)
    return Sps(name, head.form, width, height, aspect, *colours, corner)
