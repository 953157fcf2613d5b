"""Convert any decoded image to 8-bit pixels: depth, colour space, profile, transparency."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

from PIL import Image as Pillow
from PIL import ImageChops, ImageCms
from PIL.Image import Image

from vaceprep.facts import ImageFacts
from vaceprep.plans.model import Colour, Mode
from vaceprep.preparation.image.decode import still, turned
from vaceprep.preparation.read import Read
from vaceprep.probes.images import pixels

#: Pillow's modes by the name of a profile's colour space.
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
    """Return the image in ``mode``, possibly the same object; ``depth`` is the stored bit depth.

    Transparency is composited on ``flatten``; without it, mode RGBA keeps the alpha channel and
    other modes drop it. Raises what Pillow raises for an image that it cannot convert.
    """
    colour, alpha = _parted(image, depth)
    if to_srgb and profile:
        colour = _managed(colour, profile)
    grey = mode == "L"
    if colour.mode != ("L" if grey else "RGB"):
        # Pillow's convert() to the same mode copies every pixel.
        colour = colour.convert("L" if grey else "RGB")
    if alpha is not None and flatten is not None:
        ground = Pillow.new(colour.mode, colour.size, flatten[0] if grey else flatten)
        ground.paste(colour, mask=alpha)
        colour = ground
    elif mode == "RGBA":
        colour.putalpha(255 if alpha is None else alpha)
    # Pillow would also save what remains here or in the decoder's object (a TIFF's tags).
    if type(colour) is not Image:
        colour = colour.copy()
    colour.info = {}
    return colour


def displayed(read: Read, facts: ImageFacts, flatten: Colour) -> Image:
    """Return an image as displayed, in 8-bit sRGB, transparency composited on a colour."""
    found = still(read)
    image = plain(
        found.image,
        found.profile,
        "RGB",
        to_srgb=not facts.srgb,
        flatten=flatten,
        depth=facts.bit_depth,
    )
    return turned(image, facts)


def _parted(image: Image, depth: int | None) -> tuple[Image, Image | None]:
    """Return 8-bit colours (grey, RGB, CMYK or Lab) and the alpha channel, None without one."""
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
    return eight_bits(image), alpha


def eight_bits(image: Image) -> Image:
    """Return an image without transparency in 8-bit colours: grey, RGB, CMYK or Lab."""
    if image.mode.startswith("I;16"):
        # Pillow's own conversion clips.
        return _bytes_of(image)[0]
    if image.mode in ("I", "F"):
        return pixels.eight_bits(image)
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _bytes_of(image: Image) -> tuple[Image, Image]:
    """Return the high and the low bytes of 16-bit grey."""
    first, second = Pillow.frombytes("LA", image.size, image.tobytes()).split()
    return (first, second) if image.mode.endswith("B") else (second, first)


def _keyed(image: Image, key: Any, depth: int | None) -> Image | None:
    """Return an alpha channel for one transparent colour: 0 for that colour, 255 elsewhere."""
    if image.mode.startswith("I;16"):
        planes, values = list(_bytes_of(image)), [key >> 8, key & 255]
    elif image.mode in ("1", "L") and isinstance(key, int):
        planes, values = [image.convert("L")], [key & 255]
    elif image.mode == "RGB" and isinstance(key, tuple):
        # Of 16-bit channels Pillow decodes the high bytes.
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
    """Convert to sRGB by relative colorimetry with black point compensation.

    A damaged profile, or one for another colour space than the image's, is ignored.
    """
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        space = _SPACES.get(source.profile.xcolor_space.strip())
        if space == "RGB" and image.mode == "L":
            # Grey with an RGB profile lies on the grey axis of the profile.
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
