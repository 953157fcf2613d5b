"""Animated pictures by Pillow: GIF, APNG and WEBP, each picture with its own delay."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from tests.truth import mosaic
from tests.truth.colour import BT709
from tests.truth.colours import PALETTE, indexed
from tests.truth.model import Made, Source, Truth, at_times
from tests.truth.paint import planes


def _rgb(number: int, size: tuple[int, int]) -> Image.Image:
    ((packed, _),) = planes(mosaic.picture(number), size, "rgb24", BT709)
    return Image.frombytes("RGB", size, packed)


def _palette(number: int, size: tuple[int, int]) -> Image.Image:
    image = Image.frombytes("P", size, indexed(number, size))
    image.putpalette([level for colour in PALETTE for level in colour])
    return image


def animated(
    kind: Literal["gif", "png", "webp"],
    delays: tuple[int, ...],
    *,
    shown_delays: tuple[int, ...] | None = None,
    count: int = 24,
    size: tuple[int, int] = (480, 384),
    **options: Any,
) -> Source:
    """Pictures with those delays in milliseconds, over and over.

    ``shown_delays`` are what browsers make of them, where they make something else.
    """

    def make(folder: Path) -> Made:
        draw = _palette if kind == "gif" else _rgb
        images = [draw(number, size) for number in range(count)]
        path = folder / f"source.{kind}"
        written = [delays[number % len(delays)] for number in range(count)]
        images[0].save(
            path, save_all=True, append_images=images[1:], duration=written, loop=0, **options
        )
        seen = shown_delays or delays
        times = [Fraction(0)]
        for number in range(count):
            times.append(times[-1] + Fraction(seen[number % len(seen)], 1000))
        return Made(path, Truth(at_times(tuple(times[:-1]), times[-1]), size))

    return make
