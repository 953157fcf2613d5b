"""Any decoded picture to plain 8-bit pixels: depth, colour space, profile, transparency."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

from PIL import Image as Pillow
from PIL import ImageChops, ImageCms
from PIL.Image import Image

from vaceprep.plans.model import Colour, Mode
from vaceprep.probes.images import grey_levels

#: Pillow's modes by what a profile calls its colour space.
_SPACES: Final = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}


def plain(
    image: Image,
    profile: bytes | None,
    mode: Mode,
    *,
    to_srgb: bool,
    flatten: Colour | None,
    depth: int | None = None,
) -> Image:
    """The picture in ``mode``, perhaps the one given; ``depth`` are the stored bits of a channel.

    Transparency is laid on ``flatten``; without it, mode RGBA keeps it and another drops it.
    Raises what Pillow raises for what it cannot convert.
    """
    colour, alpha = _parted(image, depth)
    if to_srgb and profile:
        colour = _managed(colour, profile)
    grey = mode == "L"
    if colour.mode != ("L" if grey else "RGB"):
        # To convert into the same would copy every pixel.
        colour = colour.convert("L" if grey else "RGB")
    if alpha is not None and flatten is not None:
        ground = Pillow.new(colour.mode, colour.size, flatten[0] if grey else flatten)
        ground.paste(colour, mask=alpha)
        colour = ground
    elif mode == "RGBA":
        colour.putalpha(255 if alpha is None else alpha)
    # What is left here, or in the decoder's own object (a TIFF's tags), would be saved too.
    if type(colour) is not Image:
        colour = colour.copy()
    colour.info = {}
    return colour


def _parted(image: Image, depth: int | None) -> tuple[Image, Image | None]:
    """8-bit colours (grey, RGB, CMYK or Lab) and the alpha channel; None where there is none."""
    transparent = image.info.get("transparency")
    if image.mode in ("RGBa", "La"):
        image = image.convert("RGBA" if image.mode == "RGBa" else "LA")
    elif image.mode == "PA" or (image.mode == "P" and transparent is not None):
        image = image.convert("RGBA")
    if image.mode == "RGBA":
        return image.convert("RGB"), image.getchannel("A")
    if image.mode == "LA":
        return image.getchannel("L"), image.getchannel("A")
    alpha = None if transparent is None else _keyed(image, transparent, depth)
    image.info.pop("transparency", None)
    return _eight_bits(image), alpha


def _eight_bits(image: Image) -> Image:
    if image.mode.startswith("I;16"):
        # Pillow's own conversion would clip.
        return _bytes_of(image)[0]
    if image.mode in ("I", "F"):
        return grey_levels.eight_bits(image)
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _bytes_of(image: Image) -> tuple[Image, Image]:
    """The high and the low bytes of 16-bit grey."""
    first, second = Pillow.frombytes("LA", image.size, image.tobytes()).split()
    return (first, second) if image.mode.endswith("B") else (second, first)


def _keyed(image: Image, key: Any, depth: int | None) -> Image | None:
    """An alpha channel from one transparent colour: 0 where it is, 255 elsewhere."""
    if image.mode.startswith("I;16"):
        planes, values = list(_bytes_of(image)), [key >> 8, key & 255]
    elif image.mode in ("1", "L") and isinstance(key, int):
        planes, values = [image.convert("L")], [key & 255]
    elif image.mode == "RGB" and isinstance(key, tuple):
        # Of 16 bits a channel, the high ones are decoded.
        planes = list(image.split())
        values = [v >> 8 if depth == 16 else v & 255 for v in key]
    else:
        return None
    off: Image | None = None
    for plane, value in zip(planes, values, strict=True):
        other = plane.point([0 if level == value else 255 for level in range(256)])
        off = other if off is None else ImageChops.lighter(off, other)
    return off


def _managed(image: Image, profile: bytes) -> Image:
    """The pixels converted to sRGB by relative colorimetry with black point compensation.

    A profile that is damaged, or of another colour space than the picture, tells nothing.
    """
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        space = _SPACES.get(source.profile.xcolor_space.strip())
        if space == "RGB" and image.mode == "L":
            # Grey under an RGB profile: its grey axis.
            image = image.convert("RGB")
        if space != image.mode:
            return image
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            image.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError):
        return image
    return transform.apply(image)
