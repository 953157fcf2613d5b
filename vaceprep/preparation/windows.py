"""Look at a long video and find its best windows (``pick``, ``--start auto``)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from PIL import Image, ImageFilter, ImageStat

from vaceprep.facts import VideoFacts
from vaceprep.plans.model import Options
from vaceprep.plans.pick import Look, Window, best_windows, seconds
from vaceprep.preparation.read import Read, Source, unreadable, video_of
from vaceprep.probes.frame_measures import frame_measures
from vaceprep.records import replace

#: Differences of a pixel from its four neighbours, around the middle of the scale.
_DETAIL: Final = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=2, offset=128)
#: Pixels of each side that make one of the fine and of the coarse values.
FINE: Final = 2
COARSE: Final = 10
#: Frames between two reports of progress.
REPORTED: Final = 25


def windows_of(
    read: Read,
    length: Fraction,
    count: int,
    *,
    threads: int = 0,
    step: Callable[[float], None] = lambda share: None,
) -> tuple[Window, ...]:
    """Return the best windows of a video. Calls ``step`` with the share done, 0 to 1.

    ``threads`` that decode; 0: as many as there are cores. Raises Refused if it is no video, or if
    nothing of it can be decoded.
    """
    facts = video_of(read)
    looks = looks_of(read, threads=threads, step=step)
    end = facts.duration or looks[-1].measure.time
    return best_windows(looks, end, length, count)


def looks_of(
    read: Read, *, threads: int = 0, step: Callable[[float], None] = lambda share: None
) -> list[Look]:
    """Return what each frame of a video looks like. Raises Refused, as ``windows_of``."""
    facts, demuxer = video_of(read), read.sniffed.demuxer
    looks: list[Look] = []
    for measure, picture in frame_measures(
        read.opened, demuxer or "", crop=facts.crop, threads=threads
    ):
        looks.append(Look(measure, sharpness(picture)))
        if len(looks) % REPORTED == 0:
            step(min(1.0, len(looks) / max(facts.frames or 1, 1)))
    if not looks:
        raise unreadable(read.source, "no frame of it decodes (vaceprep check --deep says why)")
    return looks


def with_best_start(source: Source, options: Options) -> Options:
    """Return the options with the start of a long video's best window. Raises Refused."""
    options = replace(options, best_start=False)
    facts = source.facts
    allowed = options.limits.seconds(source.role)
    length = min(allowed, options.duration or allowed)
    if not isinstance(facts, VideoFacts) or (facts.duration or 0) <= length:
        return options
    (window,) = windows_of(
        Read(source.item.source, source.opened, source.sniffed, facts), length, count=1
    )
    return replace(options, start=seconds(window.start))


def sharpness(picture: Image.Image) -> float:
    """Return the fine detail of a 320x180 grey picture over its coarse contrast.

    Both at least halved, so that what scaling and encoding leave of a small video does not count.
    """
    fine = ImageStat.Stat(picture.reduce(FINE).filter(_DETAIL)).var[0]
    return float(fine / (ImageStat.Stat(picture.reduce(COARSE)).var[0] + 1))
