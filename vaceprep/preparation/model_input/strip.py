"""The strip below each picture of a film: which frame it is, and which ones are skipped."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Final

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont
from PIL.Image import Image

from vaceprep.model_view import CAVEAT
from vaceprep.preparation.model_input.scenes import Scene

#: Height of the strip, of its bar and of its letters, in pixels.
HEIGHT: Final = 64
BAR: Final = 12
LETTERS: Final = 14
MARGIN: Final = 4
LINE: Final = 18
#: Least width of a film, for the text.
NARROWEST: Final = 560
GROUND: Final = (16, 16, 16)
USED: Final = (150, 150, 150)
SKIPPED: Final = (230, 60, 50)
HERE: Final = (255, 255, 255)
#: Numbers of skipped frames that are written out.
NAMED: Final = 6


def width_of(size: tuple[int, int]) -> int:
    """Return the width of a film of pictures of that size."""
    return max(size[0], NARROWEST)


def below(scene: Scene, number: int, length: int, width: int) -> Image:
    """Return the strip for the film's picture ``number``, from 1, of ``length``."""
    strip = _ground(width).copy()
    pen = ImageDraw.Draw(strip)
    font = _font()
    file = scene.file
    if file is not None and len(file.used) > 1:
        strip.paste(_bar(file.used, width - 2 * MARGIN), (MARGIN, MARGIN))
        left, right = _place(file.used, file.used[scene.index], width - 2 * MARGIN)
        pen.rectangle((MARGIN + left, 1, MARGIN + max(left, right - 1), MARGIN + BAR + 1), HERE)
    top = 2 * MARGIN + BAR
    text = _line(scene, number, length)
    pen.text((MARGIN, top), text, font=font, fill=HERE)
    if scene.skipped:
        after = MARGIN + pen.textlength(text, font=font) + LETTERS
        pen.text((after, top), _named(scene.skipped), font=font, fill=SKIPPED)
    return strip


def _line(scene: Scene, number: int, length: int) -> str:
    file = scene.file
    parts = [f"{number} of {length}"] if scene.timed else []
    parts.append(scene.text)
    if file is not None and len(file.used) > 1:
        parts.append(f"frame {file.used[scene.index]} of the source")
    return "   ".join(parts)


def _named(skipped: tuple[int, ...]) -> str:
    """
    >>> _named((22,)), _named(tuple(range(5, 50)))
    ('skipped: 22', 'skipped: 5 to 49')
    """
    if len(skipped) > NAMED:
        return f"skipped: {skipped[0]} to {skipped[-1]}"
    return f"skipped: {', '.join(map(str, skipped))}"


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=LETTERS)


@cache
def _ground(width: int) -> Image:
    strip = Pillow.new("RGB", (width, HEIGHT), GROUND)
    place = (MARGIN, 2 * MARGIN + BAR + LINE)
    ImageDraw.Draw(strip).text(place, CAVEAT, font=_font(), fill=USED)
    return strip


def _place(used: tuple[int, ...], number: int, width: int) -> tuple[int, int]:
    """Left and right of a frame in the bar of its file, in pixels."""
    first = used[0]
    count = used[-1] - first + 1
    left, right = (width * (number - first + more) // count for more in (0, 1))
    return left, max(left + 1, right)


@cache
def _bar(used: tuple[int, ...], width: int) -> Image:
    """The frames of a file from the first to the last used, the skipped ones red."""
    bar = Pillow.new("RGB", (width, BAR), USED)
    pen = ImageDraw.Draw(bar)
    for before, after in pairwise(used):
        for number in range(before + 1, after):
            left, right = _place(used, number, width)
            pen.rectangle((left, 0, right - 1, BAR), SKIPPED)
    first = used[0]
    if width >= 2 * (used[-1] - first + 1):
        for number in used[1:]:
            left, _ = _place(used, number, width)
            pen.line((left, 0, left, BAR), GROUND)
    return bar
