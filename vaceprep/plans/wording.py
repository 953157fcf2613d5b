"""The sentences of a video's plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from vaceprep.facts import VideoFacts
from vaceprep.plans.size import Fit
from vaceprep.rules.video import CONTAINER_NAMES
from vaceprep.wording import decimal, listed

if TYPE_CHECKING:
    from vaceprep.plans.recipe import EncodeRecipe

#: Said of a colour that is brought down.
CURVES = {"smpte2084": "PQ", "arib-std-b67": "HLG"}


def seconds(value: Fraction) -> str:
    """Seconds with as many digits as tell them."""
    return decimal(value)


def rate(value: Fraction) -> str:
    """Frames a second for show."""
    return decimal(value)


def px(size: tuple[int, int]) -> str:
    """``1280x720``."""
    return f"{size[0]}x{size[1]}"


def kept(
    count: int, frames: int | None, start: Fraction, length: Fraction | None, end: Fraction
) -> str:
    """Which frames of the source are copied."""
    of = "" if frames is None else f" of {frames}"
    if start == 0:
        return f"first {count}{of} frames"
    if length is not None and end == length:
        return f"last {count}{of} frames"
    return f"{count}{of} frames from {seconds(start)} s on"


def fewer(count: int, asked: int, *, longer: bool) -> str:
    """Why a copy has fewer frames than were asked for, and what to do where more are allowed."""
    todo = "; a longer --duration keeps more" if longer else ""
    return (
        f" ({count} of the {asked} frames asked for: copied packets must end where no later frame "
        f"is needed{todo})"
    )


def stretch(start: Fraction, length: Fraction, whole: Fraction) -> str:
    """Which seconds of the source are encoded."""
    if start == 0:
        return f"the first {seconds(length)} of {seconds(whole)} s"
    if start + length >= whole:
        return f"the last {seconds(length)} of {seconds(whole)} s"
    return f"{seconds(length)} of {seconds(whole)} s, from {seconds(start)} s on"


def rewrapped(facts: VideoFacts, codes: set[str], keep_audio: bool) -> str:
    """What putting the packets into a new container changes."""
    name = CONTAINER_NAMES.get(facts.container, facts.container)
    told = [f"{name} to MP4"] if facts.container != "mp4" else []
    if facts.container == "mp4" and "VP101" in codes:
        told.append("major brand of plain MP4")
    told += ["index first"] if "VP120" in codes else []
    told += ["one index in place of fragments"] if "VP121" in codes else []
    told += ["edit list applied"] if "VP122" in codes else []
    if codes & {"VP123", "VP124"}:
        left = [s.kind for s in facts.streams]
        if keep_audio and "audio" in left:
            left.remove("audio")
        told.append(f"without {_streams(left)}" if left else "sound no longer than the picture")
    told += ["without what tells a place or a serial number"] if "VP125" in codes else []
    told += ["a header that tells the truth"] if "VP127" in codes else []
    return ", ".join([*(told or ["into a new MP4"]), "packets copied"])


def _streams(kinds: list[str]) -> str:
    """Streams by their kinds, each once: ``sound, subtitles and data``."""
    words = {"audio": "sound", "subtitle": "subtitles", "video": "further video"}
    return listed([words.get(kind, kind) for kind in dict.fromkeys(kinds)])


def pictures(facts: VideoFacts, how: Fit, deinterlace: bool) -> Iterator[tuple[str, str, str]]:
    """Each change of the picture: its name, the rule's code and a sentence."""
    if facts.interlaced:
        yield "deinterlace", "VP115", "fields made whole frames (bwdif)"
    elif deinterlace:
        yield "deinterlace", "VP115", "frames that say they are interlaced made whole (bwdif)"
    curve = CURVES.get(facts.color_transfer or "")
    if curve or facts.color_primaries == "bt2020":
        yield "tone-map", "VP116", f"{curve or 'BT.2020'} brought down to BT.709"
    if facts.crop is not None:
        stored = (facts.stored_width, facts.stored_height)
        kept = (
            stored[0] - facts.crop.left - facts.crop.right,
            stored[1] - facts.crop.top - facts.crop.bottom,
        )
        yield "crop", "", f"{px(kept)} of {px(stored)} kept: the container hides the rest"
    if facts.rotation is None:
        yield "rotate", "VP113", "the display matrix left out, since no reader can show it"
    elif facts.rotation or facts.mirrored:
        parts = ["mirrored"] if facts.mirrored else []
        parts += [f"turned {facts.rotation}° clockwise"] if facts.rotation else []
        yield "rotate", "VP113", f"the picture {' and '.join(parts)}, as players show it"
    if facts.sample_aspect_ratio != 1:
        aspect = facts.sample_aspect_ratio
        yield (
            "square-pixels",
            "VP114",
            f"pixels of {aspect.numerator}:{aspect.denominator} made square: "
            f"{px((facts.width, facts.height))}",
        )
    shown = (facts.width, facts.height)
    if how.scaled != shown:
        code = "VP126" if how.scaled[0] < shown[0] and _within(shown) else "VP119"
        yield "scale", code, f"scaled from {px(shown)} to {px(how.scaled)}"
    if how.padded:
        yield "pad", "VP119", f"padded to {px(how.canvas)}, since no scale fits both sides"
    elif how.cropped:
        lost = tuple(a - b for a, b in zip(how.scaled, how.canvas, strict=True))
        code = "VP118" if max(lost) <= 1 else "VP119"
        told = "one line left out" if max(lost) <= 1 else "cropped"
        yield "crop", code, f"{told}: {px(how.canvas)}"


def _within(size: tuple[int, int]) -> bool:
    from vaceprep.contract import VIDEO_SIDE

    return VIDEO_SIDE[0] <= min(size) and max(size) <= VIDEO_SIDE[1]


def resampled(facts: VideoFacts, target: Fraction, blend: bool) -> str:
    """How the frames come to another rate."""
    how = "blended" if blend else "repeated"
    if facts.fps is not None and facts.constant_rate and (target / facts.fps).denominator == 1:
        times = target / facts.fps
        if not blend:
            return f"each frame shown {times} times: {rate(facts.fps)} to {rate(target)} FPS"
        return f"{rate(facts.fps)} to {rate(target)} FPS, frames blended between"
    spacing = "" if facts.constant_rate else "uneven spacing "
    return f"{spacing}to an even {rate(target)} FPS, frames {how} or left out where due"


def encoded(facts: VideoFacts, recipe: EncodeRecipe, obstacle: str | None) -> str:
    """What the new encoding is, and why the old one could not stay."""
    told = [f"H.264, 8-bit 4:2:0, {px(recipe.size.canvas)}, {rate(recipe.rate)} FPS"]
    if facts.color_range == "pc":
        told.append("full range to limited range")
    left = [s.kind for s in facts.streams]
    if recipe.keep_audio:
        left.remove("audio")
    if left:
        told.append(f"without {_streams(left)}")
    text = ", ".join(told)
    return f"{text} (packets cannot be copied: {obstacle})" if obstacle else text
