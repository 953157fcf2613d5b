"""Encode drawn pictures and beeps with PyAV into a container."""

from __future__ import annotations

import math
import os
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, TypeAlias

import av
from av.audio.stream import AudioStream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from tests.truth import mosaic
from tests.truth.colour import BT709, MATRIX_CODE, PRIMARIES_CODE, TRANSFER_CODE, Colour
from tests.truth.model import Shown, Truth, at_times
from tests.truth.mosaic import Mosaic
from tests.truth.paint import Plane, frame, planes

# The AV1 encoder prints its settings on standard error otherwise.
os.environ.setdefault("SVT_LOG", "1")

#: Options that make each encoder quick and its colours exact enough.
QUICK: Final[dict[str, dict[str, str]]] = {
    "libx264": {"preset": "ultrafast", "crf": "12"},
    "libx265": {"preset": "ultrafast", "crf": "12", "x265-params": "log-level=none:pools=none"},
    "libsvtav1": {"preset": "8", "crf": "10", "svtav1-params": "lp=1:pred-struct=1"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "crf": "8", "b": "4M"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "12", "b": "0"},
    "prores_ks": {"profile": "standard"},
    "dnxhd": {"profile": "dnxhr_hq"},
    **{
        name: {"qmin": "2", "qmax": "3"}
        for name in ("mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "wmv1", "wmv2", "flv")
    },
    **{name: {"qmin": "2", "qmax": "3"} for name in ("msmpeg4", "msmpeg4v2", "h263", "svq1")},
}
Packet: TypeAlias = "av.Packet[Any]"
#: Samples a second, and the length of a beep in seconds.
SOUND_RATE: Final = 48000
BEEP: Final = Fraction(6, 100)
#: A beep begins with each picture whose number leaves this remainder.
BEEP_EVERY, BEEP_AT = 8, 4


@dataclass(frozen=True)
class Coding:
    """How the pictures are encoded and into what."""

    container: str = "mp4"
    codec: str = "libx264"
    pixels: str = "yuv420p"
    colour: Colour = BT709
    rate: Fraction | int = 24
    count: int = 24
    #: As stored.
    size: tuple[int, int] = (480, 384)
    options: Mapping[str, str] = field(default_factory=dict)
    container_options: Mapping[str, str] = field(default_factory=dict)
    #: The sound's encoder; empty is without sound.
    sound: str = ""
    #: The name's ending; empty is the container's name.
    ending: str = ""
    aspect: Fraction = Fraction(1)

    def path(self, folder: Path) -> Path:
        """The file's name in that folder."""
        return folder / f"source.{self.ending or self.container}"


#: Gives the planes of picture i.
Draw = Callable[[int], Sequence[Plane]]


def upright(coding: Coding, stored: Callable[[Mosaic], Mosaic] = lambda m: m) -> Draw:
    """Draws picture i as it is, or as ``stored`` changes it."""

    def draw(number: int) -> Sequence[Plane]:
        drawn = stored(mosaic.picture(number))
        return planes(drawn, coding.size, coding.pixels, coding.colour)

    return draw


def beeps_of(shown: Iterable[Shown]) -> tuple[Fraction, ...]:
    """When the pictures begin that have a beep: every eighth, but never two in a third second."""
    found: list[Fraction] = []
    for one in shown:
        if one.number % BEEP_EVERY == BEEP_AT and (
            not found or one.begin - found[-1] > Fraction(3, 10)
        ):
            found.append(one.begin)
    return tuple(found)


def tone(seconds: Fraction, beeps: Sequence[Fraction]) -> array[int]:
    """Silence with 1 kHz at those times: mono, 16 bits."""
    samples = array("h", bytes(2 * math.ceil(seconds * SOUND_RATE)))
    for begin in beeps:
        first = round(begin * SOUND_RATE)
        for n in range(first, min(first + int(BEEP * SOUND_RATE), len(samples))):
            samples[n] = round(16000 * math.sin(math.tau * 1000 * (n - first) / SOUND_RATE))
    return samples


def video_stream(out: av.container.OutputContainer, coding: Coding, tick: Fraction) -> VideoStream:
    """The stream of that coding, its encoder not yet open."""
    stream = out.add_stream(coding.codec, rate=Fraction(coding.rate))
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = coding.size
    stream.pix_fmt = coding.pixels
    context = stream.codec_context
    assert isinstance(context, VideoCodecContext)
    stream.time_base = context.time_base = tick
    context.sample_aspect_ratio = coding.aspect
    tag(context, coding.colour)
    stream.options = {"threads": "1", **QUICK.get(coding.codec, {}), **coding.options}
    return stream


def tag(context: VideoCodecContext, colour: Colour) -> None:
    """Write the colour beside the pixels."""
    if not colour.in_stream:
        return
    context.colorspace = MATRIX_CODE[colour.matrix]
    context.color_primaries = PRIMARIES_CODE[colour.primaries]
    context.color_trc = TRANSFER_CODE[colour.transfer]
    context.color_range = 2 if colour.full else 1


def encoded(
    stream: VideoStream,
    coding: Coding,
    draw: Draw,
    ticks: Sequence[int],
    tick: Fraction,
    marked: Callable[[av.VideoFrame], av.VideoFrame] | None = None,
) -> list[Packet]:
    """The packets of pictures 0, 1, 2 ... at those ticks."""
    packets: list[Packet] = []
    for number, pts in enumerate(ticks):
        made = frame(draw(number), coding.size, coding.pixels)
        if marked is not None:
            made = marked(made)
        made.pts, made.time_base = pts, tick
        packets += stream.encode(made)
    return packets + stream.encode(None)


def sounded(
    stream: AudioStream, seconds: Fraction, beeps: Sequence[Fraction], begin: Fraction = Fraction(0)
) -> list[Packet]:
    """The packets of sound that begins at ``begin``."""
    samples = tone(seconds, beeps)
    context = stream.codec_context
    form = "s16" if context.name.startswith("pcm") else context.format.name
    rate = context.sample_rate
    resampler = av.AudioResampler(form, "mono", rate)
    packets: list[Packet] = []
    context.open(strict=False)
    step = context.frame_size or 1024
    fifo = av.AudioFifo()
    for at in range(0, len(samples), 1024):
        part = samples[at : at + 1024]
        raw = av.AudioFrame("s16", "mono", len(part))
        raw.planes[0].update(part.tobytes().ljust(raw.planes[0].buffer_size, b"\0"))
        raw.sample_rate, raw.pts, raw.time_base = SOUND_RATE, at, Fraction(1, SOUND_RATE)
        for converted in resampler.resample(raw):
            converted.pts = None
            fifo.write(converted)
    offset = round(begin * rate)
    written = 0
    while fifo.samples:
        piece = fifo.read(min(step, fifo.samples))
        assert piece is not None
        piece.pts, piece.time_base = offset + written, Fraction(1, rate)
        written += piece.samples
        packets += stream.encode(piece)
    return packets + stream.encode(None)


def mux(out: av.container.OutputContainer, packets: list[Packet]) -> None:
    """Write packets of several streams in the order of their decoding times."""
    for packet in sorted(packets, key=lambda p: (p.dts or 0) * (p.time_base or Fraction(0))):
        out.mux(packet)


def clip(
    folder: Path,
    coding: Coding,
    *,
    draw: Draw | None = None,
    times: tuple[Fraction, ...] | None = None,
    end: Fraction | None = None,
    tick: Fraction | None = None,
    offset: Fraction = Fraction(0),
    marked: Callable[[av.VideoFrame], av.VideoFrame] | None = None,
    changed: Callable[[list[Packet]], list[Packet]] | None = None,
) -> tuple[Path, Truth]:
    """A file of pictures 0, 1, 2 ..., and what it shows.

    ``times`` are when they begin (default: the coding's constant rate), written in units of
    ``tick``; ``offset`` is added to all times of the file, sound included. ``marked`` may change
    each frame before it is encoded, ``changed`` the video's packets.
    """
    rate = Fraction(coding.rate)
    times = tuple(n / rate for n in range(coding.count)) if times is None else times
    end = times[-1] + 1 / rate if end is None else end
    tick = 1 / rate if tick is None else tick
    shown = at_times(times, end)
    path = coding.path(folder)
    options = dict(coding.container_options)
    with av.open(str(path), "w", format=coding.container, container_options=options) as out:
        stream = video_stream(out, coding, tick)
        sound = None
        if coding.sound:
            added = out.add_stream(coding.sound, rate=SOUND_RATE, layout="mono")
            assert isinstance(added, AudioStream)
            sound = added
            sound.codec_context.bit_rate = 96000
        ticks = [round((time + offset) / tick) for time in times]
        packets = encoded(stream, coding, draw or upright(coding), ticks, tick, marked)
        if packets:
            last = max(packets, key=lambda p: p.pts or 0)
            last.duration = round((end - times[-1]) / (last.time_base or tick))
        if changed is not None:
            packets = changed(packets)
        beeps: tuple[Fraction, ...] = ()
        if sound is not None:
            beeps = beeps_of(shown)
            packets += sounded(sound, end - times[0], beeps, offset)
        mux(out, packets)
    width, height = coding.size
    size = (round(width * coding.aspect), height)
    steady = len({s.end - s.begin for s in shown}) == 1
    return path, Truth(shown, size, rate=rate if steady else None, beeps=beeps)
