"""HEVC's parameter sets, read from the decoder configuration (``hvcC``).

Reads the sets that cameras and encoders write; anything unusual raises ValueError, and PyAV opens
the file. FFmpeg ignores a configuration of which it cannot read one set, so each set is read to
its end.

Specification: ITU-T H.265, 7.3.2.1 to 7.3.2.3, 7.3.3, 7.3.7 and E.2.1; ISO/IEC 14496-15, 8.3.3.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, NamedTuple

from vaceprep.probes.h264 import ASPECTS, UNSPECIFIED, WRITTEN_OUT, Bits
from vaceprep.probes.nal_units import HevcUnit, hevc_type

#: FFmpeg's names of ``general_profile_idc``.
PROFILES: Final = {1: "Main", 2: "Main 10", 3: "Main Still Picture", 4: "Rext"}
#: FFmpeg's pixel formats by ``chroma_format_idc``, without the depth.
CHROMA: Final = {0: "gray", 1: "yuv420p", 2: "yuv422p", 3: "yuv444p"}
#: Columns and rows of luma samples for one chroma sample.
SUBSAMPLING: Final = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}
DEPTHS: Final = {8: "", 10: "10le", 12: "12le"}
#: Bytes of ``hvcC`` before its arrays of units.
HEAD: Final = 23
#: Bytes of a unit's header.
UNIT_HEAD: Final = 2
#: The payload type of an SEI message with data of the encoder's own.
USER_DATA: Final = 5
#: Bytes of the identifier that such data begin with.
IDENTIFIER: Final = 16
#: Greatest numbers of sets of reference pictures, and of pictures in one half of a set.
MAX_SETS, MAX_PICTURES = 64, 16
#: Matrix coefficients of pictures coded as red, green and blue.
RGB: Final = 0


class HevcSps(NamedTuple):
    """What a sequence parameter set says. Colour values as in ITU-T H.273."""

    profile: str
    width: int
    height: int
    pixel_format: str
    #: None if the set has none.
    aspect: Fraction | None = None
    full_range: bool = False
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED


def read_configuration(record: bytes) -> HevcSps:
    """Return the one sequence parameter set of an ``hvcC`` record. Raises ValueError."""
    found: HevcSps | None = None
    kinds = []
    for kind, unit in _units(record):
        kinds.append(kind)
        bits = Bits(unit[UNIT_HEAD:].replace(b"\0\0\3", b"\0\0"))
        if kind == HevcUnit.VPS:
            _vps(bits)
        elif kind == HevcUnit.SPS:
            found = _sps(bits)
        elif kind == HevcUnit.PPS:
            _pps(bits)
        elif kind == HevcUnit.PREFIX_SEI:
            _sei(unit[UNIT_HEAD:])
            continue
        else:
            raise ValueError(f"a unit of type {kind}")
        _end(bits)
    sets = [kind for kind in kinds if kind != HevcUnit.PREFIX_SEI]
    if found is None or sets != [HevcUnit.VPS, HevcUnit.SPS, HevcUnit.PPS]:
        raise ValueError("not one parameter set of each kind")
    return found


def _units(record: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and bytes of each unit of the record. Raises ValueError."""
    if len(record) < HEAD or record[0] != 1:
        raise ValueError("no configuration")
    at = HEAD
    for _ in range(record[HEAD - 1]):
        if at + 3 > len(record):
            raise ValueError("the record ends early")
        kind = record[at] & 0x3F
        count = int.from_bytes(record[at + 1 : at + 3])
        at += 3
        for _ in range(count):
            length = int.from_bytes(record[at : at + 2])
            unit = record[at + 2 : at + 2 + length]
            at += 2 + length
            if at > len(record) or length <= UNIT_HEAD or hevc_type(unit[0]) != kind:
                raise ValueError("the form of a unit")
            # The base layer, and no temporal sub-layer.
            if unit[0] & 0x81 or unit[1] != 1:
                raise ValueError("a unit of another layer")
            yield kind, unit
    if at != len(record):
        raise ValueError("bytes after the last unit")


def _end(bits: Bits) -> None:
    """Raise ValueError unless only the stop bit and its padding are left."""
    left = bits.left
    if not 1 <= left <= 8 or bits.u(left) != 1 << (left - 1):
        raise ValueError("the form of a parameter set's end")


def _sei(data: bytes) -> None:
    """Raise ValueError unless the messages are data of the encoder's own."""
    at = 0
    while data[at:] != b"\x80":
        if at >= len(data) or data[at] != USER_DATA:
            raise ValueError("an SEI message")
        at, size = at + 1, 0
        while at < len(data) and data[at] == 0xFF:
            at, size = at + 1, size + 0xFF
        size += data[at] if at < len(data) else 0
        at += 1 + size
        if size < IDENTIFIER or at >= len(data):
            raise ValueError("the size of an SEI message")


def _profile(bits: Bits, sub_layers: int) -> int:
    """Read ``profile_tier_level`` and return ``general_profile_idc``."""
    if bits.u(2):
        raise ValueError("a profile space")
    bits.u(1)
    profile = bits.u(5)
    bits.u(32 + 4 + 43 + 1 + 8)
    if sub_layers > 1:
        raise ValueError("temporal sub-layers")
    return profile


def _ordering(bits: Bits) -> None:
    """Read the sizes of the buffers of the one sub-layer."""
    bits.u(1)
    buffers, reorder = bits.ue() + 1, bits.ue()
    bits.ue()
    if buffers > MAX_PICTURES or reorder > buffers - 1:
        raise ValueError("the sizes of the buffers")


def _vps(bits: Bits) -> None:
    if bits.u(4):
        raise ValueError("the number of the video parameter set")
    if bits.u(2) != 3 or bits.u(6):
        raise ValueError("layers")
    sub_layers = bits.u(3) + 1
    bits.u(1)
    if bits.u(16) != 0xFFFF:
        raise ValueError("the reserved bits of the video parameter set")
    _profile(bits, sub_layers)
    _ordering(bits)
    bits.u(6)
    if bits.ue():
        raise ValueError("sets of layers")
    if bits.u(1):
        bits.u(64)
        if bits.u(1):
            bits.ue()
        if bits.ue():
            raise ValueError("a reference decoder")
    if bits.u(1):
        raise ValueError("an extension")


def _sps(bits: Bits) -> HevcSps:
    if bits.u(4):
        raise ValueError("the number of the video parameter set")
    sub_layers = bits.u(3) + 1
    bits.u(1)
    profile = PROFILES.get(_profile(bits, sub_layers))
    number, chroma = bits.ue(), bits.ue()
    if profile is None or number or chroma not in CHROMA or (chroma == 3 and bits.u(1)):
        raise ValueError("the profile or the chroma format")
    width, height = bits.ue(), bits.ue()
    left = right = top = bottom = 0
    if bits.u(1):
        left, right, top, bottom = (bits.ue() for _ in range(4))
    depth, other = bits.ue() + 8, bits.ue() + 8
    if depth != other or depth not in DEPTHS:
        raise ValueError("the bit depth")
    order = bits.ue() + 4
    if order > 16:
        raise ValueError("the bits of a picture order count")
    _ordering(bits)
    _blocks(bits, width, height)
    _tools(bits, depth, order)
    across, down = SUBSAMPLING[chroma]
    shown = width - (left + right) * across, height - (top + bottom) * down
    if not (0 < shown[0] <= 1 << 15 and 0 < shown[1] <= 1 << 15):
        raise ValueError("the size of the picture")
    found = HevcSps(profile, *shown, CHROMA[chroma] + DEPTHS[depth])
    if bits.u(1):
        found = _vui(bits, found)
    if bits.u(1):
        raise ValueError("an extension")
    return found


def _blocks(bits: Bits, width: int, height: int) -> None:
    """Read the sizes of coding and transform blocks."""
    smallest = bits.ue() + 3
    largest = smallest + bits.ue()
    transform = bits.ue() + 2
    most = transform + bits.ue()
    if not 4 <= largest <= 6 or transform >= smallest or most > min(largest, 5):
        raise ValueError("the sizes of blocks")
    if width % (1 << smallest) or height % (1 << smallest):
        raise ValueError("a picture that is no multiple of its blocks")
    if max(bits.ue(), bits.ue()) > largest - transform:
        raise ValueError("the depth of the transform trees")


def _tools(bits: Bits, depth: int, order: int) -> None:
    """Read the flags of coding tools and the sets of reference pictures."""
    if bits.u(1):
        raise ValueError("scaling lists")
    bits.u(2)
    if bits.u(1):
        raise ValueError("blocks of raw samples")
    sets = bits.ue()
    if sets > MAX_SETS:
        raise ValueError("the number of sets of reference pictures")
    for index in range(sets):
        if index and bits.u(1):
            raise ValueError("a predicted set of reference pictures")
        before, after = bits.ue(), bits.ue()
        if before + after > MAX_PICTURES:
            raise ValueError("the number of reference pictures")
        for _ in range(before + after):
            bits.ue()
            bits.u(1)
    if bits.u(1):
        count = bits.ue()
        if count > 2 * MAX_PICTURES:
            raise ValueError("the number of long-term reference pictures")
        for _ in range(count):
            bits.u(order + 1)
    bits.u(2)


def _vui(bits: Bits, sps: HevcSps) -> HevcSps:
    """Read the video usability information."""
    if bits.u(1):
        idc = bits.u(8)
        across, down = (bits.u(16), bits.u(16)) if idc == WRITTEN_OUT else (0, 0)
        if across and down:
            sps = sps._replace(aspect=Fraction(across, down))
        elif 0 < idc <= len(ASPECTS):
            sps = sps._replace(aspect=ASPECTS[idc - 1])
        elif idc:
            raise ValueError("the pixel aspect")
    if bits.u(1):
        bits.u(1)
    if bits.u(1):
        bits.u(3)
        full = bool(bits.u(1))
        sps = sps._replace(full_range=full)
        if full and sps.pixel_format == "yuv420p":
            sps = sps._replace(pixel_format="yuvj420p")
        if bits.u(1):
            primaries, transfer, matrix = bits.u(8), bits.u(8), bits.u(8)
            if matrix == RGB:
                raise ValueError("red, green and blue")
            sps = sps._replace(primaries=primaries, transfer=transfer, matrix=matrix)
    if bits.u(1):
        bits.ue()
        bits.ue()
    bits.u(3)
    if bits.u(1):
        raise ValueError("a window for display")
    if bits.u(1):
        bits.u(64)
        if bits.u(1):
            bits.ue()
        if bits.u(1):
            raise ValueError("a reference decoder")
    if bits.u(1):
        bits.u(3)
        for _ in range(5):
            bits.ue()
    return sps


def _pps(bits: Bits) -> None:
    """Read a picture parameter set of the first sequence parameter set."""
    if bits.ue() or bits.ue():
        raise ValueError("the number of a picture parameter set")
    bits.u(2 + 3 + 2)
    if max(bits.ue(), bits.ue()) >= MAX_PICTURES - 1:
        raise ValueError("the number of reference pictures")
    bits.se()
    bits.u(2)
    if bits.u(1):
        bits.ue()
    if abs(bits.se()) > 12 or abs(bits.se()) > 12:
        raise ValueError("an offset of the quantiser")
    bits.u(1 + 2 + 1)
    if bits.u(1):
        raise ValueError("tiles")
    bits.u(1 + 1)
    if bits.u(1):
        bits.u(1)
        if not bits.u(1):
            bits.se()
            bits.se()
    if bits.u(1):
        raise ValueError("scaling lists")
    bits.u(1)
    if bits.ue() > 4:
        raise ValueError("the level of parallel merging")
    if bits.u(2):
        raise ValueError("an extension")
