"""The codec of a sound track by its sample entry. Pure.

Specification: ISO/IEC 14496-12, 12.2; ISO/IEC 14496-3, 1.6.2.1 (AudioSpecificConfig); ETSI TS 102
366, annex F (AC-3 and E-AC-3); Encapsulation of Opus in ISOBMFF, 4.3.2; Apple's QuickTime File
Format (sound sample descriptions, ``wave``).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from vaceprep.probes.h264 import Bits
from vaceprep.probes.mp4.allowed_boxes import NeedsFFmpeg, whole_children
from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.esds import decoder_config

#: Bytes of a sound sample entry before its boxes, by its version.
FIXED: Final = {0: 28, 1: 44}
#: The type of the empty box that ends QuickTime's boxes.
TERMINATOR: Final = "\0\0\0\0"
#: Boxes of an entry, and of ``wave``, that change no fact of the codec.
HARMLESS: Final = frozenset([Box.BTRT, Box.CHAN])
HARMLESS_IN_WAVE: Final = frozenset([Box.FRMA, "mp4a", Box.ENDA, TERMINATOR])
#: FFmpeg's names of uncompressed sound by the entry's type and its bits of a sample.
UNCOMPRESSED: Final = {
    ("sowt", 16): "pcm_s16le",
    ("twos", 16): "pcm_s16be",
    ("sowt", 8): "pcm_s8",
    ("twos", 8): "pcm_s8",
}
#: The same by the type alone, without the order of the bytes, which ``enda`` may turn around.
ORDERED: Final = {"in24": "pcm_s24", "in32": "pcm_s32", "fl32": "pcm_f32", "fl64": "pcm_f64"}
#: Least bytes of the configurations of AC-3 and E-AC-3, and those of Opus without a channel map.
AC3_SIZE, EAC3_SIZE, OPUS_SIZE = 3, 5, 11
#: ``objectTypeIndication`` of MPEG-4 audio, and of MP3 in MPEG-2 and MPEG-1.
MPEG4_AUDIO: Final = 0x40
MP3: Final = (0x69, 0x6B)
#: Audio object type of AAC LC, the only one read here.
AAC_LC: Final = 2
#: Sampling frequency indices and channel configurations that name one.
FREQUENCIES: Final = range(13)
CHANNELS: Final = range(1, 8)
#: Most bytes of a sample entry whose codec is kept for the next file; real ones have some 100.
MAX_KNOWN_BYTES: Final = 4096


def sound_codec(format_: str, description: memoryview) -> str:
    """Return FFmpeg's name of the codec of a sound sample entry. Raises NeedsFFmpeg."""
    if len(description) > MAX_KNOWN_BYTES:
        return _sound_codec(format_, description)
    return _known_codec(format_, bytes(description))


@lru_cache(maxsize=64)
def _known_codec(format_: str, description: bytes) -> str:
    """``_sound_codec``, once for the files of one camera or program, whose entries are equal."""
    return _sound_codec(format_, memoryview(description))


def _sound_codec(format_: str, description: memoryview) -> str:
    if len(description) < FIXED[0]:
        raise NeedsFFmpeg("a short sample entry")
    version, bits = struct.unpack_from(">H8xH", description, 8)
    if version not in FIXED or len(description) < FIXED[version]:
        raise NeedsFFmpeg(f"a sound sample entry of version {version}")
    boxes = _boxes(format_, description[FIXED[version] :])
    if format_ in ORDERED:
        return ORDERED[format_] + _order(boxes)
    if Box.ENDA in boxes:
        raise NeedsFFmpeg("the order of the bytes of other sound")
    codec = UNCOMPRESSED.get((format_, bits))
    if codec is not None:
        return codec
    configuration = CONFIGURATIONS.get(format_)
    if configuration is None or configuration not in boxes:
        raise NeedsFFmpeg(f"the sound format {format_!r}")
    body = boxes[configuration]
    if configuration == Box.ESDS:
        return _esds(body)
    return _configured(configuration, body)


def _boxes(format_: str, data: memoryview) -> dict[str, memoryview]:
    """Return the boxes of an entry, with those of its ``wave``. Raises NeedsFFmpeg."""
    found = dict[str, memoryview]()
    for name, body in whole_children(data, closed=True):
        inner = [(name, body)]
        if name == Box.WAVE:
            inner = list(whole_children(body))
        for kind, content in inner:
            known = kind == CONFIGURATIONS.get(format_) or kind in (
                HARMLESS_IN_WAVE if name == Box.WAVE else HARMLESS
            )
            if not known or kind in found:
                raise NeedsFFmpeg(f"the box {kind!r} in a sound sample entry")
            found[kind] = content
    if Box.FRMA in found and bytes(found[Box.FRMA]) != format_.encode("latin-1"):
        raise NeedsFFmpeg("another format in the sample entry")
    channels = found.get(Box.CHAN)
    if channels is not None and not _channels(channels):
        raise NeedsFFmpeg("the form of chan")
    return found


def _channels(body: memoryview) -> bool:
    """Return whether a ``chan`` holds as many descriptions as it says."""
    return len(body) >= 16 and len(body) == 16 + 20 * struct.unpack_from(">I", body, 12)[0]


def _order(boxes: Mapping[str, memoryview]) -> str:
    """Return the order of bytes, as FFmpeg's names end."""
    if Box.ENDA not in boxes:
        return "be"
    order = bytes(boxes[Box.ENDA])
    if order not in (b"\0\0", b"\0\1"):
        raise NeedsFFmpeg("the order of the bytes of a sample")
    return "le" if order[1] else "be"


def _configured(kind: str, body: memoryview) -> str:
    """Return the codec of a configuration box other than ``esds``."""
    if kind == Box.DAC3 and len(body) == AC3_SIZE:
        return "ac3"
    if kind == Box.DEC3 and len(body) >= EAC3_SIZE:
        return "eac3"
    # Version 0, and channels in the order of mapping family 0.
    if kind == Box.DOPS and len(body) == OPUS_SIZE and body[0] == 0 and body[10] == 0:
        return "opus"
    raise NeedsFFmpeg(f"the form of {kind}")


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


#: The box with the decoder configuration by the type of a sample entry.
CONFIGURATIONS: Final = {
    "mp4a": Box.ESDS,
    "ac-3": Box.DAC3,
    "ec-3": Box.DEC3,
    "Opus": Box.DOPS,
}
