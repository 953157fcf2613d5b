"""The chain of filters that a plan asks for, as FFmpeg writes it."""

from __future__ import annotations

from typing import Final

from av.video.frame import VideoFrame

from vaceprep.facts import VideoFacts
from vaceprep.plans.colours import tags
from vaceprep.plans.recipe import EncodeRecipe
from vaceprep.plans.size import Fit
from vaceprep.preparation.video.graph import tone_mapping

#: Luma from which a mask is white: the middle of limited range.
MIDDLE: Final = 126
LANCZOS: Final = "flags=lanczos+accurate_rnd+full_chroma_int"
#: Matrices whose names the scaler does not know, by those that have the same numbers there.
SCALED: Final = {"bt470bg": "bt470", "bt2020nc": "bt2020", "bt2020c": "bt2020"}
TURNS: Final = {
    90: ("transpose=clock",),
    180: ("hflip", "vflip"),
    270: ("transpose=cclock",),
}
#: Full range by FFmpeg's number.
FULL: Final = 2


def steps(frame: VideoFrame, facts: VideoFacts, recipe: EncodeRecipe) -> list[str]:
    """The filters in order; none where the frame can be encoded as it is."""
    chain: list[str] = []
    if recipe.deinterlace:
        chain.append("bwdif=mode=send_frame:deint=interlaced")
    cropped = visible(frame, facts)
    if cropped:
        chain.append(cropped)
    turned = recipe.rotation in (90, 270)
    how = Fit(_swapped(recipe.size.scaled), _swapped(recipe.size.canvas)) if turned else recipe.size
    flags = "flags=neighbor" if recipe.threshold else LANCZOS
    scale = f"{how.scaled[0]}:{how.scaled[1]}:{flags}"
    if how.scaled != shown_size(frame, facts) or _is_rgb(frame) or _is_full(frame):
        chain.append(f"scale={scale}:{_ranges(frame, facts, recipe)}".rstrip(":"))
        if _is_rgb(frame) and not recipe.tone_map:
            # Here, and by no scaler that FFmpeg puts in later: that would take another matrix.
            chain.append("format=yuv444p")
    if recipe.tone_map:
        chain.append(f"scale={tone_mapping(frame)}")
    chain += _cut(how)
    chain += ["hflip"] if recipe.mirrored else []
    chain += TURNS.get(recipe.rotation, ())
    if recipe.size.padded:
        chain += ["format=yuv420p", _pad(recipe)]
    if recipe.threshold:
        chain += ["format=yuv420p", f"lutyuv=y='if(gte(val,{MIDDLE}),235,16)':u=128:v=128"]
    if recipe.blend and made_up(facts, recipe):
        # Never across a cut: there the nearer frame is shown.
        rate = recipe.rate
        chain.append("format=yuv420p")
        chain.append(
            f"framerate=fps={rate.numerator}/{rate.denominator}:interp_start=0:interp_end=255"
        )
    if chain or frame.format.name != "yuv420p":
        chain.append("format=yuv420p")
    return chain


def shown_size(frame: VideoFrame, facts: VideoFacts) -> tuple[int, int]:
    """The width and height in pixels of a decoded frame without what the container hides."""
    crop = facts.crop
    if crop is None or (frame.width, frame.height) != (facts.stored_width, facts.stored_height):
        return frame.width, frame.height
    return frame.width - crop.left - crop.right, frame.height - crop.top - crop.bottom


def visible(frame: VideoFrame, facts: VideoFacts) -> str | None:
    """The filter that leaves out what the container hides of a frame; None where it hides none."""
    width, height = shown_size(frame, facts)
    if facts.crop is None or (width, height) == (frame.width, frame.height):
        return None
    return f"crop={width}:{height}:{facts.crop.left}:{facts.crop.top}:exact=1"


def made_up(facts: VideoFacts, recipe: EncodeRecipe) -> bool:
    """Whether the output has frames that the source has not."""
    return facts.fps is None or recipe.rate > facts.fps or not facts.constant_rate


def _swapped(size: tuple[int, int]) -> tuple[int, int]:
    return size[1], size[0]


def _is_rgb(frame: VideoFrame) -> bool:
    return frame.format.is_rgb


def _is_full(frame: VideoFrame) -> bool:
    return frame.color_range == FULL or frame.format.name.startswith("yuvj")


def _ranges(frame: VideoFrame, facts: VideoFacts, recipe: EncodeRecipe) -> str:
    """Range and matrix of what the scaler takes and gives; the matrix is the one that is tagged."""
    if not _is_rgb(frame):
        return f"in_range={'pc' if _is_full(frame) else 'tv'}:out_range=tv"
    if recipe.tone_map:
        return ""
    matrix = tags(facts, tone_mapped=False).matrix
    return f"out_color_matrix={SCALED.get(matrix, matrix)}:out_range=tv"


def _cut(how: Fit) -> list[str]:
    """Crop to the canvas: an odd line at the end, a larger part in the middle."""
    (wide, high), (width, height) = how.scaled, how.canvas
    width, height = min(wide, width), min(high, height)
    if (width, height) == (wide, high):
        return []
    left, top = (wide - width) // 2, (high - height) // 2
    return [f"crop={width}:{height}:{left}:{top}"]


def _pad(recipe: EncodeRecipe) -> str:
    width, height = recipe.size.canvas
    red, green, blue = recipe.beside
    return f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2:color=0x{red:02x}{green:02x}{blue:02x}"
