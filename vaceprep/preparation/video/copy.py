"""Copy packets into a new MP4, losslessly and without decoding, timestamps from zero."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vaceprep.errors import CannotCopy, Refused
from vaceprep.facts import VideoFacts
from vaceprep.files.source import Opened
from vaceprep.formats import MOV
from vaceprep.plans.model import CopyRecipe
from vaceprep.plans.predict import timescale
from vaceprep.preparation.video.audio import Sound
from vaceprep.probes.container import fraction, open_container
from vaceprep.probes.h264 import invalid
from vaceprep.probes.samples import BACK_OFF, SeekFailed, from_keyframe, from_start, shows_nothing
from vaceprep.probes.sniff import Sniffed
from vaceprep.probes.streams import video_stream


def open_mp4(path: str, ticks: int, *, edits: bool = False) -> OutputContainer:
    """Open a new MP4 with its index at the front and exact durations in its header.

    The movie timescale is as fine as the track's, or durations would be rounded. Negative
    composition offsets make an edit list for the delay of B-frames unnecessary. With ``edits`` an
    edit list is used nevertheless, which preserves any decoding timestamps.
    """
    return av.open(
        # FFmpeg takes text before a colon for a protocol: a folder may be called "http:".
        os.path.join(os.curdir, path),
        "w",
        format="mp4",
        container_options={
            "movflags": "+faststart" if edits else "+faststart+negative_cts_offsets",
            "movie_timescale": str(timescale(ticks)),
            "fflags": "+bitexact",
        },
    )


def decode_times(shown: Sequence[int]) -> list[int]:
    """Return decoding timestamps for presentation timestamps in decoding order.

    They are the sorted ones minus the smallest delay for which no frame is decoded too late.
    """
    ordered = sorted(shown)
    delay = max((a - b for a, b in zip(ordered, shown, strict=True)), default=0)
    return [t - delay for t in ordered]


@contextmanager
def taken(
    opened: Opened, demuxer: str, facts: VideoFacts, start: Fraction, count: int
) -> Iterator[tuple[VideoStream, list[Packet[VideoStream]]]]:
    """Yield the track and ``count`` packets in decoding order, from the frame at ``start`` on.

    Raises Refused where they are not found, or one of ``BROKEN``.
    """
    # In some containers seeking to the start fails: then read from the beginning.
    for seeking in (True, False) if start else (False,):
        with open_container(
            opened, demuxer, fast=demuxer == MOV, without_edits=shows_nothing(facts)
        ) as container:
            video = video_stream(container)
            if video is None:
                raise Refused("it has no video track")
            found = _found(container, video, start, count, seeking=seeking)
            if found is not None:
                yield video, found
                return
    raise Refused("its packets are not where its index says")


def _found(
    container: InputContainer, video: VideoStream, start: Fraction, count: int, *, seeking: bool
) -> list[Packet[VideoStream]] | None:
    """Find the packets by seeking or by reading from the beginning; None if they are missing."""
    base = fraction(video.time_base)
    origin, beginning = from_start(container, video)
    if base is None or origin is None:
        raise Refused("its frames carry no times of presentation")
    first = origin + start / base
    if not seeking:
        got = list(islice(_from((part.packet for part in beginning), first), count))
        return got if len(got) == count else None
    for back in BACK_OFF:
        if back >= start:
            break
        try:
            packets = from_keyframe(container, video, int(first - back / base))
        except SeekFailed:
            continue
        got = list(islice(_from(packets, first), count))
        if len(got) == count:
            return got
    return None


def _from(packets: Iterable[Packet[VideoStream]], first: Fraction) -> Iterable[Packet[VideoStream]]:
    begun = False
    for packet in packets:
        if packet.is_discard:
            continue
        begun = begun or packet.pts == first
        if begun:
            yield packet


def copy(
    opened: Opened,
    sniffed: Sniffed,
    facts: VideoFacts,
    recipe: CopyRecipe,
    path: str,
    on_progress: Callable[[Fraction], None],
) -> None:
    """Write the recipe's packets to ``path``. Raises CannotCopy, Refused, or one of ``BROKEN``."""
    demuxer = sniffed.demuxer or ""
    with taken(opened, demuxer, facts, recipe.start, recipe.frames) as (video, packets):
        _check(packets, facts, video)
        on_progress(Fraction(1, 2))
        base, times, lengths = on_clock(packets, video, recipe)
        with open_mp4(path, base.denominator) as out:
            stream = out.add_stream_from_template(video, opaque=True)
            if facts.codec == "hevc":
                # The usual tag where the header holds the parameter sets.
                stream.codec_context.codec_tag = "hvc1"
            stream.time_base = base
            if recipe.keep_audio:
                with closing(Sound(out, opened, sniffed, recipe.start, recipe.length)) as sound:
                    write_packets(out, stream, packets, times, lengths, base)
                    sound.write()
                return
            write_packets(out, stream, packets, times, lengths, base)


def _check(packets: Sequence[Packet[VideoStream]], facts: VideoFacts, video: VideoStream) -> None:
    """Raise CannotCopy for a packet that a decoder would reject."""
    extradata = video.codec_context.extradata or b""
    for number, packet in enumerate(packets, 1):
        if invalid(bytes(packet), facts.codec or "", extradata):
            raise CannotCopy(f"its packet {number} has an invalid NAL unit")


def on_clock(
    packets: Sequence[Packet[VideoStream]], video: VideoStream, recipe: CopyRecipe
) -> tuple[Fraction, list[int], list[int]]:
    """Return the time base of the output, presentation times and durations in decoding order."""
    own = [p.pts or 0 for p in packets]
    if recipe.rate is not None:
        rank = {t: i for i, t in enumerate(sorted(own))}
        step = recipe.rate.denominator
        base = Fraction(1, recipe.rate.numerator)
        return base, [rank[t] * step for t in own], [step] * len(own)
    clock = fraction(video.time_base) or Fraction(1, 1000)
    base = Fraction(1, clock.denominator)
    times = [(t - min(own)) * clock.numerator for t in own]
    ordered = sorted(times)
    known = sum(p.duration or 0 for p in packets[-1:]) * clock.numerator
    steps = [b - a for a, b in pairwise(ordered)]
    end = recipe.length / base
    # The last duration extends the track to its planned length.
    steps.append(_last_step(times, steps, int(end), known))
    return base, times, steps


def _last_step(times: Sequence[int], steps: Sequence[int], end: int, known: int) -> int:
    """Return the duration in ticks of the last frame in decoding order."""
    last = end - times[-1]
    return last if last > 0 else known or (steps[-1] if steps else 1)


def write_packets(
    out: OutputContainer,
    stream: VideoStream,
    packets: Sequence[Packet[Any]],
    times: Sequence[int],
    lengths: Sequence[int],
    base: Fraction,
) -> None:
    """Mux packets in decoding order with new timestamps."""
    for packet, shown, decoded, length in zip(
        packets, times, decode_times(times), lengths, strict=True
    ):
        packet.stream = stream
        packet.time_base = base
        packet.pts, packet.dts, packet.duration = shown, decoded, length
        out.mux(packet)
