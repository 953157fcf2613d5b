"""Facts of a video track of the MP4 family whose frames the sample table lists."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from vaceprep.facts import Reader, StreamFacts, Unreadable, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.probes import display
from vaceprep.probes.access_units import form_of
from vaceprep.probes.codec import Codec
from vaceprep.probes.headers import movie_claims
from vaceprep.probes.mp4.boxes import IDENTITY, Movie, Track
from vaceprep.probes.mp4.hidden_samples import excluded_samples
from vaceprep.probes.timing import present
from vaceprep.probes.video_facts import Content, Source, facts_of, no_frames, stream_ends


class Coded(NamedTuple):
    """The coded picture of a track, and what decoders need before its first frame."""

    codec: Codec
    #: The decoder configuration, as in FFmpeg's extradata.
    extradata: bytes
    #: Frames a second by the header, for a single frame without a duration.
    rate: Fraction | None


def indexed_facts(
    opened: Opened,
    name: str,
    movie: Movie,
    track: Track,
    coded: Coded,
    streams: tuple[StreamFacts, ...],
    location: tuple[str, ...],
    reader: Reader,
) -> VideoFacts | Unreadable:
    """Return the facts of a track with a sample table; ``streams`` are the other ones.

    Raises OSError if reading fails.
    """
    excluded = excluded_samples(opened, track, form_of(coded.codec.name, coded.extradata))
    timing = present(track, movie.timescale, excluded)
    if timing.frames == 0:
        return no_frames(movie.truncation, opened.size)
    if timing.frames == 1 and timing.fps is None and coded.rate:
        timing = timing._replace(duration=1 / coded.rate, fps=coded.rate)
    claims = movie_claims(movie, track, timing, stream_ends(streams))
    if claims.frames is not None:
        # The header counts samples that hold no picture.
        claims = claims._replace(frames=claims.frames + excluded.empty)
    return facts_of(
        Source(opened.size, name, reader, movie, track),
        coded.codec,
        Content(timing, movie.truncation, streams, excluded, bool(excluded.seconds)),
        claims,
        movie_picture(movie, track),
        location,
    )


def movie_picture(movie: Movie, track: Track | None) -> display.Picture:
    """Return how a file of the MP4 family presents the decoded picture."""
    turned = display.turn(track.matrix if track else IDENTITY, movie.matrix)
    entry = track.entry if track else None
    return display.Picture(entry and entry.crop, turned, entry and entry.dolby)
