"""AV1's sequence header, read from the decoder configuration (``av1C``).

Reads the headers that cameras and encoders write; anything unusual raises ValueError, and PyAV
opens the file.

Specification: AV1 Bitstream & Decoding Process, 5.3 and 5.5; AV1 Codec ISO Media File Format
Binding, 2.3.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from vaceprep.probes.h264 import UNSPECIFIED, Bits

#: FFmpeg's names of ``seq_profile``.
PROFILES: Final = {0: "Main", 1: "High", 2: "Professional"}
#: The first byte of ``av1C``: a marker bit and version 1.
VERSION: Final = 0x81
#: Bytes of ``av1C`` before its units.
HEAD: Final = 4
#: Chosen for each frame, not for the sequence (``SELECT_SCREEN_CONTENT_TOOLS``).
CHOSEN: Final = 2
#: Matrix coefficients of pictures coded as red, green and blue.
RGB: Final = 0
#: The highest level that has no tiers.
LAST_LEVEL_WITHOUT_TIER: Final = 7


class Unit:
    """``obu_type``, 6.2.2."""

    SEQUENCE_HEADER = 1
    TEMPORAL_DELIMITER = 2
    FRAME_HEADER = 3
    METADATA = 5
    FRAME = 6


class SequenceHeader(NamedTuple):
    """What a sequence header says. Colour values as in ITU-T H.273."""

    profile: str
    width: int
    height: int
    pixel_format: str
    full_range: bool
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    #: Whether screen content tools are off (0) or on (1) for all frames, or chosen for each.
    screen: int = CHOSEN
    #: The same for motion vectors of whole pixels.
    whole_vectors: int = CHOSEN


def read_configuration(record: bytes) -> SequenceHeader:
    """Return the one sequence header of an ``av1C`` record. Raises ValueError."""
    if len(record) < HEAD + 2 or record[0] != VERSION:
        raise ValueError("no configuration")
    unit = record[HEAD:]
    # No extension, a size, and no reserved bit.
    if unit[0] != Unit.SEQUENCE_HEADER << 3 | 2 or unit[1] != len(unit) - 2 or unit[1] & 0x80:
        raise ValueError("the form of the unit")
    return _whole_header(unit[2:])


def _whole_header(data: bytes) -> SequenceHeader:
    """Read a sequence header to its end: a stop bit, and zeros up to whole bytes."""
    bits = Bits(data)
    found = _header(bits)
    left = bits.left
    if left < 1 or bits.u(left) != 1 << (left - 1):
        raise ValueError("the end of the sequence header")
    return found


def _header(bits: Bits) -> SequenceHeader:
    profile = bits.u(3)
    if profile not in PROFILES or bits.u(2) or bits.u(1):
        raise ValueError("a still picture, or timing information")
    _operating_points(bits)
    wide, high = bits.u(4) + 1, bits.u(4) + 1
    width, height = bits.u(wide) + 1, bits.u(high) + 1
    if bits.u(1):
        raise ValueError("numbered frames")
    bits.u(7)
    ordered = bits.u(1)
    if ordered:
        bits.u(2)
    screen = CHOSEN if bits.u(1) else bits.u(1)
    vectors = CHOSEN
    if screen and not bits.u(1):
        vectors = bits.u(1)
    if ordered:
        bits.u(3)
    bits.u(3)
    found = _colours(bits, profile)
    bits.u(1)
    return found._replace(width=width, height=height, screen=screen, whole_vectors=vectors)


def check_first_frame(record: bytes, sample: bytes) -> None:
    """Raise ValueError unless the first frame is a shown key frame of the sequence's own size.

    ``sample`` are the first bytes of the first sample. FFmpeg takes the size from this frame.
    """
    header = read_configuration(record)
    at = 0
    while at + 2 < len(sample):
        kind = sample[at] >> 3
        # No extension, and a size.
        if sample[at] & 0x87 != 2:
            raise ValueError("the form of a unit")
        at += 1
        length, at = _leb128(sample, at)
        body = sample[at : at + length]
        if kind in (Unit.FRAME, Unit.FRAME_HEADER):
            _check_frame(Bits(body[:8]), header)
            return
        if kind == Unit.SEQUENCE_HEADER and _whole_header(body) != header:
            raise ValueError("another sequence header")
        if kind not in (Unit.SEQUENCE_HEADER, Unit.TEMPORAL_DELIMITER, Unit.METADATA):
            raise ValueError("the type of a unit")
        at += length
    raise ValueError("no frame")


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """Return the number in LEB128 at ``at``, and the offset after it."""
    value = 0
    for index in range(4):
        if at + index >= len(data):
            break
        value |= (data[at + index] & 0x7F) << 7 * index
        if not data[at + index] & 0x80:
            return value, at + index + 1
    raise ValueError("the size of a unit")


def _check_frame(bits: Bits, header: SequenceHeader) -> None:
    # A new frame, of type key frame, that is shown.
    if bits.u(1) or bits.u(2) or not bits.u(1):
        raise ValueError("a first frame other than a shown key frame")
    bits.u(1)
    screen = bits.u(1) if header.screen == CHOSEN else header.screen
    if screen and header.whole_vectors == CHOSEN:
        bits.u(1)
    if bits.u(1):
        raise ValueError("a frame of its own size")


def _operating_points(bits: Bits) -> None:
    delayed = bits.u(1)
    for _ in range(bits.u(5) + 1):
        bits.u(12)
        if bits.u(5) > LAST_LEVEL_WITHOUT_TIER:
            bits.u(1)
        if delayed and bits.u(1):
            bits.u(4)


def _colours(bits: Bits, profile: int) -> SequenceHeader:
    """Read ``color_config``; the size of the picture is left out."""
    depth = 10 if bits.u(1) else 8
    if profile == 2 and depth == 10 and bits.u(1):
        depth = 12
    grey = profile != 1 and bool(bits.u(1))
    colours = (bits.u(8), bits.u(8), bits.u(8)) if bits.u(1) else (UNSPECIFIED,) * 3
    if colours[2] == RGB:
        raise ValueError("red, green and blue")
    full = bool(bits.u(1))
    form = "gray"
    if not grey:
        form = _chroma(bits, profile, depth)
        bits.u(1)
    name = form if depth == 8 else f"{form}{depth}le"
    return SequenceHeader(PROFILES[profile], 0, 0, name, full, *colours)


def _chroma(bits: Bits, profile: int, depth: int) -> str:
    if profile == 1:
        return "yuv444p"
    across = down = profile == 0
    if profile == 2:
        across = depth < 12 or bool(bits.u(1))
        down = depth == 12 and across and bool(bits.u(1))
    if across and down:
        bits.u(2)
    return "yuv420p" if down else "yuv422p" if across else "yuv444p"
