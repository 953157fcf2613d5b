"""Source to VideoFacts: boxes for what is exact, PyAV for the codec, packets where no index is.

No frame is decoded. A file of the MP4 family is opened without FFmpeg's look into the stream,
and the parameter set fills what that look would have found; only where something is still
missing is it opened in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from vaceprep.contract import MAX_STREAMS
from vaceprep.facts import StreamFacts, Unreadable, VideoFacts
from vaceprep.probe import boxes, colour, extent, matrix, packets, vol, webp
from vaceprep.probe.container import ATTACHED_PICTURE, BROKEN, clause, open_container
from vaceprep.probe.sniff import MOV, Sniffed
from vaceprep.probe.sps import UNSPECIFIED, Sps, first_sps, parse_sps
from vaceprep.probe.timing import Timing, present
from vaceprep.source import Opened

#: Tags of tracks that carry positions or serial numbers as telemetry.
TELEMETRY: Final = frozenset(["gpmd", "camm", "rtmd"])
#: Containers outside the MP4 family whose header tells a length; of others FFmpeg guesses one.
TELLING: Final = frozenset(["matroska", "webm", "flv", "avi", "asf", "mxf"])
#: Field orders that FFmpeg counts as interlaced begin here; 1 is progressive, 0 unknown.
FIRST_INTERLACED: Final = 2


class _Codec(NamedTuple):
    """What is known of the coded picture."""

    name: str | None
    profile: str | None
    width: int
    height: int
    pixel_format: str | None
    aspect: Fraction
    full_range: bool | None
    primaries: int
    transfer: int
    matrix: int
    interlaced: bool | None


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
        reason = "truncated" if movie.truncation else "broken"
        return Unreadable(reason, message, size)  # type: ignore[arg-type]
    pictures = [t for t in movie.tracks if t.handler == "vide"]
    if not pictures and not movie.compressed_index:
        kinds = {t.handler for t in movie.tracks}
        message = "it has sound but no video track" if "soun" in kinds else "it has no video track"
        return Unreadable("no-video", message, size)
    if any(t.encrypted for t in movie.tracks):
        return Unreadable("encrypted", "it is encrypted (DRM)", size)
    for track in pictures:
        if track.timescale == 0:
            return Unreadable("broken", "the time base of its video track is zero", size)
        if track.external:
            return Unreadable("no-frames", "its frames lie in another file", size)
        if track.samples == 0 and not movie.fragmented and len(pictures) == 1:
            return Unreadable("no-frames", "its video track has no frames", size)
    return None


def _video_stream(container: InputContainer) -> VideoStream | None:
    """The first video stream that is not a cover picture."""
    for stream in container.streams.video:
        if not stream.disposition & ATTACHED_PICTURE:
            return stream
    return None


def _measure(
    container: InputContainer, opened: Opened, sniffed: Sniffed, movie: boxes.Movie | None
) -> VideoFacts | Unreadable:
    if len(container.streams) > MAX_STREAMS:
        return Unreadable("broken", f"it has more than {MAX_STREAMS} streams", opened.size)
    video = _video_stream(container)
    if video is None:
        sound = bool(container.streams.audio)
        message = "it has sound but no video track" if sound else "it has no video track"
        return Unreadable("no-video", message, opened.size)
    track = _track_of(video, movie)
    codec = _codec(video, fast=movie is not None)
    if codec is None:
        try:
            with open_container(opened, sniffed.demuxer or "") as full:
                again = _video_stream(full)
                codec = _codec(again, fast=False) if again is not None else None
        except BROKEN:
            codec = None
    if codec is None:
        names = "/".join(track.formats) if track and track.formats else "unknown"
        message = f"its video codec ({names}) is not one that can be read"
        return Unreadable("broken", message, opened.size)
    if codec.width <= 0 or codec.height <= 0:
        return Unreadable("broken", "its picture has no size", opened.size)
    truncation = movie.truncation if movie else extent.missing_end(opened, sniffed.format)
    streams: tuple[StreamFacts, ...]
    start = Fraction(0)
    if movie is not None and track is not None and track.samples and not movie.fragmented:
        timing = present(track, movie.timescale)
        streams = tuple(_other_streams(container, video, _track_ends(movie)))
    else:
        rates = [video.base_rate, video.average_rate]
        measured = packets.measure(container, video, sniffed.format, rates)
        timing = measured.timing
        truncation = truncation or measured.broke
        streams = tuple(_other_streams(container, video, measured.ends, by_index=True))
        start = measured.start
    if timing.frames == 0:
        message = truncation or "it has no video frame"
        reason = "truncated" if truncation else "no-frames"
        return Unreadable(reason, message, opened.size)  # type: ignore[arg-type]
    if timing.frames == 1 and timing.fps is None:
        timing = _one_frame(timing, video)
    if movie is None:
        turned = matrix.Turn(0, False)
    else:
        turned = matrix.turn(track.matrix if track else boxes.IDENTITY, movie.matrix)
    ends = [s.duration for s in streams if s.duration is not None]
    return _facts(
        opened=opened,
        container=container,
        sniffed=sniffed,
        movie=movie,
        track=track,
        codec=codec,
        timing=timing,
        turned=turned,
        streams=streams,
        truncation=truncation,
        claims=_claims(container, sniffed, video, movie, track, timing, ends, start),
    )


def _one_frame(timing: Timing, video: VideoStream) -> Timing:
    """A single frame of no length has the rate that its header gives."""
    rate = video.average_rate or video.base_rate
    if not rate:
        return timing
    return Timing(1 / rate, 1, rate, None, None, None, None, timing.edit_effect, timing.delay)


class _Claims(NamedTuple):
    container: Fraction | None
    duration: Fraction | None
    frames: int | None
    tick: Fraction | None


def _claims(
    container: InputContainer,
    sniffed: Sniffed,
    video: VideoStream,
    movie: boxes.Movie | None,
    track: boxes.Track | None,
    timing: Timing,
    ends: list[Fraction],
    start: Fraction,
) -> _Claims:
    """What the headers claim: the container's length, the video's, its number of frames."""
    shown = None if timing.duration is None else timing.delay + timing.duration
    measured = max([*ends, *([shown] if shown is not None else [])], default=None)
    if movie is None or track is None:
        header = None
        if container.duration and sniffed.format in TELLING:
            header = Fraction(container.duration, av.time_base)
        whole = max((d for d in (header, measured) if d is not None), default=None)
        claimed = video.frames or _number(video.metadata.get("NUMBER_OF_FRAMES"))
        told = timing.duration
        if header is not None and measured is not None and not ends:
            # Some headers count from zero, some from the first frame: the kinder reading holds.
            told = min(header, header - start, key=lambda length: abs(length - measured))
        return _Claims(whole, told, claimed, video.time_base)
    header = None
    if movie.duration and movie.timescale:
        header = Fraction(movie.duration, movie.timescale)
    whole = max((d for d in (header, measured) if d is not None), default=None)
    tick = Fraction(1, movie.timescale) if movie.timescale else None
    if movie.fragmented or timing.duration is None:
        return _Claims(whole, None, None, tick)
    return _Claims(
        whole,
        _worst_claim(movie, track, timing, header, measured),
        timing.frames + track.timed_samples - track.samples,
        tick,
    )


def _worst_claim(
    movie: boxes.Movie,
    track: boxes.Track,
    timing: Timing,
    header: Fraction | None,
    measured: Fraction | None,
) -> Fraction | None:
    """The video's length as the header that errs most tells it."""
    length = timing.duration
    if length is None:
        return None
    claims: list[Fraction] = []
    if track.media_duration is not None and timing.unedited:
        media = Fraction(track.media_duration, track.timescale)
        # The media header counts what the edit list hides, and with B-frames often the time
        # before the first one: it is held to the nearer of the two, and scaled to what is shown.
        readings = (timing.unedited, timing.media_end or timing.unedited)
        nearest = min(readings, key=lambda told: abs(told - media))
        claims.append(media * length / nearest if nearest > 0 else media)
    if track.header_duration is not None and movie.timescale:
        told = Fraction(track.header_duration, movie.timescale) - timing.delay
        # An edit that begins or ends inside a frame: the header counts the part, we the whole.
        part = timing.max_interval if timing.edit_effect else None
        claims.append(length if part is not None and abs(told - length) <= part else told)
    if header is not None and measured is not None and header > measured:
        claims.append(length + header - measured)
    return max(claims, key=lambda c: abs(c - length), default=None)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else None


def _track_of(video: VideoStream, movie: boxes.Movie | None) -> boxes.Track | None:
    if movie is None:
        return None
    return next((t for t in movie.tracks if t.id == video.id and t.handler == "vide"), None)


def _track_ends(movie: boxes.Movie) -> dict[int, Fraction]:
    """Seconds at which each track ends, edit list applied, by track id."""
    ends = {}
    for track in movie.tracks:
        if track.timescale <= 0:
            continue
        length = Fraction(sum(n * d for n, d in track.durations), track.timescale)
        if track.edits and movie.timescale:
            edited = Fraction(sum(e.length for e in track.edits), movie.timescale)
            empty = Fraction(
                sum(e.length for e in track.edits if e.media_time < 0), movie.timescale
            )
            length = min(edited, length + empty) if edited else length
        ends[track.id] = length
    return ends


def _other_streams(
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


def _codec(video: VideoStream, *, fast: bool) -> _Codec | None:
    """The codec's facts; None where a full open is due (``fast``) or the codec is unknown."""
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
    stated = video.sample_aspect_ratio
    aspect = stated if stated else (sps.aspect if sps and fast else None)
    order = context.field_order
    interlaced: bool | None = None if order == 0 else order >= FIRST_INTERLACED
    pixel_format = context.pix_fmt
    full = {1: False, 2: True}.get(context.color_range)
    primaries, transfer, space = context.color_primaries, context.color_trc, context.colorspace
    width, height = context.width, context.height
    if sps and fast:
        width, height = sps.width, sps.height
        full = sps.full_range if sps.full_range is not None else full
        pixel_format = "yuvj420p" if full else "yuv420p"
        interlaced = False
        primaries = sps.primaries if sps.primaries != UNSPECIFIED else primaries
        transfer = sps.transfer if sps.transfer != UNSPECIFIED else transfer
        space = sps.matrix if sps.matrix != UNSPECIFIED else space
    return _Codec(
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
    """What MPEG-4's header says; codecs that know no fields are progressive; else nobody knows."""
    if name == "mpeg4":
        return vol.interlaced(extradata or b"")
    fieldless = ("av1", "vp8", "vp9", "gif", "apng", "mjpeg", "png", "webp", "h263", "hevc")
    return False if name in fieldless else None


def _location(
    container: InputContainer, video: VideoStream | None, xmp: bytes, tags: Iterable[str]
) -> tuple[str, ...]:
    """Names of the metadata that tell a place or a serial number."""
    words = ("location", "gps", "serial", "xyz", "loci")
    found = {
        key
        for holder in (container.metadata, video.metadata if video else {})
        for key in holder
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
    opened: Opened,
    container: InputContainer,
    sniffed: Sniffed,
    movie: boxes.Movie | None,
    track: boxes.Track | None,
    codec: _Codec,
    timing: Timing,
    turned: matrix.Turn,
    streams: tuple[StreamFacts, ...],
    truncation: str | None,
    claims: _Claims,
) -> VideoFacts:
    width, height = round(codec.width * codec.aspect), codec.height
    if turned.rotation in (90, 270):
        width, height = height, width
    depth = None
    if codec.pixel_format:
        components = av.VideoFormat(codec.pixel_format).components
        depth = components[0].bits if components else None
    tags = {tag for t in (movie.tracks if movie else ()) for tag in t.formats}
    full = codec.full_range
    return VideoFacts(
        container=sniffed.format,
        major_brand=movie.major_brand if movie else None,
        bytes=opened.size,
        fragmented=movie.fragmented if movie else None,
        index_first=movie.index_first if movie else None,
        truncation=truncation,
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
        edit_list=bool(track and track.edits),
        edit_effect=timing.edit_effect,
        streams=streams,
        container_duration=claims.container,
        location=_location(container, _video_stream(container), movie.xmp if movie else b"", tags),
        declared_duration=claims.duration,
        header_tick=claims.tick,
        declared_frames=claims.frames,
        decoded=None,
        mask=None,
    )


def _animated_webp(opened: Opened) -> VideoFacts:
    timing = webp.animation(opened)
    width, height = webp.canvas(opened.head)
    return VideoFacts(
        container="webp",
        major_brand=None,
        bytes=opened.size,
        fragmented=None,
        index_first=None,
        truncation=extent.missing_end(opened, "webp"),
        duration=timing.duration,
        frames=timing.frames,
        fps=timing.fps,
        rounding_tick=timing.rounding_tick,
        constant_rate=timing.constant_rate,
        min_interval=timing.min_interval,
        max_interval=timing.max_interval,
        stored_width=width,
        stored_height=height,
        width=width,
        height=height,
        rotation=0,
        mirrored=False,
        sample_aspect_ratio=Fraction(1),
        codec="webp",
        profile=None,
        pixel_format=webp.pixel_format(opened),
        bit_depth=8,
        color_transfer=None,
        color_primaries=None,
        color_matrix=None,
        color_range="pc",
        interlaced=False,
        edit_list=False,
        edit_effect=None,
        streams=(),
        container_duration=timing.duration,
        location=(),
        declared_duration=timing.duration,
        header_tick=None,
        declared_frames=None,
        decoded=None,
        mask=None,
    )
