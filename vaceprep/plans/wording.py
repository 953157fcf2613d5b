"""The sentences of a video's plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from vaceprep.contract import VIDEO_SIDE
from vaceprep.facts import ImageFacts, VideoFacts
from vaceprep.formats import CONTAINER_NAMES, ENDINGS, shown_format
from vaceprep.plans.model import BLACK, WHITE, Colour, EncodeRecipe
from vaceprep.plans.size import Fit
from vaceprep.rules import codes
from vaceprep.wording import decimal, listed, megabytes

THRESHOLDED: Final = "every pixel made pure white, if it is at least half bright, or pure black"
_NAMED: Final[dict[Colour, str]] = {WHITE: "white", BLACK: "black"}
#: Names of the transfer characteristics in a tone mapping's sentence.
_CURVES: Final = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
_MODES: Final = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with alpha",
    "I": "grey",
    "F": "floating point",
    "P": "palette",
    "PA": "palette",
    "RGBA": "RGB with alpha",
    "LAB": "Lab",
}


def px(size: tuple[int, int]) -> str:
    """``1280x720``."""
    return f"{size[0]}x{size[1]}"


def colour(value: Colour) -> str:
    """``white``, or ``#1a2b3c``."""
    return _NAMED.get(value) or "#" + bytes(value).hex()


def renamed(fmt: str) -> str:
    """Return the extension of the output."""
    return f"the name gets the ending {ENDINGS.get(fmt, ('.' + fmt,))[0]}"


def stripped(facts: ImageFacts) -> str:
    """Return what the removed metadata contained."""
    return f"left out {listed(list(facts.location))}"


def first(facts: ImageFacts) -> str:
    """Return which picture of several is kept."""
    kind = "pages" if facts.format == "tiff" else "frames"
    return f"first of {facts.frames} {kind}"


def turned(facts: ImageFacts, own_tables: bool) -> str:
    """Return how the pixels are rotated upright."""
    stored, shown = (facts.stored_width, facts.stored_height), (facts.width, facts.height)
    text = f"EXIF orientation {facts.orientation} baked in"
    if stored != shown:
        text += f", {px(stored)} to {px(shown)}"
    return text + ("; saved at its own quality" if own_tables else "")


def colours(facts: ImageFacts, mask: bool) -> str:
    """Return the colours converted to sRGB."""
    name = facts.icc_profile or "an unknown profile"
    if mask:
        return f"left out {name}: black and white need none"
    return f"from {name} to sRGB"


def flattened(ground: Colour) -> str:
    """Return the colour under transparent pixels."""
    return f"transparent pixels laid on {colour(ground)}"


def mode(facts: ImageFacts, to: str) -> str:
    """Return the change of the pixel mode."""
    base = facts.mode.partition(";")[0]
    depth = "" if facts.bit_depth is None else f"{facts.bit_depth}-bit "
    return f"from {depth}{_MODES.get(base, base)} to 8-bit {_MODES.get(to, to)}"


def scaled(old: tuple[int, int], new: tuple[int, int], nearest: bool) -> str:
    """Return the change of the size."""
    how = " by nearest neighbour" if nearest else ""
    return f"scaled from {px(old)} to {px(new)}{how}"


def padded(canvas: tuple[int, int], ground: Colour) -> str:
    """Return what pads the picture."""
    return f"padded with {colour(ground)} to {px(canvas)}"


def cropped(size: Fit) -> str:
    """Return what is kept of the picture."""
    width, height = (min(a, b) for a, b in zip(size.scaled, size.canvas, strict=True))
    return f"the middle {px((width, height))} kept of {px(size.scaled)}"


def converted(old: str, new: str, mask: bool) -> str:
    """Return the change of the format."""
    text = f"{shown_format(old)} to {shown_format(new)}"
    if new == "jpeg":
        return f"{text} at high quality: as PNG, a photograph would be several times as large"
    if mask:
        return f"{text}, as every mask that changes"
    return f"{text}, as BMP it would be too large" if old == "bmp" else text


def recompressed(fmt: str, limit: int) -> str:
    """Return how the file gets small enough."""
    at_most = f"at most {megabytes(limit)}"
    if fmt == "jpeg":
        return f"{at_most}, at the best quality that fits"
    return f"{at_most}: without loss where that fits, else at the best quality that does"


def kept(
    count: int, frames: int | None, start: Fraction, length: Fraction | None, end: Fraction
) -> str:
    """Return which frames of the source are copied."""
    of = "" if frames is None else f" of {frames}"
    if start == 0:
        return f"first {count}{of} frames"
    if length is not None and end == length:
        return f"last {count}{of} frames"
    return f"{count}{of} frames from {decimal(start)} s on"


def fewer(count: int, requested: int, *, longer: bool) -> str:
    """Return why a copy has fewer frames than requested, and a remedy if more are allowed."""
    todo = "; a longer --duration keeps more" if longer else ""
    return (
        f" ({count} of the {requested} frames asked for: copied packets must end where no later "
        f"frame is needed{todo})"
    )


def stretch(start: Fraction, length: Fraction, whole: Fraction) -> str:
    """Return which seconds of the source are encoded."""
    if start == 0:
        return f"the first {decimal(length)} of {decimal(whole)} s"
    if start + length >= whole:
        return f"the last {decimal(length)} of {decimal(whole)} s"
    return f"{decimal(length)} of {decimal(whole)} s, from {decimal(start)} s on"


def rewrapped(facts: VideoFacts, fixed: set[str], keep_audio: bool) -> str:
    """Return what rewrapping the packets changes; ``fixed`` are codes of rules."""
    name = CONTAINER_NAMES.get(facts.container, facts.container)
    text = [f"{name} to MP4"] if facts.container != "mp4" else []
    if facts.container == "mp4" and codes.VIDEO_CONTAINER in fixed:
        text.append("major brand of plain MP4")
    text += ["index first"] if codes.VIDEO_NOT_FASTSTART in fixed else []
    text += ["one index in place of fragments"] if codes.VIDEO_FRAGMENTED in fixed else []
    text += ["edit list applied"] if codes.VIDEO_EDIT_LIST in fixed else []
    if fixed & {codes.VIDEO_EXTRA_STREAMS, codes.VIDEO_CONTAINER_DURATION}:
        left = [s.kind for s in facts.streams]
        if keep_audio and "audio" in left:
            left.remove("audio")
        text.append(f"without {_streams(left)}" if left else "sound no longer than the picture")
    if codes.VIDEO_LOCATION in fixed:
        text.append("without what tells a place or a serial number")
    text += ["a header that tells the truth"] if codes.VIDEO_HEADER_LIES in fixed else []
    return ", ".join([*(text or ["into a new MP4"]), "packets copied"])


def _streams(kinds: list[str]) -> str:
    """Return streams by kind, each once: ``sound, subtitles and data``."""
    words = {"audio": "sound", "subtitle": "subtitles", "video": "further video"}
    return listed([words.get(kind, kind) for kind in dict.fromkeys(kinds)])


def _kept(facts: VideoFacts) -> str:
    """Return which part of the stored picture stays."""
    stored, crop = (facts.stored_width, facts.stored_height), facts.crop
    left, top, right, bottom = crop or (0, 0, 0, 0)
    return f"{px((stored[0] - left - right, stored[1] - top - bottom))} of {px(stored)} kept"


def unbarred(facts: VideoFacts, *, mask: bool) -> str:
    """Return what is left of a picture with black bars, or of the mask of such a video."""
    why = "the video has black bars there" if mask else "the rest is black in every frame"
    return f"{_kept(facts)}: {why}"


def pictures(facts: VideoFacts, how: Fit, deinterlace: bool) -> Iterator[tuple[str, str, str]]:
    """Yield each change of the picture: its name, the rule's code and a sentence."""
    if facts.interlaced:
        yield "deinterlace", codes.VIDEO_INTERLACED, "fields made whole frames (bwdif)"
    elif deinterlace:
        yield (
            "deinterlace",
            codes.VIDEO_INTERLACED,
            "frames that say they are interlaced made whole (bwdif)",
        )
    curve = _CURVES.get(facts.color_transfer or "")
    if curve or facts.color_primaries == "bt2020":
        yield "tone-map", codes.VIDEO_HDR, f"{curve or 'BT.2020'} brought down to BT.709"
    if facts.crop is not None:
        yield "crop", "", f"{_kept(facts)}: the container hides the rest"
    if facts.rotation is None:
        yield (
            "rotate",
            codes.VIDEO_ROTATION,
            "the display matrix left out, since no reader can show it",
        )
    elif facts.rotation or facts.mirrored:
        parts = ["mirrored"] if facts.mirrored else []
        parts += [f"turned {facts.rotation}° clockwise"] if facts.rotation else []
        yield (
            "rotate",
            codes.VIDEO_ROTATION,
            f"the picture {' and '.join(parts)}, as players show it",
        )
    if facts.sample_aspect_ratio != 1:
        aspect = facts.sample_aspect_ratio
        yield (
            "square-pixels",
            codes.VIDEO_PIXEL_ASPECT,
            f"pixels of {aspect.numerator}:{aspect.denominator} made square: "
            f"{px((facts.width, facts.height))}",
        )
    yield from _resized((facts.width, facts.height), how)


def _resized(shown: tuple[int, int], how: Fit) -> Iterator[tuple[str, str, str]]:
    """Yield each change of the size from ``shown``: its name, the rule's code and a sentence."""
    if how.scaled != shown:
        allowed = VIDEO_SIDE[0] <= min(shown) and max(shown) <= VIDEO_SIDE[1]
        smaller = allowed and how.scaled[0] < shown[0]
        code = codes.VIDEO_ABOVE_720P if smaller else codes.VIDEO_DIMENSIONS
        yield "scale", code, f"scaled from {px(shown)} to {px(how.scaled)}"
    if how.padded:
        yield (
            "pad",
            codes.VIDEO_DIMENSIONS,
            f"padded to {px(how.canvas)}, since no scale fits both sides",
        )
    elif how.cropped:
        lost = tuple(a - b for a, b in zip(how.scaled, how.canvas, strict=True))
        code = codes.VIDEO_ODD_SIZE if max(lost) <= 1 else codes.VIDEO_DIMENSIONS
        done = "one line left out" if max(lost) <= 1 else "cropped"
        yield "crop", code, f"{done}: {px(how.canvas)}"


def resampled(facts: VideoFacts, target: Fraction, blend: bool) -> str:
    """Return how the frame rate is changed."""
    how = "blended" if blend else "repeated"
    if facts.fps is not None and facts.constant_rate and (target / facts.fps).denominator == 1:
        times = target / facts.fps
        if not blend:
            return f"each frame shown {times} times: {decimal(facts.fps)} to {decimal(target)} FPS"
        return f"{decimal(facts.fps)} to {decimal(target)} FPS, frames blended between"
    spacing = "" if facts.constant_rate else "uneven spacing "
    return f"{spacing}to an even {decimal(target)} FPS, frames {how} or left out where due"


def encoded(facts: VideoFacts, recipe: EncodeRecipe, obstacle: str | None) -> str:
    """Return the new encoding, and why the old one could not stay."""
    text = [f"H.264, 8-bit 4:2:0, {px(recipe.size.canvas)}, {decimal(recipe.rate)} FPS"]
    if facts.color_range == "pc":
        text.append("full range to limited range")
    left = [s.kind for s in facts.streams]
    if recipe.keep_audio:
        left.remove("audio")
    if left:
        text.append(f"without {_streams(left)}")
    joined = ", ".join(text)
    return f"{joined} (packets cannot be copied: {obstacle})" if obstacle else joined
