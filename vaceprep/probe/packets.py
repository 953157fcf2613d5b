"""Timing by reading packets, for files without a table of samples. Nothing is decoded."""

from __future__ import annotations

import time
from array import array
from collections import defaultdict
from fractions import Fraction
from typing import Final, NamedTuple

from av.container import InputContainer
from av.video.stream import VideoStream

from vaceprep.contract import MAX_SAMPLES, READ_SECONDS
from vaceprep.probe.container import BROKEN, clause, fraction
from vaceprep.probe.timing import Timing, from_timestamps

#: Containers whose timestamps are rounded to milliseconds.
ROUNDING: Final = frozenset(["matroska", "webm", "flv"])
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


def measure(
    container: InputContainer, video: VideoStream, name: str, rates: list[Fraction | None]
) -> Measured:
    """Read every packet of the container and keep the times. Raises TooLong."""
    shown: array[int] = array("q")
    decoded: array[int] = array("q")
    spent: array[int] = array("q")
    ends: dict[int, Fraction] = defaultdict(Fraction)
    broke = None
    count = 0
    deadline = time.monotonic() + READ_SECONDS
    try:
        for packet in container.demux():
            count += 1
            if count > MAX_SAMPLES:
                raise TooLong(f"it has more than {MAX_SAMPLES:,} packets")
            if count % LOOK == 0 and time.monotonic() > deadline:
                raise TooLong(f"reading its packets took longer than {READ_SECONDS:g} s")
            if not packet.size:
                continue
            if packet.stream_index != video.index:
                if packet.pts is not None and packet.time_base:
                    end = (packet.pts + (packet.duration or 0)) * packet.time_base
                    ends[packet.stream_index] = max(ends[packet.stream_index], end)
                continue
            if packet.is_corrupt:
                broke = broke or f"its packet {len(spent) + 1} is damaged"
            if packet.is_discard:
                continue
            spent.append(packet.duration or 0)
            if packet.pts is not None:
                shown.append(packet.pts)
            if packet.dts is not None:
                decoded.append(packet.dts)
    except BROKEN as error:
        broke = f"reading stops after {len(spent)} frames ({clause(error)})"
    times = shown if len(shown) == len(spent) else decoded
    timing = _timing(times, spent, video, name, rates)
    start = min(times, default=0) * (fraction(video.time_base) or Fraction(0))
    return Measured(timing, start, {i: end - start for i, end in ends.items()}, broke)


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
