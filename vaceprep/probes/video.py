"""Source to VideoFacts: boxes for what is exact, PyAV for the codec, packets where no index is.

No frame is decoded. A file of the MP4 family is opened without FFmpeg's look into the stream,
and the parameter set fills what that look would have found; only where something is still
missing is it opened in full.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from vaceprep.contract import MAX_FRAME_PIXELS, MAX_STREAMS
from vaceprep.facts import Crop, StreamFacts, Unreadable, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.probes import codec as colour
from vaceprep.probes import display, matroska, packets
from vaceprep.probes import truncation as extent
from vaceprep.probes.access_units import form_of
from vaceprep.probes.codec import Codec, read_codec, video_stream
from vaceprep.probes.container import BROKEN, clause, fraction, open_container, read_tags
from vaceprep.probes.h264 import UNSPECIFIED
from vaceprep.probes.headers import Claims, claims_of, other_streams, track_ends
from vaceprep.probes.images import webp
from vaceprep.probes.mp4 import boxes
from vaceprep.probes.mp4.consistency import contradiction
from vaceprep.probes.mp4.hidden_samples import NOTHING, Unseen, unseen
from vaceprep.probes.sniff import MOV, Sniffed, family
from vaceprep.probes.timing import Timing, present

#: Containers of Matroska's family.
MATROSKA: Final = frozenset(["matroska", "webm"])
#: Tags of tracks that carry positions or serial numbers as telemetry.
TELEMETRY: Final = frozenset(["gpmd", "camm", "rtmd"])


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
    """What the index alone forbids, before PyAV sees the file."""
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


def _measure(
    container: InputContainer, opened: Opened, sniffed: Sniffed, movie: boxes.Movie | None
) -> VideoFacts | Unreadable:
    if len(container.streams) > MAX_STREAMS:
        return Unreadable("broken", f"it has more than {MAX_STREAMS} streams", opened.size)
    video = video_stream(container)
    if video is None:
        return _no_video(bool(container.streams.audio), opened.size)
    track = _track_of(video, movie)
    wrong = contradiction(track, movie.timescale) if movie and track else None
    if wrong:
        return Unreadable("broken", wrong, opened.size)
    codec = read_codec(video, fast=movie is not None)
    if codec is None:
        try:
            with open_container(opened, sniffed.demuxer or "") as full:
                again = video_stream(full)
                codec = read_codec(again, fast=False) if again is not None else None
        except BROKEN:
            codec = None
    if codec is None:
        names = "/".join([*dict.fromkeys(track.formats if track else ())][:3]) or "unknown"
        message = f"its video codec ({names}) is not one that can be read"
        return Unreadable("broken", message, opened.size)
    if codec.width <= 0 or codec.height <= 0:
        message = f"its picture has no size, or more than {MAX_FRAME_PIXELS:,} pixels"
        return Unreadable("broken", message, opened.size)
    truncation = movie.truncation if movie else extent.missing_end(opened, sniffed.format)
    streams: tuple[StreamFacts, ...]
    start = Fraction(0)
    missing = NOTHING
    fields = False
    if movie is not None and track is not None and track.samples and not movie.fragmented:
        form = form_of(codec.name, video.codec_context.extradata or b"")
        missing = unseen(opened, track, form)
        timing = present(track, movie.timescale, missing)
        fields = bool(missing.seconds)
        streams = tuple(other_streams(container, video, track_ends(movie)))
    else:
        rates = [fraction(video.base_rate), fraction(video.average_rate)]
        measured = packets.measure(container, video, sniffed.format, rates)
        timing = measured.timing
        truncation = truncation or measured.broke
        streams = tuple(other_streams(container, video, measured.ends, by_index=True))
        start, fields = measured.start, measured.fields
        if measured.before:
            missing = NOTHING._replace(before=measured.before)
    if timing.frames == 0:
        message = truncation or "it has no video frame"
        return Unreadable("truncated" if truncation else "no-frames", message, opened.size)
    if timing.frames == 1 and timing.fps is None:
        timing = _one_frame(timing, video)
    if fields:
        codec = codec._replace(interlaced=True)
    tags, xmp = set[str](), b""
    if movie is not None:
        tags, xmp = {tag for t in movie.tracks for tag in t.formats}, movie.xmp
    ends = [s.duration for s in streams if s.duration is not None]
    return _facts(
        size=opened.size,
        name=sniffed.format,
        codec=codec,
        timing=timing,
        claims=_with_empty(
            claims_of(container, sniffed, video, movie, track, timing, ends, start), missing
        ),
        truncation=truncation,
        movie=movie,
        track=track,
        picture=_picture(opened, sniffed, video, movie, track),
        unshown=_unshown(missing),
        packets_are_frames=not fields and (missing._replace(before=0) == NOTHING or movie is None),
        streams=streams,
        location=_location(container, video, xmp, tags),
    )


def _unshown(missing: Unseen) -> str | None:
    """What is not shown for want of a keyframe, in words."""
    count = missing.before
    if not count:
        return None
    which = "frame is" if count == 1 else f"{count} frames are"
    return f"its first {which} not shown: no keyframe comes before"


def _with_empty(claims: Claims, missing: Unseen) -> Claims:
    """The claims with samples counted that hold no picture."""
    if claims.frames is None or not missing.empty:
        return claims
    return claims._replace(frames=claims.frames + missing.empty)


def _picture(
    opened: Opened,
    sniffed: Sniffed,
    video: VideoStream,
    movie: boxes.Movie | None,
    track: boxes.Track | None,
) -> matroska.Picture:
    """How the container says that the decoded picture is shown."""
    if movie is None:
        return (
            matroska.picture(opened, video.index) if sniffed.format in MATROSKA else matroska.PLAIN
        )
    turned = display.turn(track.matrix if track else boxes.IDENTITY, movie.matrix)
    entry = track.entry if track else None
    return matroska.Picture(entry and entry.crop, turned, entry and entry.dolby)


def _one_frame(timing: Timing, video: VideoStream) -> Timing:
    """A single frame of no length has the rate that its header gives."""
    rate = fraction(video.average_rate) or fraction(video.base_rate)
    if not rate:
        return timing
    return timing._replace(duration=1 / rate, fps=rate)


def _track_of(video: VideoStream, movie: boxes.Movie | None) -> boxes.Track | None:
    if movie is None:
        return None
    return next((t for t in movie.tracks if t.id == video.id and t.handler == "vide"), None)


def _location(
    container: InputContainer, video: VideoStream | None, xmp: bytes, tags: Iterable[str]
) -> tuple[str, ...]:
    """Names of the metadata that tell a place or a serial number."""
    words = ("location", "gps", "serial", "xyz", "loci")
    found = {
        key
        for holder in (container.metadata, video.metadata if video else {})
        for key in read_tags(holder)
        if any(word in key.lower() for word in words)
    }
    # FFmpeg tells a tag twice where it has a language: location and location-eng.
    found = {key for key in found if key.rpartition("-")[0] not in found}
    found |= {f"{tag} track" for tag in tags if tag in TELEMETRY}
    if b"GPSL" in xmp:
        found.add("XMP GPS position")
    if b"SerialNumber" in xmp:
        found.add("XMP serial number")
    return tuple(sorted(found))


def _facts(
    *,
    size: int,
    name: str,
    codec: Codec,
    timing: Timing,
    claims: Claims,
    truncation: str | None,
    movie: boxes.Movie | None = None,
    track: boxes.Track | None = None,
    picture: matroska.Picture = matroska.PLAIN,
    unshown: str | None = None,
    packets_are_frames: bool = True,
    streams: tuple[StreamFacts, ...] = (),
    location: tuple[str, ...] = (),
) -> VideoFacts:
    turned, crop = picture.turn, _inside(picture.crop, codec)
    width, height = codec.width, codec.height
    if crop is not None:
        width, height = width - crop.left - crop.right, height - crop.top - crop.bottom
    width = round(width * codec.aspect)
    if turned.rotation in (90, 270):
        width, height = height, width
    depth = None
    if codec.pixel_format:
        components = av.VideoFormat(codec.pixel_format).components
        depth = components[0].bits if components else None
    full = codec.full_range
    return VideoFacts(
        container=name,
        major_brand=movie.major_brand if movie else None,
        bytes=size,
        fragmented=movie.fragmented if movie else None,
        index_first=movie.index_first if movie else None,
        truncation=truncation,
        overrun=movie.overrun if movie and truncation is None else None,
        duration=timing.duration,
        frames=timing.frames,
        fps=timing.fps,
        rounding_tick=timing.rounding_tick,
        constant_rate=timing.constant_rate,
        min_interval=timing.min_interval,
        max_interval=timing.max_interval,
        stored_width=codec.width,
        stored_height=codec.height,
        width=max(width, 1),
        height=max(height, 1),
        crop=crop,
        rotation=turned.rotation,
        mirrored=turned.mirrored,
        sample_aspect_ratio=codec.aspect,
        codec=codec.name,
        profile=codec.profile,
        pixel_format=codec.pixel_format,
        bit_depth=depth,
        color_transfer=colour.TRANSFERS.get(codec.transfer),
        color_primaries=colour.PRIMARIES.get(codec.primaries),
        color_matrix=colour.MATRICES.get(codec.matrix),
        color_range=None if full is None else "pc" if full else "tv",
        interlaced=codec.interlaced,
        dolby_vision=picture.dolby.profile if picture.dolby and picture.dolby.alone else None,
        edit_list=bool(track and track.edits),
        edit_effect=timing.edit_effect,
        unshown=unshown,
        packets_are_frames=packets_are_frames,
        streams=streams,
        container_duration=claims.container,
        location=location,
        declared_duration=claims.duration,
        header_tick=claims.tick,
        declared_frames=claims.frames,
        decoded=None,
        mask=None,
    )


def _inside(crop: Crop | None, codec: Codec) -> Crop | None:
    """The crop, where something of the picture is left."""
    if crop is None:
        return None
    wide = crop.left + crop.right < codec.width
    return crop if wide and crop.top + crop.bottom < codec.height else None


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
    return _facts(
        size=opened.size,
        name="webp",
        codec=codec,
        timing=timing,
        claims=Claims(timing.duration, timing.duration, None, None),
        truncation=extent.missing_end(opened, "webp"),
    )
