"""Measure a file of the MP4 family by its boxes alone, and through PyAV."""

from __future__ import annotations

from typing import NamedTuple

from vaceprep.facts import Unreadable, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.formats import MOV
from vaceprep.probes import ffmpeg
from vaceprep.probes.mp4 import boxes, video
from vaceprep.probes.sniff import family, sniff
from vaceprep.probes.video import refuse_movie


class Both(NamedTuple):
    """What the two readers say of one file."""

    #: None where the reader of boxes leaves the file to PyAV.
    boxes: VideoFacts | None
    ffmpeg: VideoFacts | Unreadable


def measure_twice(opened: Opened) -> Both | None:
    """The facts by both readers; None where neither is asked."""
    sniffed = sniff(opened.head)
    if (sniffed.demuxer or sniffed.format) != MOV:
        return None
    try:
        movie = boxes.read_boxes(opened)
    except boxes.BoxError:
        return None
    if refuse_movie(movie, opened.size):
        return None
    sniffed = sniffed._replace(format=family(movie.major_brand) or sniffed.format)
    pure = video.measure(opened, sniffed.format, movie)
    if pure is None:
        return Both(None, Unreadable("broken", "not measured", opened.size))
    return Both(pure, ffmpeg.measure(opened, sniffed, MOV, movie))
