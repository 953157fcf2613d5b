"""Join results by copying their packets, where nothing of the picture has to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vaceprep.errors import CannotCopy, Refused
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.formats import MOV
from vaceprep.parts.grid import RATE
from vaceprep.parts.results import Result
from vaceprep.parts.sound import Source
from vaceprep.preparation.video.copy import decode_times, open_mp4
from vaceprep.probes.container import open_container
from vaceprep.probes.h264 import begins_clean
from vaceprep.probes.streams import video_stream


@dataclass(frozen=True, slots=True)
class Plan:
    """The packets to copy."""

    #: The number of packets of each result, from its first on.
    counts: tuple[int, ...]
    #: The frame of the joined video that each packet is, in decoding order.
    shown: tuple[int, ...]


def plan(results: Sequence[Result]) -> Plan:
    """Return what to copy. Raises CannotCopy, with a clause, where frames have to be encoded."""
    for before, result in pairwise(results):
        if not result.place.piece.after_cut or before.place.end > result.place.first:
            raise CannotCopy("a seam is no shot cut")
    first = results[0]
    shown: list[int] = []
    sets: bytes | None = None
    for result in results:
        _check(result, first)
        order, extradata = _order(result)
        if sets is not None and extradata != sets:
            raise CannotCopy(f"the parameter sets of {result.name} are not those of {first.name}")
        sets = extradata
        shown += [result.place.first + place for place in order]
    return Plan(tuple(r.place.end - r.place.first for r in results), tuple(shown))


def _check(result: Result, first: Result) -> None:
    facts = result.facts
    like = (facts.codec, facts.pixel_format, result.size, facts.rotation, facts.mirrored)
    other = first.facts
    theirs = (other.codec, other.pixel_format, first.size, other.rotation, other.mirrored)
    if like != theirs:
        raise CannotCopy(f"{result.name} is coded differently from {first.name}")
    if result.sniffed.demuxer != MOV or facts.codec not in ("h264", "hevc"):
        raise CannotCopy(f"{result.name} is no MP4 with H.264 or HEVC")
    if facts.fps != RATE or not facts.constant_rate:
        raise CannotCopy(f"{result.name} has not {RATE} FPS throughout")
    if abs(result.place.offset) > Fraction(1, 2) / RATE:
        raise CannotCopy(f"{result.name} is not used from its first frame on")


def _order(result: Result) -> tuple[list[int], bytes]:
    """Return the ranks of the packets that are used, in decoding order, and the parameter sets."""
    count = result.place.end - result.place.first
    times: list[int] = []
    with _packets(result) as (container, video):
        extradata = video.codec_context.extradata or b""
        for packet in container.demux(video):
            if not packet.size:
                continue
            if packet.is_discard or packet.is_corrupt or packet.pts is None:
                raise CannotCopy(f"a frame of {result.name} is hidden, damaged or without a time")
            if not times and not begins_clean(bytes(packet), result.facts.codec or "", extradata):
                raise CannotCopy(f"{result.name} does not begin with a frame that decodes alone")
            times.append(packet.pts)
    if len(times) < count:
        raise CannotCopy(f"{result.name} has fewer frames than its window")
    rank = {time: number for number, time in enumerate(sorted(times))}
    order = [rank[time] for time in times[:count]]
    if len(rank) != len(times) or sorted(order) != list(range(count)):
        # Other packets need what would be left out.
        raise CannotCopy(f"the surplus frame of {result.name} is not its last packet")
    return order, extradata


@contextmanager
def _packets(result: Result) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a result to read its packets. Raises Refused."""
    try:
        with open_path(result.path) as opened, open_container(opened, MOV, fast=True) as container:
            video = video_stream(container)
            if video is None:
                raise Refused(f"{result.path} has no video track")
            yield container, video
    except CannotOpen as error:
        raise Refused(f"{result.path} cannot be read: {error.fact.message}") from None


def write(
    results: Sequence[Result],
    made: Plan,
    source: Source | None,
    path: str,
    on_progress: Callable[[Fraction], None],
) -> None:
    """Copy the packets into ``path``, with the sound of ``source``."""
    base = 1 / RATE
    decoding = decode_times(made.shown)
    with open_mp4(path, RATE.numerator, edits=source is not None) as out:
        stream: VideoStream | None = None
        number = 0
        for result, count in zip(results, made.counts, strict=True):
            with _packets(result) as (container, video):
                if stream is None:
                    stream = out.add_stream_from_template(video, opaque=True)
                    if result.facts.codec == "hevc":
                        stream.codec_context.codec_tag = "hvc1"
                    stream.time_base = base
                    if source is not None:
                        source.begin(out)
                for packet in _first(container, video, count):
                    packet.stream, packet.time_base = stream, base
                    packet.pts, packet.dts = made.shown[number], decoding[number]
                    packet.duration = 1
                    out.mux(packet)
                    number += 1
                    if source is not None:
                        source.until(number / RATE)
            on_progress(Fraction(number, len(made.shown)))
        if source is not None:
            source.until(None)


def _first(
    container: InputContainer, video: VideoStream, count: int
) -> Iterator[Packet[VideoStream]]:
    for packet in container.demux(video):
        if packet.size:
            yield packet
            count -= 1
            if not count:
                return
