"""Convert the measurements of a video to VideoFacts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from vaceprep.facts import Crop, Reader, StreamFacts, Unreadable, VideoFacts
from vaceprep.probes import codec as colour
from vaceprep.probes.codec import Codec
from vaceprep.probes.display import PLAIN, Picture
from vaceprep.probes.headers import Claims
from vaceprep.probes.mp4 import boxes
from vaceprep.probes.mp4.hidden_samples import NOTHING, ExcludedSamples
from vaceprep.probes.timing import Timing


class Source(NamedTuple):
    """The file that is measured."""

    #: Bytes of the file.
    size: int
    #: The container's name, as in VideoFacts.
    container: str
    reader: Reader
    movie: boxes.Movie | None = None
    track: boxes.Track | None = None


class Content(NamedTuple):
    """The facts from a video's samples or packets."""

    timing: Timing
    truncation: str | None
    streams: tuple[StreamFacts, ...] = ()
    excluded: ExcludedSamples = NOTHING
    #: Whether frames are coded as two fields, each in its own sample or packet.
    fields: bool = False


def no_video(sound: bool, size: int) -> Unreadable:
    """Return the error of a file without a video track."""
    message = "it has sound but no video track" if sound else "it has no video track"
    return Unreadable("no-video", message, size)


def no_frames(truncation: str | None, size: int) -> Unreadable:
    """Return the error of a video without a frame."""
    reason: Literal["truncated", "no-frames"] = "truncated" if truncation else "no-frames"
    return Unreadable(reason, truncation or "it has no video frame", size)


def stream_ends(streams: Iterable[StreamFacts]) -> list[Fraction]:
    """Return the seconds at which streams end, where known."""
    return [s.duration for s in streams if s.duration is not None]


#: Parts of the names of metadata with a location or a serial number.
PERSONAL: Final = ("location", "gps", "serial", "xyz", "loci")
#: Tags of tracks that carry positions or serial numbers as telemetry.
TELEMETRY: Final = frozenset(["gpmd", "camm", "rtmd"])


def is_personal(name: str) -> bool:
    """Return whether metadata of this name contain a place or a serial number."""
    return any(word in name.lower() for word in PERSONAL)


def personal_data(tags: Iterable[str], movie: boxes.Movie | None) -> tuple[str, ...]:
    """Return the names of metadata that contain a place or a serial number.

    ``tags`` are the names of a file's metadata.
    """
    found = {key for key in tags if is_personal(key)}
    # FFmpeg lists a tag with a language twice: location and location-eng.
    found = {key for key in found if key.rpartition("-")[0] not in found}
    if movie is not None:
        formats = {tag for track in movie.tracks for tag in track.formats}
        found |= {f"{tag} track" for tag in formats if tag in TELEMETRY}
        if b"GPSL" in movie.xmp:
            found.add("XMP GPS position")
        if b"SerialNumber" in movie.xmp:
            found.add("XMP serial number")
    return tuple(sorted(found))


def facts_of(
    source: Source,
    codec: Codec,
    content: Content,
    claims: Claims,
    picture: Picture = PLAIN,
    location: tuple[str, ...] = (),
) -> VideoFacts:
    """Return the facts of one video, none of it decoded."""
    timing, movie, track = content.timing, source.movie, source.track
    crop = _inside(picture.crop, codec)
    width, height = _displayed(codec, crop, picture.turn.rotation)
    all_frames = movie is None or content.excluded._replace(before=0) == NOTHING
    return VideoFacts(
        container=source.container,
        major_brand=movie.major_brand if movie else None,
        bytes=source.size,
        fragmented=movie.fragmented if movie else None,
        index_first=movie.index_first if movie else None,
        truncation=content.truncation,
        overrun=movie.overrun if movie and content.truncation is None else None,
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
        color_range=None if codec.full_range is None else ("tv", "pc")[codec.full_range],
        interlaced=True if content.fields else codec.interlaced,
        dolby_vision=picture.dolby.profile if picture.dolby and picture.dolby.alone else None,
        edit_list=bool(track and track.edits),
        edit_effect=timing.edit_effect,
        unshown=_unshown(content.excluded),
        packets_are_frames=not content.fields and all_frames,
        streams=content.streams,
        container_duration=claims.container,
        location=location,
        declared_duration=claims.duration,
        header_tick=claims.tick,
        declared_frames=claims.frames,
        decoded=None,
        mask=None,
        reader=source.reader,
    )


def _unshown(excluded: ExcludedSamples) -> str | None:
    """Return what is not shown because no keyframe precedes it, in words."""
    count = excluded.before
    if not count:
        return None
    which = "frame is" if count == 1 else f"{count} frames are"
    return f"its first {which} not shown: no keyframe comes before"


def _displayed(codec: Codec, crop: Crop | None, rotation: int | None) -> tuple[int, int]:
    """Return width and height in pixels as players show them."""
    width, height = codec.width, codec.height
    if crop is not None:
        width, height = width - crop.left - crop.right, height - crop.top - crop.bottom
    width = round(width * codec.aspect)
    if rotation in (90, 270):
        width, height = height, width
    return max(width, 1), max(height, 1)


#: Bits of a component of the formats that parameter sets name; PyAV knows the others.
BIT_DEPTHS: Final = {
    **dict.fromkeys(("yuv420p", "yuv422p", "yuv444p", "gray"), 8),
    **dict.fromkeys(("yuvj420p", "yuvj422p", "yuvj444p"), 8),
    **dict.fromkeys(("yuv420p10le", "yuv422p10le", "yuv444p10le", "gray10le"), 10),
    **dict.fromkeys(("yuv420p12le", "yuv422p12le", "yuv444p12le", "gray12le"), 12),
}


def _bit_depth(codec: Codec) -> int | None:
    name = codec.pixel_format
    if name is None or name in BIT_DEPTHS:
        return BIT_DEPTHS.get(name or "")
    import av

    components = av.VideoFormat(name).components
    return components[0].bits if components else None


def _inside(crop: Crop | None, codec: Codec) -> Crop | None:
    """Return the crop if it leaves some of the picture."""
    if crop is None:
        return None
    wide = crop.left + crop.right < codec.width
    return crop if wide and crop.top + crop.bottom < codec.height else None
