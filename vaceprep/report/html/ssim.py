"""Similarity of a source and its output: FFmpeg's SSIM on a few frames of both."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from vaceprep.contract import HDR_TRANSFERS, WIDE_PRIMARIES
from vaceprep.facts import Facts, VideoFacts

if TYPE_CHECKING:
    from PIL.Image import Image

#: The largest ratio between the aspect ratios of two pictures of the same scene.
SAME_SHAPE: Final = 0.015


def ssim(pairs: Sequence[tuple[Image, Image]]) -> float:
    """The mean SSIM of pairs of equally large RGB pictures, in 4:2:0, all planes.

    Raises FFmpeg's errors, and ValueError if there is no output.
    """
    from av.filter import Graph
    from av.video.frame import VideoFrame

    from vaceprep.preparation.video.animated_webp import as_frame
    from vaceprep.preparation.video.filters import source_of

    found = []
    for one, other in pairs:
        frames = [as_frame(image).reformat(format="yuv420p") for image in (one, other)]
        graph = Graph()
        measure = graph.add("ssim")
        entries = []
        for pad, frame in enumerate(frames):
            frame.pts, frame.time_base = 0, Fraction(1, 25)
            entry = graph.add("buffer", source_of(frame))
            entry.link_to(measure, 0, pad)
            entries.append(entry)
        sink = graph.add("buffersink")
        measure.link_to(sink)
        graph.configure()
        for entry, frame in zip(entries, frames, strict=True):
            entry.push(frame)
            entry.push(None)
        got = sink.pull()
        if isinstance(got, VideoFrame):
            found.append(float(got.metadata["lavfi.ssim.All"]))
    if not found:
        raise ValueError("nothing was compared")
    return sum(found) / len(found)


def incomparable(before: Facts, after: Facts) -> str | None:
    """Why two files cannot be compared picture by picture; None if they can."""
    one, other = before.width / before.height, after.width / after.height
    if abs(one - other) > SAME_SHAPE * max(one, other):
        return "not measured, since the picture was padded or cropped"
    if isinstance(before, VideoFacts) and (
        before.color_transfer in HDR_TRANSFERS or before.color_primaries in WIDE_PRIMARIES
    ):
        return "not measured, since the colours were brought from HDR to BT.709"
    if isinstance(before, VideoFacts) is not isinstance(after, VideoFacts):
        return "not measured, since one is a video"
    return None


def worded(value: float, count: int, size: tuple[int, int], *, still: bool) -> str:
    """The SSIM in words, never rounded up to 1.

    >>> worded(0.99999, 5, (480, 270), still=False)
    'SSIM 0.9999 on 5 frames at 480x270'
    """
    shown = f"{value:.4f}"
    if shown.startswith("1") and value < 1:
        shown = "0.9999"
    of = "" if still else f" on {count} frame{'' if count == 1 else 's'}"
    return f"SSIM {shown}{of} at {size[0]}x{size[1]}"
