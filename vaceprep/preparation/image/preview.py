"""Overlay a mask on a frame of its video, for a person to check."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Final

from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.plans.image import agrees
from vaceprep.plans.predict import MASK
from vaceprep.preparation.image.mask import black_and_white, displayed_grey
from vaceprep.preparation.read import reading, video_of
from vaceprep.preparation.video.frame import frame_number
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding
from vaceprep.rules.judge import judge

if TYPE_CHECKING:
    from PIL.Image import Image

TINT: Final = (255, 0, 144)
TINT_SHARE: Final = 0.4
OUTLINE: Final = "white"
SHADOW: Final = "black"
#: The shorter side divided by these gives the outline's width and the caption's letter height.
LINE_PART: Final = 400
LETTER_PART: Final = 28
SMALLEST_LETTER: Final = 14


@dataclass(frozen=True, slots=True)
class Preview:
    """The image, its caption, and the findings on the mask."""

    image: Image
    caption: str
    findings: tuple[Finding, ...]


def share(white: int, pixels: int) -> str:
    """Return the edited share in percent; 0 and 100 only where they are exact.

    >>> share(1, 1000000)
    'under 0.1 %'
    """
    if not white or white == pixels:
        return "100 %" if white else "0 %"
    percent = 100 * white / pixels
    if percent < 0.1:
        return "under 0.1 %"
    return f"{min(percent, 99.9):.1f} %"


def preview(mask: str, video: str, number: int = 1) -> Preview:
    """Overlay the mask on presented frame ``number`` (from 1). Raises Refused.

    A mask that is not strictly black and white is shown as ``mask fix`` would fix it.
    """
    with reading(mask, MASK) as read:
        size = (read.facts.width, read.facts.height)
        findings = tuple(judge(read.facts, Asset(MASK)))
        area = black_and_white(displayed_grey(read))
    with reading(video, "video_url") as read:
        facts = video_of(read)
        if size != (facts.width, facts.height):
            stretch = "" if agrees(size, (facts.width, facts.height)) else " --stretch"
            raise Refused(
                f"the mask is {size[0]}x{size[1]} but the video is shown at "
                f"{facts.width}x{facts.height}; fix it with: "
                f"vaceprep mask fix {quote(mask)} --size-of {quote(video)}{stretch} -o FILE.png"
            )
        picture = frame_number(read, number).image
    caption = _caption(area, facts, number)
    laid = laid_over(picture, area)
    spoken = tuple(
        f for f in findings if f.code in (codes.MASK_NOT_BINARY, codes.MASK_EMPTY, codes.MASK_FULL)
    )
    return Preview(_captioned(laid, caption), caption, spoken)


def _caption(area: Image, facts: VideoFacts, number: int) -> str:
    edited = share(area.histogram()[255], area.width * area.height)
    of = "" if facts.frames is None else f" of {facts.frames}"
    return f"{edited} edited, frame {number}{of}, {facts.width}x{facts.height}"


def _ring(area: Image, width: int) -> Image:
    """Return the pixels outside the white area within ``width`` px of it."""
    from PIL import ImageChops, ImageFilter

    grown = area
    for _ in range(width):
        grown = grown.filter(ImageFilter.MaxFilter(3))
    return ImageChops.subtract(grown, area)


def _rim(area: Image, width: int) -> Image:
    """Return the pixels of the white area within ``width`` px of its or the image's edge."""
    from PIL import ImageChops, ImageFilter, ImageOps

    core = ImageOps.expand(area, 1, 0)
    for _ in range(width):
        core = core.filter(ImageFilter.MinFilter(3))
    inside = core.crop((1, 1, core.width - 1, core.height - 1))
    return ImageChops.subtract(area, inside)


def outlines(area: Image) -> tuple[Image, Image]:
    """Return the outline of the white area outside of it, and inside."""
    width = max(1, round(min(area.size) / LINE_PART))
    return _ring(area, width), _rim(area, width)


def tinted(picture: Image, area: Image) -> Image:
    """Tint the white area."""
    from PIL import Image as Pillow

    colour = Pillow.blend(picture, Pillow.new("RGB", picture.size, TINT), TINT_SHARE)
    return Pillow.composite(colour, picture, area)


def laid_over(picture: Image, area: Image, lines: tuple[Image, Image] | None = None) -> Image:
    """Tint and outline the white area, light inside and dark outside.

    ``lines`` are its ``outlines``, which take longer than the rest, if they are known.
    """
    result = tinted(picture, area)
    ring, rim = lines or outlines(area)
    result.paste(SHADOW, mask=ring)
    result.paste(OUTLINE, mask=rim)
    return result


def _captioned(picture: Image, text: str) -> Image:
    """Add a line of text on a strip below the image, so that it hides nothing."""
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    size = max(SMALLEST_LETTER, min(picture.size) // LETTER_PART)
    font = ImageFont.load_default(size=size)
    pen = ImageDraw.Draw(picture)
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    while right - left > picture.width - size and size > SMALLEST_LETTER:
        size -= 1
        font = ImageFont.load_default(size=size)
        left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    strip = round(bottom - top) + size
    width = max(picture.width, round(right - left) + size)
    canvas = Pillow.new("RGB", (width, picture.height + strip), "black")
    canvas.paste(picture, ((width - picture.width) // 2, 0))
    place = (size // 2 - left, picture.height + size // 2 - top)
    ImageDraw.Draw(canvas).text(place, text, font=font, fill="white")
    return canvas
