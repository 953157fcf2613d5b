"""Encode images as files that pass the image rules."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from vaceprep.contract import IMAGE_BYTES_DECIMAL
from vaceprep.errors import Refused
from vaceprep.wording import megabytes

if TYPE_CHECKING:
    from PIL.Image import Image

#: The highest quality of a lossy encoder: above it files grow without a visible gain.
BEST_QUALITY: Final = 95
#: From this quality on, JPEG chroma is not subsampled.
FULL_COLOUR: Final = 90
#: Lossy formats, which have a quality setting.
LOSSY: Final = ("jpeg", "webp")
#: The longest side of a WEBP file, in pixels.
WEBP_SIDE: Final = 16_383
#: Try harder compression if the size is at most this factor over the limit.
_HOPE: Final = 1.3
#: Settings of the lossless encoders, from fast and large to slow and small.
_ATTEMPTS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "webp": ({"lossless": True, "quality": 75, "method": 4, "exact": True},),
    "png": ({"compress_level": 6}, {"optimize": True}),
    "tiff": ({"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}),
}


def saved(image: Image, fmt: str, **settings: Any) -> bytes:
    """Return the encoded file as bytes. Raises what Pillow raises."""
    buffer = BytesIO()
    image.save(buffer, fmt, **settings)
    return buffer.getvalue()


def _best(encode: Callable[[int], bytes], limit: int) -> bytes | None:
    """Return the encoding of the best quality (1 to 95) within the limit; None if none fits."""
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
    # Never optimize=True: Pillow's buffer for it is too small for a large noisy image.
    subsampling = 0 if quality >= FULL_COLOUR else 2
    return saved(image, "jpeg", quality=quality, subsampling=subsampling)


def lossless(image: Image, fmt: str, limit: int) -> bytes:
    """Encode losslessly, harder where ``limit`` is missed by little; may still exceed it."""
    data = b""
    for settings in _ATTEMPTS.get(fmt, ({},)):
        data = saved(image, fmt, **settings)
        if not limit < len(data) <= limit * _HOPE:
            break
    return data


def lossy(image: Image, fmt: str, limit: int) -> bytes | None:
    """Encode as JPEG or WEBP at the best quality within the limit; None if none fits."""
    if fmt == "jpeg":
        return _best(lambda quality: _jpeg(image, quality), limit)
    return _best(lambda quality: saved(image, "webp", quality=quality, method=4), limit)


def encode(image: Image, fmt: str, limit: int | None = IMAGE_BYTES_DECIMAL) -> bytes:
    """Encode an 8-bit RGB or grey image in at most ``limit`` bytes (None: no limit).

    Lossless if the format allows it; JPEG, and WEBP if lossless is too large, at the best quality
    that fits. Raises Refused where nothing fits.
    """
    if limit is None:
        limit = sys.maxsize
    data = None if fmt == "jpeg" else lossless(image, fmt, limit)
    if data is not None and len(data) <= limit:
        return data
    if fmt in LOSSY:
        data = lossy(image, fmt, limit)
        if data is None:
            raise Refused(f"no quality of {fmt.upper()} brings it under {megabytes(limit)}")
        return data
    raise Refused(
        f"as {fmt.upper()} it takes {megabytes(len(data or b''))}, over {megabytes(limit)}; "
        "give the output the ending .jpg or .webp"
    )
