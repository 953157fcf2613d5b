"""What decoding an image would take, told by its headers before any memory is taken for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

from vaceprep.contract import MAX_PROVEN_PIXELS

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

    from vaceprep.probe.stills.layout import Layout
    from vaceprep.probe.stills.tiffraster import Raster

_ROWS, _TILE_WIDTH, _TILE_HEIGHT = 278, 322, 323
Way = Literal["whole", "draft", "not"]
#: Bytes of one pixel by Pillow's mode; every other mode takes four.
_BYTES: Final = {"1": 1, "L": 1, "P": 1}
#: WEBP's decoder has its canvas twice, hands out one copy of it and a picture is made of that.
_WEBP_BYTES: Final = 12
#: The same for AVIF, HEIC and JPEG 2000: planes of up to 16 bits, and a copy as a picture.
_OTHER_BYTES: Final = 12
_OTHERS: Final = frozenset(["avif", "heic", "heif", "jp2"])
#: Bytes of one pixel in each colour of a JPEG that comes in several scans: kept until the last.
_COEFFICIENT: Final = 2


def way(layout: Layout, image: ImageFile, memory: int) -> Way:
    """How to decode within so many bytes: wholly, a JPEG at an eighth of its size, or not."""
    count = layout.width * layout.height
    held = _held(layout, image)
    if count <= MAX_PROVEN_PIXELS and count * (_pixel(image.mode) + held) <= memory:
        return "whole"
    if layout.format == "jpeg" and count * held + count // 64 * 4 <= memory:
        return "draft"
    return "not"


def canvas_fits(layout: Layout, memory: int) -> bool:
    """Whether a WEBP's canvas, which its decoder takes at once, fits; true for other formats."""
    count = layout.width * layout.height
    return layout.format != "webp" or (
        count <= MAX_PROVEN_PIXELS and count * (_WEBP_BYTES + 4) <= memory
    )


def affordable(raster: Raster, memory: int) -> bool:
    """Whether a TIFF that is read here can be decoded within so many bytes."""
    return raster.width * raster.height <= MAX_PROVEN_PIXELS and raster.memory <= memory


def _pixel(mode: str) -> int:
    """Bytes of one pixel of the picture."""
    if mode.startswith("I;16"):
        return 2
    return _BYTES.get(mode, 4)


def _held(layout: Layout, image: ImageFile) -> int:
    """Bytes of one pixel that the decoder holds beside the picture."""
    if layout.format == "webp":
        return _WEBP_BYTES
    if layout.format in _OTHERS:
        return _OTHER_BYTES
    if layout.format == "jpeg" and layout.scans:
        return _COEFFICIENT * len(image.getbands())
    if layout.format == "tiff":
        return _strip_share(layout, image)
    return 0


def _strip_share(layout: Layout, image: ImageFile) -> int:
    """A strip is unpacked as a whole: one that is most of the picture counts as another one."""
    tags = getattr(image, "tag_v2", {})
    rows, wide, high = (tags.get(tag) for tag in (_ROWS, _TILE_WIDTH, _TILE_HEIGHT))
    if isinstance(wide, int) and isinstance(high, int):
        held = wide * high
    else:
        held = layout.width * (rows if isinstance(rows, int) else layout.height)
    share = min(1.0, held / max(1, layout.width * layout.height))
    # 16-bit channels are unpacked as they are stored.
    wide_channels = 2 if (layout.bit_depth or 8) > 8 else 1
    return math.ceil(share * _pixel(image.mode) * wide_channels)
