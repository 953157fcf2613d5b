"""Small real media for the tests: clips encoded with PyAV, and MP4 files written box by box.

The boxes are written here a second time, on purpose: a reader that is tested with its own
writer proves nothing.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import av
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

import vaceprep
from vaceprep.facts import VideoFacts

#: The matrix that turns nothing, as nine numbers (16.16 and 2.30).
IDENTITY = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the ffmpeg program")
needs_ffprobe = pytest.mark.skipif(
    shutil.which("ffprobe") is None, reason="needs the ffprobe program"
)


def pictures(count: int, width: int, height: int) -> Iterable[VideoFrame]:
    """Grey pictures, each a little brighter."""
    for number in range(count):
        frame = VideoFrame(width, height, "gray")
        level = bytes([16 + number * 3 % 220])
        frame.planes[0].update(level * (frame.planes[0].line_size * height))
        yield frame


def encode(
    target: Path | BinaryIO,
    *,
    rate: Fraction | int = 25,
    frames: int = 25,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    container: str | None = None,
    container_options: dict[str, str] | None = None,
    sound: float = 0,
) -> None:
    """One clip, encoded with PyAV; ``sound`` is so many seconds of silence beside it."""
    name = str(target) if isinstance(target, Path) else target
    with av.open(name, "w", format=container, container_options=container_options) as out:
        stream = out.add_stream(codec, rate=Fraction(rate))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.options = {"threads": "1", **(options or {})}
        audio = out.add_stream("aac", rate=48000, layout="mono") if sound else None
        for number, frame in enumerate(pictures(frames, *size)):
            frame.pts = number
            frame.time_base = 1 / Fraction(rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if audio is not None:
            for at in range(0, int(sound * 48000), 1024):
                quiet = av.AudioFrame(format="fltp", layout="mono", samples=1024)
                quiet.planes[0].update(bytes(quiet.planes[0].buffer_size))
                quiet.sample_rate, quiet.pts = 48000, at
                out.mux(audio.encode(quiet))
            out.mux(audio.encode(None))


def tagged(container: str, title: bytes) -> bytes:
    """A tiny clip in that container whose title is these bytes, UTF-8 or not."""
    buffer, place = BytesIO(), "t" * len(title)
    with av.open(buffer, "w", format=container) as out:
        out.metadata["title"] = place
        stream = out.add_stream("libx264", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"threads": "1", "preset": "ultrafast"}
        for number, frame in enumerate(pictures(3, 64, 48)):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    data = buffer.getvalue()
    assert data.count(place.encode()) == 1
    return data.replace(place.encode(), title)


@cache
def coded(frames: int = 8) -> tuple[bytes, tuple[bytes, ...]]:
    """The decoder configuration (``avcC``) and coded frames of a tiny H.264 clip."""
    buffer = BytesIO()
    options = {"bf": "0", "g": "4", "preset": "ultrafast"}
    encode(buffer, frames=frames, options=options, container="mp4")
    buffer.seek(0)
    with av.open(buffer, "r") as container:
        stream = container.streams.video[0]
        extradata = stream.codec_context.extradata
        assert extradata is not None
        return extradata, tuple(bytes(p) for p in container.demux(stream) if p.size)


@cache
def small_mp4(index_first: bool = False) -> bytes:
    """A whole MP4 of eight frames with B-frames, some 3 KB."""
    flags = {"movflags": "+faststart"} if index_first else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "small.mp4")
        encode(path, frames=8, options={"g": "4"}, container_options=flags)
        return path.read_bytes()


def u32(*values: int) -> bytes:
    """Big-endian 32-bit numbers, signed ones too."""
    return b"".join(struct.pack(">I", value & 0xFFFFFFFF) for value in values)


def u64(*values: int) -> bytes:
    """Big-endian 64-bit numbers, signed ones too."""
    return b"".join(struct.pack(">Q", value & 0xFFFFFFFFFFFFFFFF) for value in values)


def box(kind: str, *parts: bytes, size: int | None = None) -> bytes:
    """A box; ``size`` where it shall lie about its length."""
    body = b"".join(parts)
    return u32(len(body) + 8 if size is None else size) + kind.encode("latin-1") + body


def full(kind: str, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box that begins with a version and flags."""
    return box(kind, u32(version << 24 | flags), *parts)


def runs(kind: str, pairs: Sequence[tuple[int, int]], count: int | None = None) -> bytes:
    """``stts`` or ``ctts``; ``count`` where it shall claim another number of runs."""
    body = b"".join(u32(*pair) for pair in pairs)
    return full(kind, u32(len(pairs) if count is None else count), body)


def ftyp(brand: str = "isom") -> bytes:
    """The file type box of that major brand."""
    return box("ftyp", brand.encode().ljust(4), u32(512), b"isomavc1")


@dataclass
class Hand:
    """An MP4 with one H.264 track, written by hand: every table can be made to lie."""

    frames: int = 8
    timescale: int = 25
    movie_timescale: int = 1000
    stts: list[tuple[int, int]] | None = None
    ctts: list[tuple[int, int]] | None = None
    #: ``(length in movie ticks, media time, rate 16.16)``.
    edits: list[tuple[int, int, int]] | None = None
    matrix: tuple[int, ...] = IDENTITY
    movie_matrix: tuple[int, ...] = IDENTITY
    brand: str | None = "isom"
    handler: str = "vide"
    entry: str = "avc1"
    extensions: bytes = b""
    media_duration: int | None = None
    header_duration: int | None = None
    index_first: bool = False
    #: Replacements of boxes of the sample table, by kind.
    tables: dict[str, bytes] = field(default_factory=dict)
    #: Boxes put into the track, the movie and the file's top level.
    in_track: bytes = b""
    in_movie: bytes = b""
    in_media: bytes = b""
    on_top: bytes = b""
    data_reference: bytes = full("url ", flags=1)

    def description(self) -> bytes:
        """``stsd`` with one picture entry of 64 by 48."""
        config, _ = coded()
        picture = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", 64, 48)
        picture += u32(0x480000, 0x480000, 0) + struct.pack(">H", 1) + bytes(32)
        picture += b"\0\x18\xff\xff"
        return full("stsd", u32(1), box(self.entry, picture, box("avcC", config), self.extensions))

    def payload(self) -> list[bytes]:
        """The coded frames, the clip's own over and over."""
        _, frames = coded()
        return [frames[number % len(frames)] for number in range(self.frames)]

    def total(self) -> int:
        """Media ticks that the table of durations sums to."""
        return sum(n * d for n, d in self.durations())

    def durations(self) -> list[tuple[int, int]]:
        """Runs of the table of durations."""
        return [(self.frames, 1)] if self.stts is None else self.stts

    def track(self, data_at: int) -> bytes:
        """``trak``; one chunk of all frames at ``data_at``."""
        payload = self.payload()
        tables = {
            "stsd": self.description(),
            "stts": runs("stts", self.durations()),
            "ctts": b"" if self.ctts is None else runs("ctts", self.ctts),
            "stsc": full("stsc", u32(1, 1, max(len(payload), 1), 1)),
            "stsz": full("stsz", u32(0, len(payload), *map(len, payload))),
            "stco": full("stco", u32(1, data_at)),
            **self.tables,
        }
        media = self.total() if self.media_duration is None else self.media_duration
        length = media * self.movie_timescale // (self.timescale or 1)
        header = min(length if self.header_duration is None else self.header_duration, 2**32 - 1)
        edits = b""
        if self.edits is not None:
            listed = b"".join(u64(length, at) + u32(rate) for length, at, rate in self.edits)
            edits = box("edts", full("elst", u32(len(self.edits)), listed, version=1))
        shape = u32(*self.matrix, 64 << 16, 48 << 16)
        return box(
            "trak",
            full("tkhd", u32(0, 0, 1, 0, header), bytes(16), shape, flags=3),
            edits,
            self.in_track,
            box(
                "mdia",
                full("mdhd", u32(0, 0, self.timescale), u64(media), u32(0), version=1)
                if media >= 2**32
                else full("mdhd", u32(0, 0, self.timescale, media, 0)),
                full("hdlr", u32(0), self.handler.encode(), bytes(13)),
                self.in_media,
                box(
                    "minf",
                    full("vmhd", bytes(8), flags=1),
                    box("dinf", full("dref", u32(1), self.data_reference)),
                    box("stbl", *tables.values()),
                ),
            ),
        )

    def movie(self, data_at: int) -> bytes:
        """``moov``."""
        length = min(self.total() * self.movie_timescale // (self.timescale or 1), 2**32 - 1)
        return box(
            "moov",
            full(
                "mvhd",
                u32(0, 0, self.movie_timescale, length, 0x10000),
                b"\1\0" + bytes(10),
                u32(*self.movie_matrix),
                bytes(24),
                u32(2),
            ),
            self.track(data_at),
            self.in_movie,
        )

    def data(self) -> bytes:
        """The file."""
        head = (ftyp(self.brand) if self.brand is not None else b"") + self.on_top
        body = box("mdat", *self.payload())
        if self.index_first:
            at = len(head) + len(self.movie(0)) + 8
            return head + self.movie(at) + body
        return head + body + self.movie(len(head) + 8)


def ffmpeg(*arguments: str | Path) -> None:
    """Run the ffmpeg program; it writes over what is there.

    It encodes with one thread: others cost more for small pictures than they save.
    """
    *given, target = arguments
    threads = () if {"copy", "-threads"} & set(given) else ("-threads", "1")
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *given]
    command += [*threads, target]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def ffprobe(path: Path, *arguments: str) -> dict[str, Any]:
    """What the ffprobe program says of a file."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json"]
    done = subprocess.run([*command, *arguments, path], check=True, capture_output=True, timeout=60)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@cache
def _compliant() -> VideoFacts:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        path.write_bytes(Hand(frames=80, timescale=16, index_first=True).data())
        facts = vaceprep.probe(path)
    assert isinstance(facts, VideoFacts)
    return replace(facts, stored_width=1280, stored_height=720, width=1280, height=720)


def video_facts(**changes: Any) -> VideoFacts:
    """Facts of a video that breaks no rule: 80 frames in 5 s, 1280 by 720; and some changes."""
    return replace(_compliant(), **changes)
