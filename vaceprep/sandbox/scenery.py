"""Small painted scenes for the showcase: a sky, hills, a sea, a balloon, a boat. No files needed.

Everything is drawn by rule, so that the same picture comes out everywhere. Sizes in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Final

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter
from PIL.Image import Image, Resampling

Colour = tuple[int, int, int]
Size = tuple[int, int]

#: Skies from the top to the horizon.
DAY: Final[tuple[Colour, ...]] = ((52, 120, 190), (128, 186, 226), (250, 232, 200))
DAWN: Final[tuple[Colour, ...]] = ((48, 52, 110), (214, 108, 120), (255, 196, 120))
NIGHT: Final[tuple[Colour, ...]] = ((8, 10, 34), (24, 32, 78), (62, 70, 120))
#: Hills from the far ones to the near ones.
GREEN: Final[tuple[Colour, ...]] = ((140, 176, 180), (96, 150, 120), (52, 110, 72))
VIOLET: Final[tuple[Colour, ...]] = ((150, 100, 130), (100, 66, 104), (52, 38, 70))
INKY: Final[tuple[Colour, ...]] = ((40, 48, 92), (26, 32, 66), (12, 16, 38))
#: How much finer things are drawn than they are shown.
FINE: Final = 4


def sky(size: Size, colours: Sequence[Colour]) -> Image:
    """A sky that changes evenly from one colour to the next."""
    return _sky(size, tuple(colours)).copy()


@cache
def _sky(size: Size, colours: tuple[Colour, ...]) -> Image:
    column = Pillow.new("RGB", (1, size[1]))
    parts = len(colours) - 1
    for y in range(size[1]):
        place = y / max(1, size[1] - 1) * parts
        index = min(int(place), parts - 1)
        share = place - index
        one, two = colours[index], colours[index + 1]
        mixed = [round(a + (b - a) * share) for a, b in zip(one, two, strict=True)]
        column.putpixel((0, y), (mixed[0], mixed[1], mixed[2]))
    return column.resize(size, Resampling.NEAREST)


def sun(image: Image, at: tuple[float, float], radius: float, colour: Colour) -> None:
    """A disc with its glow, at a place in shares of the picture; the radius in its height."""
    width, height = image.size
    x, y, r = at[0] * width, at[1] * height, radius * height
    small = 8
    glow = Pillow.new("L", (width // small, height // small))
    box = [v / small for v in (x - 2.4 * r, y - 2.4 * r, x + 2.4 * r, y + 2.4 * r)]
    ImageDraw.Draw(glow).ellipse(box, fill=130)
    glow = glow.filter(ImageFilter.GaussianBlur(r / small)).resize(image.size, Resampling.BICUBIC)
    image.paste(colour, mask=glow)
    side = max(2, round(2 * r))
    disc = Pillow.new("L", (side * FINE, side * FINE))
    ImageDraw.Draw(disc).ellipse((0, 0, side * FINE - 1, side * FINE - 1), fill=255)
    image.paste(colour, (round(x - r), round(y - r)), disc.resize((side, side), Resampling.BOX))


def stars(image: Image, count: int) -> None:
    """Dots over the upper part, always the same ones."""
    draw = ImageDraw.Draw(image)
    state = 7
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        x = state / 2**31 * image.width
        state = (state * 1103515245 + 12345) % 2**31
        y = (state / 2**31) ** 1.3 * image.height * 0.62
        r = 0.6 + state % 3 * 0.5
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(230, 232, 250))


def hills(image: Image, colours: Sequence[Colour], horizon: float = 0.62) -> None:
    """Rows of hills, the near ones lower; ``horizon`` as a share of the height."""
    width, height = image.size
    for row, colour in enumerate(colours):
        base = horizon + row * 0.11
        line = []
        for x in range(0, width + 8, 8):
            along = x / width * (5 - row)
            wave = math.sin(along * 1.7 + row * 2.1) * 0.055 + math.sin(along * 4.3 + row) * 0.018
            line.append((x, (base - wave) * height))
        ImageDraw.Draw(image).polygon([(0, height), *line, (width, height)], fill=colour)


@cache
def balloon(height: int, colours: tuple[Colour, ...]) -> Image:
    """A hot-air balloon with stripes, RGBA."""
    tall = height * FINE
    wide = round(tall * 0.72)
    canvas = Pillow.new("RGBA", (wide, tall))
    draw = ImageDraw.Draw(canvas)
    round_end = round(tall * 0.72)
    neck, basket = (wide * 0.42, wide * 0.58), (wide * 0.4, wide * 0.6)
    bag: list[tuple[float, float]] = []
    for step in range(61):
        angle = math.pi * (1 + step / 60)
        bag.append((wide / 2 + wide / 2 * math.cos(angle), wide / 2 + wide / 2 * math.sin(angle)))
    bag += [(wide * 0.93, wide * 0.72), (neck[1], round_end), (neck[0], round_end)]
    bag += [(wide * 0.07, wide * 0.72)]
    shape = Pillow.new("L", canvas.size)
    ImageDraw.Draw(shape).polygon(bag, fill=255)
    stripes = Pillow.new("RGB", canvas.size, colours[0])
    paint = ImageDraw.Draw(stripes)
    count = 7
    for number in range(count):
        # Seen from the side, stripes are narrow at the edges.
        ends = [wide / 2 * (1 - math.cos(math.pi * (number + e) / count)) for e in (0, 1)]
        middle = wide / 2
        crown = [(middle + (e - middle) * 0.25, 0) for e in ends]
        foot = [(middle + (e - middle) * 0.2, round_end) for e in ends]
        girth = [(e, wide / 2) for e in ends]
        outline = [crown[0], girth[0], foot[0], foot[1], girth[1], crown[1]]
        paint.polygon(outline, fill=colours[number % len(colours)])
    shade = Pillow.linear_gradient("L").rotate(90).resize(canvas.size)
    dark = stripes.point([v * 6 // 10 for v in range(256)] * 3)
    canvas.paste(Pillow.composite(dark, stripes, shade), mask=shape)
    top = round(tall * 0.86)
    for x, below in zip(neck, basket, strict=True):
        draw.line((x, round_end, below, top), fill=(70, 50, 40, 255), width=FINE)
    draw.rounded_rectangle((basket[0], top, basket[1], tall - 1), FINE * 2, fill=(120, 78, 48, 255))
    return canvas.resize((wide // FINE, height), Resampling.LANCZOS)


@cache
def boat(height: int, sail: Colour) -> Image:
    """A boat with two sails, RGBA."""
    tall = height * FINE
    wide = round(tall * 0.95)
    canvas = Pillow.new("RGBA", (wide, tall))
    draw = ImageDraw.Draw(canvas)
    mast = wide * 0.5
    light = tuple(min(255, c + 40) for c in sail)
    draw.polygon(
        [(mast, tall * 0.03), (mast, tall * 0.76), (wide * 0.9, tall * 0.76)], fill=(*sail, 255)
    )
    draw.polygon(
        [
            (mast - FINE * 3, tall * 0.12),
            (mast - FINE * 3, tall * 0.76),
            (wide * 0.16, tall * 0.76),
        ],
        fill=(light[0], light[1], light[2], 255),
    )
    draw.line((mast - FINE, 0, mast - FINE, tall * 0.8), fill=(90, 60, 40, 255), width=FINE * 2)
    hull = [(wide * 0.06, tall * 0.8), (wide * 0.96, tall * 0.8)]
    hull += [(wide * 0.82, tall * 0.98), (wide * 0.2, tall * 0.98)]
    draw.polygon(hull, fill=(112, 66, 46, 255))
    draw.line((*hull[0], *hull[1]), fill=(232, 214, 180, 255), width=FINE * 3)
    return canvas.resize((wide // FINE, height), Resampling.LANCZOS)


@cache
def cloud(width: int) -> Image:
    """A soft white cloud, RGBA."""
    height = width * 2 // 5
    alpha = Pillow.new("L", (width, height))
    draw = ImageDraw.Draw(alpha)
    for x, y, r in ((0.3, 0.62, 0.13), (0.45, 0.45, 0.17), (0.62, 0.55, 0.15), (0.75, 0.66, 0.1)):
        draw.ellipse(
            (
                (x - r) * width,
                y * height - r * width * 0.8,
                (x + r) * width,
                y * height + r * width * 0.6,
            ),
            fill=235,
        )
    soft = alpha.filter(ImageFilter.GaussianBlur(width / 40))
    made = Pillow.new("RGBA", (width, height), (255, 255, 255, 0))
    made.putalpha(soft)
    return made


def sea(
    image: Image, horizon: float, colours: Sequence[Colour], light: Colour, time: float
) -> None:
    """Water below a horizon, with bands of waves that move on with the time in seconds."""
    width, height = image.size
    line = round(horizon * height)
    image.paste(sky((width, height - line), colours), (0, line))
    draw = ImageDraw.Draw(image)
    for row in range(16):
        depth = (row / 16) ** 1.5
        y = line + 6 + depth * (height - line - 6)
        length = 14 + 90 * depth
        step = length * 2.6
        shift = (time * (10 + 60 * depth) + row * 47) % step
        for number in range(int(width / step) + 3):
            x = (number - 1) * step + shift
            lift = math.sin(time * 2.2 + number * 1.3 + row) * (1 + 3 * depth)
            draw.line(
                (x, y + lift, x + length, y + lift), fill=light, width=max(1, round(1 + 3 * depth))
            )


def put(image: Image, thing: Image, at: tuple[float, float]) -> None:
    """A thing with its middle at a place in shares of the picture."""
    left = round(at[0] * image.width - thing.width / 2)
    top = round(at[1] * image.height - thing.height / 2)
    image.paste(thing, (left, top), thing)
