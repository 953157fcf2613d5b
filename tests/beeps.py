"""Videos whose sound is silence and beeps at known times, and where beeps are heard."""

from __future__ import annotations

import math
import subprocess
from array import array
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from tests.media import pictures

#: Samples a second, and seconds of a beep.
RATE = 48000
LENGTH = 0.08
#: Of 32767: a beep, not what coding leaves of silence.
LOUD = 5000


def tone(seconds: float, beeps: Sequence[float], rate: int = RATE) -> array[int]:
    """Silence with 1 kHz at those times, mono, 16 bits."""
    samples = array("h", bytes(2 * int(seconds * rate)))
    for beep in beeps:
        first = round(beep * rate)
        for at in range(first, min(first + int(LENGTH * rate), len(samples))):
            samples[at] = int(20000 * math.sin(2 * math.pi * 1000 * (at - first) / rate))
    return samples


def write(
    path: Path,
    *,
    seconds: float = 6,
    beeps: Sequence[float] = (),
    codec: str = "aac",
    sound: float | None = None,
    late: float = 0,
    rate: int = RATE,
    layout: str = "mono",
    fps: int = 25,
    size: tuple[int, int] = (64, 48),
    options: dict[str, str] | None = None,
) -> Path:
    """A video of ``seconds`` with ``sound`` seconds of sound that begin at ``late``.

    ``beeps`` are seconds on the picture's clock. ``codec`` empty: no sound at all.
    """
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=fps)
        assert isinstance(video, VideoStream)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        video.options = {"threads": "1", "preset": "ultrafast", "g": "25", **(options or {})}
        audio = out.add_stream(codec, rate=rate) if codec else None
        if isinstance(audio, AudioStream):
            audio.layout = layout
            if codec == "vorbis":
                audio.codec_context.options = {"strict": "experimental"}
        packets = []
        for number, frame in enumerate(pictures(int(seconds * fps), *size)):
            frame.pts, frame.time_base = number, Fraction(1, fps)
            packets += video.encode(frame)
        packets += video.encode(None)
        if isinstance(audio, AudioStream):
            packets += _sound(audio, sound if sound is not None else seconds - late, beeps, late)
        for packet in sorted(packets, key=lambda p: (p.dts or 0) * (p.time_base or 0)):
            out.mux(packet)
    return path


def _sound(
    audio: AudioStream, seconds: float, beeps: Sequence[float], late: float
) -> list[av.Packet[AudioStream]]:
    rate = audio.codec_context.sample_rate
    samples = tone(seconds, [b - late for b in beeps], rate)
    packets = []
    channels = audio.layout.nb_channels
    for at in range(0, len(samples), 1024):
        part = samples[at : at + 1024]
        frame = av.AudioFrame("s16p", audio.layout.name, len(part))
        for channel in range(channels):
            plane = frame.planes[channel]
            plane.update(part.tobytes().ljust(plane.buffer_size, b"\0"))
        frame.sample_rate, frame.pts = rate, at + round(late * rate)
        frame.time_base = Fraction(1, rate)
        packets += audio.encode(frame)
    return packets + audio.encode(None)


def heard(path: Path) -> list[float]:
    """Where beeps begin, in seconds on the file's clock, as PyAV decodes it."""
    found: list[float] = []
    quiet = -1.0
    with av.open(str(path)) as container:
        track = container.streams.audio[0]
        resampler = av.AudioResampler("s16", "mono", RATE)
        for frame in container.decode(track):
            assert frame.pts is not None
            for part in resampler.resample(frame):
                assert part.pts is not None and part.time_base is not None
                begin = float(part.pts * part.time_base)
                quiet = _onsets(bytes(part.planes[0])[: part.samples * 2], begin, quiet, found)
    return found


def heard_by_ffmpeg(path: Path) -> list[float]:
    """The same as the ffmpeg program decodes it, silence put in where the file begins without."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-map", "0:a"]
    command += ["-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", str(RATE), "-f", "s16le"]
    data = subprocess.run([*command, "-"], check=True, capture_output=True, timeout=60).stdout
    found: list[float] = []
    _onsets(data, 0.0, -1.0, found)
    return found


def _onsets(data: bytes, begin: float, quiet: float, found: list[float]) -> float:
    """Note where it gets loud after 50 ms of quiet; returns when it was last loud."""
    samples = array("h")
    samples.frombytes(data)
    step = RATE // 1000
    for first in range(0, len(samples), step):
        part = samples[first : first + step]
        if max(part) <= LOUD and min(part) >= -LOUD:
            continue
        loud = [first + at for at, sample in enumerate(part) if abs(sample) > LOUD]
        if begin + loud[0] / RATE - quiet > 0.05:
            found.append(round(begin + loud[0] / RATE, 4))
        quiet = begin + loud[-1] / RATE
    return quiet
