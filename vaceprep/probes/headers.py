"""Claims of the headers, compared with measurements: lengths, frame counts, stream ends, places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from vaceprep.facts import StreamFacts
from vaceprep.probes.container import fraction, read_tags
from vaceprep.probes.mp4 import boxes
from vaceprep.probes.sniff import Sniffed
from vaceprep.probes.timing import Timing

#: Containers outside the MP4 family whose header has a length; for others FFmpeg guesses one.
TELLING: Final = frozenset(["matroska", "webm", "flv", "avi", "asf", "mxf"])
#: Tags of tracks that carry positions or serial numbers as telemetry.
TELEMETRY: Final = frozenset(["gpmd", "camm", "rtmd"])


class Claims(NamedTuple):
    """Claimed seconds of the container and the video, claimed frames, and the header's tick."""

    container: Fraction | None
    duration: Fraction | None
    frames: int | None
    tick: Fraction | None


def claims_of(
    container: InputContainer,
    sniffed: Sniffed,
    video: VideoStream,
    movie: boxes.Movie | None,
    track: boxes.Track | None,
    timing: Timing,
    ends: list[Fraction],
    start: Fraction,
) -> Claims:
    """Return the headers' claims: the container's length, the video's, its number of frames."""
    shown = None if timing.duration is None else timing.delay + timing.duration
    measured = max([*ends, *([shown] if shown is not None else [])], default=None)
    if movie is None or track is None:
        header = None
        if container.duration and sniffed.format in TELLING:
            header = Fraction(container.duration, av.time_base)
        whole = max((d for d in (header, measured) if d is not None), default=None)
        claimed = video.frames or _number(video.metadata.get("NUMBER_OF_FRAMES"))
        length = timing.duration
        if header is not None and measured is not None and not ends:
            # Some headers count from zero, some from the first frame: use the nearer reading.
            length = min(header, header - start, key=lambda reading: abs(reading - measured))
        return Claims(whole, length, claimed, fraction(video.time_base))
    header = None
    if movie.duration and movie.timescale:
        header = Fraction(movie.duration, movie.timescale)
    whole = max((d for d in (header, measured) if d is not None), default=None)
    tick = Fraction(1, movie.timescale) if movie.timescale else None
    if movie.fragmented or timing.duration is None:
        return Claims(whole, None, None, tick)
    return Claims(
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
    """Return the video's length by the header with the largest error."""
    length = timing.duration
    if length is None:
        return None
    claims: list[Fraction] = []
    if track.media_duration is not None and timing.unedited:
        media = Fraction(track.media_duration, track.timescale)
        # The media header includes what the edit list hides, and with B-frames often the time
        # before the first one: compare it with the nearer of the two and scale it to what is shown.
        readings = (timing.unedited, timing.media_end or timing.unedited)
        nearest = min(readings, key=lambda reading: abs(reading - media))
        claims.append(media * length / nearest if nearest > 0 else media)
    if track.header_duration is not None and movie.timescale:
        stated = Fraction(track.header_duration, movie.timescale) - timing.delay
        # An edit begins or ends inside a frame: the header counts part of it, this code the whole.
        part = timing.max_interval if timing.edit_effect else None
        claims.append(length if part is not None and abs(stated - length) <= part else stated)
    if header is not None and measured is not None and header > measured:
        claims.append(length + header - measured)
    return max(claims, key=lambda c: abs(c - length), default=None)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else None


def track_ends(movie: boxes.Movie) -> dict[int, Fraction]:
    """Return the seconds at which each track ends, edit list applied, by track id."""
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


def location_of(
    container: InputContainer, video: VideoStream, xmp: bytes, tags: Iterable[str]
) -> tuple[str, ...]:
    """Return the names of metadata that contain a place or a serial number."""
    words = ("location", "gps", "serial", "xyz", "loci")
    found = {
        key
        for holder in (container.metadata, video.metadata)
        for key in read_tags(holder)
        if any(word in key.lower() for word in words)
    }
    # FFmpeg lists a tag with a language twice: location and location-eng.
    found = {key for key in found if key.rpartition("-")[0] not in found}
    found |= {f"{tag} track" for tag in tags if tag in TELEMETRY}
    if b"GPSL" in xmp:
        found.add("XMP GPS position")
    if b"SerialNumber" in xmp:
        found.add("XMP serial number")
    return tuple(sorted(found))
