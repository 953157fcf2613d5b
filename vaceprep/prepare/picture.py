"""A decoded frame as it is displayed: 8-bit RGB, turned, square pixels, BT.709.

Colour matrix and range are the frame's own; where it names no matrix, FFmpeg's default (BT.601)
holds, as it does for every reader that is built on FFmpeg.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import av.filter
from av.filter import Graph
from av.video.frame import VideoFrame
from PIL import Image as Pillow
from PIL.Image import Image, Transpose

from vaceprep.contract import HDR_TRANSFERS, WIDE_PRIMARIES
from vaceprep.facts import VideoFacts
from vaceprep.prepare.seek import Found
from vaceprep.probe.colour import MATRICES, PRIMARIES, RANGES, TRANSFERS

#: What turns a picture clockwise; Pillow counts the other way round.
TURNS: Final = {
    90: Transpose.ROTATE_270,
    180: Transpose.ROTATE_180,
    270: Transpose.ROTATE_90,
}
#: FFmpeg's scaler at its most exact.
EXACT: Final = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"


def flattened(image: Image, background: str = "white") -> Image:
    """8-bit RGB, transparency laid on a colour."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    shown = image.convert("RGBA")
    ground = Pillow.new("RGBA", shown.size, background)
    return Pillow.alpha_composite(ground, shown).convert("RGB")


def displayed(found: Found, facts: VideoFacts) -> tuple[Image, tuple[str, ...]]:
    """The frame at exactly the facts' displayed size, and what was done to it, in words.

    Raises what FFmpeg raises where it cannot convert.
    """
    notes = []
    frame = found.frame
    if frame.interlaced_frame:
        frame = _deinterlaced(found)
        notes.append("deinterlaced")
    width, height = facts.width, facts.height
    if facts.rotation in (90, 270):
        width, height = height, width
    if (width, height) != (frame.width, frame.height):
        notes.append(f"pixels made square ({frame.width}x{frame.height} to {width}x{height})")
    steps = [f"scale={width}:{height}:{EXACT}"]
    if _is_hdr(frame):
        notes.append("HDR brought down to BT.709")
        steps.insert(0, _tone_mapping(frame))
    has_alpha = any(component.is_alpha for component in frame.format.components)
    pixels = "rgba" if has_alpha else "rgb24"
    image = _image(_through(frame, [*steps, f"format={pixels}"]), "RGBA" if has_alpha else "RGB")
    if has_alpha:
        image = flattened(image)
    if facts.mirrored:
        image = image.transpose(Transpose.FLIP_LEFT_RIGHT)
    if facts.rotation in TURNS:
        image = image.transpose(TURNS[facts.rotation])
    return image, tuple(notes)


def _is_hdr(frame: VideoFrame) -> bool:
    return (
        TRANSFERS.get(frame.color_trc) in HDR_TRANSFERS
        or PRIMARIES.get(frame.color_primaries) in WIDE_PRIMARIES
    )


def _tone_mapping(frame: VideoFrame) -> str:
    """To BT.709; what the file leaves unsaid is BT.2020, as HDR has it."""
    said = [
        "in_transfer=bt709" if frame.color_trc not in TRANSFERS else "",
        "in_primaries=bt2020" if frame.color_primaries not in PRIMARIES else "",
        "in_color_matrix=bt2020" if frame.colorspace not in MATRICES else "",
    ]
    asked = (
        "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:out_range=tv:"
        "intent=perceptual"
    )
    return "scale=" + ":".join([*filter(None, said), asked]) + ",format=yuv444p"


def _source(frame: VideoFrame) -> str:
    """Arguments of the ``buffer`` filter, which PyAV's own helper would make square and grey."""
    base = frame.time_base
    said = {
        "video_size": f"{frame.width}x{frame.height}",
        "pix_fmt": frame.format.name,
        "time_base": f"{base.numerator}/{base.denominator}" if base else "1/1000",
        "pixel_aspect": "1/1",
        "colorspace": MATRICES.get(frame.colorspace),
        "range": RANGES.get(frame.color_range),
    }
    return ":".join(f"{key}={value}" for key, value in said.items() if value)


def _run(frames: Sequence[VideoFrame], steps: Sequence[str]) -> list[VideoFrame]:
    """All frames through a chain of filters."""
    graph = Graph()
    last = graph.add("buffer", _source(frames[0]))
    entry = last
    for step in (part for joined in steps for part in joined.split(",")):
        name, _, arguments = step.partition("=")
        following = graph.add(name, arguments)
        last.link_to(following)
        last = following
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    out: list[VideoFrame] = []
    for frame in (*frames, None):
        entry.push(frame)
        while True:
            try:
                got = sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            if isinstance(got, VideoFrame):
                out.append(got)
    return out


def _through(frame: VideoFrame, steps: Sequence[str]) -> VideoFrame:
    got = _run([frame], steps)
    if not got:
        raise ValueError("no picture comes out of the conversion")
    return got[0]


def _deinterlaced(found: Found) -> VideoFrame:
    """The frame without its combs; its neighbours tell what moved."""
    shape = (found.frame.width, found.frame.height, found.frame.format.name)
    near = [
        f
        for f in (found.before, found.frame, found.after)
        if f is not None and (f.width, f.height, f.format.name) == shape
    ]
    index = near.index(found.frame)
    got = _run(near, ["bwdif=mode=send_frame:deint=interlaced"])
    return got[index] if len(got) == len(near) else found.frame


def _image(frame: VideoFrame, mode: str) -> Image:
    plane = frame.planes[0]
    return Pillow.frombuffer(
        mode, (frame.width, frame.height), bytes(plane), "raw", mode, plane.line_size, 1
    )
