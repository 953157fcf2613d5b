"""The codec of a sound track by its sample entry. Pure.

Specification: ISO/IEC 14496-12, 12.2; ISO/IEC 14496-3, 1.6.2.1 (AudioSpecificConfig).
"""

from __future__ import annotations

from typing import Final

from vaceprep.probes.h264 import Bits
from vaceprep.probes.mp4.allowed_boxes import NeedsFFmpeg, whole_children
from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.esds import decoder_config

#: Bytes of a sound sample entry of version 0 before its boxes.
FIXED: Final = 28


#: ``objectTypeIndication`` of MPEG-4 audio, and of MP3 in MPEG-2 and MPEG-1.
MPEG4_AUDIO: Final = 0x40
MP3: Final = (0x69, 0x6B)
#: Audio object type of AAC LC, the only one read here.
AAC_LC: Final = 2
#: Sampling frequency indices and channel configurations that name one.
FREQUENCIES: Final = range(13)
CHANNELS: Final = range(1, 8)


def sound_codec(format_: str, description: memoryview) -> str:
    """Return FFmpeg's name of the codec of a sound sample entry. Raises NeedsFFmpeg."""
    if format_ != "mp4a" or len(description) < FIXED:
        raise NeedsFFmpeg(f"the sound format {format_!r}")
    if bytes(description[8:10]) != b"\0\0":
        raise NeedsFFmpeg("a sound sample entry of QuickTime")
    found = None
    for name, body in whole_children(description[FIXED:]):
        if name == Box.ESDS:
            found = _esds(body)
        elif name != Box.BTRT:
            raise NeedsFFmpeg(f"the box {name!r} in a sound sample entry")
    if found is None:
        raise NeedsFFmpeg("a sound sample entry without esds")
    return found


def _esds(body: memoryview) -> str:
    kind, specific = decoder_config(body)
    if kind in MP3:
        return "mp3"
    if kind != MPEG4_AUDIO or len(specific) < 2:
        raise NeedsFFmpeg(f"sound of the object type {kind:#x}")
    bits = Bits(specific)
    if bits.u(5) != AAC_LC or bits.u(4) not in FREQUENCIES or bits.u(4) not in CHANNELS:
        raise NeedsFFmpeg("sound other than plain AAC LC")
    return "aac"
