"""Decoded frames of a window, in order, with the times at which they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from typing import Final

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vaceprep.facts import VideoFacts
from vaceprep.prepare.refused import Damaged, Refused
from vaceprep.probe.container import BOUNDED, BROKEN, clause, fraction
from vaceprep.probe.nal import leans_back
from vaceprep.probe.samples import (
    BACK_OFF,
    REORDER,
    Lost,
    from_keyframe,
    in_stretches,
    origin_of,
)
from vaceprep.source import Opened

#: Demuxers whose times FFmpeg makes up wrongly: frames are counted instead.
COUNTED: Final = frozenset(["avi", "h264", "hevc", "m4v", "mpegvideo"])

Shown = tuple[VideoFrame, Fraction]


def is_counted(opened: Opened, demuxer: str) -> bool:
    """Whether the times that FFmpeg tells are wrong, so that frames have to be counted.

    Ask before the container is opened: both read the same file.
    """
    return demuxer in COUNTED or in_stretches(opened, demuxer)


def frames_from(
    container: InputContainer,
    video: VideoStream,
    facts: VideoFacts,
    start: Fraction,
    *,
    counted: bool = False,
    salvage: bool = False,
) -> Iterator[Shown]:
    """Frames from the one shown at ``start`` on, each with its time in seconds.

    ``counted`` goes by their number and the rate, since the container's times are wrong.

    Raises Refused at a frame that does not decode; with ``salvage`` it is left out.
    """
    context = video.codec_context
    context.thread_type = "AUTO"
    # The container was opened with one thread for a look into the stream: here all work.
    context.thread_count = 0
    if not salvage:
        # Without this a decoder paints over what it cannot read and says nothing.
        context.options = {"err_detect": "explode", "threads": "auto", **BOUNDED}
    else:
        context.options = {"threads": "auto", **BOUNDED}
    base = fraction(video.time_base)
    if counted or base is None:
        rate = facts.fps
        if rate is None:
            raise Refused("its frames carry no times")
        walked = _decoded(container.demux(video), salvage)
        for number, frame in enumerate(walked):
            if number / rate >= start:
                yield frame, number / rate
        return
    origin = origin_of(container, video)
    if origin is None:
        origin = 0
    # Half a tick before: rounding may not lose the first frame.
    first = origin + start / base - Fraction(1, 2)
    last: Fraction | None = None
    for frame in _from_before(container, video, origin, first, base, facts, salvage):
        at = frame.pts if frame.pts is not None else frame.dts
        if at is None:
            if last is None or facts.fps is None:
                raise Refused("its frames carry no times")
            time = last + 1 / facts.fps
        elif at < first:
            continue
        else:
            time = (at - origin) * base
        if last is not None and time <= last:
            continue
        last = time
        yield frame, time


def _from_before(
    container: InputContainer,
    video: VideoStream,
    origin: int,
    first: Fraction,
    base: Fraction,
    facts: VideoFacts,
    salvage: bool,
) -> Iterator[VideoFrame]:
    """Frames from one that is shown not after ``first`` ticks, or from the beginning.

    Where what came before a keyframe is needed after all, the walk starts further back.
    """
    context = video.codec_context
    extradata = context.extradata or b""
    #: From where on frames must be whole, if the decoder complains of pictures never read.
    settled: Fraction | None = None
    damage: Damaged | None = None
    for back in BACK_OFF:
        target = first + Fraction(1, 2) - back / base
        if target <= origin:
            break
        try:
            packets = from_keyframe(container, video, int(target))
            key = next(packets)
            unsettled = leans_back(bytes(key), facts.codec or "", extradata)
            if unsettled and not back:
                # What it leans on may be asked for in the window itself.
                continue
            if unsettled and settled is None:
                if context.is_open:
                    continue
                # A decoder that stops at each complaint would do so without end.
                context.options = {"threads": "auto", **BOUNDED}
                settled = first
            walk = chain([key], packets, _flush(video))
            frames = _decoded(walk, salvage, settled)
            # What is not whole at the start of the window is not put out: then it is too late.
            early = next(frames, None)
        except Lost:
            continue
        except Damaged as error:
            if settled is None:
                raise
            # It is damage only if it is there from a keyframe further back as well.
            damage = error
            continue
        except BROKEN:
            break
        if early is None or early.pts is None or early.pts > first + 1:
            continue
        yield early
        yield from frames
        return
    else:
        if damage is not None:
            raise damage
    container.seek(min(origin, 0), stream=video, backward=True)
    yield from _decoded(container.demux(video), salvage, settled)


def _flush(video: VideoStream) -> Iterator[Packet[VideoStream]]:
    end = Packet()
    end.stream = video
    yield end  # type: ignore[misc]


def _decoded(
    packets: Iterable[Packet[VideoStream]], salvage: bool, settled: Fraction | None = None
) -> Iterator[VideoFrame]:
    """Frames that decode; before ``settled`` ticks the first may fail and any may be damaged.

    Raises Damaged where another does not decode, or is not whole, unless ``salvage``.
    """
    number = decoded = 0
    walk = iter(packets)
    while True:
        try:
            packet = next(walk)
        except StopIteration:
            return
        except BROKEN as error:
            if salvage:
                return
            said = f"reading stops after {number} frames ({clause(error)})"
            raise Damaged(said, decoded) from None
        number += bool(packet.size)
        try:
            frames = packet.decode()
        except EOFError:
            return
        except BROKEN as error:
            if salvage or packet.is_discard:
                continue
            if settled is not None and number <= REORDER and (packet.pts or 0) < settled:
                continue
            said = f"a frame does not decode after {decoded} that did: {clause(error)}"
            raise Damaged(said, decoded) from None
        for frame in frames:
            if not isinstance(frame, VideoFrame):
                continue
            counts = settled is not None and (frame.pts is None or frame.pts >= settled)
            if counts and frame.is_corrupt and not salvage:
                raise Damaged(f"a frame is damaged after {decoded} that are not", decoded)
            decoded += 1
            yield frame
