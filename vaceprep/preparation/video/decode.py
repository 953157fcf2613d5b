"""Decode the frames of a window in order, with their presentation times."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Final, cast

from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vaceprep.errors import Damaged, Refused
from vaceprep.facts import VideoFacts
from vaceprep.files.source import Opened
from vaceprep.formats import REORDER_PACKETS, ROUNDING
from vaceprep.probes.container import BOUNDED, BROKEN, clause, fraction, open_container
from vaceprep.probes.h264 import leans_back, prepares
from vaceprep.probes.mp4.track import Edit
from vaceprep.probes.samples import (
    AVI,
    BACK_OFF,
    SeekFailed,
    from_keyframe,
    from_start,
    in_stretches,
    retimed,
    shows_nothing,
)
from vaceprep.probes.shown_packets import Coded, coded, with_shown
from vaceprep.probes.streams import video_stream
from vaceprep.probes.timing import NORMAL_RATE

#: Demuxers of raw streams, which have no timestamps: frames are counted instead.
BARE: Final = frozenset(["h264", "hevc", "m4v", "mpegvideo"])
#: Demuxers whose frames depend on all earlier ones, even at keyframes.
WHOLE: Final = frozenset(["gif", "apng"])
#: The pixel format with a palette, which a seek resets.
PALETTE: Final = "pal8"
#: Codecs with packets that hold no picture; a decoder rejects such a packet alone.
JOINED: Final = frozenset(["h264", "hevc"])
MILLISECOND: Final = Fraction(1, 1000)

Shown = tuple[VideoFrame, Fraction]


def frames_from(
    opened: Opened, demuxer: str, facts: VideoFacts, start: Fraction, *, salvage: bool = False
) -> Generator[Shown, None, None]:
    """Yield frames from the one shown at ``start`` on, each with its time in seconds.

    Times count from the first presented frame. Nothing else may read ``opened`` before the iterator
    is closed.

    Raises Refused at a frame that does not decode; ``salvage`` skips such frames.
    """
    # A time base that rounds may put the wanted frame one tick later.
    tick = facts.rounding_tick or (MILLISECOND if facts.container in ROUNDING else 0)
    held: Shown | None = None
    for frame, time in _timed(_Source(opened, demuxer, facts, salvage), start):
        if time > start + tick:
            if held is not None:
                yield held
                held = None
            yield frame, time
        else:
            held = frame, time
    if held is not None:
        yield held


@dataclass(slots=True)
class _Source:
    """A video that can be reopened any number of times, one container at a time."""

    opened: Opened
    demuxer: str
    facts: VideoFacts
    salvage: bool
    #: The track's single edit with another speed, which FFmpeg does not apply.
    edit: Edit | None = None
    container: InputContainer | None = None

    def open(self) -> tuple[InputContainer, VideoStream]:
        """Open the container at its beginning. Raises Refused, or one of ``BROKEN``."""
        self.close()
        without = shows_nothing(self.facts) or self.edit is not None
        self.container = open_container(self.opened, self.demuxer, without_edits=without)
        video = video_stream(self.container)
        if video is None:
            raise Refused("it has no video track")
        context = video.codec_context
        context.thread_type = "AUTO"
        # The container was opened with one thread for probing; decode with all threads.
        context.thread_count = 0
        context.options = {"threads": "auto", **BOUNDED}
        if not self.salvage:
            # Otherwise a decoder conceals what it cannot read and reports nothing.
            context.options = {"err_detect": "explode", **context.options}
        return self.container, video

    def close(self) -> None:
        """Close the container, if one is open."""
        if self.container is not None:
            self.container.close()
            self.container = None


def _timed(source: _Source, start: Fraction) -> Iterator[Shown]:
    """Yield frames, with their times, from one shown at or before ``start`` on."""
    facts = source.facts
    # These read the same file, so they must run before the container is opened.
    several = in_stretches(source.opened, source.demuxer)
    source.edit = None if several else retimed(source.opened, source.demuxer)
    try:
        container, video = source.open()
        base = fraction(video.time_base)
        if source.demuxer == AVI and base is not None:
            yield from _by_chunk(source, container, video, base)
            return
        if source.demuxer in BARE or base is None or several:
            if facts.fps is None:
                raise Refused("its frames carry no times")
            parts = coded(container.demux(video), video)
            for number, frame in enumerate(_decoded(parts, video, source.salvage)):
                yield frame, number / facts.fps
            return
        origin, parts = from_start(container, video)
        if source.edit is not None:
            speed = Fraction(source.edit.rate, NORMAL_RATE)
            begin = source.edit.media_time
            frames = _from_before(source, container, video, begin, parts, start * speed, base)
            for frame, time in _clocked(frames, begin, base, facts):
                yield frame, time / speed
            return
        frames = _from_before(source, container, video, origin or 0, parts, start, base)
        yield from _clocked(frames, origin or 0, base, facts)
    finally:
        source.close()


def _by_chunk(
    source: _Source, container: InputContainer, video: VideoStream, base: Fraction
) -> Iterator[Shown]:
    """Yield frames of AVI timed by their chunks, of which empty ones repeat a frame.

    Frames come out in order, so each has the position of the next chunk with a frame.
    """
    places: list[int] = []

    def noted() -> Iterator[Coded]:
        for part in coded(container.demux(video), video):
            if part.shows and part.packet.dts is not None:
                places.append(part.packet.dts)
            yield part

    for number, frame in enumerate(_decoded(noted(), video, source.salvage)):
        if number >= len(places):
            return
        yield frame, (places[number] - places[0]) * base


def _clocked(
    frames: Iterable[VideoFrame], origin: int, base: Fraction, facts: VideoFacts
) -> Iterator[Shown]:
    """Yield frames with their times, without those before the first presented one."""
    last: Fraction | None = None
    for frame in frames:
        at = frame.pts if frame.pts is not None else frame.dts
        if at is not None:
            time = (at - origin) * base
        elif last is not None and facts.fps is not None:
            time = last + 1 / facts.fps
        else:
            raise Refused("its frames carry no times")
        if time < 0 or (last is not None and time <= last):
            continue
        last = time
        yield frame, time


def _from_before(
    source: _Source,
    container: InputContainer,
    video: VideoStream,
    origin: int,
    beginning: Iterator[Coded],
    start: Fraction,
    base: Fraction,
) -> Iterator[VideoFrame]:
    """Yield frames from one shown at or before ``start``, or from the beginning.

    Decoding starts further back where a keyframe depends on earlier pictures.
    """
    frames, moved = _after_seek(source, container, video, origin, start, base)
    if frames is not None:
        yield from frames
        return
    if moved:
        container, video = source.open()
        _, beginning = from_start(container, video)
    opening = next(beginning, None)
    if opening is None:
        return
    settled = None
    extradata = video.codec_context.extradata or b""
    if leans_back(bytes(opening.packet), source.facts.codec or "", extradata):
        _forgive(video)
        settled = Fraction(origin)
    yield from _decoded(chain([opening], beginning), video, source.salvage, settled)


def _after_seek(
    source: _Source,
    container: InputContainer,
    video: VideoStream,
    origin: int,
    start: Fraction,
    base: Fraction,
) -> tuple[Iterator[VideoFrame] | None, bool]:
    """Return frames from a keyframe before ``start``, and whether the container was moved.

    None for the frames if no keyframe is usable. Raises Damaged.
    """
    facts = source.facts
    context = video.codec_context
    extradata = context.extradata or b""
    first = origin + start / base
    whole = source.demuxer in WHOLE or facts.pixel_format == PALETTE
    #: The time from which frames must be intact, if the decoder reports missing references.
    settled: Fraction | None = None
    damage: Damaged | None = None
    moved = False
    for back in BACK_OFF:
        target = first - back / base
        if target <= origin or whole:
            return None, moved
        moved = True
        try:
            packets = from_keyframe(container, video, int(target))
            key = next(packets)
            unsettled = leans_back(bytes(key), facts.codec or "", extradata)
            if unsettled and not back:
                # The window itself may need the references of this frame.
                continue
            if unsettled and settled is None:
                if context.is_open:
                    continue
                _forgive(video)
                settled = first
            coded_frames = with_shown(chain([key], packets), video)
            frames = _decoded(coded_frames, video, source.salvage, settled)
            # The first frame that the decoder outputs may be after ``start``.
            early = next(frames, None)
        except SeekFailed:
            continue
        except Damaged as error:
            if settled is None:
                raise
            # It is damage only if it also occurs from a keyframe further back.
            damage = error
            continue
        except BROKEN:
            return None, moved
        if early is not None and early.pts is not None and early.pts <= first + 1:
            return chain([early], frames), moved
    if damage is not None:
        raise damage
    return None, moved


def _forgive(video: VideoStream) -> None:
    """Let the decoder continue where it starts at a recovery point.

    With ``explode`` it would stop at every missing reference.
    """
    video.codec_context.options = {"threads": "auto", **BOUNDED}


def flush(video: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Yield the empty packet that makes a decoder output its delayed frames."""
    end = Packet()
    end.stream = video
    yield end  # type: ignore[misc]


def packet_of(data: bytes) -> Packet[Stream]:
    """Return a packet with a copy of the data in FFmpeg's own memory.

    ``Packet(data)`` would refer to the Python object. A decoder thread that releases it needs the
    GIL, while the thread that closes the decoder holds the GIL and waits for the decoder thread: a
    deadlock that no signal ends.
    """
    packet = Packet(len(data))
    packet.update(data)
    return packet


def with_units(parts: Iterator[Coded], video: VideoStream) -> Iterator[Coded]:
    """Yield packets with pictures, joined with preceding parameter sets and recovery points.

    Other packets without a picture are dropped: a decoder rejects them alone, and rejects a picture
    that is joined with an invalid SEI message.
    """
    context = video.codec_context
    codec, extradata = context.codec.canonical_name, context.extradata or b""
    before = b""
    for packet, shows in parts:
        if not shows and not packet.is_discard:
            if prepares(bytes(packet), codec, extradata):
                before += bytes(packet)
        elif not before:
            yield Coded(packet, shows)
        else:
            whole = cast("Packet[VideoStream]", packet_of(before + bytes(packet)))
            whole.stream, whole.time_base = packet.stream, packet.time_base
            whole.pts, whole.dts, whole.duration = packet.pts, packet.dts, packet.duration
            whole.is_keyframe = packet.is_keyframe
            yield Coded(whole, shows)
            before = b""


def _decoded(
    parts: Iterator[Coded],
    video: VideoStream,
    salvage: bool,
    settled: Fraction | None = None,
) -> Iterator[VideoFrame]:
    """Yield frames; before ``settled`` ticks, the first packets may fail and frames be damaged.

    Raises Damaged at any other frame that does not decode, or is damaged, unless ``salvage``.
    """
    number = decoded = 0
    if video.codec_context.codec.canonical_name in JOINED:
        parts = with_units(parts, video)
    packets = chain((part.packet for part in parts), flush(video))
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except BROKEN as error:
            if salvage:
                return
            text = f"reading stops after {number} frames ({clause(error)})"
            raise Damaged(text, decoded) from None
        number += bool(packet.size)
        try:
            frames = packet.decode()
        except EOFError:
            return
        except BROKEN as error:
            if salvage or packet.is_discard:
                continue
            if settled is not None and number <= REORDER_PACKETS and (packet.pts or 0) < settled:
                continue
            text = f"a frame does not decode after {decoded} that did: {clause(error)}"
            raise Damaged(text, decoded) from None
        for frame in frames:
            if not isinstance(frame, VideoFrame):
                continue
            counts = settled is not None and (frame.pts is None or frame.pts >= settled)
            if counts and frame.is_corrupt and not salvage:
                raise Damaged(f"a frame is damaged after {decoded} that are not", decoded)
            decoded += 1
            yield frame
