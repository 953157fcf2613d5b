"""NAL unit types of H.264 and HEVC, and which hold slices of pictures. Pure.

Specification: ITU-T H.264, table 7-1 and 7.3.1; ITU-T H.265, table 7-1 and 7.3.1.2.
"""

from __future__ import annotations

from typing import Final


class H264Unit:
    """``nal_unit_type`` of H.264."""

    SLICE = 1
    PARTITION_A = 2
    #: A slice of an instantaneous decoding refresh.
    IDR = 5
    SEI = 6
    SPS = 7
    PPS = 8
    DELIMITER = 9
    SPS_EXTENSION = 13
    SUBSET_SPS = 15
    #: A slice of an additional layer or view.
    SLICE_EXTENSION = 20


class HevcUnit:
    """``nal_unit_type`` of HEVC."""

    #: Leading pictures that refer to pictures before the keyframe.
    RASL_N = 8
    RASL_R = 9
    #: The first picture type at which decoding may begin.
    BLA_W_LP = 16
    #: IDR with and without leading pictures that can be decoded.
    IDR_W_RADL = 19
    IDR_N_LP = 20
    #: The last picture type at which decoding may begin.
    RSV_IRAP_VCL23 = 23
    VPS = 32
    SPS = 33
    PPS = 34
    DELIMITER = 35
    PREFIX_SEI = 39
    SUFFIX_SEI = 40


#: The payload type of an SEI message that is a recovery point (H.264, D.1.8).
RECOVERY_POINT: Final = 6

#: Slices that start a picture of the base layer, and those that do not start an IDR picture.
H264_SLICES: Final = frozenset([H264Unit.SLICE, H264Unit.PARTITION_A, H264Unit.IDR])
H264_NOT_IDR: Final = H264_SLICES - {H264Unit.IDR}
H264_SETS: Final = frozenset(
    [H264Unit.SPS, H264Unit.PPS, H264Unit.SPS_EXTENSION, H264Unit.SUBSET_SPS]
)
#: Units that describe pictures and hold none: parameter sets, SEI, delimiters, filler.
H264_BESIDE: Final = range(H264Unit.SEI, 16)

HEVC_SLICES: Final = range(HevcUnit.VPS)
HEVC_IRAP: Final = range(HevcUnit.BLA_W_LP, HevcUnit.RSV_IRAP_VCL23 + 1)
HEVC_IDR: Final = frozenset([HevcUnit.IDR_W_RADL, HevcUnit.IDR_N_LP])
#: Leading pictures that decoders skip if decoding began at their keyframe.
HEVC_SKIPPED: Final = frozenset([HevcUnit.RASL_N, HevcUnit.RASL_R])
HEVC_SETS: Final = frozenset([HevcUnit.VPS, HevcUnit.SPS, HevcUnit.PPS])
HEVC_BESIDE: Final = range(HevcUnit.VPS, HevcUnit.SUFFIX_SEI + 1)


def h264_type(first: int) -> int:
    """Return the type of a unit from its first byte."""
    return first & 0x1F


def hevc_type(first: int) -> int:
    """Return the type of a unit from its first byte."""
    return first >> 1 & 0x3F
