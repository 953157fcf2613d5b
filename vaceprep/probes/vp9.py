"""VP9's configuration record (``vpcC``) and the header of its first frame.

Reads the forms that cameras and encoders write; anything unusual raises ValueError, and PyAV opens
the file.

Specification: VP9 Bitstream & Decoding Process, 6.2 and Annex B (superframes); VP Codec ISO Media
File Format Binding, 2.2.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from vaceprep.probes.h264 import UNSPECIFIED, Bits

#: FFmpeg's names of profiles; the last has 10 or 12 bits.
PROFILES: Final = {0: "Profile 0", 1: "Profile 1", 2: "Profile 2"}
#: FFmpeg's pixel formats by ``chromaSubsampling`` of the record, without the depth.
CHROMA: Final = {0: "yuv420p", 1: "yuv420p", 2: "yuv422p", 3: "yuv444p"}
#: The same by the frame's subsampling across and down, where it is stated.
SUBSAMPLING: Final = {(1, 0): "yuv422p", (0, 0): "yuv444p"}
DEPTHS: Final = {8: "", 10: "10le", 12: "12le"}
#: Matrix coefficients by ``color_space``; 6 is reserved, 7 is red, green and blue.
SPACES: Final = (UNSPECIFIED, 5, 1, 6, 7, 9)
#: Bytes of the record.
RECORD: Final = 12
#: The first two bits of a frame, and the bytes before a key frame's colours.
FRAME_MARKER: Final = 2
SYNC_CODE: Final = 0x498342
#: Bytes read of a frame: its uncompressed header, and the byte after it.
HEAD: Final = 256
#: The upper bits of a byte that begins and ends a superframe's index.
INDEX_BITS, INDEX_MARKER = 0xE0, 0xC0
#: Bits of the values of a segment: quantiser, filter, reference, none; two of them have a sign.
FEATURES: Final = (9, 7, 2, 0)
#: Pixels of a superblock, and the least and most superblocks across a tile.
SUPERBLOCK, LEAST_TILE, MOST_TILE = 64, 4, 64


class Configuration(NamedTuple):
    """What the record says. Colour values as in ITU-T H.273."""

    profile: str
    pixel_format: str
    full_range: bool
    primaries: int
    transfer: int
    matrix: int


class FrameHeader(NamedTuple):
    """What a key frame says."""

    profile: str
    pixel_format: str
    full_range: bool
    matrix: int
    width: int
    height: int


def read_configuration(record: bytes) -> Configuration:
    """Return what a ``vpcC`` record says. Raises ValueError."""
    if len(record) != RECORD or record[:4] != b"\1\0\0\0" or record[10:] != b"\0\0":
        raise ValueError("the form of the record")
    profile, packed = record[4], record[6]
    depth, chroma = packed >> 4, packed >> 1 & 7
    if profile not in PROFILES or depth not in DEPTHS or chroma not in CHROMA:
        raise ValueError("the profile, the depth or the chroma format")
    pixel_format = CHROMA[chroma] + DEPTHS[depth]
    return Configuration(PROFILES[profile], pixel_format, bool(packed & 1), *record[7:10])


def read_first_frame(head: bytes, last: int, size: int) -> FrameHeader:
    """Return the header of a shown key frame. Raises ValueError.

    ``head`` are the first bytes of its sample of ``size`` bytes, ``last`` is the last one.
    """
    if last & INDEX_BITS == INDEX_MARKER:
        raise ValueError("a superframe")
    bits = Bits(head[:HEAD])
    whole = bits.left
    if bits.u(2) != FRAME_MARKER:
        raise ValueError("no frame")
    profile = bits.u(1) | bits.u(1) << 1
    # A new key frame that is shown.
    if profile not in PROFILES or bits.u(2) or not bits.u(1):
        raise ValueError("a first frame other than a shown key frame")
    resilient = bits.u(1)
    if bits.u(24) != SYNC_CODE:
        raise ValueError("a key frame without its mark")
    pixel_format, full, matrix = _colours(bits, profile)
    width, height = bits.u(16) + 1, bits.u(16) + 1
    if bits.u(1):
        # The size for display, which FFmpeg ignores.
        bits.u(32)
    bits.u(2 if resilient else 4)
    _filter(bits)
    _quantiser(bits)
    _segments(bits)
    _tiles(bits, width)
    coded = bits.u(16)
    if bits.u(bits.left % 8) or not coded or (whole - bits.left) // 8 + coded > size:
        raise ValueError("the size of the compressed header")
    # A marker of the arithmetic coder.
    if bits.u(1):
        raise ValueError("the compressed header")
    return FrameHeader(PROFILES[profile], pixel_format, full, matrix, width, height)


def _colours(bits: Bits, profile: int) -> tuple[str, bool, int]:
    """Return pixel format, whether the range is full, and the matrix coefficients."""
    depth = 8
    if profile == 2:
        depth = 12 if bits.u(1) else 10
    space = bits.u(3)
    if space >= len(SPACES):
        raise ValueError("the colours")
    full = bool(bits.u(1))
    form: str | None = "yuv420p"
    if profile == 1:
        form = SUBSAMPLING.get((bits.u(1), bits.u(1)))
        if form is None or bits.u(1):
            raise ValueError("the chroma format")
    return f"{form}{DEPTHS[depth]}", full, SPACES[space]


def _filter(bits: Bits) -> None:
    """Read the parameters of the loop filter."""
    bits.u(9)
    if bits.u(1) and bits.u(1):
        for _ in range(6):
            if bits.u(1):
                bits.u(7)


def _quantiser(bits: Bits) -> None:
    bits.u(8)
    for _ in range(3):
        if bits.u(1):
            bits.u(5)


def _segments(bits: Bits) -> None:
    """Read the parameters of segmentation."""
    if not bits.u(1):
        return
    if bits.u(1):
        _probabilities(bits, 7)
        if bits.u(1):
            _probabilities(bits, 3)
    if bits.u(1):
        bits.u(1)
        for size in FEATURES * 8:
            if bits.u(1):
                bits.u(size)


def _probabilities(bits: Bits, count: int) -> None:
    for _ in range(count):
        if bits.u(1):
            bits.u(8)


def _tiles(bits: Bits, width: int) -> None:
    """Read the numbers of columns and rows of tiles."""
    across = -(-width // SUPERBLOCK)
    least = most = 0
    while MOST_TILE << least < across:
        least += 1
    while across >> (most + 1) >= LEAST_TILE:
        most += 1
    while least < most and bits.u(1):
        least += 1
    if bits.u(1):
        bits.u(1)
