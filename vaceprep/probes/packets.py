"""Timing by reading packets, for files without a table of samples. Nothing is decoded."""

from __future__ import annotations

import time
from array import array
from collections import defaultdict
from fractions import Fraction
from operator import sub
from typing import Final, NamedTuple, cast

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vaceprep.contract import MAX_SAMPLES, READ_SECONDS
from vaceprep.probes.container import BROKEN, clause, fraction
from vaceprep.probes.shown_packets import Coded, Fields, Sieve, demuxed
from vaceprep.probes.timing import Timing, from_timestamps

#: Containers whose timestamps are rounded to milliseconds.
ROUNDING: Final = frozenset(["matroska", "webm", "flv"])
AVI: Final = "avi"
#: AVI: chunks a second up to which each is a frame; above, empty ones only keep the time.
MOST_CHUNKS: Final = 120
#: How often the clock is looked at, in packets.
LOOK: Final = 4096


class TooLong(Exception):
    """The file has more packets, or takes more time, than is read; the message is a clause."""


class Measured(NamedTuple):
    """Timing of the video track, the ends of all other streams, and how reading ended."""

    timing: Timing
    #: Seconds on the container's clock at which the first frame is shown.
    start: Fraction
    #: Seconds from the video's first frame to each other stream's end, by stream index.
    ends: dict[int, Fraction]
    #: Why reading stopped before the end, in words; None where it did not.
    broke: str | None
    #: How many pictures are not shown for want of a keyframe before them.
    before: int
    #: Whether frames are coded as two fields, each in a packet of its own.
    fields: bool


def measure(
    container: InputContainer, video: VideoStream, name: str, rates: list[Fraction | None]
) -> Measured:
    """Read every packet of the container and keep the times. Raises TooLong."""
    shown: array[int] = array("q")
    decoded: array[int] = array("q")
    spent: array[int] = array("q")
    sieve, fields = Sieve(video), Fields(video)
    number = 0

    def keep(parts: list[Coded]) -> None:
        for packet, is_shown in parts:
            if not fields.second(packet) and is_shown:
                spent.append(packet.duration or 0)
                if packet.pts is not None:
                    shown.append(packet.pts)
                if packet.dts is not None:
                    decoded.append(packet.dts)

    ends: dict[int, Fraction] = defaultdict(Fraction)
    broke = None
    count = 0
    deadline = time.monotonic() + READ_SECONDS
    try:
        # Animated pictures have one stream, whose delays are not all shown as they are.
        every = demuxed(container, video) if name in ("gif", "png") else container.demux()
        for packet in every:
            count += 1
            if count > MAX_SAMPLES:
                raise TooLong(f"it has more than {MAX_SAMPLES:,} packets")
            if count % LOOK == 0 and time.monotonic() > deadline:
                raise TooLong(f"reading its packets took longer than {READ_SECONDS:g} s")
            if not packet.size:
                continue
            if packet.stream_index != video.index:
                base = fraction(packet.time_base)
                if packet.pts is not None and base is not None:
                    end = (packet.pts + (packet.duration or 0)) * base
                    ends[packet.stream_index] = max(ends[packet.stream_index], end)
                continue
            number += 1
            if packet.is_corrupt:
                broke = broke or f"its packet {number} is damaged"
            keep(sieve.push(cast("Packet[VideoStream]", packet)))
    except BROKEN as error:
        broke = f"reading stops after {number} frames ({clause(error)})"
    keep(sieve.rest())
    times = shown if len(shown) == len(spent) and name != AVI else decoded
    if name == AVI:
        times, spent = _places(times, fraction(video.time_base))
    if fields.seconds and spent:
        # The packet of a first field tells the time of one field alone.
        spent[-1] = 0
    timing = _timing(times, spent, video, name, rates)
    start = min(times, default=0) * (fraction(video.time_base) or Fraction(0))
    return Measured(
        timing,
        start,
        {i: end - start for i, end in ends.items()},
        broke,
        sieve.before + sieve.leading,
        bool(fields.seconds),
    )


def _places(times: array[int], base: Fraction | None) -> tuple[array[int], array[int]]:
    """The places of AVI's chunks, and their lengths: an empty chunk shows the last picture again.

    It counts as a frame, unless the chunks come so fast that they are only a clock.
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
        # Some frames have no time at all: they can be counted, not placed.
        return Timing(None, len(spent), None, None, None, None, None)
    order = sorted(range(len(times)), key=times.__getitem__)
    return from_timestamps(
        [times[i] for i in order],
        [spent[i] for i in order],
        base,
        rates,
        rounds=name in ROUNDING,
    )
