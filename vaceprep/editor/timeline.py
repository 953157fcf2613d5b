"""The presented frames of one video: their numbers, times and keyframes, without decoding."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final

from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.formats import MOV
from vaceprep.preparation.read import Read, unreadable, video_of
from vaceprep.probes.mp4.boxes import read_boxes
from vaceprep.probes.samples import survey

#: The most frames whose times one request gets.
MOST_TIMES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Timeline:
    """Frames from 0 on; times in seconds from the start of the first one."""

    frames: int
    end: Fraction
    #: The rate of evenly spaced frames; None where ``times`` are needed.
    rate: Fraction | None
    times: Sequence[Fraction] = ()
    #: Numbers of frames at which decoding may begin; empty where that is not known.
    keyframes: Sequence[int] = ()

    def time(self, index: int) -> Fraction:
        """The time of a frame. Raises Refused if there is no such frame."""
        if not 0 <= index < self.frames:
            raise Refused(f"there is no frame {index}: the video has frames 0 to {self.frames - 1}")
        return index / self.rate if self.rate else self.times[index]

    def at(self, time: Fraction) -> int:
        """The number of the frame that is shown at a time, or of the nearest one."""
        found = floor(time * self.rate) if self.rate else bisect_right(self.times, time) - 1
        return min(max(found, 0), self.frames - 1)

    def between(self, first: Fraction, last: Fraction) -> range:
        """The numbers of the frames that begin from ``first`` on and before ``last``."""
        if self.rate:
            begin, end = ceil(first * self.rate), ceil(last * self.rate)
        else:
            begin, end = bisect_left(self.times, first), bisect_left(self.times, last)
        return range(min(max(begin, 0), self.frames), min(max(end, 0), self.frames))

    def spread(self, count: int) -> list[int]:
        """So many frames over the whole video, keyframes where these are known."""
        wanted = [self.at(self.end * n / count) for n in range(min(count, self.frames))]
        if self.keyframes:
            wanted = [
                self.keyframes[max(bisect_right(self.keyframes, number) - 1, 0)]
                for number in wanted
            ]
        return list(dict.fromkeys(wanted))


def timeline_of(read: Read) -> Timeline:
    """The timeline of an open video. Raises Refused."""
    facts = video_of(read)
    frames, end = facts.frames, facts.duration
    if not frames or end is None:
        raise unreadable(read.source, "how many frames it has, or how long it lasts, is unknown")
    if frames == 1 or (facts.constant_rate and facts.fps):
        return Timeline(frames, end, facts.fps or 1 / end, keyframes=_keyframes(read, frames))
    return Timeline(frames, end, None, _times(read, facts), _keyframes(read, frames))


def _times(read: Read, facts: VideoFacts) -> tuple[Fraction, ...]:
    """The time of each frame of a video whose frames are not evenly spaced."""
    found = survey(read.opened, read.sniffed, facts, Fraction(0), facts.duration or Fraction(0))
    if found.obstacle is not None:
        raise unreadable(read.source, f"its frames cannot be numbered: {found.obstacle}")
    if len(found.times) != facts.frames:
        raise unreadable(read.source, "its frames cannot be numbered")
    return tuple(sorted(found.times))


def _keyframes(read: Read, frames: int) -> Sequence[int]:
    """Keyframes by the index of an MP4 file.

    A keyframe is decoded before the frames that are shown just before it, so its number may be a
    few too low; the frame of that number is a little slower to decode then.
    """
    if read.sniffed.demuxer != MOV:
        return ()
    track = next((t for t in read_boxes(read.opened).tracks if t.handler == "vide"), None)
    if track is None or track.sync is None:
        return ()
    return [number - 1 for number in track.sync if 0 < number <= frames]
