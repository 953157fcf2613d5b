"""Decode and count every frame of an encoded output; keep some as thumbnails."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from fractions import Fraction

from av.video.frame import VideoFrame
from PIL.Image import Image

from vaceprep.files.source import open_path
from vaceprep.preparation.video.thumbnails import Preparation, thumbnail
from vaceprep.probes.container import BOUNDED, BROKEN, clause, fraction, open_container
from vaceprep.probes.sniff import sniff


@dataclass(slots=True)
class Decoded:
    """The result of decoding an output's video track."""

    #: Frames that decode, up to the first that does not.
    frames: int = 0
    #: The decoder's error at the frame that does not decode; None if all decode.
    error: str | None = None
    #: The index of the first frame that is not at its time of the constant rate.
    misplaced: int | None = None
    #: Thumbnails of the wanted frames by index.
    pictures: dict[int, Image] = field(default_factory=dict)


def decode_output(
    path: str,
    rate: Fraction,
    wanted: Collection[int],
    how: Preparation,
    tell: Callable[[Fraction], None],
) -> Decoded:
    """Decode the MP4 at ``path``, whose frames are at ``rate`` from 0 s. Errors are values."""
    found = Decoded()
    with open_path(path) as opened:
        demuxer = sniff(opened.head).demuxer or "mov"
        try:
            with open_container(opened, demuxer) as container:
                video = container.streams.video[0]
                video.codec_context.thread_type = "AUTO"
                video.codec_context.thread_count = 0
                # Otherwise a decoder conceals what it cannot read and reports nothing.
                video.codec_context.options = {
                    "err_detect": "explode",
                    "threads": "auto",
                    **BOUNDED,
                }
                for frame in container.decode(video):
                    tell(Fraction(1))
                    _add(found, frame, rate, wanted, how)
                    if found.error:
                        break
        except BROKEN as error:
            found.error = clause(error)
    return found


def _add(
    found: Decoded, frame: VideoFrame, rate: Fraction, wanted: Collection[int], how: Preparation
) -> None:
    number = found.frames
    if frame.is_corrupt:
        found.error = "the decoder marks it as damaged"
        return
    base = fraction(frame.time_base)
    at = None if frame.pts is None or base is None else frame.pts * base
    if found.misplaced is None and at != number / rate:
        found.misplaced = number
    if number in wanted:
        found.pictures[number] = thumbnail(frame, how).low
    found.frames += 1
