"""Decode through Pillow with the one decoder that the bytes name, without Pillow's detection.

Imports and runs only that decoder's module; neither reads nor sets a global switch of Pillow. The
decoder gets only the parts that make pixels, so no broken tag can make it warn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, Final, cast

from vaceprep.facts import MaskFacts, MaskShape

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    from vaceprep.files.source import Opened

_WHITE = 255
#: Candidates for white in 32-bit pixels: the largest value of 8, 16, 31 and 32 bits.
WHITES: Final = (255.0, 65535.0, float(2**31 - 1), float(2**32 - 1))
#: Floats with fractions are 8- or 16-bit values if more than this share is over 1.5 and the largest
#: is over this: a picture with white at 1.0 has fewer highlights. J
_MOST_ABOVE_WHITE: Final = 0.5
_NO_HIGHLIGHT: Final = 16.0
#: Pixels above which a mask is not searched for small parts: its copy would take too much memory.
_MOST_SEARCHED: Final = 1 << 24


def count_mask(image: Image) -> MaskFacts:
    """Count one decoded image as a mask: alpha ignored, palette resolved, converted to RGB.

    White is 255 in all channels (16-bit grey: 65535), black 0; rotation changes no count, so stored
    pixels serve. May raise Pillow's errors for a mode that it cannot convert.
    """
    white = black = 0
    for band in bands(image):
        more_white, more_black = _white_and_black(band)
        white += more_white
        black += more_black
    pixels = image.width * image.height
    other = pixels - white - black
    first = 1 if other else None
    return MaskFacts(pixels, white, black, other, 1, first, _shape(image, other, pixels))


def _shape(image: Image, other: int, pixels: int) -> MaskShape | None:
    """Return the small parts of a mask; None of one that is huge, or of which most is grey."""
    if 2 * other > pixels or pixels > _MOST_SEARCHED or image.mode[:1] in "FI":
        return None
    from vaceprep.probes.mask_parts import small_parts

    return MaskShape(*small_parts(image), None)


def _white_and_black(image: Image) -> tuple[int, int]:
    if image.mode in ("1", "L"):
        counts = image.histogram()
        return counts[_WHITE], counts[0]
    if image.mode in ("LA", "La"):
        return _white_and_black(image.getchannel(0))
    if image.mode.startswith("I;16"):
        # The byte order does not change the counts.
        return _extremes(_byte_planes(image))
    if image.mode == "P":
        return _palette(image)
    if image.mode in ("RGB", "RGBA", "RGBX"):
        return _extremes([image.getchannel(i) for i in range(3)])
    if image.mode in ("I", "F"):
        return _white_and_black(eight_bits(image))
    # CMYK, YCbCr, LAB, HSV, PA and premultiplied alpha.
    return _extremes(list(image.convert("RGB").split()))


def _extremes(planes: list[Image]) -> tuple[int, int]:
    """Return the number of pixels that are 255 in every plane, and 0 in every plane."""
    from PIL import ImageChops

    lowest = highest = planes[0]
    for plane in planes[1:]:
        lowest = ImageChops.darker(lowest, plane)
        highest = ImageChops.lighter(highest, plane)
    return lowest.histogram()[_WHITE], highest.histogram()[0]


def _byte_planes(image: Image) -> list[Image]:
    """Return the first and the second bytes of a 16-bit image's pixels as two planes."""
    from PIL import Image as Pillow

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


#: Format to (module, class). Formats that are not accepted are here if Pillow reads them in its own
#: process and memory, without opening nested files.
DECODERS: Final[dict[str, tuple[str, str]]] = {
    "jpeg": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "png": ("PIL.PngImagePlugin", "PngImageFile"),
    "bmp": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "tiff": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "webp": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "gif": ("PIL.GifImagePlugin", "GifImageFile"),
    "avif": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "jp2": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    "pnm": ("PIL.PpmImagePlugin", "PpmImageFile"),
    "psd": ("PIL.PsdImagePlugin", "PsdImageFile"),
    "qoi": ("PIL.QoiImagePlugin", "QoiImageFile"),
    "tga": ("PIL.TgaImagePlugin", "TgaImageFile"),
    "ico": ("PIL.IcoImagePlugin", "IcoImageFile"),
    "pcx": ("PIL.PcxImagePlugin", "PcxImageFile"),
    "heic": ("pillow_heif", "HeifImageFile"),
    "heif": ("pillow_heif", "HeifImageFile"),
}
#: Formats (by Pillow) whose fourth byte is 0 throughout if the writer intended no alpha.
_ALPHA_MAY_BE_PADDING: Final = ("BMP", "DIB", "ICO", "TGA")
#: Pixels of one band of a picture that is processed in bands.
_BAND_PIXELS: Final = 4_000_000


def decoder(fmt: str) -> Callable[[IO[bytes]], ImageFile] | None:
    """Return the class that decodes a format; None if there is none (HEIC without its extra)."""
    if fmt not in DECODERS:
        return None
    module, name = DECODERS[fmt]
    try:
        found: Callable[[IO[bytes]], ImageFile] = getattr(import_module(module), name)
    except ImportError:
        return None
    return found


def header(make: Callable[[IO[bytes]], ImageFile], data: object) -> ImageFile:
    """Let the decoder read the header. Raises Pillow's errors for broken data."""
    return make(cast("IO[bytes]", data))


def decode(image: ImageFile) -> Image:
    """Decode every pixel of the first frame. Raises Pillow's errors for broken data."""
    if image.format == "TIFF":
        from PIL import Image as Pillow

        # With memory already allocated, the decoder does not warn of sizes checked before.
        image.im = Pillow.new(image.mode, image.size, None).im
    image.load()
    padded = image.format in _ALPHA_MAY_BE_PADDING and image.mode == "RGBA"
    if padded and not _alpha_range(image)[1]:
        # Some writers leave the fourth byte 0; every viewer shows such a picture opaque.
        return image.convert("RGB")
    return image


def rewound(opened: Opened) -> Opened:
    """Return the source, at its start."""
    opened.seek(0)
    return opened


def bands(image: Image) -> Iterator[Image]:
    """Yield the picture from top to bottom in bands, to limit the memory of planes."""
    rows = max(1, _BAND_PIXELS // max(1, image.width))
    if rows >= image.height:
        yield image
        return
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(image.height, top + rows)))


def _alpha_range(image: Image) -> tuple[int, int]:
    return cast("tuple[int, int]", image.getchannel(image.mode[-1]).getextrema())


def alpha_used(image: Image, depth: int | None = None) -> bool:
    """Return whether any pixel is not opaque: by an alpha channel, or by a transparent colour.

    ``depth`` is the bits that the file stores: a transparent colour is given at that depth, but the
    pixels are decoded to 8 bits. Of 16-bit RGB only the high bytes can be compared.
    """
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        return any(_alpha_range(band)[0] < 255 for band in bands(image))
    transparent: Any = image.info.get("transparency")
    if transparent is None:
        return False
    if image.mode == "P":
        counts = image.histogram()
        if isinstance(transparent, bytes):
            pairs = zip(transparent, counts, strict=False)
            return any(alpha < 255 and count for alpha, count in pairs)
        return isinstance(transparent, int) and transparent < 256 and counts[transparent] > 0
    if image.mode in ("1", "L"):
        if not isinstance(transparent, int):
            return False
        if image.mode == "1":
            return image.histogram()[255 if transparent else 0] > 0
        # 2 and 4 bits are scaled to 0 to 255.
        scale = {2: 85, 4: 17}.get(depth or 8, 1)
        return image.histogram()[transparent * scale & 255] > 0
    if image.mode.startswith("I;16"):
        return any(_has_value(band, transparent) for band in bands(image))
    if image.mode == "RGB" and isinstance(transparent, tuple):
        wide = depth == 16
        wanted = tuple((c >> 8 if wide else c) & 255 for c in transparent)
        return any(_all_match(list(band.split()), wanted) for band in bands(image))
    return False


def _has_value(image: Image, value: int) -> bool:
    pair = value.to_bytes(2, "big" if image.mode.endswith("B") else "little")
    return _all_match(_byte_planes(image), (pair[0], pair[1]))


def _all_match(planes: list[Image], values: tuple[int, ...]) -> bool:
    """Return whether some pixel has the given value in every plane."""
    from PIL import ImageChops

    found: Image | None = None
    for plane, value in zip(planes, values, strict=False):
        table = [0] * 256
        table[value] = 255
        here = plane.point(table)
        found = here if found is None else ImageChops.darker(found, here)
    return found is not None and found.getbbox() is not None


def eight_bits(image: Image) -> Image:
    """Convert a picture of 32-bit pixels (``I``, ``F``) to mode ``L``, to the nearest level.

    Integers: white is the largest value of the narrowest of 8, 16, 31 and 32 bits that holds every
    pixel. Floats: white is 1.0 and more is clipped, unless the pixels are 8- or 16-bit values
    stored as floats.
    """
    return scaled(image, white_of([image]))


def scaled(image: Image, white: float) -> Image:
    """Convert ``image`` (``I`` or ``F``) to mode ``L``: 255 from ``white`` up, 0 from 0 down."""
    # Add half a level: the conversion truncates.
    return image.convert("F").point(lambda value: value * (255 / white) + 0.5).convert("L")


def white_of(planes: list[Image]) -> float:
    """Return the value of white in the planes (mode ``I`` or ``F``) of one picture."""
    highest = max(cast("tuple[float, float]", plane.getextrema())[1] for plane in planes)
    if planes[0].mode == "F" and (highest <= 1 or not _are_integers(planes, highest)):
        return 1.0
    return next((white for white in WHITES if highest <= white), float(highest))


def _are_integers(planes: list[Image], highest: float) -> bool:
    """Return whether float pixels hold 8- or 16-bit values: see ``_MOST_ABOVE_WHITE``."""
    if highest > WHITES[-1]:
        return False
    if all(_is_whole(plane) for plane in planes):
        return True
    return highest > _NO_HIGHLIGHT and _share_above_white(planes) > _MOST_ABOVE_WHITE


def _is_whole(plane: Image) -> bool:
    from PIL import ImageMath

    whole = plane.convert("I").convert("F")
    rest = ImageMath.lambda_eval(lambda args: abs(args["a"] - args["b"]), a=plane, b=whole)
    return bool(rest.getextrema()[1] == 0)


def _share_above_white(planes: list[Image]) -> float:
    above = sum(sum(scaled(plane, WHITES[0]).histogram()[2:]) for plane in planes)
    return above / max(1, sum(plane.width * plane.height for plane in planes))
