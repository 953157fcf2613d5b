"""Make a mask from a painted-over frame: white where the two images differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vaceprep.errors import Refused
from vaceprep.facts import ImageFacts
from vaceprep.plans.image import agrees
from vaceprep.plans.model import Colour
from vaceprep.plans.predict import MASK
from vaceprep.preparation.read import reading, unreadable

if TYPE_CHECKING:
    from PIL.Image import Image

#: Largest difference of a channel, of 255, that is not paint: after a lossless copy, and after
#: lossy compression (JPEG at quality 60 changes edges by up to 45). J
EXACT, LOSSY = 8, 48
#: Share of identical pixels from which on the copy is lossless. J
_LOSSLESS_SHARE: Final = 0.1
#: Side in pixels of the median filter after lossy compression.
_MAJORITY: Final = 5
#: Shares of white below and above which a warning asks whether the frame is the right one. J
_LITTLE, _NEARLY_ALL = 0.001, 0.95
#: The colour under transparent pixels: an erased area counts as painted.
_UNDER: Final[Colour] = (255, 0, 255)


def painted_over(
    painted: str, frame: str, *, threshold: int | None = None
) -> tuple[Image, list[str]]:
    """Return white (edit) where ``painted`` differs from ``frame``, and remarks for the user.

    The size is the frame's displayed size. ``threshold`` is the smallest difference of a channel (1
    to 255) that counts; None chooses it by whether the copy is lossless. Raises Refused.
    """
    from PIL import ImageFilter
    from PIL.Image import Resampling

    original, copy = _displayed(frame), _displayed(painted)
    if copy.size != original.size:
        if not agrees(copy.size, original.size):
            raise Refused(
                f"the painted picture is {copy.width}x{copy.height}, of another shape than the "
                f"frame, which is {original.width}x{original.height}; save it at the frame's size"
            )
        copy = copy.resize(original.size, Resampling.LANCZOS)
    off = _difference(copy, original)
    counts = off.histogram()
    pixels = original.width * original.height
    lossless = counts[0] >= _LOSSLESS_SHARE * pixels
    least = threshold if threshold is not None else (EXACT if lossless else LOSSY) + 1
    mask = off.point([255 if level >= least else 0 for level in range(256)])
    if not lossless:
        mask = mask.filter(ImageFilter.MedianFilter(_MAJORITY))
    return mask, _remarks(mask, pixels)


def _displayed(source: str) -> Image:
    """Return a displayed image as 8-bit sRGB. Raises Refused."""
    from vaceprep.preparation.image.colours import displayed

    with reading(source, MASK) as read:
        if not isinstance(read.facts, ImageFacts):
            raise unreadable(
                source, "it is a video; take the frame with: vaceprep frame VIDEO --at TIME -o FILE"
            )
        try:
            return displayed(read, read.facts, _UNDER)
        except Refused:
            raise
        except Exception as error:  # Pillow raises nearly everything for broken data
            raise unreadable(source, f"its pixels do not convert ({error})") from None


def _difference(one: Image, other: Image) -> Image:
    """Return the largest difference of the channels for each pixel."""
    from PIL import ImageChops

    red, green, blue = ImageChops.difference(one, other).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _remarks(mask: Image, pixels: int) -> list[str]:
    white = mask.histogram()[255]
    if not white:
        raise Refused(
            "the painted picture does not differ from the frame, so there is nothing to edit; "
            "paint over the part to edit in a colour that the frame does not have there"
        )
    share = white / pixels
    if share < _LITTLE:
        return ["warning: under 0.1 % of the pixels differ from the frame; look at the mask"]
    if share > _NEARLY_ALL:
        return [
            f"warning: {100 * share:.0f} % of the pixels differ from the frame; "
            "is it the frame that was painted over?"
        ]
    return [f"{100 * share:.1f} % of the frame is edited"]
