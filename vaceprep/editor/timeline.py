"""The presented frames of one video: their numbers, times and keyframes, without decoding."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import Final

from vaceprep.contract import MAX_SAMPLES
from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.formats import MOV, REORDER_PACKETS
from vaceprep.preparation.read import Read, unreadable, video_of
from vaceprep.probes.mp4.boxes import read_boxes
from vaceprep.probes.mp4.track import Track
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
    even = frames == 1 or facts.constant_rate
    if even and facts.fps:
        line = Timeline(frames, end, facts.fps)
    else:
        line = Timeline(frames, end, None, _times(read, facts))
    return _with_keyframes(line, read)


def _times(read: Read, facts: VideoFacts) -> tuple[Fraction, ...]:
    """The time of each frame of a video whose frames are not evenly spaced."""
    found = survey(read.opened, read.sniffed, facts, Fraction(0), facts.duration or Fraction(0))
    if found.obstacle is not None:
        raise unreadable(read.source, f"its frames cannot be numbered: {found.obstacle}")
    if len(found.times) != facts.frames:
        raise unreadable(read.source, "its frames cannot be numbered")
    return tuple(sorted(found.times))


def _with_keyframes(line: Timeline, read: Read) -> Timeline:
    """The timeline with the keyframes of an MP4 file, by its index.

    A number may be wrong where an edit list hides frames: the frame of that number is then a little
    slower to decode, and nothing else.
    """
    if read.sniffed.demuxer != MOV:
        return line
    track = next((t for t in read_boxes(read.opened).tracks if t.handler == "vide"), None)
    if track is None or track.sync is None or not track.timescale:
        return line
    times = _times_of_samples(track, [number - 1 for number in track.sync])
    first = min(_times_of_samples(track, range(min(REORDER_PACKETS, track.samples))), default=0)
    found = {line.at(Fraction(time - first, track.timescale)) for time in times}
    return replace(line, keyframes=sorted(found))


def _times_of_samples(track: Track, numbers: Iterable[int]) -> list[int]:
    """Presentation times, in ticks, of samples in ascending order, from 0."""
    found: list[int] = []
    times, offsets = _Runs(track.durations), _Runs(track.offsets)
    for number in numbers:
        begun, into, duration = times.at(number)
        found.append(begun + into * duration + offsets.at(number)[2])
    return found


class _Runs:
    """Values of samples that ascend, from pairs of a count and a value."""

    def __init__(self, runs: Sequence[tuple[int, int]]) -> None:
        self._runs = iter(runs)
        self._first = self._count = self._value = 0
        #: The sum of the values before the run.
        self._sum = 0

    def at(self, number: int) -> tuple[int, int, int]:
        """The sum of the values before the sample's run, its place in the run, and its value."""
        while number >= self._first + self._count:
            self._first += self._count
            self._sum += self._count * self._value
            run = next(self._runs, None)
            if run is None:
                self._count, self._value = MAX_SAMPLES, 0
            else:
                self._count, self._value = run
        return self._sum, number - self._first, self._value
