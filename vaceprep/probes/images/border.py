"""How much of an image's border is not plain, for references that shall have a plain background."""

from __future__ import annotations

from typing import Final

from PIL import Image

from vaceprep.contract_advice import BORDER_LEVELS, BORDER_SHARE
from vaceprep.files.source import Opened
from vaceprep.probes.image import READERS
from vaceprep.probes.images import pixels
from vaceprep.probes.images.layout import Spliced

#: Size that the image is scaled to: fine enough to keep the texture of grass or a crowd.
SIDE: Final = 128
_EDGE: Final = round(SIDE * BORDER_SHARE)
#: Modes of 8-bit pixels, converted at their small size.
_MODES: Final = ("L", "LA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")


def busy_border(opened: Opened, fmt: str) -> float | None:
    """Return ``busy_part`` of a whole image of that format; None if it is not decoded here."""
    make = pixels.decoder(fmt)
    if fmt not in READERS or make is None:
        return None
    try:
        image = pixels.header(make, Spliced(opened, READERS[fmt](opened).parts))
        # A JPEG decodes at an eighth of its size in a fraction of the time.
        image.draft("RGB", (2 * SIDE, 2 * SIDE))
        return busy_part(pixels.decode(image))
    except Exception:  # Pillow raises nearly everything for broken data
        return None


def busy_part(picture: Image.Image) -> float | None:
    """Return the part of the border, 0 to 1, whose colour differs from its usual one.

    Transparent pixels count as white. None for an unusual mode.
    """
    if picture.mode not in _MODES:
        return None
    small = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    if small.mode in ("LA", "RGBA"):
        ground = Image.new("RGBA", small.size, "white")
        small = Image.alpha_composite(ground, small.convert("RGBA"))
    pixels = small.convert("RGB").tobytes()
    cells = [
        pixels[at : at + 3]
        for row in range(SIDE)
        for column in range(SIDE)
        if not (_EDGE <= row < SIDE - _EDGE and _EDGE <= column < SIDE - _EDGE)
        for at in [3 * (row * SIDE + column)]
    ]
    middle = len(cells) // 2
    usual = [sorted(cell[channel] for cell in cells)[middle] for channel in range(3)]
    busy = 0
    for cell in cells:
        apart = (abs(level - usually) for level, usually in zip(cell, usual, strict=True))
        busy += max(apart) > BORDER_LEVELS
    return busy / len(cells)
