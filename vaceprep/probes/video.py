"""Measure a video: exact facts from boxes, the codec by PyAV, packets if there is no index.

Decodes no frame. Opens a file of the MP4 family without FFmpeg's stream analysis, and takes the
facts that it would find from the parameter set; opens the file in full only if something is still
missing.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final, Literal, NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from vaceprep.contract import MAX_FRAME_PIXELS, MAX_STREAMS
from vaceprep.facts import Crop, StreamFacts, Unreadable, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.formats import MOV
from vaceprep.probes import codec as colour
from vaceprep.probes import display, matroska, packets
from vaceprep.probes import truncation as extent
from vaceprep.probes.access_units import form_of
from vaceprep.probes.codec import Codec, read_codec, video_stream
from vaceprep.probes.container import BROKEN, clause, fraction, open_container
from vaceprep.probes.h264 import UNSPECIFIED
from vaceprep.probes.headers import Claims, claims_of, location_of, other_streams, track_ends
from vaceprep.probes.images import webp
from vaceprep.probes.mp4 import boxes
from vaceprep.probes.mp4.hidden_samples import NOTHING, ExcludedSamples, excluded_samples
from vaceprep.probes.mp4.structure import contradiction
from vaceprep.probes.sniff import Sniffed, family
from vaceprep.probes.timing import Timing, present

#: Containers of Matroska's family.
MATROSKA: Final = frozenset(["matroska", "webm"])


def probe_video(opened: Opened, sniffed: Sniffed) -> VideoFacts | Unreadable:
    """Measure a video whose first bytes named ``sniffed``."""
    if sniffed.format == "webp":
        return _animated_webp(opened)
    demuxer = sniffed.demuxer or sniffed.format
    movie = None
    if demuxer == MOV:
        try:
            movie = boxes.read_boxes(opened)
        except (boxes.BoxError, MemoryError) as error:
            message = str(error) or "its index asks for more memory than there is"
            return Unreadable("broken", message, opened.size)
        refusal = _refuse_movie(movie, opened.size)
        if refusal:
            return refusal
        sniffed = sniffed._replace(format=family(movie.major_brand) or sniffed.format)
    try:
        with open_container(opened, demuxer, fast=movie is not None) as container:
            return _measure(container, opened, sniffed, movie)
    except packets.TooLong as error:
        return Unreadable("broken", str(error), opened.size)
    except BROKEN as error:
        if movie is not None and movie.truncation:
            return Unreadable("truncated", movie.truncation, opened.size)
        return Unreadable("broken", f"it does not open ({clause(error)})", opened.size)


def _refuse_movie(movie: boxes.Movie, size: int) -> Unreadable | None:
    """Refuse a file by its index alone, before PyAV opens it."""
    if not movie.has_index or (not movie.tracks and not movie.compressed_index):
        message = movie.truncation or "its index (the moov box) is missing"
        if not movie.has_index and movie.truncation:
            message = f"its index (the moov box) is missing: {movie.truncation}"
        return Unreadable("truncated" if movie.truncation else "broken", message, size)
    pictures = [t for t in movie.tracks if t.handler == "vide"]
    if not pictures and not movie.compressed_index:
        kinds = {t.handler for t in movie.tracks}
        return _no_video("soun" in kinds, size)
    if any(t.encrypted for t in movie.tracks):
        return Unreadable("encrypted", "it is encrypted (DRM)", size)
    for track in pictures:
        if track.timescale == 0:
            return Unreadable("broken", "the time base of its video track is zero", size)
        if track.external:
            return Unreadable("no-frames", "its frames lie in another file", size)
        if len(pictures) == 1:
            if track.samples == 0 and not movie.fragmented:
                return Unreadable("no-frames", "its video track has no frames", size)
            wrong = contradiction(track, movie.timescale)
            if wrong:
                return Unreadable("broken", wrong, size)
    return None


def _no_video(sound: bool, size: int) -> Unreadable:
    message = "it has sound but no video track" if sound else "it has no video track"
    return Unreadable("no-video", message, size)


class _Video(NamedTuple):
    """An open video, with the index of an MP4 file."""

    container: InputContainer
    opened: Opened
    sniffed: Sniffed
    stream: VideoStream
    movie: boxes.Movie | None
    track: boxes.Track | None

    def broken(self, message: str) -> Unreadable:
        return Unreadable("broken", message, self.opened.size)


class _Content(NamedTuple):
    """The facts from a video's samples or packets."""

    timing: Timing
    truncation: str | None
    streams: tuple[StreamFacts, ...]
    excluded: ExcludedSamples
    #: Presentation time of the first frame in seconds of the container's clock.
    start: Fraction
    #: Whether frames are coded as two fields, each in its own sample.
    fields: bool


def _measure(
    container: InputContainer, opened: Opened, sniffed: Sniffed, movie: boxes.Movie | None
) -> VideoFacts | Unreadable:
    if len(container.streams) > MAX_STREAMS:
        return Unreadable("broken", f"it has more than {MAX_STREAMS} streams", opened.size)
    stream = video_stream(container)
    if stream is None:
        return _no_video(bool(container.streams.audio), opened.size)
    tracks = movie.tracks if movie else ()
    track = next((t for t in tracks if t.id == stream.id and t.handler == "vide"), None)
    video = _Video(container, opened, sniffed, stream, movie, track)
    wrong = contradiction(track, movie.timescale) if movie and track else None
    if wrong:
        return video.broken(wrong)
    codec = _codec(video)
    if isinstance(codec, Unreadable):
        return codec
    content = _content(video, codec)
    if content.timing.frames == 0:
        reason: Literal["truncated", "no-frames"]
        reason = "truncated" if content.truncation else "no-frames"
        message = content.truncation or "it has no video frame"
        return Unreadable(reason, message, opened.size)
    if content.timing.frames == 1 and content.timing.fps is None:
        content = content._replace(timing=_one_frame(content.timing, stream))
    if content.fields:
        codec = codec._replace(interlaced=True)
    return _measured(video, codec, content)


def _codec(video: _Video) -> Codec | Unreadable:
    """Return the codec's facts; open the file in full if a fast open does not give them."""
    codec = read_codec(video.stream, fast=video.movie is not None)
    if codec is None:
        try:
            with open_container(video.opened, video.sniffed.demuxer or "") as full:
                again = video_stream(full)
                codec = read_codec(again, fast=False) if again is not None else None
        except BROKEN:
            codec = None
    if codec is None:
        formats = video.track.formats if video.track else ()
        names = "/".join([*dict.fromkeys(formats)][:3]) or "unknown"
        return video.broken(f"its video codec ({names}) is not one that can be read")
    if codec.width <= 0 or codec.height <= 0:
        return video.broken(f"its picture has no size, or more than {MAX_FRAME_PIXELS:,} pixels")
    return codec


def _content(video: _Video, codec: Codec) -> _Content:
    """Return timing by the sample table if there is one, else from all packets.

    Raises TooLong for too many packets.
    """
    container, stream, movie, track = video.container, video.stream, video.movie, video.track
    name = video.sniffed.format
    truncation = movie.truncation if movie else extent.missing_end(video.opened, name)
    if movie is not None and track is not None and track.samples and not movie.fragmented:
        form = form_of(codec.name, stream.codec_context.extradata or b"")
        excluded = excluded_samples(video.opened, track, form)
        streams = tuple(other_streams(container, stream, track_ends(movie)))
        timing = present(track, movie.timescale, excluded)
        return _Content(timing, truncation, streams, excluded, Fraction(0), bool(excluded.seconds))
    rates = [fraction(stream.base_rate), fraction(stream.average_rate)]
    found = packets.measure(container, stream, name, rates)
    return _Content(
        found.timing,
        truncation or found.broke,
        tuple(other_streams(container, stream, found.ends, by_index=True)),
        NOTHING._replace(before=found.before),
        found.start,
        found.fields,
    )


def _measured(video: _Video, codec: Codec, content: _Content) -> VideoFacts:
    container, opened, sniffed, stream, movie, track = video
    tags, xmp = set[str](), b""
    if movie is not None:
        tags, xmp = {tag for t in movie.tracks for tag in t.formats}, movie.xmp
    ends = [s.duration for s in content.streams if s.duration is not None]
    claims = claims_of(
        container, sniffed, stream, movie, track, content.timing, ends, content.start
    )
    if claims.frames is not None:
        # The header counts samples that hold no picture.
        claims = claims._replace(frames=claims.frames + content.excluded.empty)
    facts = replace(
        _facts(opened.size, sniffed.format, codec, content, claims, _picture(video)),
        location=location_of(container, stream, xmp, tags),
    )
    if movie is None:
        return facts
    all_frames = content.excluded._replace(before=0) == NOTHING
    return replace(
        facts,
        major_brand=movie.major_brand,
        fragmented=movie.fragmented,
        index_first=movie.index_first,
        overrun=movie.overrun if content.truncation is None else None,
        edit_list=bool(track and track.edits),
        packets_are_frames=facts.packets_are_frames and all_frames,
    )


def _picture(video: _Video) -> matroska.Picture:
    """Return how the container presents the decoded picture."""
    movie, track = video.movie, video.track
    if movie is None:
        if video.sniffed.format not in MATROSKA:
            return matroska.PLAIN
        return matroska.picture(video.opened, video.stream.index)
    turned = display.turn(track.matrix if track else boxes.IDENTITY, movie.matrix)
    entry = track.entry if track else None
    return matroska.Picture(entry and entry.crop, turned, entry and entry.dolby)


def _one_frame(timing: Timing, video: VideoStream) -> Timing:
    """Give a single frame without a duration the header's rate."""
    rate = fraction(video.average_rate) or fraction(video.base_rate)
    if not rate:
        return timing
    return timing._replace(duration=1 / rate, fps=rate)


def _animated_webp(opened: Opened) -> VideoFacts:
    timing = webp.animation(opened)
    width, height = webp.canvas(opened.head)
    codec = Codec(
        name="webp",
        profile=None,
        width=width,
        height=height,
        pixel_format=webp.pixel_format(opened),
        aspect=Fraction(1),
        full_range=True,
        primaries=UNSPECIFIED,
        transfer=UNSPECIFIED,
        matrix=UNSPECIFIED,
        interlaced=False,
    )
    cut = extent.missing_end(opened, "webp")
    content = _Content(timing, cut, (), NOTHING, Fraction(0), False)
    claims = Claims(timing.duration, timing.duration, None, None)
    return _facts(opened.size, "webp", codec, content, claims)


def _facts(
    size: int,
    container: str,
    codec: Codec,
    content: _Content,
    claims: Claims,
    picture: matroska.Picture = matroska.PLAIN,
) -> VideoFacts:
    """Return the facts of one video of ``size`` bytes without an index; none of it decoded."""
    timing = content.timing
    crop = _inside(picture.crop, codec)
    width, height = _displayed(codec, crop, picture.turn.rotation)
    return VideoFacts(
        container=container,
        major_brand=None,
        bytes=size,
        fragmented=None,
        index_first=None,
        truncation=content.truncation,
        overrun=None,
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
        interlaced=codec.interlaced,
        dolby_vision=picture.dolby.profile if picture.dolby and picture.dolby.alone else None,
        edit_list=False,
        edit_effect=timing.edit_effect,
        unshown=_unshown(content.excluded),
        packets_are_frames=not content.fields,
        streams=content.streams,
        container_duration=claims.container,
        location=(),
        declared_duration=claims.duration,
        header_tick=claims.tick,
        declared_frames=claims.frames,
        decoded=None,
        mask=None,
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


def _bit_depth(codec: Codec) -> int | None:
    components = av.VideoFormat(codec.pixel_format).components if codec.pixel_format else ()
    return components[0].bits if components else None


def _inside(crop: Crop | None, codec: Codec) -> Crop | None:
    """Return the crop if it leaves some of the picture."""
    if crop is None:
        return None
    wide = crop.left + crop.right < codec.width
    return crop if wide and crop.top + crop.bottom < codec.height else None
