"""Convert the measurements of a video to VideoFacts. Pure."""

from __future__ import annotations

from typing import NamedTuple

import av

from vaceprep.facts import Crop, StreamFacts, VideoFacts
from vaceprep.probes import codec as colour
from vaceprep.probes import matroska
from vaceprep.probes.codec import Codec
from vaceprep.probes.headers import Claims
from vaceprep.probes.mp4 import boxes
from vaceprep.probes.timing import Timing


class Measured(NamedTuple):
    """The measurements of one video. See the fields of the same names in VideoFacts."""

    #: Bytes of the file.
    size: int
    container: str
    codec: Codec
    timing: Timing
    claims: Claims
    truncation: str | None
    movie: boxes.Movie | None = None
    track: boxes.Track | None = None
    picture: matroska.Picture = matroska.PLAIN
    unshown: str | None = None
    packets_are_frames: bool = True
    streams: tuple[StreamFacts, ...] = ()
    location: tuple[str, ...] = ()


def facts_of(measured: Measured) -> VideoFacts:
    """Return the facts of one video, none of it decoded."""
    codec, timing, claims = measured.codec, measured.timing, measured.claims
    movie, picture = measured.movie, measured.picture
    crop = _inside(picture.crop, codec)
    width, height = _displayed(codec, crop, picture.turn.rotation)
    return VideoFacts(
        container=measured.container,
        major_brand=movie.major_brand if movie else None,
        bytes=measured.size,
        fragmented=movie.fragmented if movie else None,
        index_first=movie.index_first if movie else None,
        truncation=measured.truncation,
        overrun=movie.overrun if movie and measured.truncation is None else None,
        duration=timing.duration,
        frames=timing.frames,
        fps=timing.fps,
        rounding_tick=timing.rounding_tick,
        constant_rate=timing.constant_rate,
        min_interval=timing.min_interval,
        max_interval=timing.max_interval,
        stored_width=codec.width,
        stored_height=codec.height,
        width=width,
        height=height,
        crop=crop,
        rotation=picture.turn.rotation,
        mirrored=picture.turn.mirrored,
        sample_aspect_ratio=codec.aspect,
        codec=codec.name,
        profile=codec.profile,
        pixel_format=codec.pixel_format,
        bit_depth=_bit_depth(codec),
        color_transfer=colour.TRANSFERS.get(codec.transfer),
        color_primaries=colour.PRIMARIES.get(codec.primaries),
        color_matrix=colour.MATRICES.get(codec.matrix),
        color_range=_range(codec),
        interlaced=codec.interlaced,
        dolby_vision=picture.dolby.profile if picture.dolby and picture.dolby.alone else None,
        edit_list=bool(measured.track and measured.track.edits),
        edit_effect=timing.edit_effect,
        unshown=measured.unshown,
        packets_are_frames=measured.packets_are_frames,
        streams=measured.streams,
        container_duration=claims.container,
        location=measured.location,
        declared_duration=claims.duration,
        header_tick=claims.tick,
        declared_frames=claims.frames,
        decoded=None,
        mask=None,
    )


def _displayed(codec: Codec, crop: Crop | None, rotation: int | None) -> tuple[int, int]:
    """Return width and height in pixels as players show them."""
    width, height = codec.width, codec.height
    if crop is not None:
        width, height = width - crop.left - crop.right, height - crop.top - crop.bottom
    width = round(width * codec.aspect)
    if rotation in (90, 270):
        width, height = height, width
    return max(width, 1), max(height, 1)


def _bit_depth(codec: Codec) -> int | None:
    components = av.VideoFormat(codec.pixel_format).components if codec.pixel_format else ()
    return components[0].bits if components else None


def _range(codec: Codec) -> str | None:
    if codec.full_range is None:
        return None
    return "pc" if codec.full_range else "tv"


def _inside(crop: Crop | None, codec: Codec) -> Crop | None:
    """Return the crop if it leaves some of the picture."""
    if crop is None:
        return None
    wide = crop.left + crop.right < codec.width
    return crop if wide and crop.top + crop.bottom < codec.height else None
