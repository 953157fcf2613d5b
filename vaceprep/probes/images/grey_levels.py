"""Convert 32-bit pixels (Pillow's modes ``I`` and ``F``) to 8-bit grey.

Integers: white is the largest value of the narrowest of 8, 16, 31 and 32 bits that holds every
pixel. Floats: white is 1.0 and more is clipped, unless the pixels are 8- or 16-bit values stored as
floats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from PIL.Image import Image

#: Candidates for white in 32-bit pixels: the largest value of 8, 16, 31 and 32 bits.
WHITES: Final = (255.0, 65535.0, float(2**31 - 1), float(2**32 - 1))
#: Floats with fractions are 8- or 16-bit values if more than this share is over 1.5 and the largest
#: is over this: a picture with white at 1.0 has fewer highlights. J
_MOST_ABOVE_WHITE: Final = 0.5
_NO_HIGHLIGHT: Final = 16.0


def eight_bits(image: Image) -> Image:
    """Convert a picture of mode ``I`` or ``F`` to mode ``L``, rounded to the nearest level."""
    return scaled(image, white_of([image]))


def scaled(image: Image, white: float) -> Image:
    """Convert ``image`` (``I`` or ``F``) to mode ``L``: 255 from ``white`` up, 0 from 0 down."""
    # Add half a level: the conversion truncates.
    return image.convert("F").point(lambda value: value * (255 / white) + 0.5).convert("L")


def white_of(planes: list[Image]) -> float:
    """Return the value of white in the planes (mode ``I`` or ``F``) of one picture."""
    highest = max(cast("tuple[float, float]", plane.getextrema())[1] for plane in planes)
    if planes[0].mode == "F" and (highest <= 1 or not _are_integers(planes, highest)):
        return 1.0
    return next((white for white in WHITES if highest <= white), float(highest))


def _are_integers(planes: list[Image], highest: float) -> bool:
    """Return whether float pixels hold 8- or 16-bit values: see ``_MOST_ABOVE_WHITE``."""
    if highest > WHITES[-1]:
        return False
    if all(_is_whole(plane) for plane in planes):
        return True
    return highest > _NO_HIGHLIGHT and _share_above_white(planes) > _MOST_ABOVE_WHITE


def _is_whole(plane: Image) -> bool:
    from PIL import ImageMath

    whole = plane.convert("I").convert("F")
    rest = ImageMath.lambda_eval(lambda args: abs(args["a"] - args["b"]), a=plane, b=whole)
    return bool(rest.getextrema()[1] == 0)


def _share_above_white(planes: list[Image]) -> float:
    above = sum(sum(scaled(plane, WHITES[0]).histogram()[2:]) for plane in planes)
    return above / max(1, sum(plane.width * plane.height for plane in planes))
