"""Thumbnails of frames, to compare an output with its source.

The conversion shares no code with encoding, neither filters nor colour conversion. FFmpeg averages
the planes; matrix, range, orientation and cropping are computed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from av.video.frame import VideoFrame
from PIL import Image as Pillow
from PIL import ImageChops
from PIL.Image import Image, Resampling, Transpose

from vaceprep.plans.model import Colour

#: Side of a thumbnail in pixels.
SIDE: Final = 32
#: Least side in pixels of the intermediate image, before cropping and the final scaling.
MIDSIZE: Final = 128
#: Lines and columns from which an untagged frame counts as BT.709.
HD_LINES: Final = 720
HD_COLUMNS: Final = 1280
#: Red and blue shares of luma by FFmpeg's number of the matrix.
SHARES: Final = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
BT709: Final = 1
BT601: Final = 6
#: FFmpeg's number of full range.
FULL: Final = 2
#: Limited-range luma from which a mask's pixel is white, and the margin of uncertainty.
MIDDLE: Final = 126
MARGIN: Final = 12

#: Share of each side that is cropped: averaging mixes padding into the outermost pixels.
INSET: Final = 0.02
Size = tuple[int, int]
Box = tuple[float, float, float, float]
WHOLE: Final[Box] = (0.0, 0.0, 1.0, 1.0)
#: Clockwise degrees, and whether the picture is mirrored before.
Orientation = tuple[int, bool]
ORIENTATIONS: Final[tuple[Orientation, ...]] = tuple(
    (turn, mirrored) for mirrored in (False, True) for turn in (0, 90, 180, 270)
)
_TURNS: Final = {
    90: Transpose.ROTATE_270,
    180: Transpose.ROTATE_180,
    270: Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """The least and the greatest allowed value of each pixel, RGB; usually equal."""

    low: Image
    high: Image


#: Allows any picture.
ANY: Final = Thumbnail(
    Pillow.new("RGB", (SIDE, SIDE), (0, 0, 0)), Pillow.new("RGB", (SIDE, SIDE), (255, 255, 255))
)


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is done to frames before the comparison."""

    #: The displayed part of the stored frame, as shares of its sides.
    crop: Box = WHOLE
    orientation: Orientation = (0, False)
    #: The compared part of the displayed frame, as shares of its sides.
    box: Box = WHOLE
    #: The colour under transparent pixels.
    behind: Colour = (255, 255, 255)
    #: The frames are a mask that becomes black and white.
    threshold: bool = False
    #: The frames are interlaced, and their fields become frames.
    fields: bool = False


def oriented(image: Image, orientation: Orientation) -> Image:
    """Mirror the picture, then rotate it clockwise."""
    turn, mirrored = orientation
    if mirrored:
        image = image.transpose(Transpose.FLIP_LEFT_RIGHT)
    return image if turn not in _TURNS else image.transpose(_TURNS[turn])


def thumbnail(frame: VideoFrame | Image | None, how: Preparation) -> Thumbnail:
    """Return the thumbnail of a decoded frame. Raises what FFmpeg raises if it cannot convert."""
    if frame is None:
        return ANY
    if how.threshold:
        low, high = _mask(frame, _midsize(frame, how))
        return Thumbnail(_fitted(low, how), _fitted(high, how))
    if how.fields and isinstance(frame, VideoFrame) and not _has_alpha(frame):
        top, bottom = (_fitted(image, how) for image in _fields(frame, _midsize(frame, how)))
        return Thumbnail(ImageChops.darker(top, bottom), ImageChops.lighter(top, bottom))
    small = _fitted(_flattened(frame, _midsize(frame, how), how.behind), how)
    return Thumbnail(small, small)


def _fitted(image: Image, how: Preparation) -> Image:
    shown = oriented(_cropped(image, how.crop), how.orientation)
    left, top, right, bottom = how.box
    wide, high = (right - left) * INSET, (bottom - top) * INSET
    box = (
        (left + wide) * shown.width,
        (top + high) * shown.height,
        (right - wide) * shown.width,
        (bottom - high) * shown.height,
    )
    # A box filter takes only whole pixels, which shifts edges by half a pixel.
    return shown.resize((SIDE, SIDE), Resampling.HAMMING, box=box)


def _cropped(image: Image, crop: Box) -> Image:
    if crop == WHOLE:
        return image
    left, top, right, bottom = crop
    size = round(image.width * (right - left)), round(image.height * (bottom - top))
    box = (left * image.width, top * image.height, right * image.width, bottom * image.height)
    return image.resize(size, Resampling.BOX, box=box)


def _midsize(frame: VideoFrame | Image, how: Preparation) -> Size:
    """Divide the size by integers so that the compared part keeps at least MIDSIZE."""
    left, top, right, bottom = how.box
    wide, high = right - left, bottom - top
    if how.orientation[0] in (90, 270):
        wide, high = high, wide
    across, down = int(frame.width * wide // MIDSIZE), int(frame.height * high // MIDSIZE)
    return round(frame.width / max(across, 1)), round(frame.height / max(down, 1))


def _has_alpha(frame: VideoFrame) -> bool:
    return frame.format.name == "pal8" or any(c.is_alpha for c in frame.format.components)


def _flattened(frame: VideoFrame | Image, size: Size, behind: Colour) -> Image:
    """Return the frame as RGB of that size, transparency composited on a colour."""
    if isinstance(frame, Image):
        shown = frame.convert("RGBA").resize(size, Resampling.BOX)
        ground = Pillow.new("RGBA", size, (*behind, 255))
        return Pillow.alpha_composite(ground, shown).convert("RGB")
    image = _rgb(frame, size)
    if not _has_alpha(frame):
        return image
    alpha = _plane(_scaled(frame, size, "rgba"), 0, "RGBA").getchannel("A")
    return Pillow.composite(image, Pillow.new("RGB", size, behind), alpha)


def _scaled(frame: VideoFrame, size: Size, pixels: str) -> VideoFrame:
    width, height = size
    return frame.reformat(
        width=width, height=height, format=pixels, interpolation="AREA", threads=1
    )


def _plane(frame: VideoFrame, index: int, mode: str = "L") -> Image:
    plane = frame.planes[index]
    size = (frame.width, frame.height)
    return Pillow.frombuffer(mode, size, bytes(plane), "raw", mode, plane.line_size, 1)


def _rgb(frame: VideoFrame, size: Size) -> Image:
    """Return the frame as RGB of that size, by its tags or the defaults of players."""
    if frame.format.is_rgb or frame.format.name == "pal8":
        return _plane(_scaled(frame, size, "rgb24"), 0, "RGB")
    small = _scaled(frame, size, "yuv444p")
    planes = Pillow.merge("RGB", [_plane(small, index) for index in range(3)])
    return planes.convert("RGB", _matrix(frame))


def _fields(frame: VideoFrame, size: Size) -> Iterator[Image]:
    """Yield the two fields of a frame, each as RGB of that size."""
    planar = frame.reformat(width=size[0], format="yuv444p", interpolation="AREA", threads=1)
    for first in (0, 1):
        planes = []
        for plane in planar.planes:
            rows = (frame.height - first + 1) // 2
            data = bytes(plane)[first * plane.line_size :]
            shape = (size[0], rows)
            # A stride of two lines selects the lines of one field.
            field = Pillow.frombytes("L", shape, data, "raw", "L", 2 * plane.line_size, 1)
            planes.append(field.resize(size, Resampling.BOX))
        yield Pillow.merge("RGB", planes).convert("RGB", _matrix(frame))


def is_full(frame: VideoFrame) -> bool:
    """Whether a YUV frame has full range."""
    return frame.color_range == FULL or frame.format.name.startswith("yuvj")


def _matrix(frame: VideoFrame) -> tuple[float, ...]:
    """Return Pillow's matrix from YUV to full-range RGB."""
    hd = frame.height >= HD_LINES or frame.width >= HD_COLUMNS
    red, blue = SHARES.get(int(frame.colorspace), SHARES[BT709 if hd else BT601])
    green = 1 - red - blue
    luma, chroma, foot = (1.0, 1.0, 0.0) if is_full(frame) else (255 / 219, 255 / 224, 16.0)
    rows = (
        (luma, 0.0, 2 * (1 - red) * chroma),
        (
            luma,
            -2 * (1 - blue) * blue / green * chroma,
            -2 * (1 - red) * red / green * chroma,
        ),
        (luma, 2 * (1 - blue) * chroma, 0.0),
    )
    return tuple(
        chain.from_iterable((*row, 0.5 - row[0] * foot - 128 * (row[1] + row[2])) for row in rows)
    )


def _mask(frame: VideoFrame | Image, size: Size) -> tuple[Image, Image]:
    """Return where a mask is certainly white, and where it may be."""
    dark, bright, full = _luma(frame)
    middle = (MIDDLE - 16) * 255 / 219 if full else MIDDLE
    low, high = (
        luma.point([255 * (v >= middle + side) for v in range(256)]).resize(size, Resampling.BOX)
        for luma, side in ((dark, MARGIN), (bright, -MARGIN))
    )
    return low.convert("RGB"), high.convert("RGB")


def _luma(frame: VideoFrame | Image) -> tuple[Image, Image, bool]:
    """Return the least and the greatest luma of a mask, and whether it has full range.

    The luma of RGB depends on the assumed matrix.
    """
    if isinstance(frame, Image) or frame.format.is_rgb or _has_alpha(frame):
        image = frame.convert("RGB") if isinstance(frame, Image) else _flat_rgb(frame)
        both = [
            image.convert("RGB").convert("L", (red, 1 - red - blue, blue, 0.0))
            for red, blue in (SHARES[BT601], SHARES[BT709])
        ]
        return ImageChops.darker(*both), ImageChops.lighter(*both), True
    first = frame.format.components[0]
    bare = first.bits == 8 and (frame.format.is_planar or len(frame.format.components) == 1)
    luma = _plane(frame if bare else frame.reformat(format="yuv444p"), 0)
    return luma, luma, is_full(frame)


def _flat_rgb(frame: VideoFrame) -> Image:
    image = _plane(frame.reformat(format="rgba"), 0, "RGBA")
    ground = Pillow.new("RGBA", image.size, (255, 255, 255, 255))
    return Pillow.alpha_composite(ground, image)
