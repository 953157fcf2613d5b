"""Measure a video: by its boxes alone if they are enough, else through PyAV. Decodes no frame."""

from __future__ import annotations

from fractions import Fraction

from vaceprep.facts import Unreadable, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.formats import MOV
from vaceprep.probes.codec import Codec
from vaceprep.probes.h264 import UNSPECIFIED
from vaceprep.probes.headers import Claims
from vaceprep.probes.mp4 import boxes
from vaceprep.probes.mp4 import video as mp4_video
from vaceprep.probes.mp4.structure import contradiction
from vaceprep.probes.sniff import Sniffed, family
from vaceprep.probes.video_facts import Content, Source, facts_of, no_video


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
        refusal = refuse_movie(movie, opened.size)
        if refusal:
            return refusal
        sniffed = sniffed._replace(format=family(movie.major_brand) or sniffed.format)
        found = mp4_video.measure(opened, sniffed.format, movie)
        if found is not None:
            return found
    from vaceprep.probes import ffmpeg

    return ffmpeg.measure(opened, sniffed, demuxer, movie)


def refuse_movie(movie: boxes.Movie, size: int) -> Unreadable | None:
    """Refuse a file by its index alone, before PyAV opens it."""
    if not movie.has_index or (not movie.tracks and not movie.compressed_index):
        message = movie.truncation or "its index (the moov box) is missing"
        if not movie.has_index and movie.truncation:
            message = f"its index (the moov box) is missing: {movie.truncation}"
        return Unreadable("truncated" if movie.truncation else "broken", message, size)
    pictures = [t for t in movie.tracks if t.handler == "vide"]
    if not pictures and not movie.compressed_index:
        kinds = {t.handler for t in movie.tracks}
        return no_video("soun" in kinds, size)
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


def _animated_webp(opened: Opened) -> VideoFacts:
    from vaceprep.probes import truncation
    from vaceprep.probes.images import webp

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
    cut = truncation.missing_end(opened, "webp")
    claims = Claims(timing.duration, timing.duration, None, None)
    source = Source(opened.size, "webp", "webp")
    return facts_of(source, codec, Content(timing, cut), claims)
