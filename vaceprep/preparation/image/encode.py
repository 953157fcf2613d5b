"""Pictures to bytes of an image file that the image rules accept."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from vaceprep.contract import IMAGE_BYTES_DECIMAL
from vaceprep.errors import Refused
from vaceprep.plans.size import Fit
from vaceprep.wording import megabytes

if TYPE_CHECKING:
    from PIL.Image import Image

#: The best quality asked of a lossy encoder: above it files grow and nothing is seen.
BEST_QUALITY: Final = 95
#: From this quality on, JPEG keeps colour at full resolution.
FULL_COLOUR: Final = 90
#: Formats that trade quality for bytes.
LOSSY: Final = ("jpeg", "webp")
#: The longest side that WEBP can write, in pixels.
WEBP_SIDE: Final = 16_383
#: How far over the limit a harder compression is still worth its time.
_HOPE: Final = 1.3
#: Settings of the lossless encoders, each smaller and slower than the one before.
_ATTEMPTS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "webp": ({"lossless": True, "quality": 75, "method": 4, "exact": True},),
    "png": ({"compress_level": 6}, {"optimize": True}),
    "tiff": ({"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}),
}


def saved(image: Image, fmt: str, **settings: Any) -> bytes:
    """The picture as a file in memory. Raises what Pillow raises."""
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
    # Never optimize=True: of a large noisy picture Pillow's buffer for it does not hold enough.
    subsampling = 0 if quality >= FULL_COLOUR else 2
    return saved(image, "jpeg", quality=quality, subsampling=subsampling)


def lossless(image: Image, fmt: str, limit: int) -> bytes:
    """PNG, TIFF, BMP or WEBP with exactly these pixels, harder compressed where it takes
    little more than ``limit`` bytes; it may still take more."""
    data = b""
    for settings in _ATTEMPTS.get(fmt, ({},)):
        data = saved(image, fmt, **settings)
        if not limit < len(data) <= limit * _HOPE:
            break
    return data


def lossy(image: Image, fmt: str, limit: int) -> bytes | None:
    """JPEG or WEBP at the best quality that stays within the limit; None where none does."""
    if fmt == "jpeg":
        return _best(lambda quality: _jpeg(image, quality), limit)
    return _best(lambda quality: saved(image, "webp", quality=quality, method=4), limit)


def encode(image: Image, fmt: str, limit: int | None = IMAGE_BYTES_DECIMAL) -> bytes:
    """An 8-bit RGB or grey picture as a file of at most ``limit`` bytes (None: of any length).

    Lossless where the format can be; JPEG, and WEBP where lossless is too large, at the best
    quality that fits. Raises Refused where nothing does.
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
