"""The decoder configuration in ``esds``. Pure.

Specification: ISO/IEC 14496-1, 7.2.6.
"""

from __future__ import annotations

from collections.abc import Iterator

from vaceprep.probes.mp4.allowed_boxes import NeedsFFmpeg


class Descriptor:
    """Tags of the descriptors of ``esds``."""

    ELEMENTARY_STREAM = 3
    DECODER_CONFIG = 4
    DECODER_SPECIFIC = 5
    SYNC_LAYER = 6


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
