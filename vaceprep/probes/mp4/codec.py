"""Codec facts of a video track from its sample entry and parameter sets, without FFmpeg. Pure.

Values are those that FFmpeg reports for the same file; anything else raises NeedsFFmpeg.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import hypot
from typing import TYPE_CHECKING, Final, NamedTuple

from vaceprep.contract import MAX_FRAME_PIXELS
from vaceprep.probes.codec import MATRICES, PRIMARIES, TRANSFERS, Codec
from vaceprep.probes.h264 import UNSPECIFIED, first_sps, parse_sps
from vaceprep.probes.mp4.allowed_boxes import NeedsFFmpeg, whole_children
from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.track import DOLBY_VISION, FIXED, Track

if TYPE_CHECKING:
    from vaceprep.probes.av1 import SequenceHeader
    from vaceprep.probes.hevc import HevcSps

#: Boxes of a sample entry that change no fact of the codec.
HARMLESS: Final = frozenset([Box.BTRT, Box.CLAP, Box.CHRM, Box.GAMA])
#: Others that FFmpeg reads, with the bytes that they must have.
SIZES: Final = {
    **{Box.MDCV: 24, Box.CLLI: 4, Box.AMVE: 8},
    **dict.fromkeys(DOLBY_VISION, 24),
}
#: The number of fields that ``fiel`` gives for progressive pictures.
PROGRESSIVE: Final = b"\x01"
#: Depths of a sample entry without a palette.
DEPTHS: Final = (24, 32)
#: ``objectTypeIndication`` of MPEG-4 Visual.
MPEG4_VISUAL: Final = 0x20
#: Compressor names by which FFmpeg chooses another codec.
OTHER_COMPRESSORS: Final = (b"Planar Y'CbCr", b"Sorenson H263")
#: FFmpeg keeps numbers of a pixel aspect up to this exactly.
MAX_ASPECT: Final = 32767
#: Greatest difference of a display matrix's two scales: FFmpeg's is 1 %.
SAME_SCALE: Final = 0.005
#: Most bytes of a sample entry whose facts are kept for the next file; real ones have some 200.
MAX_KNOWN_BYTES: Final = 4096


class Colours(NamedTuple):
    """Colour values as in ITU-T H.273; None for an unknown range."""

    full_range: bool | None = None
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED


class _Entry(NamedTuple):
    """A sample entry: its size in pixels and what its boxes say."""

    width: int
    height: int
    boxes: Mapping[str, memoryview]
    #: The pixel aspect that the container states; None without one.
    aspect: Fraction | None
    colours: Colours


def read_codec(track: Track) -> tuple[Codec, bytes]:
    """Return the codec's facts and the decoder configuration of a track. Raises NeedsFFmpeg."""
    if len(track.formats) != 1 or track.entries != 1:
        raise NeedsFFmpeg("several sample entries")
    if len(track.description) > MAX_KNOWN_BYTES:
        return _read_codec(track.formats[0], track.description, track.matrix, track.shown)
    return _known_codec(track.formats[0], bytes(track.description), track.matrix, track.shown)


@lru_cache(maxsize=64)
def _known_codec(
    format_: str, description: bytes, matrix: tuple[int, ...], shown: tuple[int, int]
) -> tuple[Codec, bytes]:
    """``_read_codec``, once for the files of one camera or program, whose entries are equal."""
    return _read_codec(format_, memoryview(description), matrix, shown)


def _read_codec(
    format_: str, description: memoryview, matrix: tuple[int, ...], shown: tuple[int, int]
) -> tuple[Codec, bytes]:
    reader = READERS.get(format_)
    if reader is None:
        raise NeedsFFmpeg(f"the format {format_!r}")
    configuration, read = reader
    entry = _entry(description, matrix, shown)
    record = entry.boxes.get(configuration)
    if record is None:
        raise NeedsFFmpeg(f"no {configuration} box")
    if Box.FIEL in entry.boxes and bytes(entry.boxes[Box.FIEL][:1]) != PROGRESSIVE:
        raise NeedsFFmpeg("fields")
    if set(entry.boxes) - HARMLESS - {configuration, Box.COLR, Box.PASP, Box.FIEL} - SIZES.keys():
        raise NeedsFFmpeg(f"boxes in the sample entry: {', '.join(entry.boxes)}")
    if any(len(entry.boxes[name]) != SIZES[name] for name in SIZES.keys() & entry.boxes.keys()):
        raise NeedsFFmpeg("the form of a box in the sample entry")
    extradata = _mpeg4_configuration(record) if configuration == Box.ESDS else bytes(record)
    try:
        codec = read(entry, extradata)
    except ValueError as error:
        raise NeedsFFmpeg(str(error)) from None
    if codec.width * codec.height > MAX_FRAME_PIXELS:
        raise NeedsFFmpeg("the size of the picture")
    return codec, extradata


def _entry(body: memoryview, matrix: tuple[int, ...], shown: tuple[int, int]) -> _Entry:
    if len(body) < FIXED:
        raise NeedsFFmpeg("a short sample entry")
    version, revision = struct.unpack_from(">HH", body, 8)
    width, height = struct.unpack_from(">HH", body, 24)
    depth = struct.unpack_from(">H", body, 74)[0]
    if version or revision or depth not in DEPTHS or not width or not height:
        raise NeedsFFmpeg("the form of the sample entry")
    if bytes(body[43:74]).startswith(OTHER_COMPRESSORS):
        raise NeedsFFmpeg("the compressor's name")
    boxes = dict[str, memoryview]()
    for name, inner in whole_children(body[FIXED:], closed=True):
        if name in boxes:
            raise NeedsFFmpeg(f"two boxes {name!r} in the sample entry")
        boxes[name] = inner
    if Box.PASP in boxes:
        aspect: Fraction | None = _aspect(boxes[Box.PASP])
    else:
        aspect = _scaled(matrix, shown, width, height)
    colours = _colours(boxes[Box.COLR]) if Box.COLR in boxes else Colours()
    return _Entry(width, height, boxes, aspect, colours)


def _aspect(body: memoryview) -> Fraction:
    if len(body) != 8:
        raise NeedsFFmpeg("the form of pasp")
    across, down = struct.unpack(">II", body)
    if not 0 < across <= MAX_ASPECT or not 0 < down <= MAX_ASPECT:
        raise NeedsFFmpeg("the pixel aspect")
    return Fraction(across, down)


def _scaled(
    matrix: tuple[int, ...], shown: tuple[int, int], width: int, height: int
) -> Fraction | None:
    """Return the pixel aspect by the size in the track header; None if it is the entry's size."""
    a, b, c, d = (matrix[i] for i in (0, 1, 3, 4))
    across, down = hypot(a, c), hypot(b, d)
    if not across or not down or abs(across / down - 1) > SAME_SCALE:
        raise NeedsFFmpeg("a display matrix that stretches the picture")
    # FFmpeg compares whole pixels.
    wide, high = (side >> 16 for side in shown)
    if not wide or not high or (wide, high) == (width, height):
        return None
    return Fraction(height * wide, width * high)


def _colours(body: memoryview) -> Colours:
    kind = bytes(body[:4])
    if kind not in (b"nclx", b"nclc") or len(body) != (11 if kind == b"nclx" else 10):
        raise NeedsFFmpeg("the form of colr")
    primaries, transfer, matrix = struct.unpack_from(">HHH", body, 4)
    full = bool(body[10] & 0x80) if kind == b"nclx" else None
    return _known(full, primaries, transfer, matrix)


def _known(full_range: bool | None, primaries: int, transfer: int, matrix: int) -> Colours:
    """Return colours with "unspecified" in place of numbers that FFmpeg does not know."""
    return Colours(
        full_range,
        primaries if primaries in PRIMARIES else UNSPECIFIED,
        transfer if transfer in TRANSFERS else UNSPECIFIED,
        matrix if matrix in MATRICES else UNSPECIFIED,
    )


def _h264(entry: _Entry, record: bytes) -> Codec:
    unit = first_sps(record)
    sps = parse_sps(unit) if unit else None
    if sps is None or sps.profile is None:
        raise NeedsFFmpeg("a parameter set other than a progressive one of 8 or 10 bits")
    width, height = sps.within(entry.width, entry.height)
    colours = entry.colours
    full = sps.full_range if sps.full_range is not None else colours.full_range
    matrix = sps.matrix if sps.matrix != UNSPECIFIED else colours.matrix
    pixel_format = sps.pixel_format(full, matrix)
    if pixel_format is None:
        raise NeedsFFmpeg("red, green and blue")
    return Codec(
        name="h264",
        profile=sps.profile,
        width=width,
        height=height,
        pixel_format=pixel_format,
        aspect=entry.aspect or sps.aspect or Fraction(1),
        full_range=full,
        primaries=sps.primaries if sps.primaries != UNSPECIFIED else colours.primaries,
        transfer=sps.transfer if sps.transfer != UNSPECIFIED else colours.transfer,
        matrix=matrix,
        interlaced=False,
    )


def _hevc(entry: _Entry, record: bytes) -> Codec:
    from vaceprep.probes import hevc

    sps = hevc.read_configuration(record)
    return _codec("hevc", entry, sps, entry.aspect or sps.aspect)


def _av1(entry: _Entry, record: bytes) -> Codec:
    from vaceprep.probes import av1

    header = av1.read_configuration(record)
    if (header.width, header.height) != (entry.width, entry.height):
        raise NeedsFFmpeg("a sample entry of another size than the sequence")
    return _codec("av1", entry, header, entry.aspect)


def _mpeg4_configuration(record: memoryview) -> bytes:
    from vaceprep.probes.mp4.esds import decoder_config

    kind, extradata = decoder_config(record)
    if kind != MPEG4_VISUAL:
        raise NeedsFFmpeg(f"video of the object type {kind:#x}")
    return extradata


def _mpeg4(entry: _Entry, extradata: bytes) -> Codec:
    from vaceprep.probes import mpeg4

    header = mpeg4.read_configuration(extradata)
    if (header.width, header.height) != (entry.width, entry.height):
        raise NeedsFFmpeg("a sample entry of another size than the object layer")
    colours = entry.colours
    return Codec(
        name="mpeg4",
        profile=header.profile,
        width=header.width,
        height=header.height,
        pixel_format="yuv420p",
        aspect=entry.aspect or header.aspect,
        full_range=colours.full_range,
        primaries=colours.primaries,
        transfer=colours.transfer,
        matrix=colours.matrix,
        interlaced=False,
    )


def _vp9(entry: _Entry, record: bytes) -> Codec:
    from vaceprep.probes import vp9

    found = vp9.read_configuration(record)
    colours = _known(found.full_range, found.primaries, found.transfer, found.matrix)
    if Box.COLR in entry.boxes and entry.colours != colours:
        raise NeedsFFmpeg("two statements about the colours")
    return Codec(
        name="vp9",
        profile=found.profile,
        width=entry.width,
        height=entry.height,
        pixel_format=found.pixel_format,
        aspect=entry.aspect or Fraction(1),
        full_range=colours.full_range,
        primaries=colours.primaries,
        transfer=colours.transfer,
        matrix=colours.matrix,
        interlaced=False,
    )


def _codec(
    name: str, entry: _Entry, coded: HevcSps | SequenceHeader, aspect: Fraction | None
) -> Codec:
    """Return the facts of HEVC or AV1: FFmpeg prefers the container's colours if it has any.

    The range is the coded one where the container states none.
    """
    colours = Colours(coded.full_range, coded.primaries, coded.transfer, coded.matrix)
    if Box.COLR in entry.boxes:
        full = entry.colours.full_range
        colours = entry.colours._replace(full_range=coded.full_range if full is None else full)
    return Codec(
        name=name,
        profile=coded.profile,
        width=coded.width,
        height=coded.height,
        pixel_format=coded.pixel_format,
        aspect=aspect or Fraction(1),
        full_range=colours.full_range,
        primaries=colours.primaries,
        transfer=colours.transfer,
        matrix=colours.matrix,
        interlaced=False,
    )


#: By the type of a sample entry: the box with the decoder configuration, and its reader.
READERS: Final[dict[str, tuple[str, Callable[[_Entry, bytes], Codec]]]] = {
    "avc1": (Box.AVCC, _h264),
    "avc3": (Box.AVCC, _h264),
    "hvc1": (Box.HVCC, _hevc),
    "hev1": (Box.HVCC, _hevc),
    "av01": (Box.AV1C, _av1),
    "mp4v": (Box.ESDS, _mpeg4),
    "vp09": (Box.VPCC, _vp9),
}
