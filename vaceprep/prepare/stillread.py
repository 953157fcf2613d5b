"""An image's pixels as displayed: decoded as the probe decodes them, then turned."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from vaceprep.facts import ImageFacts
from vaceprep.prepare.reading import Read, unreadable
from vaceprep.probe import pixels
from vaceprep.probe.image import READERS
from vaceprep.probe.stills.layout import Spliced

if TYPE_CHECKING:
    from PIL.Image import Image


def decoded(read: Read, convert: Callable[[Image], Image]) -> Image:
    """The first frame, passed through ``convert`` and turned to its displayed orientation.

    Raises Refused where nothing here decodes the format, and whatever Pillow raises.
    """
    facts = read.facts
    make = pixels.decoder(read.sniffed.format)
    if not isinstance(facts, ImageFacts) or make is None:
        raise unreadable(read.source, f"it is in the format {read.sniffed.format.upper()}")
    reader = READERS.get(facts.format)
    if reader is None:
        data: object = pixels.rewound(read.opened)
    else:
        data = Spliced(read.opened, reader(read.opened).parts)
    with warnings.catch_warnings():
        # The probe has weighed the file; a decoder's remarks on it help nobody.
        warnings.simplefilter("ignore")
        image = convert(pixels.decode(pixels.header(make, data)))
    return _turned(image, facts)


def _turned(image: Image, facts: ImageFacts) -> Image:
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
    stored = (facts.stored_width, facts.stored_height)
    if facts.orientation not in turns or image.size != stored:
        # Some decoders (HEIC's) have turned it already.
        return image
    return image.transpose(turns[facts.orientation])
