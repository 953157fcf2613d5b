"""Pictures to bytes of an image file that the image rules accept."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from vaceprep.contract import IMAGE_BYTES_DECIMAL
from vaceprep.prepare.fit import Fit
from vaceprep.prepare.refused import Refused
from vaceprep.rules.wording import megabytes

if TYPE_CHECKING:
    from PIL.Image import Image

#: Format by a name's ending; every one is a format of the contract.
ENDINGS: Final = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".webp": "webp",
    ".bmp": "bmp",
    ".tif": "tiff",
    ".tiff": "tiff",
}
#: The best quality asked of a lossy encoder: above it files grow and nothing is seen.
BEST_QUALITY: Final = 95
#: From this quality on, JPEG keeps colour at full resolution.
FULL_COLOUR: Final = 90


def _saved(image: Image, fmt: str, **settings: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, fmt, **settings)
    return buffer.getvalue()


def _best(encode: Callable[[int], bytes], limit: int) -> bytes | None:
    """The bytes at the best quality (1 to 95) that stay within the limit."""
    data = encode(BEST_QUALITY)
    if len(data) <= limit:
        return data
    low, high, best = 1, BEST_QUALITY - 1, None
    while low <= high:
        middle = (low + high) // 2
        data = encode(middle)
        if len(data) <= limit:
            best, low = data, middle + 1
        else:
            high = middle - 1
    return best


def _jpeg(image: Image, quality: int) -> bytes:
    subsampling = 0 if quality >= FULL_COLOUR else 2
    return _saved(image, "jpeg", quality=quality, subsampling=subsampling)


def encode(image: Image, fmt: str, limit: int | None = IMAGE_BYTES_DECIMAL) -> bytes:
    """An 8-bit RGB or grey picture as a file of at most ``limit`` bytes (None: of any length).

    Lossless where the format can be; JPEG, and WEBP where lossless is too large, at the best
    quality that fits. Raises Refused where nothing does.
    """
    if limit is None:
        limit = sys.maxsize
    data: bytes | None
    if fmt == "jpeg":
        data = _best(lambda quality: _jpeg(image, quality), limit)
    elif fmt == "webp":
        data = _saved(image, "webp", lossless=True, quality=75, method=4)
        if len(data) > limit:
            data = _best(lambda q: _saved(image, "webp", quality=q, method=4), limit)
    elif fmt == "png":
        data = _saved(image, "png", compress_level=6)
        if len(data) > limit:
            data = _saved(image, "png", optimize=True)
    elif fmt == "tiff":
        data = _saved(image, "tiff", compression="tiff_lzw")
        if len(data) > limit:
            data = _saved(image, "tiff", compression="tiff_adobe_deflate")
    else:
        data = _saved(image, fmt)
    if data is None:
        raise Refused(f"no quality of {fmt.upper()} brings it under {megabytes(limit)}")
    if len(data) > limit:
        raise Refused(
            f"as {fmt.upper()} it takes {megabytes(len(data))}, over {megabytes(limit)}; "
            "give the output the ending .jpg or .webp"
        )
    return data


def fitted(image: Image, how: Fit) -> Image:
    """The picture scaled (Lanczos) and, where it must be, centred on black."""
    from PIL import Image as Pillow

    if how.scaled != image.size:
        image = image.resize(how.scaled, Pillow.Resampling.LANCZOS)
    if not how.padded:
        return image
    canvas = Pillow.new(image.mode, how.canvas)
    left, top = ((a - b) // 2 for a, b in zip(how.canvas, how.scaled, strict=True))
    canvas.paste(image, (left, top))
    return canvas
