"""The codec of a sound track by its sample entry. Pure.

Specification: ISO/IEC 14496-12, 12.2; ISO/IEC 14496-1, 7.2.6 (``esds``); ISO/IEC 14496-3, 1.6.2.1
(AudioSpecificConfig).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vaceprep.probes.h264 import Bits
from vaceprep.probes.mp4.allowed_boxes import NeedsFFmpeg, whole_children
from vaceprep.probes.mp4.box_types import Box

#: Bytes of a sound sample entry of version 0 before its boxes.
FIXED: Final = 28


class Descriptor:
    """Tags of the descriptors of ``esds``."""

    ELEMENTARY_STREAM = 3
    DECODER_CONFIG = 4
    DECODER_SPECIFIC = 5
    SYNC_LAYER = 6


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


def _descriptors(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the descriptors that fill ``data`` exactly. Raises NeedsFFmpeg."""
    at = 0
    while at < len(data):
        tag, length = data[at], 0
        at += 1
        for _ in range(4):
            if at >= len(data):
                raise NeedsFFmpeg("a descriptor that is cut off")
            byte = data[at]
            at += 1
            length = length << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        else:
            raise NeedsFFmpeg("a descriptor whose length has five bytes")
        if at + length > len(data):
            raise NeedsFFmpeg("a descriptor that is cut off")
        yield tag, data[at : at + length]
        at += length


def decoder_config(body: memoryview) -> tuple[int, bytes]:
    """Return object type and decoder specific information of ``esds``. Raises NeedsFFmpeg."""
    streams = list(_descriptors(body[4:]))
    if bytes(body[:4]) != b"\0\0\0\0" or [tag for tag, _ in streams] != [
        Descriptor.ELEMENTARY_STREAM
    ]:
        raise NeedsFFmpeg("the form of esds")
    stream = streams[0][1]
    # No dependency, no URL, no clock of its own.
    if len(stream) < 3 or stream[2] & 0xE0:
        raise NeedsFFmpeg("the flags of esds")
    parts = list(_descriptors(stream[3:]))
    if not parts or parts[0][0] != Descriptor.DECODER_CONFIG or len(parts[0][1]) < 13:
        raise NeedsFFmpeg("esds without a decoder configuration")
    if any(tag != Descriptor.SYNC_LAYER for tag, _ in parts[1:]):
        raise NeedsFFmpeg("the form of esds")
    config = parts[0][1]
    inner = list(_descriptors(config[13:]))
    if [tag for tag, _ in inner] not in ([], [Descriptor.DECODER_SPECIFIC]):
        raise NeedsFFmpeg("the form of esds")
    return config[0], bytes(inner[0][1]) if inner else b""


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
