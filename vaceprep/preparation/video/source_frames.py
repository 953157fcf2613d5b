"""Read a source a second time, with the container's own times, to check the encoder.

It shares no code with ``decode``, so that a timing error there is not repeated here. Times are in
seconds from the first picture that the decoder outputs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Final, NamedTuple

from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL.Image import Image

from vaceprep.facts import VideoFacts
from vaceprep.files.source import Opened
from vaceprep.preparation.video.thumbnails import SHARES, Orientation
from vaceprep.probes.container import ATTACHED_PICTURE, BOUNDED, BROKEN, fraction, open_container
from vaceprep.probes.images import pixels
from vaceprep.probes.mp4.track import Edit
from vaceprep.probes.samples import in_stretches, retimed, shows_nothing
from vaceprep.probes.sniff import Sniffed
from vaceprep.probes.timing import NORMAL_RATE

#: Seconds of the source that are decoded rather than skipped by a seek.
NEAR: Final = 2
#: Seconds before the wanted time at which a seek begins, tried in order.
BACK: Final = (0, 2, 10)
#: Demuxers of streams without timestamps: pictures are counted at the measured rate.
BARE: Final = frozenset(["h264", "hevc", "m4v", "mpegvideo"])
#: Browsers show delays up to ``QUICK`` milliseconds as ``SLOW`` milliseconds.
QUICK: Final = 10
SLOW: Final = 100
#: Demuxers of animated images: each frame starts at the sum of the delays before it.
DELAYED: Final = frozenset(["gif", "apng"])
#: Bytes before the chunks of an animated WEBP, and offset of the delay in a frame's chunk.
WEBP_HEAD: Final = 12
WEBP_DELAY: Final = 12
#: Signs of a display matrix (a, b, c, d), with their clockwise rotation in degrees.
TURNS: Final = {(1, 0, 0, 1): 0, (0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}

#: A picture and its time; None from where decoders may differ in what they show.
Timed = tuple[VideoFrame | Image | None, Fraction]


@dataclass(slots=True)
class Clock:
    """The measured times of the source, in seconds."""

    #: From the first packet to the first picture: above 0 if the first packets do not decode.
    delay: Fraction = Fraction(0)
    #: The end of the last picture; None where reading stopped before it.
    end: Fraction | None = None
    #: The container's rotation and mirroring; None where unknown.
    orientation: Orientation | None = None
    #: Width and height of the first decoded frame.
    size: tuple[int, int] = (0, 0)


class _Stamped(NamedTuple):
    """A picture and its time on the container's clock."""

    #: None for damage, which decoders conceal in different ways.
    frame: VideoFrame | None
    time: Fraction


class _TooLate(Exception):
    """A seek led to a keyframe after the wanted time."""


def source_frames(
    opened: Opened,
    sniffed: Sniffed,
    facts: VideoFacts,
    first: Fraction,
    last: Fraction,
    clock: Clock,
    *,
    salvage: bool = False,
) -> Iterator[Timed]:
    """Yield pictures from one at or before ``first`` to the first one after ``last``.

    With ``salvage``, pictures are None from damage to the next keyframe. The function fills
    ``clock``. Raises one of ``BROKEN`` where nothing can be read.
    """
    if sniffed.demuxer is None:
        yield from _animated(opened, sniffed.format, last, clock)
        return
    edit = retimed(opened, sniffed.demuxer)
    if edit is not None:
        yield from _at_speed(opened, sniffed.demuxer, facts, edit, last, clock, salvage)
        return
    counted = _count_rate(opened, sniffed.demuxer, facts)
    origin: Fraction | None = None
    if first > NEAR and counted is None and sniffed.demuxer not in DELAYED:
        with _open(opened, sniffed.demuxer, facts) as container:
            reading = _Reading(container, sniffed.demuxer, facts, salvage=salvage)
            begin = next(reading.pictures(), None)
            origin = None if begin is None else begin.time
            delay = reading.delay
        for back in BACK if origin is not None else ():
            target = (origin or Fraction(0)) + first - back
            with _open(opened, sniffed.demuxer, facts) as container:
                reading = _Reading(container, sniffed.demuxer, facts, salvage=salvage)
                pictures = reading.sought(target)
                if pictures is None:
                    continue
                clock.delay = delay
                yield from _until(pictures, reading, origin, last, clock)
                return
    with _open(opened, sniffed.demuxer, facts) as container:
        reading = _Reading(container, sniffed.demuxer, facts, counted, salvage=salvage)
        yield from _until(reading.pictures(), reading, origin, last, clock)


def _at_speed(
    opened: Opened,
    demuxer: str,
    facts: VideoFacts,
    edit: Edit,
    last: Fraction,
    clock: Clock,
    salvage: bool,
) -> Iterator[Timed]:
    """Yield all pictures of a track whose single edit plays it at another speed."""
    speed = Fraction(edit.rate, NORMAL_RATE)
    with open_container(opened, demuxer, without_edits=True) as container:
        reading = _Reading(container, demuxer, facts, salvage=salvage)
        begin = edit.media_time * (fraction(_track(container).time_base) or Fraction(0))
        latest: Fraction | None = None
        for frame, stamp in reading.pictures():
            time = (stamp - begin) / speed
            if time < 0 or (latest is not None and time <= latest):
                continue
            if frame is not None and clock.size == (0, 0):
                clock.orientation = _orientation(frame)
                clock.size = frame.width, frame.height
            latest = time
            yield frame, time
            if time > last:
                return
        if latest is not None:
            clock.end = latest + reading.step


def _until(
    pictures: Iterator[_Stamped],
    reading: _Reading,
    origin: Fraction | None,
    last: Fraction,
    clock: Clock,
) -> Iterator[Timed]:
    latest: Fraction | None = None
    for frame, stamp in pictures:
        if latest is None and origin is None:
            origin, clock.delay = stamp, reading.delay
        if frame is not None and clock.size == (0, 0):
            clock.orientation = _orientation(frame)
            clock.size = frame.width, frame.height
        origin = origin or Fraction(0)
        time = stamp - origin
        if latest is not None and time <= latest:
            continue
        latest = time
        yield frame, time
        if time > last:
            return
    if origin is not None and latest is not None:
        clock.end = max(latest + reading.step, (reading.end or Fraction(0)) - origin)


def _open(opened: Opened, demuxer: str, facts: VideoFacts) -> InputContainer:
    return open_container(opened, demuxer, without_edits=shows_nothing(facts))


def _count_rate(opened: Opened, demuxer: str, facts: VideoFacts) -> Fraction | None:
    """Return the rate at which pictures are counted; None if the container has timestamps."""
    if demuxer in BARE or in_stretches(opened, demuxer):
        return facts.fps
    return None


class _Reading:
    """One open source that yields decoded pictures with the container's times."""

    def __init__(
        self,
        container: InputContainer,
        demuxer: str,
        facts: VideoFacts,
        rate: Fraction | None = None,
        *,
        salvage: bool = False,
    ) -> None:
        self._container = container
        self._video = _track(container)
        self._base = fraction(self._video.time_base) or Fraction(1, 1000)
        self._rate = rate
        # AVI has no presentation timestamps: the position of a chunk is its picture's time.
        self._by_place = demuxer == "avi"
        self._places: list[Fraction] = []
        # For animated images: the start of each frame, by its timestamp from FFmpeg.
        self._begins: dict[int, Fraction] | None = {} if demuxer in DELAYED else None
        self._first: Fraction | None = None
        self._shown: Fraction | None = None
        self._latest: Fraction | None = None
        #: The duration of a picture in seconds where the container has none.
        self.step = 1 / facts.fps if facts.fps else Fraction(0)
        #: The end of the last packet read.
        self.end: Fraction | None = None
        # Matrix and range of the container: the decoder resets what the stream does not specify.
        context = self._video.codec_context
        self._tags = int(context.colorspace), int(context.color_range)
        # VP8 has no field for the matrix, yet the decoder sets one on each frame.
        self._without_matrix = facts.codec == "vp8"
        self._video.codec_context.thread_type = "AUTO"
        self._video.codec_context.thread_count = 0
        self._video.codec_context.options = {"threads": "auto", **BOUNDED}
        self._salvage = salvage
        if salvage:
            # Threads conceal damage differently each time. Without threads a decoder that stops at
            # damage always stops at the same frames.
            self._video.codec_context.thread_count = 1
            self._video.codec_context.options = {"err_detect": "explode", "threads": "1", **BOUNDED}

    @property
    def delay(self) -> Fraction:
        """Return the seconds from the first packet to the first picture."""
        if self._first is None or self._shown is None or self._rate or self._by_place:
            return Fraction(0)
        return max(Fraction(0), self._shown - self._first)

    def sought(self, target: Fraction) -> Iterator[_Stamped] | None:
        """Return pictures from a keyframe at or before ``target``; None if a seek finds none."""
        try:
            self._container.seek(int(target // self._base), stream=self._video, backward=True)
            pictures = self.pictures(target)
            begin = next(pictures, None)
        except (*BROKEN, _TooLate):
            return None
        if begin is None or begin.time > target:
            return None
        return chain([begin], pictures)

    def pictures(self, target: Fraction | None = None) -> Iterator[_Stamped]:
        """Yield decoded pictures in order. Raises _TooLate after a seek for ``target``."""
        number, whole, damaged, waits = 0, False, False, target is not None
        for packet in self._container.demux(self._video):
            if packet.size and waits:
                if not packet.is_keyframe:
                    continue
                if target is None or self._time_of(packet.pts, packet.dts) > target:
                    raise _TooLate
                waits = False
            stamp = packet.dts if self._by_place else packet.pts
            if stamp is not None and not packet.is_discard:
                self._note(stamp, packet.duration or 0, bool(packet.size))
            try:
                frames = packet.decode()
            except EOFError:
                return
            except BROKEN:
                if self._salvage and packet.size:
                    damaged = True
                    yield _Stamped(None, self._after(packet.pts, packet.dts, number))
                    number += 1
                continue
            for frame in frames:
                # Pictures decoded without their references are not shown.
                whole = whole or self._salvage or not frame.is_corrupt
                if not isinstance(frame, VideoFrame) or not whole:
                    continue
                self._tag(frame)
                time = self._shown_at(frame, number)
                self._shown = time if self._shown is None else self._shown
                damaged = frame.is_corrupt or (damaged and not frame.key_frame)
                self._latest = time
                yield _Stamped(None if damaged and self._salvage else frame, time)
                number += 1

    def _tag(self, frame: VideoFrame) -> None:
        """Set the tags of a YUV frame that only the container has."""
        matrix, span = self._tags
        if frame.format.is_rgb or frame.format.name == "pal8":
            return
        is_open = int(frame.colorspace) not in SHARES or self._without_matrix
        if is_open and matrix in SHARES:
            frame.colorspace = matrix
        if not int(frame.color_range) and span:
            frame.color_range = span

    def _after(self, pts: int | None, dts: int | None, number: int) -> Fraction:
        """Return when an undecodable frame may show: right after the last decoded one."""
        if self._latest is not None:
            return self._latest + self._base
        if self._rate:
            return number / self._rate
        return self._time_of(pts, dts)

    def _note(self, stamp: int, duration: int, has_data: bool) -> None:
        time, length = stamp * self._base, duration * self._base
        if self._begins is not None:
            time = self.end or Fraction(0)
            length = length if length > Fraction(QUICK, 1000) else Fraction(SLOW, 1000)
            self._begins[stamp] = time
        end = time + (length or self.step)
        self.end = end if self.end is None else max(self.end, end)
        self._first = time if self._first is None else min(self._first, time)
        if has_data:
            self._places.append(time)

    def _time_of(self, pts: int | None, dts: int | None) -> Fraction:
        return ((pts if pts is not None else dts) or 0) * self._base

    def _shown_at(self, frame: VideoFrame, number: int) -> Fraction:
        if self._rate:
            return number / self._rate
        if self._by_place and number < len(self._places):
            return self._places[number]
        if self._begins is not None and frame.pts in self._begins:
            return self._begins[frame.pts]
        return self._time_of(frame.pts, frame.dts)


def _track(container: InputContainer) -> VideoStream:
    """Return the track that FFmpeg's own programs select."""
    best = container.streams.best("video")
    if isinstance(best, VideoStream):
        return best
    return next(s for s in container.streams.video if not s.disposition & ATTACHED_PICTURE)


def _orientation(frame: VideoFrame) -> Orientation | None:
    """Return the orientation in the display matrix; upright without one."""
    try:
        data = frame.side_data.get("DISPLAYMATRIX")
        if not isinstance(data, SideData):
            return 0, False
        values = struct.unpack("=9i", bytes(data))
    except (*BROKEN, KeyError, struct.error):
        return None
    a, b, c, d = values[0], values[1], values[3], values[4]
    largest = max(map(abs, (a, b, c, d)))
    # Scaling does not change the signs; a skew is not a right angle.
    signs = [0 if abs(v) * 8 < largest else (v > 0) - (v < 0) for v in (a, b, c, d)]
    for mirrored, side in ((False, 1), (True, -1)):
        turn = TURNS.get((side * signs[0], side * signs[1], signs[2], signs[3]))
        if turn is not None:
            return turn, mirrored
    return None


def _animated(opened: Opened, name: str, last: Fraction, clock: Clock) -> Iterator[Timed]:
    """Yield pictures of an animated WEBP, which FFmpeg does not read, by its chunks' delays."""
    make = pixels.decoder(name)
    if make is None:
        return
    opened.seek(0)
    delays = list(_delays(opened.read()))
    image = pixels.header(make, pixels.rewound(opened))
    time = Fraction(0)
    clock.orientation = 0, False
    for index, delay in enumerate(delays):
        image.seek(index)
        image.load()
        yield image.copy(), time
        if time > last:
            return
        time += Fraction(SLOW if delay <= QUICK else delay, 1000)
    clock.end = time


def _delays(data: bytes) -> Iterator[int]:
    """Yield the duration of each frame of an animated WEBP in milliseconds."""
    at = WEBP_HEAD
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"ANMF":
            yield int.from_bytes(data[at + 8 + WEBP_DELAY : at + 8 + WEBP_DELAY + 3], "little")
        at += 8 + size + size % 2
