"""An image's pixels as displayed: decoded as the probe decodes them, then turned."""

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

#: Formats that an extra decodes.
_HEIC: Final = ("heic", "heif")


@dataclass(frozen=True, slots=True)
class Still:
    """The first frame as stored, and the colour profile that belongs to it."""

    image: Image
    #: None where there is none; empty where it cannot be put together.
    profile: bytes | None


def still(read: Read) -> Still:
    """Decode the first frame. Raises Refused where nothing here decodes the format, and whatever
    Pillow raises.

    Safe in threads: nothing of the process is switched. The decoder sees the parts alone that
    make pixels, so nothing makes it warn, and a picture that would is never decoded.
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
    """The first frame, passed through ``convert`` and turned to its displayed orientation.

    Raises Refused where nothing here decodes the format, and whatever Pillow raises.
    """
    image = convert(still(read).image)
    return turned(image, read.facts)


def turned(image: Image, facts: Facts) -> Image:
    """Stored pixels as they are displayed."""
    if not isinstance(facts, ImageFacts):
        return image
    stored = (facts.stored_width, facts.stored_height)
    # Some decoders (HEIC's) have turned it already.
    return turned_by(image, facts.orientation) if image.size == stored else image


def turned_by(image: Image, orientation: int) -> Image:
    """The picture upright, by its EXIF orientation (1 to 8)."""
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
