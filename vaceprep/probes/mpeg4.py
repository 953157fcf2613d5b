"""MPEG-4 Visual's headers: the object layer's, and that of the first picture.

FFmpeg reports interlacing only for a decoded frame. ``read_configuration`` reads the headers that
cameras and encoders write; anything unusual raises ValueError, and PyAV opens the file.

Specification: ISO/IEC 14496-2, 6.2.2 to 6.2.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, NamedTuple

from vaceprep.probes.h264 import ASPECTS, START_CODE, Bits

#: Start codes of the object layer: 0x20 to 0x2F.
LAYER_CODES: Final = range(0x20, 0x30)
MAX_BYTES: Final = 4096
WRITTEN_OUT: Final = 15
RECTANGULAR: Final = 0
#: Start codes of objects: 0x00 to 0x1F.
OBJECT_CODES: Final = range(0x20)
#: FFmpeg's names of profiles, by the upper half of ``profile_and_level_indication``.
PROFILES: Final = {0: "Simple Profile", 15: "Advanced Simple Profile"}
#: ``visual_object_type`` of video.
VIDEO: Final = 1
#: ``video_object_type_indication`` of Simple and Advanced Simple.
OBJECT_TYPES: Final = (1, 17)
#: Greatest ``aspect_ratio_info`` that names an aspect; they are H.264's first five.
LAST_ASPECT: Final = 5
#: ``chroma_format`` of 4:2:0.
CHROMA_420: Final = 1
#: The version of an object layer that does not say one.
FIRST_VERSION: Final = 1
#: Bytes read of a picture's header.
PICTURE_HEAD: Final = 64


class Code:
    """Start codes, 6.2.1."""

    SEQUENCE = 0xB0
    USER_DATA = 0xB2
    GROUP = 0xB3
    VISUAL_OBJECT = 0xB5
    PICTURE = 0xB6


class VisualHeader(NamedTuple):
    """What the headers say of a progressive 8-bit 4:2:0 picture."""

    profile: str
    width: int
    height: int
    aspect: Fraction
    #: Bits of ``vop_time_increment``.
    increment: int


def interlaced(extradata: bytes) -> bool | None:
    """Return whether the header says interlaced; None if it is absent or unreadable."""
    data = extradata[:MAX_BYTES]
    for found in START_CODE.finditer(data, 0, len(data) - 1):
        if data[found.end()] in LAYER_CODES:
            try:
                return _interlaced(Bits(data[found.end() + 1 :]))
            except ValueError:
                return None
    return None


def _interlaced(bits: Bits) -> bool | None:
    bits.u(9)
    if bits.u(1):
        bits.u(7)
    if bits.u(4) == WRITTEN_OUT:
        bits.u(16)
    if bits.u(1):
        bits.u(3)
        if bits.u(1):
            bits.u(79)
    if bits.u(2) != RECTANGULAR:
        return None
    bits.u(1)
    resolution = bits.u(16)
    bits.u(1)
    if bits.u(1):
        bits.u(max((resolution - 1).bit_length(), 1))
    # Width and height, each between two markers.
    bits.u(29)
    return bool(bits.u(1))


def read_configuration(data: bytes) -> VisualHeader:
    """Return what the decoder specific information says. Raises ValueError."""
    kinds, profile, found = [], None, None
    for kind, body in _sections(data):
        if kind == Code.USER_DATA or kind in OBJECT_CODES:
            continue
        kinds.append(kind)
        bits = Bits(body)
        if kind == Code.SEQUENCE:
            profile = PROFILES.get(bits.u(4))
        elif kind == Code.VISUAL_OBJECT:
            _visual_object(bits)
        elif kind in LAYER_CODES and profile is not None:
            found = _layer(bits)._replace(profile=profile)
        else:
            raise ValueError(f"the start code {kind:#x}, or the profile")
    if found is None or kinds[:-1] != [Code.SEQUENCE, Code.VISUAL_OBJECT]:
        raise ValueError("not one header of each kind")
    return found


def check_first_frame(configuration: bytes, sample: bytes) -> None:
    """Raise ValueError unless the first picture is coded whole, by the configuration.

    ``sample`` are the first bytes of the first sample. FFmpeg takes the pixel format from there.
    """
    header = read_configuration(configuration)
    # Some encoders repeat the headers there.
    for kind, body in _sections(sample.removeprefix(configuration)):
        if kind == Code.PICTURE:
            _check_picture(Bits(body[:PICTURE_HEAD]), header)
            return
        if kind not in (Code.GROUP, Code.USER_DATA):
            raise ValueError(f"the start code {kind:#x}")
    raise ValueError("no picture")


def _sections(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each start code and the bytes up to the next one. Raises ValueError."""
    parts = START_CODE.split(data)
    if parts[0] or len(data) > MAX_BYTES:
        raise ValueError("bytes before the first start code")
    for part in parts[1:]:
        if not part:
            raise ValueError("a start code that is cut off")
        yield part[0], part[1:]


def _visual_object(bits: Bits) -> None:
    if bits.u(1):
        bits.u(7)
    if bits.u(4) != VIDEO or bits.u(1):
        raise ValueError("an object other than video, or its colours")


def _marker(bits: Bits) -> None:
    if not bits.u(1):
        raise ValueError("a marker bit")


def _aspect(bits: Bits) -> Fraction:
    info = bits.u(4)
    across, down = (bits.u(8), bits.u(8)) if info == WRITTEN_OUT else (0, 0)
    if across and down:
        return Fraction(across, down)
    if not 0 < info <= LAST_ASPECT:
        raise ValueError("the pixel aspect")
    return ASPECTS[info - 1]


def _control(bits: Bits) -> None:
    """Read ``vol_control_parameters``."""
    if bits.u(2) != CHROMA_420:
        raise ValueError("the chroma format")
    bits.u(1)
    if bits.u(1):
        for size in (15, 15, 15):
            bits.u(size)
            _marker(bits)
        bits.u(3 + 11)
        _marker(bits)
        bits.u(15)
        _marker(bits)


def _layer(bits: Bits) -> VisualHeader:
    """Read ``VideoObjectLayer``; the profile is left out."""
    bits.u(1)
    if bits.u(8) not in OBJECT_TYPES:
        raise ValueError("the type of the object")
    version = FIRST_VERSION
    if bits.u(1):
        version = bits.u(4)
        bits.u(3)
    aspect = _aspect(bits)
    if bits.u(1):
        _control(bits)
    if bits.u(2) != RECTANGULAR:
        raise ValueError("the shape of the object")
    _marker(bits)
    resolution = bits.u(16)
    _marker(bits)
    increment = max((resolution - 1).bit_length(), 1)
    if not resolution or (bits.u(1) and not bits.u(increment)):
        raise ValueError("the clock of the object")
    _marker(bits)
    width = bits.u(13)
    _marker(bits)
    height = bits.u(13)
    _marker(bits)
    if not width or not height:
        raise ValueError("the size of the picture")
    _tools(bits, version)
    return VisualHeader("", width, height, aspect, increment)


def _tools(bits: Bits, version: int) -> None:
    """Read the flags of coding tools to the end of the layer's header."""
    # Progressive, and no overlapped block motion compensation.
    if bits.u(2) != 1 or bits.u(1 if version == FIRST_VERSION else 2) or bits.u(1):
        raise ValueError("fields, a sprite or a depth other than 8")
    if bits.u(1):
        _matrix(bits)
        _matrix(bits)
    if version != FIRST_VERSION:
        bits.u(1)
    if not bits.u(1):
        raise ValueError("an estimate of the complexity")
    bits.u(1)
    if bits.u(1):
        bits.u(1)
    if (version != FIRST_VERSION and bits.u(2)) or bits.u(1):
        raise ValueError("new prediction, another resolution or scalability")


def _matrix(bits: Bits) -> None:
    """Read a matrix of the quantiser: 64 numbers, or fewer and a zero."""
    if bits.u(1):
        for _ in range(64):
            if not bits.u(8):
                break


def _check_picture(bits: Bits, header: VisualHeader) -> None:
    """Raise ValueError unless a picture is coded, without reference to others."""
    if bits.u(2):
        raise ValueError("a first picture that refers to others")
    while bits.u(1):
        pass
    _marker(bits)
    bits.u(header.increment)
    _marker(bits)
    if not bits.u(1):
        raise ValueError("a picture that is not coded")
    bits.u(3)
    if not bits.u(5):
        raise ValueError("a quantiser of 0")
