"""Looking into finished videos with an independent eye: decoded frames, hashes, ffmpeg's word."""

from __future__ import annotations

import hashlib
import subprocess
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from PIL import Image

from tests.preparation.numbered import SIZE, number_in


def decoded(path: Path | str) -> list[VideoFrame]:
    """Every frame that is shown, in order."""
    with av.open(str(path)) as container:
        return list(container.decode(container.streams.video[0]))


def hashes(path: Path | str) -> list[str]:
    """A hash of the pixels of each frame, planes without padding."""
    found = []
    for frame in decoded(path):
        sha = hashlib.sha256()
        for plane in frame.planes:
            size = (plane.line_size, plane.height)
            rows = Image.frombuffer("L", size, bytes(plane), "raw", "L", plane.line_size, 1)
            sha.update(rows.crop((0, 0, plane.width, plane.height)).tobytes())
        found.append(sha.hexdigest())
    return found


def picture(frame: VideoFrame) -> Image.Image:
    """A frame as RGB, by its own colours."""
    shown = frame.reformat(format="rgb24")
    plane = shown.planes[0]
    size = (shown.width, shown.height)
    return Image.frombuffer("RGB", size, bytes(plane), "raw", "RGB", plane.line_size, 1)


def numbers(path: Path | str) -> list[int]:
    """The number burned into each frame."""
    found = []
    for frame in decoded(path):
        assert (frame.width, frame.height) == SIZE
        found.append(number_in(frame))
    return found


def times(path: Path | str) -> list[Fraction]:
    """When each frame is shown, in seconds."""
    found = []
    for frame in decoded(path):
        assert frame.pts is not None
        assert frame.time_base is not None
        found.append(frame.pts * frame.time_base)
    return found


def by_ffmpeg(path: Path | str, size: tuple[int, int], number: int = 0) -> Image.Image:
    """A frame as the ffmpeg program shows it: turned, but not made square."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", f"select=eq(n\\,{number})"]
    command += ["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert done.stderr == b""
    return Image.frombytes("RGB", size, done.stdout)


def apart(one: Image.Image, other: Image.Image) -> float:
    """The mean distance of two pictures, in levels."""
    from PIL import ImageChops, ImageStat

    assert one.size == other.size
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3
