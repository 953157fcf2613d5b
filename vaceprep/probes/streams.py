"""The video stream that players show, and properties of its coded picture, by PyAV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

import av.stream
from av.container import InputContainer
from av.video.stream import VideoStream

from vaceprep.facts import StreamFacts
from vaceprep.probes import mpeg4
from vaceprep.probes.codec import Codec
from vaceprep.probes.container import ATTACHED_PICTURE, fraction
from vaceprep.probes.h264 import UNSPECIFIED, Sps, first_sps, parse_sps

DEFAULT: Final = av.stream.Disposition.default
#: Codecs of thumbnails: a stream without a frame count has one frame.
STILL_CODECS: Final = frozenset(["mjpeg", "png", "bmp", "gif", "tiff", "webp", "jpeg2000", "ppm"])
#: Least number of frames of a stream that counts as moving.
ENOUGH_FRAMES: Final = 5
#: The first of FFmpeg's field orders that are interlaced; 0 is unknown, 1 is progressive.
FIRST_INTERLACED: Final = 2


def video_stream(container: InputContainer) -> VideoStream | None:
    """Return the video stream that players show: moving before still, enabled, largest, first.

    Ignores cover pictures. The result does not depend on how the container was opened.
    """
    found = [s for s in container.streams.video if not s.disposition & ATTACHED_PICTURE]
    return max(found, key=_shown, default=None) if len(found) > 1 else next(iter(found), None)


def _shown(stream: VideoStream) -> tuple[int, bool, int]:
    """Return the sort key for the stream to show; FFmpeg reads five frames."""
    context = stream.codec_context
    still = context is not None and context.codec.canonical_name in STILL_CODECS
    frames = stream.frames or (1 if still else ENOUGH_FRAMES)
    area = 0 if context is None else context.width * context.height
    return min(frames, ENOUGH_FRAMES), bool(stream.disposition & DEFAULT), area


def read_codec(video: VideoStream, *, fast: bool) -> Codec | None:
    """Return the codec's facts; None if it is unknown or (``fast``) a full open is needed."""
    context = video.codec_context
    if context is None:
        return None
    name = context.codec.canonical_name
    sps: Sps | None = None
    if name == "h264" and context.extradata:
        unit = first_sps(context.extradata)
        sps = parse_sps(unit) if unit else None
    if fast and sps is None and (context.pix_fmt is None or name == "h264"):
        return None
    stated = fraction(video.sample_aspect_ratio)
    aspect = stated if stated else (sps.aspect if sps and fast else None)
    order = context.field_order
    interlaced: bool | None = None if order == 0 else order >= FIRST_INTERLACED
    pixel_format = context.pix_fmt
    full = {1: False, 2: True}.get(context.color_range)
    primaries, transfer, space = context.color_primaries, context.color_trc, context.colorspace
    width, height = context.width, context.height
    if sps and fast:
        width, height = sps.within(width, height)
        full = sps.full_range if sps.full_range is not None else full
        interlaced = False
        primaries = sps.primaries if sps.primaries != UNSPECIFIED else primaries
        transfer = sps.transfer if sps.transfer != UNSPECIFIED else transfer
        space = sps.matrix if sps.matrix != UNSPECIFIED else space
        pixel_format = sps.pixel_format(full, space)
        if pixel_format is None:
            return None
    return Codec(
        name=name,
        profile=sps.profile if sps and fast and sps.profile else context.profile,
        width=width,
        height=height,
        pixel_format=pixel_format,
        aspect=aspect or Fraction(1),
        full_range=full,
        primaries=primaries,
        transfer=transfer,
        matrix=space,
        interlaced=interlaced
        if interlaced is not None
        else _interlaced_by_header(name, context.extradata),
    )


def _interlaced_by_header(name: str, extradata: bytes | None) -> bool | None:
    """Return the header's interlaced flag: False for codecs without fields, None if unknown."""
    if name == "mpeg4":
        return mpeg4.interlaced(extradata or b"")
    fieldless = ("av1", "vp8", "vp9", "gif", "apng", "mjpeg", "png", "webp", "h263", "hevc")
    return False if name in fieldless else None


def other_streams(
    container: InputContainer,
    video: VideoStream,
    ends: Mapping[int, Fraction],
    *,
    by_index: bool = False,
) -> Iterable[StreamFacts]:
    for stream in container.streams:
        if stream.index == video.index:
            continue
        context = stream.codec_context
        name = context.codec.canonical_name if context is not None else None
        end = ends.get(stream.index if by_index else stream.id)
        yield StreamFacts(stream.type or "data", name, end or None)
