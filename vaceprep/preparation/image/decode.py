"""Decode an image as the probe does, and rotate it to its displayed orientation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vaceprep.errors import Refused
from vaceprep.facts import Facts, ImageFacts
from vaceprep.preparation.read import Read, unreadable
from vaceprep.probes.image import READERS, named_colours
from vaceprep.probes.images import pixels, tiff_pixels
from vaceprep.probes.images.layout import Layout, Spliced

if TYPE_CHECKING:
    from PIL.Image import Image

#: Formats that need the extra ``vaceprep[heic]``.
_HEIC: Final = ("heic", "heif")


@dataclass(frozen=True, slots=True)
class Still:
    """The first frame as stored, and its colour profile."""

    image: Image
    #: None without a profile; empty where its parts cannot be assembled.
    profile: bytes | None


def still(read: Read) -> Still:
    """Decode the first frame.

    Safe in threads: it changes no global state. The decoder reads only the parts with pixels, so
    nothing can make it warn. Raises Refused for a format without a decoder, and Pillow's errors.
    """
    facts = read.facts
    fmt = read.sniffed.format
    make = pixels.decoder(fmt)
    if make is None and fmt in _HEIC:
        raise Refused(
            f"{read.source} is {fmt.upper()}, which is not decoded here; "
            "pip install 'vaceprep[heic]' adds what is missing"
        )
    if not isinstance(facts, ImageFacts):
        raise unreadable(read.source, f"it is in the format {fmt.upper()}")
    reader = READERS.get(facts.format)
    layout = None if reader is None else reader(read.opened)
    if layout is not None and layout.coded is not None:
        make = pixels.decoder(layout.coded)
    if make is None:
        raise unreadable(read.source, f"it is in the format {fmt.upper()}")
    if layout is None:
        header = pixels.header(make, pixels.rewound(read.opened))
        profile = header.info.get("icc_profile")
        profile = profile if isinstance(profile, bytes) else None
        named = named_colours(read.opened, facts.format, profile)
        return Still(pixels.decode(header), profile if named is None else named.profile)
    if layout.raster is not None:
        return Still(tiff_pixels.decode(read.opened, layout.raster), _profile(layout))
    header = pixels.header(make, Spliced(read.opened, layout.parts))
    return Still(pixels.decode(header), _profile(layout))


def _profile(layout: Layout) -> bytes | None:
    return layout.icc if layout.colours is None else layout.colours.profile


def decoded(read: Read, convert: Callable[[Image], Image]) -> Image:
    """Decode the first frame, pass it through ``convert`` and orient it for display.

    Raises Refused for a format without a decoder, and Pillow's errors.
    """
    image = convert(still(read).image)
    return turned(image, read.facts)


def turned(image: Image, facts: Facts) -> Image:
    """Return the stored pixels in their displayed orientation."""
    if not isinstance(facts, ImageFacts):
        return image
    stored = (facts.stored_width, facts.stored_height)
    # Some decoders (of HEIC) have already rotated it.
    return turned_by(image, facts.orientation) if image.size == stored else image


def turned_by(image: Image, orientation: int) -> Image:
    """Return the image upright by its EXIF orientation (1 to 8)."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image
