"""The presented frames of a video, and the cuts between its shots."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from fractions import Fraction
from typing import Final

from av.video.frame import VideoFrame

from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.plans.frames import base_rate
from vaceprep.plans.job import even_times
from vaceprep.plans.model import WHITE
from vaceprep.plans.parts import CannotDivide, Timeline
from vaceprep.preparation.read import Read, video_of
from vaceprep.preparation.video.decode import Shown, frames_from
from vaceprep.probes.frame_measures import Measuring
from vaceprep.probes.samples import retimed, survey
from vaceprep.probes.shots import Summary

#: Frames between two reports of progress.
REPORTED: Final = 25
#: Called with the share that is done, 0 to 1.
Step = Callable[[float], None]


def timeline_of(read: Read, *, salvage: bool = False) -> Timeline:
    """Return the presented frames of a video. Raises CannotDivide.

    They come from its packets, or from its frames where packets do not say when each is shown.
    """
    facts = video_of(read)
    end = facts.duration
    if end is None:
        raise CannotDivide(f"{read.source} cannot be split: its frames carry no times")
    rate = base_rate(facts) if facts.constant_rate else None
    interval = None if rate is None else 1 / rate
    times = _times_of_packets(read, facts, end)
    if times is None:
        even = even_times(facts)
        times = tuple(even) if even is not None else _times_of_frames(read, salvage)
    if not times or times[-1] >= end:
        raise CannotDivide(f"{read.source} cannot be split: the times of its frames are unclear")
    return Timeline(times, end, interval)


def cuts_of(
    read: Read,
    window: tuple[Fraction, Fraction],
    *,
    salvage: bool = False,
    step: Step = lambda share: None,
) -> tuple[Fraction, ...]:
    """Return the times at which another shot begins, in a window of the video, in seconds.

    Decodes the window once, as the search for the best window does. Raises CannotDivide where a
    frame does not decode.
    """
    start, end = window
    measuring, summary = Measuring(video_of(read).crop), Summary()
    times: list[Fraction] = []
    try:
        with closing(_frames(read, start, salvage)) as frames:
            for frame, time in frames:
                if time >= end:
                    break
                times.append(time)
                summary.add(measuring.add(frame))
                if len(times) % REPORTED == 0:
                    step(float((time - start) / (end - start)))
    except Refused as error:
        raise CannotDivide(f"{read.source} cannot be split: {error}") from None
    return tuple(times[number] for number in summary.cuts())


def _times_of_packets(read: Read, facts: VideoFacts, end: Fraction) -> tuple[Fraction, ...] | None:
    """Return the time of each presented frame; None if the packets do not have it."""
    demuxer = read.sniffed.demuxer
    if demuxer is None or retimed(read.opened, demuxer) is not None:
        return None
    samples = survey(read.opened, read.sniffed, facts, Fraction(0), end)
    times = sorted(set(samples.times))
    if samples.obstacle is not None or len(times) != facts.frames or times[0] != 0:
        return None
    return tuple(times)


def _times_of_frames(read: Read, salvage: bool) -> tuple[Fraction, ...]:
    """Return the time of each frame that is decoded. Raises CannotDivide."""
    try:
        with closing(_frames(read, Fraction(0), salvage)) as frames:
            return tuple(time for _, time in frames)
    except Refused as error:
        raise CannotDivide(f"{read.source} cannot be split: {error}") from None


def _frames(
    read: Read, start: Fraction, salvage: bool
) -> Generator[tuple[VideoFrame, Fraction]] | Generator[Shown, None, None]:
    """Return the frames from the one shown at ``start`` on, with their times."""
    if read.sniffed.demuxer is None:
        from vaceprep.preparation.video.animated_webp import frames_of

        return frames_of(read.opened, read.sniffed.format, start, WHITE)
    return frames_from(read.opened, read.sniffed.demuxer, video_of(read), start, salvage=salvage)
