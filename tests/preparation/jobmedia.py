"""Jobs on disk with real media, prepared, and what their frames show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, overload

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

import vaceprep
from tests.preparation.numbered import as_frame, coded, luma, number_in
from vaceprep.checks.inputs import Skipped, collect
from vaceprep.plans.model import Options
from vaceprep.preparation.file import Work
from vaceprep.preparation.many import prepare_items
from vaceprep.preparation.outputs import parse_output
from vaceprep.preparation.report import Prepared

EDIT: dict[str, Any] = {"function": "video_edit", "prompt": "Make it blue", "prompt_extend": False}
EXTEND: dict[str, Any] = {"function": "video_extension", "prompt": "Go on", "prompt_extend": False}


def job(folder: Path, name: str = "job.json", **values: Any) -> Path:
    """A JSON job file."""
    path = folder / name
    path.write_text(json.dumps(values))
    return path


def prepared(
    path: Path,
    out: Path,
    options: Options | None = None,
    fields: dict[str, Options] | None = None,
    **more: Any,
) -> list[Prepared]:
    """The entries of one source."""
    work = Work(options or Options(), **more)
    items = collect([str(path)], Skipped())
    groups = prepare_items(items, parse_output(str(out)), work, fields)
    return [entry for group in groups for entry in group]


def good(entries: list[Prepared]) -> dict[str, Any]:
    """The new job's values, after a look that it passes everything."""
    for entry in entries:
        assert entry.ok, (entry.source, entry.error, entry.remaining)
    target = entries[0].output
    assert target is not None
    report = vaceprep.check(target, strict=True, remote=False)
    assert report.ok, [(f.code, f.message) for f in report.findings]
    assert entries[0].role is None
    if not target.endswith(".json"):
        return {}
    values: dict[str, Any] = json.loads(Path(target).read_text())
    return values


def _picture(frame: VideoFrame) -> Image.Image:
    rgb = frame.reformat(format="rgb24")
    plane = rgb.planes[0]
    size = (rgb.width, rgb.height)
    return Image.frombuffer("RGB", size, bytes(plane), "raw", "RGB", plane.line_size, 1)


class Shots(Sequence[Image.Image]):
    """The frames of a video; each is converted to a picture when it is asked for."""

    def __init__(self, frames: list[VideoFrame]) -> None:
        self._frames = frames

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, at: int) -> Image.Image: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Image.Image]: ...
    def __getitem__(self, at: int | slice) -> Image.Image | Sequence[Image.Image]:
        if isinstance(at, slice):
            return Shots(self._frames[at])
        return _picture(self._frames[at])


def shots(path: Path | str) -> Shots:
    """Every frame as players show it, but for a display matrix."""
    with av.open(str(path)) as container:
        return Shots(list(container.decode(video=0)))


def numbers(path: Path | str) -> list[int]:
    """The number in each frame, whatever its size."""
    with av.open(str(path)) as container:
        return [number_in(frame) for frame in container.decode(video=0)]


def sized(
    path: Path,
    size: tuple[int, int],
    *,
    frames: int = 32,
    rate: Fraction | int = 16,
    pixel_format: str = "yuv420p",
    first: int = 0,
) -> Path:
    """A numbered clip of any size."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=Fraction(rate))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.options = {"preset": "veryfast", "crf": "8", "threads": "1", "g": "12"}
        even = pixel_format == "yuv420p" and not size[0] % 2 and not size[1] % 2
        for number in range(frames):
            grey = coded(number + first).resize(size)
            frame = luma(grey) if even else as_frame(grey)
            frame.pts, frame.time_base = number, 1 / Fraction(rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def still(path: Path, picture: Image.Image, frames: int = 32, rate: int = 16) -> Path:
    """A clip that shows one picture, without loss; the size may be odd."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = picture.size
        stream.pix_fmt = "yuv444p"
        stream.options = {"preset": "veryfast", "qp": "0", "threads": "1"}
        frame: VideoFrame = as_frame(picture).reformat(format="yuv444p")
        for number in range(frames):
            frame.pts, frame.time_base = number, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def mask(path: Path, size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> Path:
    """A black image with white boxes."""
    image = Image.new("L", size, 0)
    for box in boxes or ((0, 0, size[0] // 2, size[1] // 2),):
        image.paste(255, box)
    image.save(path)
    return path
