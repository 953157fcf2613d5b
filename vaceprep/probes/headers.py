"""Claims of the headers of an MP4 file, compared with measurements. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from vaceprep.probes.mp4 import boxes
from vaceprep.probes.timing import Timing


class Claims(NamedTuple):
    """Claimed seconds of the container and the video, claimed frames, and the header's tick."""

    container: Fraction | None
    duration: Fraction | None
    frames: int | None
    tick: Fraction | None


def measured_length(timing: Timing, ends: list[Fraction]) -> Fraction | None:
    """Return the seconds from the start of the clock to the last end of any stream."""
    if timing.duration is None:
        return max(ends, default=None)
    end = timing.delay + timing.duration if timing.delay else timing.duration
    return max([*ends, end]) if ends else end


def movie_claims(
    movie: boxes.Movie, track: boxes.Track, timing: Timing, ends: list[Fraction]
) -> Claims:
    """Return the claims of the movie's and the track's headers.

    ``ends`` are the seconds at which the other streams end.
    """
    measured = measured_length(timing, ends)
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
        if media in readings and media > 0:
            claims.append(length)
        else:
            nearest = min(readings, key=lambda reading: abs(reading - media))
            claims.append(media * length / nearest if nearest > 0 else media)
    if track.header_duration is not None and movie.timescale:
        stated = Fraction(track.header_duration, movie.timescale)
        if timing.delay:
            stated -= timing.delay
        # An edit begins or ends inside a frame: the header counts part of it, this code the whole.
        part = timing.max_interval if timing.edit_effect else None
        near = stated == length or (part is not None and abs(stated - length) <= part)
        claims.append(length if near else stated)
    if header is not None and measured is not None and header > measured:
        claims.append(length + header - measured)
    # Most headers are right: this needs no differences.
    wrong = [claim for claim in claims if claim != length]
    if not wrong:
        return length if claims else None
    return max(wrong, key=lambda c: abs(c - length))


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
