"""Measure a video through PyAV: the codec by FFmpeg, and packets if there is no sample table.

Decodes no frame. Opens a file of the MP4 family without FFmpeg's stream analysis, and takes the
facts that it would find from the parameter set; opens the file in full only if something is still
missing.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from vaceprep.contract import MAX_FRAME_PIXELS, MAX_STREAMS
from vaceprep.facts import Unreadable, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.probes import matroska, packets
from vaceprep.probes import truncation as extent
from vaceprep.probes.codec import Codec
from vaceprep.probes.container import BROKEN, clause, fraction, open_container, read_tags
from vaceprep.probes.display import PLAIN, Picture
from vaceprep.probes.headers import Claims, measured_length, movie_claims, track_ends
from vaceprep.probes.mp4 import boxes
from vaceprep.probes.mp4.hidden_samples import NOTHING
from vaceprep.probes.mp4.indexed import Coded, indexed_facts, movie_picture
from vaceprep.probes.mp4.structure import contradiction
from vaceprep.probes.sniff import Sniffed
from vaceprep.probes.streams import other_streams, read_codec, video_stream
from vaceprep.probes.timing import Timing
from vaceprep.probes.video_facts import (
    Content,
    Source,
    facts_of,
    no_frames,
    no_video,
    personal_data,
    stream_ends,
)

#: Containers of Matroska's family.
MATROSKA: Final = frozenset(["matroska", "webm"])
#: Containers outside the MP4 family whose header has a length; for others FFmpeg guesses one.
TELLING: Final = frozenset(["matroska", "webm", "flv", "avi", "asf", "mxf"])


def measure(
    opened: Opened, sniffed: Sniffed, demuxer: str, movie: boxes.Movie | None
) -> VideoFacts | Unreadable:
    """Measure a video with one demuxer; ``movie`` is the index of a file of the MP4 family."""
    try:
        with open_container(opened, demuxer, fast=movie is not None) as container:
            return _measure(container, opened, sniffed, movie)
    except packets.TooLong as error:
        return Unreadable("broken", str(error), opened.size)
    except BROKEN as error:
        if movie is not None and movie.truncation:
            return Unreadable("truncated", movie.truncation, opened.size)
        return Unreadable("broken", f"it does not open ({clause(error)})", opened.size)


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


def _measure(
    container: InputContainer, opened: Opened, sniffed: Sniffed, movie: boxes.Movie | None
) -> VideoFacts | Unreadable:
    if len(container.streams) > MAX_STREAMS:
        return Unreadable("broken", f"it has more than {MAX_STREAMS} streams", opened.size)
    stream = video_stream(container)
    if stream is None:
        return no_video(bool(container.streams.audio), opened.size)
    video = _Video(container, opened, sniffed, stream, movie, _track_of(stream, movie))
    wrong = contradiction(video.track, movie.timescale) if movie and video.track else None
    if wrong:
        return video.broken(wrong)
    codec = _codec(video)
    if isinstance(codec, Unreadable):
        return codec
    track = video.track
    if movie is not None and track is not None and track.samples and not movie.fragmented:
        return _by_index(video, movie, track, codec)
    return _by_packets(video, codec)


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


def _by_index(
    video: _Video, movie: boxes.Movie, track: boxes.Track, codec: Codec
) -> VideoFacts | Unreadable:
    """Return the facts of a video whose frames the sample table lists."""
    container, stream = video.container, video.stream
    return indexed_facts(
        video.opened,
        video.sniffed.format,
        movie,
        track,
        Coded(codec, stream.codec_context.extradata or b"", _header_rate(stream)),
        tuple(other_streams(container, stream, track_ends(movie))),
        personal_data(_tags(container, stream), movie),
        "ffmpeg",
    )


def _by_packets(video: _Video, codec: Codec) -> VideoFacts | Unreadable:
    """Return the facts of a video by all of its packets. Raises TooLong for too many."""
    container, stream, movie = video.container, video.stream, video.movie
    name = video.sniffed.format
    rates = [fraction(stream.base_rate), fraction(stream.average_rate)]
    found = packets.measure(container, stream, name, rates)
    truncation = movie.truncation if movie else extent.missing_end(video.opened, name)
    truncation = truncation or found.broke
    timing = found.timing
    if timing.frames == 0:
        return no_frames(truncation, video.opened.size)
    rate = _header_rate(stream)
    if timing.frames == 1 and timing.fps is None and rate:
        timing = timing._replace(duration=1 / rate, fps=rate)
    others = tuple(other_streams(container, stream, found.ends, by_index=True))
    excluded = NOTHING._replace(before=found.before)
    return facts_of(
        Source(video.opened.size, name, "ffmpeg", movie, video.track),
        codec,
        Content(timing, truncation, others, excluded, found.fields),
        _claims(video, timing, stream_ends(others), found.start),
        _picture(video),
        personal_data(_tags(container, stream), movie),
    )


def _claims(video: _Video, timing: Timing, ends: list[Fraction], start: Fraction) -> Claims:
    """Return the headers' claims: the container's length, the video's, its number of frames."""
    if video.movie is not None and video.track is not None:
        return movie_claims(video.movie, video.track, timing, ends)
    container, stream = video.container, video.stream
    measured = measured_length(timing, ends)
    header = None
    if container.duration and video.sniffed.format in TELLING:
        header = Fraction(container.duration, av.time_base)
    whole = max((d for d in (header, measured) if d is not None), default=None)
    claimed = stream.frames or _number(stream.metadata.get("NUMBER_OF_FRAMES"))
    length = timing.duration
    if header is not None and measured is not None and not ends:
        # Some headers count from zero, some from the first frame: use the nearer reading.
        length = min(header, header - start, key=lambda length: abs(length - measured))
    return Claims(whole, length, claimed, fraction(stream.time_base))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else None


def _picture(video: _Video) -> Picture:
    """Return how the container presents the decoded picture."""
    if video.movie is not None:
        return movie_picture(video.movie, video.track)
    if video.sniffed.format in MATROSKA:
        return matroska.picture(video.opened, video.stream.index)
    return PLAIN


def _header_rate(video: VideoStream) -> Fraction | None:
    return fraction(video.average_rate) or fraction(video.base_rate)


def _track_of(video: VideoStream, movie: boxes.Movie | None) -> boxes.Track | None:
    if movie is None:
        return None
    return next((t for t in movie.tracks if t.id == video.id and t.handler == "vide"), None)


def _tags(container: InputContainer, video: VideoStream) -> set[str]:
    """Return the names of the metadata of a container and its video."""
    return {key for holder in (container.metadata, video.metadata) for key in read_tags(holder)}
