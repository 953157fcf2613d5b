"""Timing from packets, for files without a sample table. Decodes nothing."""

from __future__ import annotations

import time
from array import array
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from operator import sub
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from vaceprep.contract import MAX_SAMPLES, READ_SECONDS
from vaceprep.formats import ROUNDING
from vaceprep.probes.container import BROKEN, clause, fraction
from vaceprep.probes.shown_packets import Coded, Fields, Sieve, demuxed
from vaceprep.probes.timestamps import from_timestamps
from vaceprep.probes.timing import Timing

AVI: Final = "avi"
#: AVI: most chunks per second for each to be a frame; above, empty ones only keep the time.
MOST_CHUNKS: Final = 120
#: Packets between two checks of the time limit.
CLOCK_PACKETS: Final = 4096

if TYPE_CHECKING:
    AnyPacket = Packet[VideoStream] | Packet[Stream]


class TooLong(Exception):
    """The file has more packets, or takes more time, than allowed; the message is a clause."""


class PacketTiming(NamedTuple):
    """Timing of the video track, the ends of all other streams, and how reading ended."""

    timing: Timing
    #: Presentation time of the first frame in seconds of the container's clock.
    start: Fraction
    #: Seconds from the video's first frame to each other stream's end, by stream index.
    ends: dict[int, Fraction]
    #: Why reading stopped before the end, in words; None if it did not.
    broke: str | None
    #: Pictures that are not shown because no keyframe precedes them.
    before: int
    #: Whether frames are coded as two fields, each in its own packet.
    fields: bool


class _Times:
    """Times of each stream's packets, in the order read."""

    def __init__(self, video: VideoStream) -> None:
        self.video = video
        self.sieve, self.fields = Sieve(video), Fields(video)
        #: Presentation and decoding times of the frames, and their durations, in ticks.
        self.shown: array[int] = array("q")
        self.decoded: array[int] = array("q")
        self.durations: array[int] = array("q")
        #: Seconds on the container's clock at which each other stream ends, by stream index.
        self.ends: dict[int, Fraction] = defaultdict(Fraction)
        #: Video packets so far.
        self.count = 0
        self.broke: str | None = None

    def add(self, packet: AnyPacket) -> None:
        """Record the times of one packet with data."""
        if packet.stream_index == self.video.index:
            self.count += 1
            if packet.is_corrupt:
                self.broke = self.broke or f"its packet {self.count} is damaged"
            self._keep(self.sieve.push(cast("Packet[VideoStream]", packet)))
            return
        base = fraction(packet.time_base)
        if packet.pts is not None and base is not None:
            end = (packet.pts + (packet.duration or 0)) * base
            self.ends[packet.stream_index] = max(self.ends[packet.stream_index], end)

    def finish(self) -> None:
        """Record the times of the packets that are held back."""
        self._keep(self.sieve.rest())

    def _keep(self, parts: list[Coded]) -> None:
        for packet, is_shown in parts:
            if not self.fields.second(packet) and is_shown:
                self.durations.append(packet.duration or 0)
                if packet.pts is not None:
                    self.shown.append(packet.pts)
                if packet.dts is not None:
                    self.decoded.append(packet.dts)


def _packets(container: InputContainer, video: VideoStream, name: str) -> Iterator[AnyPacket]:
    """Yield every packet of the container that has data. Raises TooLong."""
    deadline = time.monotonic() + READ_SECONDS
    # Animated pictures have one stream, and players show some delays longer than stored.
    animated = name in ("gif", "png")
    every: Iterator[AnyPacket] = demuxed(container, video) if animated else container.demux()
    for count, packet in enumerate(every, 1):
        if count > MAX_SAMPLES:
            raise TooLong(f"it has more than {MAX_SAMPLES:,} packets")
        if count % CLOCK_PACKETS == 0 and time.monotonic() > deadline:
            raise TooLong(f"reading its packets took longer than {READ_SECONDS:g} s")
        if packet.size:
            yield packet


def measure(
    container: InputContainer, video: VideoStream, name: str, rates: list[Fraction | None]
) -> PacketTiming:
    """Read every packet of the container and keep the times. Raises TooLong."""
    found = _Times(video)
    try:
        for packet in _packets(container, video, name):
            found.add(packet)
    except BROKEN as error:
        found.broke = f"reading stops after {found.count} frames ({clause(error)})"
    found.finish()
    durations = found.durations
    times = found.shown if len(found.shown) == len(durations) and name != AVI else found.decoded
    if name == AVI:
        times, durations = _places(times, fraction(video.time_base))
    if found.fields.seconds and durations:
        # The packet of a first field has the duration of one field only.
        durations[-1] = 0
    start = min(times, default=0) * (fraction(video.time_base) or Fraction(0))
    return PacketTiming(
        _timing(times, durations, video, name, rates),
        start,
        {i: end - start for i, end in found.ends.items()},
        found.broke,
        found.sieve.before + found.sieve.leading,
        bool(found.fields.seconds),
    )


def _places(times: array[int], base: Fraction | None) -> tuple[array[int], array[int]]:
    """Return the places of AVI's chunks and their lengths: an empty chunk repeats the last picture.

    It counts as a frame unless the chunks come so fast that they are only a clock.
    """
    if times and base and 1 / base <= MOST_CHUNKS and times[-1] - times[0] < MAX_SAMPLES:
        times = array("q", range(times[0], times[-1] + 1))
    ends = [*times[1:], times[-1] + 1] if times else []
    return times, array("q", map(sub, ends, times))


def _timing(
    times: array[int],
    spent: array[int],
    video: VideoStream,
    name: str,
    rates: list[Fraction | None],
) -> Timing:
    base = fraction(video.time_base)
    if len(times) != len(spent) or not times or base is None:
        # Some frames have no time: they can be counted but not placed.
        return Timing(None, len(spent), None, None, None, None, None)
    order = sorted(range(len(times)), key=times.__getitem__)
    return from_timestamps(
        [times[i] for i in order],
        [spent[i] for i in order],
        base,
        rates,
        rounds=name in ROUNDING,
    )
