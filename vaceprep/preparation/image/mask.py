"""Make masks from shapes, or fix any image as a mask. White is edited, black is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from vaceprep.errors import Refused
from vaceprep.facts import ImageFacts
from vaceprep.plans.image import agrees
from vaceprep.plans.predict import MASK
from vaceprep.preparation.image.encode import encode
from vaceprep.preparation.image.shapes import Shape, drawn, outside
from vaceprep.preparation.read import Read, check_pixels, reading, unreadable
from vaceprep.preparation.verify import write_verified
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding

if TYPE_CHECKING:
    from PIL.Image import Image

#: The lowest grey level that becomes white: the lighter half.
THRESHOLD: Final = 128
#: A mask that edits nothing or everything is written with a warning.
TOLERATED: Final = (codes.MASK_EMPTY, codes.MASK_FULL)
#: A pixel within so many levels of black or white is nearly black or white; from this share of
#: other pixels on, an image is a picture and not a mask. J
_NEARLY: Final = 48
_PICTURE_SHARE: Final = 0.25


def made(shapes: Sequence[Shape], size: tuple[int, int], *, invert: bool = False) -> Image:
    """Draw shapes in white on black (inverted: black on white), 8-bit grey. Raises Refused."""
    from PIL import Image as Pillow

    check_pixels(size, "a mask")
    pixels, missing = drawn(shapes, size)
    for shape in missing:
        where = "lies wholly outside" if outside(shape, size) else "covers no pixel of"
        raise Refused(f"the {shape.kind} {shape.text} {where} the {size[0]}x{size[1]} picture")
    image = Pillow.frombytes("L", size, bytes(pixels))
    return _inverted(image) if invert else image


def _inverted(image: Image) -> Image:
    from PIL import ImageChops

    return ImageChops.invert(image)


def _grey(image: Image) -> Image:
    """Return 8-bit luma, transparency composited on black. May raise what Pillow raises."""
    from PIL import Image as Pillow

    from vaceprep.preparation.image.colours import eight_bits

    if image.mode.startswith(("I", "F")):
        return eight_bits(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        shown = image.convert("RGBA")
        ground = Pillow.new("RGBA", shown.size, "black")
        return Pillow.alpha_composite(ground, shown).convert("L")
    return image if image.mode == "L" else image.convert("RGB").convert("L")


def displayed_grey(read: Read) -> Image:
    """Return any readable image as 8-bit grey, oriented for display. Raises Refused."""
    from vaceprep.preparation.image.decode import decoded

    if not isinstance(read.facts, ImageFacts):
        raise unreadable(read.source, "it is a video, not an image")
    try:
        return decoded(read, _grey)
    except Exception as error:  # Pillow raises nearly everything for broken data
        raise unreadable(read.source, f"its pixels do not convert ({error})") from None


def black_and_white(grey: Image, threshold: int = THRESHOLD) -> Image:
    """Return white from ``threshold`` (1 to 255) up, black below."""
    return grey.point([255 if level >= threshold else 0 for level in range(256)])


def doubts(grey: Image) -> list[str]:
    """Return a warning if an image to be thresholded is a picture and not a mask."""
    between = sum(grey.histogram()[_NEARLY : 256 - _NEARLY])
    share = between / max(1, grey.width * grey.height)
    if share < _PICTURE_SHARE:
        return []
    return [
        f"warning: {100 * share:.0f} % of its pixels are neither nearly black nor nearly white, so "
        "it looks like a picture and not like a mask; if it is a frame that you painted over, name "
        "the frame without paint: --over FRAME"
    ]


def fixed(
    source: str,
    size: tuple[int, int],
    *,
    threshold: int = THRESHOLD,
    invert: bool = False,
    stretch: bool = False,
    remarks: list[str] | None = None,
) -> Image:
    """Fix an image as a strict mask of that size, by nearest neighbour. Raises Refused.

    Warnings for the user are added to ``remarks``.
    """
    check_pixels(size, "a mask")
    with reading(source, MASK) as read:
        if not stretch:
            _check_shape((read.facts.width, read.facts.height), size)
        grey = displayed_grey(read)
    if remarks is not None:
        remarks += doubts(grey)
    return sized(black_and_white(grey, threshold), size, invert=invert, stretch=True)


def _check_shape(shown: tuple[int, int], size: tuple[int, int]) -> None:
    if not agrees(shown, size):
        raise Refused(
            f"the mask is {shown[0]}x{shown[1]}, of another shape than {size[0]}x{size[1]}; "
            "--stretch scales it all the same"
        )


def sized(
    image: Image, size: tuple[int, int], *, invert: bool = False, stretch: bool = False
) -> Image:
    """Scale a strict mask to that size by nearest neighbour. Raises Refused."""
    from PIL.Image import Resampling

    check_pixels(size, "a mask")
    if not stretch:
        _check_shape(image.size, size)
    if image.size != size:
        image = image.resize(size, Resampling.NEAREST)
    return _inverted(image) if invert else image


def write_mask(
    image: Image, target: str, *, force: bool, sources: Collection[str] = ()
) -> list[Finding]:
    """Write a strict mask as PNG and return its findings. Raises Refused."""
    return write_verified(
        encode(image, "png"),
        target,
        force=force,
        role=MASK,
        sources=sources,
        tolerated=TOLERATED,
    )
