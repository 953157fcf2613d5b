"""A mask's pixels: how many are exactly white, exactly black, or neither.

All counting is done by Pillow's own loops; nothing here visits a pixel in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaceprep.facts import MaskFacts
from vaceprep.probe import levels
from vaceprep.probe.pixels import bands

if TYPE_CHECKING:
    from PIL.Image import Image

_WHITE = 255


def count_mask(image: Image) -> MaskFacts:
    """Judge one decoded image as a mask: alpha ignored, palette resolved, converted to RGB.

    White is 255 in all channels (16-bit grey: 65535), black 0; turning an image changes no count,
    so stored pixels serve. May raise what Pillow raises for a mode that it cannot convert.
    """
    white = black = 0
    for band in bands(image):
        more_white, more_black = _white_and_black(band)
        white += more_white
        black += more_black
    pixels = image.width * image.height
    other = pixels - white - black
    return MaskFacts(pixels, white, black, other, frames=1, first_other=1 if other else None)


def _white_and_black(image: Image) -> tuple[int, int]:
    if image.mode in ("1", "L"):
        counts = image.histogram()
        return counts[_WHITE], counts[0]
    if image.mode in ("LA", "La"):
        return _white_and_black(image.getchannel(0))
    if image.mode.startswith("I;16"):
        return _extremes(_byte_planes(image))
    if image.mode == "P":
        return _palette(image)
    if image.mode in ("RGB", "RGBA", "RGBX"):
        return _extremes([image.getchannel(i) for i in range(3)])
    if image.mode in ("I", "F"):
        return _white_and_black(levels.eight_bits(image))
    # CMYK, YCbCr, LAB, HSV, PA and premultiplied alpha.
    return _extremes(list(image.convert("RGB").split()))


def _extremes(planes: list[Image]) -> tuple[int, int]:
    """Pixels that are 255 in every plane, and that are 0 in every plane."""
    from PIL import ImageChops

    lowest = highest = planes[0]
    for plane in planes[1:]:
        lowest = ImageChops.darker(lowest, plane)
        highest = ImageChops.lighter(highest, plane)
    return lowest.histogram()[_WHITE], highest.histogram()[0]


def _byte_planes(image: Image) -> list[Image]:
    """The high and the low bytes of a 16-bit image as two planes."""
    from PIL import Image as Pillow

    # Whether low or high comes first makes no difference to what is counted.
    return list(Pillow.frombytes("LA", image.size, image.tobytes()).split())


def _palette(image: Image) -> tuple[int, int]:
    palette = image.getpalette("RGB") or []
    white = black = 0
    for index, count in enumerate(image.histogram()):
        # Past the palette's end, decoders show black.
        colour = palette[3 * index : 3 * index + 3] or [0, 0, 0]
        white += count if colour == [_WHITE] * 3 else 0
        black += count if colour == [0] * 3 else 0
    return white, black
