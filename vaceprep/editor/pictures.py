"""Single frames as pictures: exactly as ``vaceprep frame`` gives them, or small ones."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Final

from PIL.Image import Image, Resampling

from vaceprep.errors import Refused
from vaceprep.plans.size import fit
from vaceprep.preparation.image.colours import eight_bits
from vaceprep.preparation.image.decode import decoded
from vaceprep.preparation.image.encode import encode
from vaceprep.preparation.image.render import placed
from vaceprep.preparation.read import Read, check_pixels, unreadable, video_of
from vaceprep.preparation.video.finder import Finder
from vaceprep.preparation.video.frame import flattened, frame_at
from vaceprep.records import replace

#: Heights of small pictures, in pixels.
HEIGHTS: Final = (16, 1080)


def frame_png(read: Read, time: Fraction, finder: Finder | None = None) -> bytes:
    """The frame at a time as ``vaceprep frame`` writes it. Raises Refused."""
    image = frame_at(read, time, finder=finder).image
    return encode(placed(image, fit(image.size)), "png")


def small_png(read: Read, time: Fraction, height: int, finder: Finder | None = None) -> bytes:
    """The frame at a time with its own shape at most so high. Raises Refused."""
    facts = video_of(read)
    high = min(height, facts.height)
    size = max(1, round(Fraction(facts.width * high, facts.height))), high
    # The frame is scaled from its decoded size at once.
    small = replace(facts, width=size[0], height=size[1])
    image = frame_at(replace(read, facts=small), time, finder=finder).image
    return _png(image if image.size == size else image.resize(size, Resampling.BICUBIC))


def image_png(read: Read, height: int | None) -> bytes:
    """A still image upright, at most so high; None: as large as it is. Raises Refused."""
    check_pixels((read.facts.width, read.facts.height), "a picture")
    try:
        image = decoded(read, _shown)
    except Refused:
        raise
    except Exception as error:  # Pillow raises nearly everything for broken data
        raise unreadable(read.source, f"its pixels do not decode ({error})") from None
    if height is not None and image.height > height:
        wide = max(1, round(image.width * height / image.height))
        image = image.resize((wide, height), Resampling.LANCZOS)
    return _png(image)


def _shown(image: Image) -> Image:
    deep = image.mode.startswith(("I", "F"))
    return flattened(eight_bits(image) if deep else image)


def _png(image: Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()
