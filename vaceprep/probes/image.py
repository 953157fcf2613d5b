"""Measure an image: headers by vaceprep's own readers, pixels by Pillow.

The first bytes name the format, and the reader of that format parses the whole structure. Only if
the size is affordable and nothing is missing does one decoder read the pixels. Each failure becomes
an ``Unreadable`` with a clause for a person; nothing is raised.

Complete means (J): a JPEG has its end mark, because without it the last lines may be missing
(strict decoders refuse it too); a PNG has its end chunk and every checksum is right; WEBP, BMP,
TIFF and GIF hold everything their headers place. Bytes after the end are allowed. All frames or
pages must be present, and the first is decoded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final, Literal

from vaceprep.contract import IMAGE_FORMATS, MAX_IMAGE_PIXELS, MAX_PROVEN_PIXELS
from vaceprep.facts import ImageFacts, Unreadable, UnreadableReason
from vaceprep.probes.images import pixels
from vaceprep.probes.images.layout import MAX_FRAMES, Fault, Header, Layout, Source, Spliced
from vaceprep.probes.images.tiff_tags import Tag

if TYPE_CHECKING:
    # Only some images need these.
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    from vaceprep.files.source import Opened
    from vaceprep.probes.images.cicp import Colours
    from vaceprep.probes.images.completeness import Make
    from vaceprep.probes.images.tiff_raster import Raster

Way = Literal["whole", "draft", "not"]
#: Bytes of one pixel by Pillow's mode; every other mode takes four.
_BYTES: Final = {"1": 1, "L": 1, "P": 1}
#: WEBP's decoder holds its canvas twice, returns one copy, and Pillow makes a picture of that.
_WEBP_BYTES: Final = 12
#: Bytes per pixel that a decoder holds beside the picture. AVIF, HEIC and JPEG 2000: planes of up
#: to 16 bits, and a copy as a picture.
_HELD_BYTES: Final = {"webp": _WEBP_BYTES, **dict.fromkeys(("avif", "heic", "heif", "jp2"), 12)}
#: Bytes per pixel and colour of a JPEG with several scans: kept until the last scan.
_COEFFICIENT: Final = 2


def way(layout: Layout, image: Header | ImageFile, memory: int) -> Way:
    """Return how to decode within this memory: fully, a JPEG at an eighth of its size, or not."""
    count = layout.width * layout.height
    held = _held(layout, image)
    if count <= MAX_PROVEN_PIXELS and count * (_pixel(image.mode) + held) <= memory:
        return "whole"
    if layout.format == "jpeg" and count * held + count // 64 * 4 <= memory:
        return "draft"
    return "not"


def canvas_fits(layout: Layout, memory: int) -> bool:
    """Return whether a WEBP's canvas, allocated at once, fits; True for other formats."""
    count = layout.width * layout.height
    return layout.format != "webp" or (
        count <= MAX_PROVEN_PIXELS and count * (_WEBP_BYTES + 4) <= memory
    )


def affordable(raster: Raster, memory: int) -> bool:
    """Return whether a TIFF that vaceprep decodes fits into this many bytes."""
    return raster.width * raster.height <= MAX_PROVEN_PIXELS and raster.memory <= memory


def _pixel(mode: str) -> int:
    """Return the bytes of one pixel of the picture."""
    if mode.startswith("I;16"):
        return 2
    return _BYTES.get(mode, 4)


def _held(layout: Layout, image: Header | ImageFile) -> int:
    """Return the bytes per pixel that the decoder holds beside the picture."""
    if layout.format == "jpeg" and layout.scans:
        return _COEFFICIENT * len(image.getbands())
    if layout.format == "tiff":
        return _strip_share(layout, image)
    return _HELD_BYTES.get(layout.format, 0)


def _strip_share(layout: Layout, image: Header | ImageFile) -> int:
    """Return the bytes per pixel of the largest strip or tile, which is decoded whole."""
    tags = getattr(image, "tag_v2", {})
    rows, wide, high = (
        tags.get(tag) for tag in (Tag.ROWS_PER_STRIP, Tag.TILE_WIDTH, Tag.TILE_LENGTH)
    )
    if isinstance(wide, int) and isinstance(high, int):
        held = wide * high
    else:
        held = layout.width * (rows if isinstance(rows, int) else layout.height)
    share = min(1.0, held / max(1, layout.width * layout.height))
    wide_channels = 2 if (layout.bit_depth or 8) > 8 else 1
    return math.ceil(share * _pixel(image.mode) * wide_channels)


def _reader(module: str, *arguments: str) -> Callable[[Source], Layout]:
    """Return a reader of structure whose module is imported when it first reads."""

    def read(source: Source) -> Layout:
        name = "icon" if module == "ico" else module
        found = import_module(f"vaceprep.probes.images.{module}")
        layout: Layout = getattr(found, f"read_{name}")(source, *arguments)
        return layout

    return read


#: vaceprep's own readers of structure, by format.
READERS: Final[dict[str, Callable[[Source], Layout]]] = {
    **{fmt: _reader(fmt) for fmt in ("jpeg", "png", "bmp", "tiff", "webp", "gif")},
    **{fmt: _reader("ico", fmt) for fmt in ("ico", "cur")},
}
#: Most pixels decoded of a picture in a format that is refused anyway. J
_MAX_OTHER_PIXELS: Final = 64_000_000
#: Orientations that swap width and height.
_TURNED: Final = (5, 6, 7, 8)
#: Bits of one channel by the first four letters of Pillow's mode.
_DEPTHS: Final = {"1": 1, "I;16": 16, "I": 32, "F": 32}
_LONGEST_DETAIL: Final = 120


def probe_image(
    opened: Opened,
    fmt: str,
    *,
    max_pixels: int = MAX_IMAGE_PIXELS,
    want_mask: bool = False,
    memory: int | None = None,
) -> ImageFacts | Unreadable:
    """Measure one image whose first bytes are of format ``fmt`` (``sniff_image``).

    Refuses more than ``max_pixels`` declared pixels. With ``memory``, does not decode an image that
    would need more bytes than that or has more than 64 million pixels (J), except a JPEG at an
    eighth of its size; its facts say so. ``want_mask`` counts white, black and other pixels. Sizes
    in pixels; never raises for the content of a file.
    """
    layout = Layout(fmt)
    try:
        if fmt in READERS:
            layout = READERS[fmt](opened)
            return _from_layout(opened, layout, max_pixels, want_mask, memory)
        return _from_decoder(opened, layout, max_pixels, want_mask, memory)
    except Exception as error:  # Pillow raises nearly everything for broken data
        return _failure(opened, layout, error)


def _from_layout(
    opened: Opened, layout: Layout, max_pixels: int, want_mask: bool, memory: int | None
) -> ImageFacts | Unreadable:
    if layout.width * layout.height > max_pixels:
        return _bomb(opened, layout, max_pixels)
    coded = layout.coded or layout.format
    if coded not in pixels.DECODERS:
        return _undecodable(opened, layout)
    if layout.damage is not None:
        return _unreadable(opened, layout, layout.damage.reason, layout.damage.message)
    if _is_too_large_to_bother(layout):
        return _undecodable(opened, layout)
    alone = _proved_alone(opened, layout, want_mask, memory)
    if alone is not None:
        return alone
    make = pixels.decoder(coded)
    if make is None:
        return _undecodable(opened, layout)
    if memory is not None and not canvas_fits(layout, memory):
        # Reading its header already takes the memory of all its pixels.
        return _facts(opened, layout, _undecoded(layout), None, want_mask=False)
    if layout.raster is not None:
        return _from_raster(opened, layout, layout.raster, want_mask, memory)
    image = pixels.header(make, Spliced(opened, layout.parts))
    if image.size != (layout.width, layout.height):
        message = "its headers disagree about the size"
        return _unreadable(opened, layout, "broken", message)
    found = "whole" if memory is None else way(layout, image, memory)
    if found == "not":
        return _facts(opened, layout, image, None, want_mask=False)
    # Each pixel of a draft is the mean of many, so a mask cannot be judged by it.
    mask = want_mask and found == "whole"
    decoded = _proved(opened, layout, make, mask)
    if decoded is None and mask:
        decoded = pixels.decode(image)
    return _facts(opened, layout, image, decoded, want_mask=mask, proved=True)


def _proved(opened: Opened, layout: Layout, make: Make, mask: bool) -> Image | None:
    """Prove that every pixel is present; return the picture, or None if no pixels are needed."""
    from vaceprep.probes.images import completeness

    if layout.format == "jpeg":
        completeness.jpeg(opened, layout, make)
        return None
    if layout.format == "png":
        keyed = layout.rows is not None and layout.rows.keyed
        alpha = (layout.mode or "").partition(";")[0] in ("LA", "RGBA")
        exact = mask or keyed
        return completeness.png(opened, layout, make, needed=exact or alpha, exact=exact)
    return pixels.decode(pixels.header(make, Spliced(opened, layout.parts)))


def _undecoded(layout: Layout) -> Header:
    """Return a placeholder for a picture that is not decoded."""
    return Header("RGB" if layout.mode is None else "L")


def _proved_alone(
    opened: Opened, layout: Layout, want_mask: bool, memory: int | None
) -> ImageFacts | None:
    """Prove a JPEG or PNG whose pixels no rule needs, without Pillow's modules; None: cannot."""
    if layout.format == "jpeg":
        from vaceprep.probes.images.jpeg_pixels import header_of, is_complete
    else:
        from vaceprep.probes.images.png_data import header_of, is_complete
    header = header_of(layout) if layout.format in ("jpeg", "png") else None
    if header is None:
        return None
    found = "whole" if memory is None else way(layout, header, memory)
    if found == "not":
        return _facts(opened, layout, header, None, want_mask=False)
    if (want_mask and found == "whole") or not is_complete(opened, layout):
        return None
    return _facts(opened, layout, header, None, want_mask=False, proved=True)


def _from_raster(
    opened: Opened, layout: Layout, raster: Raster, want_mask: bool, memory: int | None
) -> ImageFacts:
    from vaceprep.probes.images.tiff_pixels import decode

    pixel = _undecoded(layout)
    if memory is not None and not affordable(raster, memory):
        return _facts(opened, layout, pixel, None, want_mask=False)
    return _facts(opened, layout, pixel, decode(opened, raster), want_mask=want_mask)


def _from_decoder(
    opened: Opened, layout: Layout, max_pixels: int, want_mask: bool, memory: int | None
) -> ImageFacts | Unreadable:
    """Measure a format that is not accepted: Pillow's header, the same limits."""
    make = pixels.decoder(layout.format)
    if make is None:
        return _undecodable(opened, layout)
    image = pixels.header(make, pixels.rewound(opened))
    layout.width, layout.height = image.size
    if layout.width * layout.height > max_pixels:
        return _bomb(opened, layout, max_pixels)
    if _is_too_large_to_bother(layout):
        return _undecodable(opened, layout)
    layout.frames = min(MAX_FRAMES, int(getattr(image, "n_frames", 1)))
    for key, kept in (("exif", layout.exif), ("xmp", layout.xmp)):
        value = image.info.get(key)
        if isinstance(value, bytes):
            kept.append(value)
    profile = image.info.get("icc_profile")
    layout.icc = profile if isinstance(profile, bytes) else None
    layout.colours = named_colours(opened, layout.format, layout.icc)
    if memory is not None and way(layout, image, memory) == "not":
        return _facts(opened, layout, image, None, want_mask=False)
    return _facts(opened, layout, image, pixels.decode(image), want_mask=want_mask)


def named_colours(opened: Opened, fmt: str, profile: bytes | None) -> Colours | None:
    """Return the colours of an AVIF or HEIC without ICC profile; None for sRGB, other formats."""
    from vaceprep.probes.images import cicp, heif

    if profile is not None or fmt not in heif.FORMATS:
        return None
    numbers = heif.colour_numbers(opened)
    return None if numbers is None else cicp.of_numbers(*numbers)


def _is_too_large_to_bother(layout: Layout) -> bool:
    accepted = layout.format in IMAGE_FORMATS
    return not accepted and layout.width * layout.height > _MAX_OTHER_PIXELS


def _facts(
    opened: Opened,
    layout: Layout,
    header: Header | Image,
    decoded: Image | None,
    *,
    want_mask: bool,
    proved: bool = False,
) -> ImageFacts:
    """Return the facts; ``decoded`` is None if not decoded, or if ``proved`` without alpha."""
    image = decoded or header
    alpha = None if decoded is None else pixels.alpha_used(decoded, layout.bit_depth)
    orientation = _orientation(layout)
    width, height = _displayed(layout)
    name, srgb = _profile(layout)
    return ImageFacts(
        format=layout.format,
        bytes=opened.size,
        stored_width=layout.width,
        stored_height=layout.height,
        width=width,
        height=height,
        orientation=orientation,
        mode=_mode(layout, image),
        bit_depth=layout.bit_depth or _DEPTHS.get(image.mode[:4], 8),
        has_alpha=False if proved and decoded is None else alpha,
        icc_profile=name,
        srgb=srgb,
        frames=layout.frames,
        location=_location(layout),
        decoded=proved or decoded is not None,
        mask=pixels.count_mask(decoded) if want_mask and decoded is not None else None,
    )


def _profile(layout: Layout) -> tuple[str | None, bool]:
    """Return the name of the colour space, and whether it is sRGB."""
    if layout.colours is not None:
        return layout.colours.name, False
    if layout.icc is None:
        return None, True
    from vaceprep.probes.images.icc import read_icc

    return read_icc(layout.icc)


def _mode(layout: Layout, image: Header | Image) -> str:
    if layout.mode is not None:
        return layout.mode
    depth = layout.bit_depth
    if depth is not None and depth > 8 and image.mode in ("RGB", "RGBA", "RGBX", "CMYK", "LA"):
        return f"{image.mode};{depth}"
    if depth in (2, 4) and image.mode == "L":
        return f"L;{depth}"
    return image.mode


def _orientation(layout: Layout) -> int:
    if layout.orientation or not layout.exif:
        return layout.orientation or 1
    from vaceprep.probes.images import exif

    return exif.orientation(layout.exif)


def _location(layout: Layout) -> tuple[str, ...]:
    """Return the names of the fields with a place or a serial number."""
    if not layout.exif and not layout.xmp:
        return tuple(layout.location)
    from vaceprep.probes.images import exif

    return (*layout.location, *exif.location(layout.exif, layout.xmp))


def _displayed(layout: Layout) -> tuple[int, int]:
    size = layout.width, layout.height
    return (size[1], size[0]) if _orientation(layout) in _TURNED else size


def _unreadable(
    opened: Opened, layout: Layout, reason: UnreadableReason, message: str
) -> Unreadable:
    size = _displayed(layout)
    known = size if min(size) > 0 else (None, None)
    return Unreadable(reason, message, opened.size, layout.format, *known)


def _bomb(opened: Opened, layout: Layout, max_pixels: int) -> Unreadable:
    size = f"{layout.width}x{layout.height}"
    message = f"its header claims {size} pixels, more than the {max_pixels:,} that are decoded"
    return _unreadable(opened, layout, "bomb", message)


def _undecodable(opened: Opened, layout: Layout) -> Unreadable:
    message = f"it is an image in the format {layout.format.upper()}, which is not decoded here"
    return _unreadable(opened, layout, "unsupported-image", message)


def _failure(opened: Opened, layout: Layout, error: Exception) -> Unreadable:
    """Convert a decoder's exception to one clause."""
    text = " ".join(str(error).split())[:_LONGEST_DETAIL]
    if isinstance(error, MemoryError):
        return _unreadable(opened, layout, "broken", "there is not enough memory to decode it")
    if isinstance(error, Fault):
        return _unreadable(opened, layout, "broken", str(error))
    if isinstance(error, EOFError) or "truncated" in text.lower():
        return _unreadable(opened, layout, "truncated", "the file ends before its pixels do")
    detail = f" ({text})" if text else ""
    return _unreadable(opened, layout, "broken", f"its pixels do not decode{detail}")
