"""A decoded frame as it is displayed: 8-bit RGB, turned, square pixels, BT.709.

Colour matrix and range are the frame's own; where it names no matrix, FFmpeg's default (BT.601)
holds, as it does for every reader that is built on FFmpeg.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from av.video.frame import VideoFrame
from PIL import Image as Pillow
from PIL.Image import Image, Transpose

from vaceprep.facts import VideoFacts
from vaceprep.prepare.filters import shown_size, visible
from vaceprep.prepare.graph import Chain, is_hdr, source_of, tag, tone_mapping
from vaceprep.prepare.seek import Found

#: What turns a picture clockwise; Pillow counts the other way round.
TURNS: Final = {
    90: Transpose.ROTATE_270,
    180: Transpose.ROTATE_180,
    270: Transpose.ROTATE_90,
}
#: FFmpeg's scaler at its most exact.
EXACT: Final = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"


def flattened(image: Image, background: str | tuple[int, int, int] = "white") -> Image:
    """8-bit RGB, transparency laid on a colour."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    shown = image.convert("RGBA")
    ground = Pillow.new("RGBA", shown.size, _opaque(background))
    return Pillow.alpha_composite(ground, shown).convert("RGB")


def _opaque(colour: str | tuple[int, int, int]) -> str | tuple[int, int, int, int]:
    return colour if isinstance(colour, str) else (*colour, 255)


def displayed(found: Found, facts: VideoFacts) -> tuple[Image, tuple[str, ...]]:
    """The frame at exactly the facts' displayed size, and what was done to it, in words.

    Raises what FFmpeg raises where it cannot convert.
    """
    notes = []
    for near in (found.before, found.frame, found.after):
        if near is not None:
            tag(near, facts)
    frame = found.frame
    if frame.interlaced_frame:
        frame = _deinterlaced(found)
        notes.append("deinterlaced")
    width, height = facts.width, facts.height
    if facts.rotation in (90, 270):
        width, height = height, width
    wide, high = shown_size(frame, facts)
    if (width, height) != (wide, high):
        notes.append(f"pixels made square ({wide}x{high} to {width}x{height})")
    cropped = visible(frame, facts)
    steps = [cropped] if cropped else []
    steps.append(f"scale={width}:{height}:{EXACT}")
    if is_hdr(frame):
        notes.append("HDR brought down to BT.709")
        steps[:0] = [f"scale={tone_mapping(frame)}", "format=yuv444p"]
    has_alpha = any(component.is_alpha for component in frame.format.components)
    pixels = "rgba" if has_alpha else "rgb24"
    image = as_image(_through(frame, [*steps, f"format={pixels}"]), "RGBA" if has_alpha else "RGB")
    if has_alpha:
        image = flattened(image)
    if facts.mirrored:
        image = image.transpose(Transpose.FLIP_LEFT_RIGHT)
    if facts.rotation in TURNS:
        image = image.transpose(TURNS[facts.rotation])
    return image, tuple(notes)


def _run(frames: Sequence[VideoFrame], steps: Sequence[str]) -> list[VideoFrame]:
    """All frames through a chain of filters."""
    chain = Chain(source_of(frames[0]), steps)
    return [got for frame in (*frames, None) for got in chain.push(frame)]


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


def as_image(frame: VideoFrame, mode: str) -> Image:
    """A packed RGB or RGBA frame as a picture."""
    plane = frame.planes[0]
    return Pillow.frombuffer(
        mode, (frame.width, frame.height), bytes(plane), "raw", mode, plane.line_size, 1
    )
