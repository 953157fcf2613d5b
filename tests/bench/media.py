"""Media for the benchmarks, made with PyAV into a cache folder and never committed.

Run as a program (``python -m tests.bench.media FOLDER``), because the process that measures must
stay small: Linux counts a parent's memory as the peak of a child that it has just started.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import av
import av.codec
import av.filter
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from PIL import ExifTags, Image

#: Files that each clip of the mixed set is copied to.
COPIES: Final = 10
SOUND_RATE: Final = 44100
SOUND_FRAME: Final = 1024


#: Encoders of each codec that this FFmpeg may have, the best first, with their options.
ENCODERS: Final[dict[str, dict[str, dict[str, str]]]] = {
    "h264": {"libx264": {"preset": "veryfast", "crf": "28", "g": "250"}},
    # x265 prints its settings on standard error unless told not to.
    "hevc": {"libx265": {"preset": "ultrafast", "crf": "30", "x265-params": "log-level=none"}},
    "av1": {
        "libsvtav1": {"preset": "12", "crf": "40", "g": "250"},
        "libaom-av1": {"usage": "realtime", "cpu-used": "10", "crf": "40", "g": "250"},
    },
}
#: Most messages of SVT-AV1 are about its settings.
os.environ.setdefault("SVT_LOG", "1")


@dataclass(frozen=True, slots=True)
class Clip:
    """One encode."""

    width: int
    height: int
    seconds: int = 1
    fps: Fraction = Fraction(25)
    codec: str = "h264"
    b_frames: int = 0
    sound: bool = False
    index_first: bool = False
    #: A still plain picture, whose packets are tiny.
    plain: bool = False


HD: Final = (1920, 1080)
#: 20 encodes, 2 of them 4K, 3 HEVC and 3 AV1; with COPIES they are the 200 files of the mixed set.
MIXED: Final = (
    Clip(640, 360),
    Clip(640, 360, seconds=3, b_frames=2, sound=True),
    Clip(640, 360, fps=Fraction(30), index_first=True),
    Clip(360, 640, seconds=2, fps=Fraction(30000, 1001), b_frames=3, sound=True),
    Clip(854, 480, seconds=4, codec="av1"),
    Clip(854, 480, b_frames=2, index_first=True),
    Clip(480, 854, fps=Fraction(30), sound=True, index_first=True),
    Clip(1280, 720),
    Clip(1280, 720, seconds=5, fps=Fraction(24), codec="hevc", b_frames=3, sound=True),
    Clip(1280, 720, fps=Fraction(16), sound=True),
    Clip(1280, 720, fps=Fraction(60), b_frames=2, index_first=True),
    Clip(720, 1280, fps=Fraction(30), codec="av1", index_first=True),
    Clip(1280, 720, codec="hevc", b_frames=3),
    Clip(*HD),
    Clip(*HD, seconds=2, b_frames=3, sound=True),
    Clip(*HD, fps=Fraction(30), sound=True, index_first=True),
    Clip(1080, 1920, fps=Fraction(30000, 1001), codec="av1", sound=True),
    Clip(*HD, codec="hevc", sound=True, index_first=True),
    Clip(3840, 2160, b_frames=2),
    Clip(3840, 2160, fps=Fraction(30), sound=True, index_first=True),
)
#: The single files, by name: as long and as large as the service takes.
SINGLES: Final = {
    "single": Clip(*HD, seconds=5, fps=Fraction(24), b_frames=3, sound=True),
    "single-hevc": Clip(*HD, seconds=5, fps=Fraction(24), codec="hevc", b_frames=3, sound=True),
    "single-av1": Clip(*HD, seconds=5, fps=Fraction(24), codec="av1", sound=True),
}
#: What the long file repeats: one closed group of pictures and its sound.
SEED: Final = Clip(*HD, seconds=5, b_frames=3, sound=True, plain=True)
LONG_SECONDS: Final = 2 * 60 * 60
#: Bits a second of the sound: low, so that two hours stay small.
SOUND_BITS: Final = 32_000


def _pictures(clip: Clip) -> Iterator[VideoFrame]:
    """A moving test picture; with noise its packets are about as large as a camera's."""
    rate = f"{clip.fps.numerator}/{clip.fps.denominator}"
    source = f"size={clip.width}x{clip.height}:rate={rate}:duration={clip.seconds}"
    graph = av.filter.Graph()
    nodes = [
        graph.add("color" if clip.plain else "testsrc2", source),
        *([] if clip.plain else [graph.add("noise", "alls=6:allf=t")]),
        graph.add("format", "pix_fmts=yuv420p"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    with suppress(av.error.EOFError):
        while True:
            frame = cast(VideoFrame, graph.pull())
            # The sources mark each frame as a key frame, which the encoder would obey.
            frame.pict_type = PictureType.NONE
            yield frame


def _tone(seconds: int) -> Iterator[AudioFrame]:
    graph = av.filter.Graph()
    nodes = [
        graph.add("sine", f"frequency=440:sample_rate={SOUND_RATE}:duration={seconds}"),
        graph.add("aformat", "sample_fmts=fltp:channel_layouts=mono"),
        graph.add("asetnsamples", f"n={SOUND_FRAME}"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    with suppress(av.error.EOFError):
        while True:
            yield cast(AudioFrame, graph.pull())


def encoder(codec: str) -> str | None:
    """The encoder of a codec; None where this FFmpeg has none."""
    for name in ENCODERS[codec]:
        with suppress(av.codec.codec.UnknownCodecError):
            return av.codec.Codec(name, "w").name
    return None


def _add_video(container: OutputContainer, clip: Clip) -> VideoStream:
    name = encoder(clip.codec)
    assert name is not None
    options = dict(ENCODERS[clip.codec][name])
    if clip.codec == "h264":
        options["bf"] = str(clip.b_frames)
    elif clip.codec == "hevc":
        options["x265-params"] += f":bframes={clip.b_frames}"
    stream = cast(VideoStream, container.add_stream(name, rate=clip.fps, options=options))
    stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "yuv420p"
    if clip.codec == "hevc":
        stream.codec_context.codec_tag = "hvc1"
    return stream


def encode(path: Path, clip: Clip) -> None:
    """Encode one clip into an MP4."""
    flags = {"movflags": "+faststart"} if clip.index_first else {}
    with av.open(str(path), "w", format="mp4", container_options=flags) as container:
        video = _add_video(container, clip)
        sound = _add_sound(container) if clip.sound else None
        for picture in _pictures(clip):
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        if sound is not None:
            for piece in _tone(clip.seconds):
                container.mux(sound.encode(piece))
            container.mux(sound.encode(None))


def _add_sound(container: OutputContainer) -> AudioStream:
    sound = container.add_stream("aac", SOUND_RATE)
    sound.layout, sound.bit_rate = "mono", SOUND_BITS
    return sound


@dataclass(frozen=True, slots=True)
class _Sample:
    """A packet outside its container; times in frames."""

    data: bytes
    dts: int
    pts: int
    key: bool


def _group(seed: Path) -> list[_Sample]:
    """The pictures to repeat, in decoding order."""
    samples = []
    with av.open(str(seed)) as container:
        video = container.streams.video[0]
        tick = 1 / (SEED.fps * cast(Fraction, video.time_base))
        for packet in container.demux(video):
            if packet.size:
                assert packet.dts is not None
                assert packet.pts is not None
                dts, pts = int(packet.dts / tick), int(packet.pts / tick)
                samples.append(_Sample(bytes(packet), dts, pts, packet.is_keyframe))
    if sum(s.key for s in samples) != 1:
        raise RuntimeError("the pictures to repeat are not one closed group")
    return samples


def _beeps(seed: Path) -> list[bytes]:
    with av.open(str(seed)) as container:
        return [bytes(p) for p in container.demux(container.streams.audio[0]) if p.size]


def repeat(seed: Path, path: Path, times: int, *, sound: bool) -> None:
    """Mux the seed's packets over and over: hours of index in seconds of work."""
    group, beeps = _group(seed), _beeps(seed)
    with av.open(str(seed)) as source, av.open(str(path), "w", format="mp4") as target:
        video = target.add_stream_from_template(source.streams.video[0], opaque=True)
        tone = None
        if sound:
            tone = target.add_stream_from_template(source.streams.audio[0], opaque=True)
        beat = 0
        for shift in range(0, times * len(group), len(group)):
            for sample in group:
                packet = av.Packet(sample.data)
                packet.stream, packet.time_base = video, 1 / SEED.fps
                packet.dts, packet.pts = sample.dts + shift, sample.pts + shift
                packet.duration, packet.is_keyframe = 1, sample.key
                target.mux_one(packet)
            end = (shift + len(group)) * SOUND_RATE / SEED.fps
            while tone is not None and beat * SOUND_FRAME < end:
                packet = av.Packet(beeps[beat % len(beeps)])
                packet.stream, packet.time_base = tone, Fraction(1, SOUND_RATE)
                packet.dts = packet.pts = beat * SOUND_FRAME
                packet.duration, packet.is_keyframe = SOUND_FRAME, True
                target.mux_one(packet)
                beat += 1


def _pictures_of(video: Path, folder: Path) -> None:
    """Still images: a frame of a video as PNG, and a scene as detailed as a photo as JPEG."""
    with av.open(str(video)) as container:
        next(container.decode(video=0)).save(str(folder / "still.png"))
    graph = av.filter.Graph()
    nodes = [
        graph.add("mandelbrot", f"size={HD[0]}x{HD[1]}:start_scale=0.02"),
        graph.add("noise", "alls=4:allf=t"),
        graph.add("format", "pix_fmts=rgb24"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    photo: Image.Image = cast(VideoFrame, graph.pull()).to_image()  # type: ignore[no-untyped-call]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Model] = 1, "bench"
    photo.save(folder / "photo.jpg", quality=90, exif=exif)


def make(folder: Path) -> None:
    """Everything, into a folder that appears only when it is whole."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=folder.name) as name:
        made = Path(name, "media")
        mixed = made / "mixed"
        mixed.mkdir(parents=True)
        for file, clip in SINGLES.items():
            if encoder(clip.codec) is not None:
                encode(made / f"{file}.mp4", clip)
        _pictures_of(made / "single.mp4", made)
        seed = Path(name, "seed.mp4")
        encode(seed, SEED)
        for sound, ending in ((False, ""), (True, "-sound")):
            repeat(seed, made / f"short{ending}.mp4", 1, sound=sound)
            repeat(seed, made / f"long{ending}.mp4", LONG_SECONDS // SEED.seconds, sound=sound)
        there = [clip for clip in MIXED if encoder(clip.codec) is not None]
        for number, clip in enumerate(there):
            first = mixed / f"00-{number:02}.mp4"
            encode(first, clip)
            for copy in range(1, COPIES):
                # Copies, not links: each has its own pages in the cache.
                shutil.copyfile(first, mixed / f"{copy:02}-{number:02}.mp4")
        made.rename(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
