"""Where decoding may begin: the kinds of the units in one coded frame of H.264 or HEVC. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

#: H.264: an instantaneous decoding refresh, and a slice of any other picture.
H264_IDR: Final = 5
H264_SLICES: Final = (1, 2)
#: HEVC: IDR with and without leading pictures that can be decoded.
HEVC_IDR: Final = (19, 20)
HEVC_SLICES: Final = range(32)
#: Parameter sets; an SEI unit of H.264 that begins with a recovery point (7.3.2.3, D.1.8).
H264_SETS: Final = (7, 8, 13, 15)
HEVC_SETS: Final = (32, 33, 34)
H264_RECOVERY: Final = (6, 6)
#: How a stream that is not length-prefixed tells its units apart.
START_CODE: Final = re.compile(rb"\x00\x00\x01")


def length_size(codec: str, extradata: bytes) -> int | None:
    """Bytes of the length before each unit (1, 2 or 4); None where start codes stand there."""
    if len(extradata) < 23 and codec == "hevc":
        return None
    if len(extradata) < 7 or extradata[0] != 1:
        return None
    return (extradata[21 if codec == "hevc" else 4] & 3) + 1


def units(packet: bytes, size: int | None) -> Iterator[bytes]:
    """The first bytes of each unit; ends early where a length is wrong."""
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
    """Whether nothing after this key frame may lean on anything before it.

    A key frame that is only a recovery point, or an open GOP's, is none. Codecs without units
    have no such frames: their key frames are clean.
    """
    if codec not in ("h264", "hevc"):
        return True
    size = length_size(codec, extradata)
    for head in units(packet, size):
        if not head:
            return False
        if codec == "h264":
            kind = head[0] & 31
            if kind == H264_IDR:
                return True
            if kind in H264_SLICES:
                return False
        else:
            kind = head[0] >> 1 & 63
            if kind in HEVC_SLICES:
                return kind in HEVC_IDR
    return False


def leans_back(packet: bytes, codec: str, extradata: bytes) -> bool:
    """Whether a decoder that begins with this key frame may still ask for pictures before it.

    Such a frame of H.264 is only a point of recovery: it clears no references, and may itself
    need some frames until the picture is whole. HEVC's decoder leaves out what leads it.
    """
    return codec == "h264" and not begins_clean(packet, codec, extradata)


def prepares(packet: bytes, codec: str, extradata: bytes) -> bool:
    """Whether decoding the next picture needs a packet that holds no picture.

    It does where the packet has a parameter set, or begins an SEI message with a recovery point.
    """
    for head in units(packet, length_size(codec, extradata)):
        if len(head) < 2:
            continue
        if codec == "hevc":
            if head[0] >> 1 & 63 in HEVC_SETS:
                return True
        elif head[0] & 31 in H264_SETS or (head[0] & 31, head[1]) == H264_RECOVERY:
            return True
    return False


def invalid(packet: bytes, codec: str, extradata: bytes) -> bool:
    """Whether a coded frame has a unit that no decoder accepts.

    A length of zero or past the packet's end, a ``forbidden_zero_bit`` that is set, H.264's type
    0, HEVC's ``nuh_temporal_id_plus1`` of 0. Other codecs have no units.
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
    return head[0] & 31 == 0 if codec == "h264" else len(head) < 2 or head[1] & 7 == 0
