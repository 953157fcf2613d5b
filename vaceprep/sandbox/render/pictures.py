"""Pan and zoom over still pictures, and expand masks as the service does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, Final

from av.video.frame import VideoFrame
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter
from PIL.Image import Image, Resampling

from vaceprep.plans.size import Fit
from vaceprep.preparation.image.render import placed
from vaceprep.preparation.video.animated_webp import as_frame

#: How much larger a slide is than the result, as a margin for the motion.
ROOM: Final = 1.2
#: Frames of the fade from one slide into the next.
FADE: Final = 15
#: Share of the picture that may be cut off to fill the canvas.
CROPPED: Final = 0.25
#: Share of the canvas that an object in front of a background fills.
THING: Final = 0.72

Box = tuple[float, float, float, float]


def cover(image: Image, size: tuple[int, int]) -> Image:
    """The middle of a picture, scaled to fill a size in pixels."""
    factor = max(size[0] / image.width, size[1] / image.height)
    wide, high = size[0] / factor, size[1] / factor
    left, top = (image.width - wide) / 2, (image.height - high) / 2
    box = (left, top, left + wide, top + high)
    return image.resize(size, Resampling.BICUBIC, box=box)


def _behind(image: Image, size: tuple[int, int]) -> Image:
    """A picture as a dark blurred backdrop."""
    small = cover(image, (max(1, size[0] // 8), max(1, size[1] // 8)))
    soft = small.filter(ImageFilter.GaussianBlur(4)).point([v * 7 // 10 for v in range(256)] * 3)
    return soft.resize(size, Resampling.BICUBIC)


def _inside(image: Image, size: tuple[int, int]) -> Image:
    factor = min(size[0] / image.width, size[1] / image.height)
    scaled = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return image.resize(scaled, Resampling.BICUBIC)


def _laid(ground: Image, image: Image) -> Image:
    """A picture in the middle of a backdrop, with its shadow."""
    left, top = (ground.width - image.width) // 2, (ground.height - image.height) // 2
    around = Pillow.new("L", ground.size)
    edge = max(4, ground.height // 60)
    ImageDraw.Draw(around).rectangle(
        (left, top + edge, left + image.width, top + image.height + edge), fill=150
    )
    laid = ground.copy()
    laid.paste((0, 0, 0), mask=around.filter(ImageFilter.BoxBlur(edge)))
    laid.paste(image, (left, top))
    return laid


def slides(images: Sequence[Image], labels: Sequence[str], size: tuple[int, int]) -> list[Image]:
    """The slides in order, each ``ROOM`` times a size in pixels.

    The picture labelled as background is placed behind the others.
    """
    large = round(size[0] * ROOM), round(size[1] * ROOM)
    grounds = [i for i, label in zip(images, labels, strict=False) if label == "bg"]
    things = [i for i, label in zip(images, labels, strict=False) if label != "bg"]
    if grounds and things:
        ground = cover(grounds[0], large)
        room = round(large[0] * THING), round(large[1] * THING)
        return [_laid(ground, _inside(thing, room)) for thing in things]
    made = []
    for image in images:
        shape = (image.width / image.height) / (large[0] / large[1])
        if min(shape, 1 / shape) > 1 - CROPPED:
            made.append(cover(image, large))
        else:
            made.append(_laid(_behind(image, large), _inside(image, large)))
    return made


def zoomed(image: Image, size: tuple[int, int], by: float, drift: float = 0.0) -> Image:
    """The part of a picture that is ``1 / by`` of it, scaled to a size in pixels.

    ``drift`` from -1 to 1 moves that part from the left to the right.
    """
    wide, high = image.width / by, image.height / by
    left = (image.width - wide) * (0.5 + drift / 2)
    top = (image.height - high) / 2
    box: Box = (left, top, left + wide, top + high)
    return image.resize(size, Resampling.BILINEAR, box=box)


def pan(pictures: Sequence[Image], size: tuple[int, int], frames: int) -> Iterator[Image]:
    """Pan slowly over pictures, so many frames in all, each fading into the next."""
    share = frames / len(pictures)

    def at(index: int, number: int) -> Image:
        # Keep moving during the fade into the next picture.
        along = (number - index * share) / (share + FADE)
        near = along if index % 2 == 0 else 1 - along
        return zoomed(pictures[index], size, 1.02 + 0.16 * near, (near - 0.5) * 0.8)

    for number in range(frames):
        index = min(int(number / share), len(pictures) - 1)
        picture = at(index, number)
        since = number - index * share
        if index and since < FADE:
            before = at(index - 1, number)
            picture = Pillow.blend(before, picture, since / FADE)
        yield picture


# --- masks -----------------------------------------------------------------------------------


def grown(mask: Image, body: Mapping[str, Any]) -> Image:
    """A mask image expanded as the service does, in the shape and by the ratio of the body."""
    if body.get("mask_type") == "fixed":
        return mask
    around = mask.getbbox()
    if around is None:
        return mask
    mode, ratio = body.get("expand_mode") or "hull", body.get("expand_ratio")
    ratio = 0.05 if ratio is None else float(ratio)
    if mode == "bbox":
        mask = Pillow.new("L", mask.size)
        left, top, right, bottom = around
        ImageDraw.Draw(mask).rectangle((left, top, right - 1, bottom - 1), fill=255)
    elif mode == "hull":
        corners = _hull(mask, around)
        mask = Pillow.new("L", mask.size)
        ImageDraw.Draw(mask).polygon(corners, fill=255)
    by = ratio * max(around[2] - around[0], around[3] - around[1]) / 2
    if by < 1:
        return mask
    # A pixel becomes white if the box around it contains any white.
    return mask.filter(ImageFilter.BoxBlur(by)).point([0] + [255] * 255)


def _hull(mask: Image, around: tuple[int, int, int, int]) -> list[tuple[int, int]]:
    """Corners of the convex hull of all white pixels (Andrew's monotone chain)."""
    points = []
    for row in range(around[1], around[3]):
        ends = mask.crop((0, row, mask.width, row + 1)).getbbox()
        if ends is not None:
            points += [(ends[0], row), (ends[2] - 1, row)]
    points = sorted(set(points))
    return _side(points) + _side(points[::-1])


def _side(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for x, y in points:
        while len(kept) > 1:
            (x1, y1), (x2, y2) = kept[-2:]
            if (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) > 0:
                break
            kept.pop()
        kept.append((x, y))
    return kept


def repeated(mask: Image, how: Fit) -> Iterator[VideoFrame]:
    """A mask image, scaled and placed like its video, as a grey frame repeated forever."""
    yield from repeat(as_frame(placed(mask, how, filtered=Resampling.BILINEAR)))
