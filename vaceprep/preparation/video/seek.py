"""Find a presented frame from the keyframe before it, by exact timestamps.

A seek counts as right only if its first packet is a keyframe that is not after the wanted time and
the first frame decoded from there is not after it either. Otherwise the search starts further back,
finally from the beginning. Memory does not grow with the length.
"""

from __future__ import annotations

import contextlib
import heapq
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, dropwhile, islice
from typing import Final, Literal

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.files.source import Opened
from vaceprep.formats import REORDER_PACKETS, UNTIMED
from vaceprep.preparation.video.decode import JOINED, PALETTE, WHOLE, flush, frames_from, with_units
from vaceprep.probes.container import BOUNDED, BROKEN, clause, fraction, open_container
from vaceprep.probes.samples import AVI, in_stretches, retimed
from vaceprep.probes.shown_packets import Coded, coded, demuxed, with_shown
from vaceprep.probes.streams import video_stream

#: Seconds before the wanted time at which the search starts, tried in order.
BACK_OFF: Final = (Fraction(0), Fraction(1), Fraction(10), Fraction(60))


class NoFrame(Exception):
    """The wanted frame is missing or does not decode; completes "cannot be read: ..."."""


class Untimed(Exception):
    """A packet or frame has no presentation time: frames can only be counted."""


class TooLate(Exception):
    """The search started after the wanted frame."""


@dataclass(slots=True)
class Found:
    """The wanted frame, its neighbours, and its time from the first presented frame."""

    frame: VideoFrame
    before: VideoFrame | None
    after: VideoFrame | None
    at: Fraction | None


def open_video(opened: Opened, demuxer: str) -> tuple[InputContainer, VideoStream]:
    """Open a container and its video track for exact decoding. Raises NoFrame without one."""
    container = open_container(opened, demuxer)
    stream = video_stream(container)
    if stream is None:
        container.close()
        raise NoFrame("it has no video track")
    # Otherwise a decoder conceals what it cannot read and reports nothing.
    stream.codec_context.options = {"err_detect": "explode", "threads": "1", **BOUNDED}
    return container, stream


def presented(packets: Iterable[Coded]) -> Iterator[int]:
    """Yield presentation times of presented packets in order. Raises Untimed."""
    held: list[int] = []
    for packet, shows in packets:
        if not shows:
            continue
        if packet.pts is None:
            raise Untimed
        if len(held) < REORDER_PACKETS:
            heapq.heappush(held, packet.pts)
        else:
            yield heapq.heappushpop(held, packet.pts)
    yield from sorted(held)


def find(
    opened: Opened, demuxer: str, wanted: Fraction | int | Literal["last"], facts: VideoFacts
) -> Found:
    """Find a frame by its time in seconds, by its number from 1, or the last.

    Raises NoFrame, or one of ``BROKEN``.
    """
    # FFmpeg supplies neither the positions of AVI chunks nor the speed of an edit.
    if (demuxer == AVI and facts.fps is not None) or retimed(opened, demuxer) is not None:
        return _in_order(opened, demuxer, wanted, facts)
    try:
        if demuxer in UNTIMED or in_stretches(opened, demuxer):
            raise Untimed
        return _by_time(opened, demuxer, wanted, facts)
    except Untimed:
        return _by_count(opened, demuxer, wanted, facts)


def _by_time(
    opened: Opened, demuxer: str, wanted: Fraction | int | Literal["last"], facts: VideoFacts
) -> Found:
    container, video = open_video(opened, demuxer)
    with container:
        base = fraction(video.time_base)
        if base is None:
            raise Untimed
        number = wanted if isinstance(wanted, int) else 1
        # The times of the first frame and of the frame with the wanted number.
        times = presented(coded(demuxed(container, video), video))
        first = next(times, None)
        if first is None:
            raise NoFrame("FFmpeg finds no frame in it")
        target: int | None = first
        if number > 1:
            target = next(islice(times, number - 2, None), None)
        elif isinstance(wanted, Fraction):
            target = first + wanted // base
    if wanted == "last":
        target = _last_time(opened, demuxer, first, base, facts)
    if target is None:
        raise NoFrame(f"it ends before its frame {number}")
    # A seek breaks frames that depend on all earlier ones, and palettes.
    if demuxer not in WHOLE and facts.pixel_format != PALETTE:
        found = _by_seeking(opened, demuxer, target, first, base, facts)
        if found is not None:
            return found
    # In some containers a seek to the start fails or ends up after it.
    container, video = open_video(opened, demuxer)
    with container:
        return at_or_before(container, video, target, first, base, facts, from_start=True)


def _by_seeking(
    opened: Opened, demuxer: str, target: int, first: int, base: Fraction, facts: VideoFacts
) -> Found | None:
    """Find the frame at ``target`` from a keyframe before it; None if the beginning is nearer.

    Raises NoFrame.
    """
    if target - BACK_OFF[0] / base <= first:
        return None
    refusal: NoFrame | None = None
    container, video = open_video(opened, demuxer)
    with container:
        for back in BACK_OFF:
            if target - back / base <= first:
                return None
            try:
                container.seek(int(target - back / base), stream=video, backward=True)
                return at_or_before(container, video, target, first, base, facts)
            except NoFrame as error:
                # A decoder that starts at a keyframe may lack earlier references.
                refusal = error
            except (*BROKEN, TooLate):
                continue
    if refusal is not None:
        raise refusal
    return None


def _last_time(opened: Opened, demuxer: str, first: int, base: Fraction, facts: VideoFacts) -> int:
    """Return the greatest presentation time, read near the end if the duration is known."""
    container, video = open_video(opened, demuxer)
    with container:
        for back in BACK_OFF:
            if facts.duration is None or demuxer in WHOLE:
                break
            near = first + (facts.duration - back) / base
            if near <= first:
                break
            with contextlib.suppress(*BROKEN):
                container.seek(int(near) - 1, stream=video, backward=True)
                # Packets after a keyframe are shown after those before it; without a keyframe, the
                # seek may have skipped the last frame.
                packets = (p for p in container.demux(video) if p.size)
                after = dropwhile(lambda packet: not packet.is_keyframe, packets)
                latest = max(presented(with_shown(after, video)), default=None)
                if latest is not None:
                    return latest
    container, video = open_video(opened, demuxer)
    with container:
        latest = max(presented(coded(demuxed(container, video), video)), default=None)
    if latest is None:
        raise NoFrame("FFmpeg finds no frame in it")
    return latest


@dataclass(slots=True)
class _Trail:
    """The times of packets in decoding order, and the first of them that failed."""

    times: array[int]
    failed: int | None = None
    error: str = ""

    def fail(self, error: BaseException) -> None:
        # Leading pictures of a keyframe refer to skipped ones, and nothing refers to them.
        if self.failed is None and self.times and self.times[-1] >= self.times[0]:
            self.failed, self.error = len(self.times), clause(error)

    def spoils(self, time: int, target: int) -> bool:
        """Whether the failed packet holds the frame at that time or a possible reference."""
        if self.failed is None:
            return False
        if time not in self.times or any(time < t <= target for t in self.times):
            return True
        return self.failed <= self.times.index(time) + 1


def _decoded(
    container: InputContainer, video: VideoStream, trail: _Trail, *, from_start: bool
) -> Iterator[VideoFrame]:
    """Yield frames in presentation order, continuing after packets that do not decode.

    After a seek it begins with the first keyframe. Raises Untimed.
    """
    parts: Iterator[Coded]
    if from_start:
        parts = coded(demuxed(container, video), video)
    else:
        parts = with_shown((p for p in container.demux(video) if p.size), video)
    if video.codec_context.codec.canonical_name in JOINED:
        parts = with_units(parts, video)
    packets = chain((part.packet for part in parts), flush(video))
    last: int | None = None
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        if packet.size:
            if not (trail.times or from_start or packet.is_keyframe):
                continue
            if packet.pts is None:
                raise Untimed
            trail.times.append(packet.pts)
        try:
            frames = packet.decode()
        except EOFError:
            return
        except BROKEN as error:
            trail.fail(error)
            continue
        for frame in frames:
            if not isinstance(frame, VideoFrame):
                continue
            if frame.pts is None or (last is not None and frame.pts <= last):
                # The container's timestamps do not match the frames.
                raise Untimed
            last = frame.pts
            yield frame


def at_or_before(
    container: InputContainer,
    video: VideoStream,
    target: int,
    first: int,
    base: Fraction,
    facts: VideoFacts,
    *,
    from_start: bool = False,
) -> Found:
    """Return the frame with the greatest time not after ``target``. Raises TooLate, NoFrame."""
    trail = _Trail(array("q"))
    before: VideoFrame | None = None
    here: VideoFrame | None = None
    after: VideoFrame | None = None
    for frame in _decoded(container, video, trail, from_start=from_start):
        if not from_start and trail.times[0] > target:
            raise TooLate
        if frame.pts is not None and frame.pts > target:
            after = frame
            break
        before, here = here, frame
    if here is None:
        if not from_start:
            raise TooLate
        raise NoFrame(_failure(trail) or "its first frames do not decode")
    if here.pts is None:
        raise Untimed
    at = (here.pts - first) * base
    if here.is_corrupt or trail.spoils(here.pts, target):
        raise NoFrame(_failure(trail) or f"its frame at {float(at):g} s is damaged")
    if after is None and facts.truncation and not _is_last(at, facts):
        raise NoFrame(f"the frame is missing: {facts.truncation}")
    return Found(here, before, after, at)


def _failure(trail: _Trail) -> str | None:
    if trail.failed is None:
        return None
    return f"the wanted frame does not decode ({trail.error})"


def _is_last(at: Fraction, facts: VideoFacts) -> bool:
    """Whether no frame is due after the one at ``at``."""
    if facts.duration is None:
        return True
    return at + (facts.max_interval or facts.duration) >= facts.duration


def _in_order(
    opened: Opened, demuxer: str, wanted: Fraction | int | Literal["last"], facts: VideoFacts
) -> Found:
    """Find a frame by the times from decoding everything before it.

    In AVI the chunks are the clock, and an empty one repeats the last frame.
    """
    rate = facts.fps or Fraction(1)
    until = wanted if isinstance(wanted, Fraction) else None
    if isinstance(wanted, int) and facts.constant_rate is not False:
        until = (wanted - 1) / rate
    before = here = after = None
    at, count = Fraction(0), 0
    try:
        with contextlib.closing(frames_from(opened, demuxer, facts, Fraction(0))) as frames:
            for frame, time in frames:
                if (until is not None and time > until) or (until is None and count == wanted):
                    after = frame
                    break
                before, here, at, count = here, frame, time, count + 1
    except Refused as error:
        raise NoFrame(str(error)) from None
    if here is None:
        raise NoFrame("its first frames do not decode")
    if after is None and facts.truncation and not _is_last(at, facts):
        raise NoFrame(f"the frame is missing: {facts.truncation}")
    return Found(here, before, after, at)


def _by_count(
    opened: Opened, demuxer: str, wanted: Fraction | int | Literal["last"], facts: VideoFacts
) -> Found:
    """Find a frame without timestamps: count from the start and decode everything."""
    rate = facts.fps if facts.constant_rate else None
    if isinstance(wanted, Fraction):
        if rate is None:
            raise NoFrame(
                "its frames have no times of their own; only the first and the last can be told"
            )
        wanted = int(wanted * rate) + 1
    container, video = open_video(opened, demuxer)
    before: VideoFrame | None = None
    here: VideoFrame | None = None
    count = 0
    with container:
        for frame in container.decode(video):
            if wanted != "last" and count == wanted:
                return Found(here or frame, before, frame, (count - 1) / rate if rate else None)
            before, here, count = here, frame, count + 1
    if here is None or (wanted != "last" and count < wanted):
        raise NoFrame(f"only {count} of its frames decode")
    return Found(here, before, None, (count - 1) / rate if rate else None)
