"""The sentences of an image's plan. Pure."""

from __future__ import annotations

from typing import Final

from vaceprep.facts import ImageFacts
from vaceprep.plan.model import BLACK, WHITE, Colour
from vaceprep.plan.size import Fit
from vaceprep.rules.imagenames import ENDINGS, shown_format
from vaceprep.rules.wording import listed, megabytes

THRESHOLDED: Final = "every pixel made pure white, if it is at least half bright, or pure black"
_NAMED: Final[dict[Colour, str]] = {WHITE: "white", BLACK: "black"}
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
    """Which ending the output gets."""
    return f"the name gets the ending {ENDINGS.get(fmt, ('.' + fmt,))[0]}"


def stripped(facts: ImageFacts) -> str:
    """What the metadata told."""
    return f"left out {listed(list(facts.location))}"


def first(facts: ImageFacts) -> str:
    """Which picture of several is kept."""
    kind = "pages" if facts.format == "tiff" else "frames"
    return f"first of {facts.frames} {kind}"


def turned(facts: ImageFacts, own_tables: bool) -> str:
    """How the pixels are brought upright."""
    stored, shown = (facts.stored_width, facts.stored_height), (facts.width, facts.height)
    told = f"EXIF orientation {facts.orientation} baked in"
    if stored != shown:
        told += f", {px(stored)} to {px(shown)}"
    return told + ("; saved at its own quality" if own_tables else "")


def colours(facts: ImageFacts, mask: bool) -> str:
    """From which colours to sRGB."""
    name = facts.icc_profile or "an unknown profile"
    if mask:
        return f"left out {name}: black and white need none"
    return f"from {name} to sRGB"


def flattened(ground: Colour) -> str:
    """What is under transparent pixels."""
    return f"transparent pixels laid on {colour(ground)}"


def mode(facts: ImageFacts, to: str) -> str:
    """From which pixels to which."""
    base = facts.mode.partition(";")[0]
    depth = "" if facts.bit_depth is None else f"{facts.bit_depth}-bit "
    return f"from {depth}{_MODES.get(base, base)} to 8-bit {_MODES.get(to, to)}"


def scaled(old: tuple[int, int], new: tuple[int, int], nearest: bool) -> str:
    """From which size to which."""
    how = " by nearest neighbour" if nearest else ""
    return f"scaled from {px(old)} to {px(new)}{how}"


def padded(canvas: tuple[int, int], ground: Colour) -> str:
    """What is put beside the picture."""
    return f"padded with {colour(ground)} to {px(canvas)}"


def cropped(size: Fit) -> str:
    """What is kept of the picture."""
    width, height = (min(a, b) for a, b in zip(size.scaled, size.canvas, strict=True))
    return f"the middle {px((width, height))} kept of {px(size.scaled)}"


def converted(old: str, new: str, mask: bool) -> str:
    """From which format to which."""
    told = f"{shown_format(old)} to {shown_format(new)}"
    if new == "jpeg":
        return f"{told} at high quality: as PNG, a photograph would be several times as large"
    if mask:
        return f"{told}, as every mask that changes"
    return f"{told}, as BMP it would be too large" if old == "bmp" else told


def recompressed(fmt: str, limit: int) -> str:
    """How the file gets small enough."""
    at_most = f"at most {megabytes(limit)}"
    if fmt == "jpeg":
        return f"{at_most}, at the best quality that fits"
    return f"{at_most}: without loss where that fits, else at the best quality that does"
