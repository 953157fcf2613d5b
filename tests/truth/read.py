"""Decode an output with another decoder than the product's, and read its cells and its beeps.

The ``ffmpeg`` program of the machine where there is one, else OpenCV (pictures only). Without
either nothing is read: ``Unread``, and the test is skipped with that sentence.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
import subprocess
from array import array
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from tests.truth.colour import Colour
from tests.truth.mosaic import COLUMNS, RGB, ROWS, Mosaic

#: Samples a second of what is listened to, and how loud (of 32767) a beep is.
SOUND_RATE: Final = 48000
LOUD: Final = 4000
#: Seconds of quiet before a sound counts as another beep.
QUIET: Final = 0.03


class Unread(Exception):
    """No decoder on this machine can read this."""


@dataclass(frozen=True)
class Seen:
    """A decoded picture: when it begins and the mean colour of each cell of its mosaic."""

    at: Fraction
    cells: Mosaic
    #: The colours three pixels from each corner.
    rim: tuple[RGB, ...]


@dataclass(frozen=True)
class Film:
    """What the other decoder shows of a file."""

    seen: tuple[Seen, ...]
    size: tuple[int, int]
    aspect: Fraction
    pixels: str


def have_ffmpeg() -> bool:
    """Whether the ffmpeg program is there."""
    return shutil.which("ffmpeg") is not None


def need(sound: bool) -> None:
    """Raise Unread where this machine has no second decoder for videos, or for their sound."""
    if have_ffmpeg():
        return
    if sound:
        raise Unread("needs the ffmpeg program to hear the sound")
    if importlib.util.find_spec("cv2") is None:
        raise Unread("needs the ffmpeg program or OpenCV as a second decoder")


def film(path: Path) -> Film:
    """All pictures of a video. Raises Unread."""
    need(sound=False)
    return _by_ffmpeg(path) if have_ffmpeg() else _by_opencv(path)


def _run(path: Path, *arguments: str) -> tuple[bytes, str]:
    command = ["ffmpeg", "-v", "info", "-hide_banner", "-nostdin", "-nostats", "-threads", "1"]
    done = subprocess.run(
        [*command, "-copyts", "-i", str(path), *arguments, "-"],
        check=False,
        capture_output=True,
        timeout=120,
    )
    said = done.stderr.decode("utf-8", "replace")
    if "matches no streams" in said:
        return b"", said
    assert done.returncode == 0, said
    return done.stdout, said


_FRAME = re.compile(
    r"n: *(\d+) pts: *(-?\d+) .*?fmt:(\w+) sar:(\d+)/(\d+) s:(\d+)x(\d+)[^\n]*"
    r"(?:(?!n: *\d).)*?color_range:(\w+) color_space:(\w+)",
    re.DOTALL,
)
_TICK = re.compile(r"config in time_base: (\d+)/(\d+)")


def _by_ffmpeg(path: Path) -> Film:
    data, said = _run(
        path, "-map", "0:v:0", "-vf", "showinfo", "-vsync", "passthrough", "-f", "rawvideo"
    )
    tick = _TICK.search(said)
    found = list(_FRAME.finditer(said))
    if tick is None or not found:
        return Film((), (0, 0), Fraction(1), "none")
    base = Fraction(int(tick[1]), int(tick[2]))
    first = found[0]
    pixels, size = first[3], (int(first[6]), int(first[7]))
    if pixels not in ("yuv420p", "yuvj420p"):
        raise AssertionError(f"the output has pixel format {pixels}")
    space = first[9]
    known = {
        "bt709": "bt709",
        "bt470bg": "bt470bg",
        "smpte170m": "smpte170m",
        "bt2020nc": "bt2020nc",
    }
    default = "bt709" if size[1] >= 720 else "smpte170m"
    matrix = known.get(space, default)
    colour = Colour(matrix, full=first[8] in ("pc", "jpeg") or pixels == "yuvj420p")
    step = size[0] * size[1] + 2 * ((size[0] + 1) // 2) * ((size[1] + 1) // 2)
    assert len(data) == step * len(found), "ffmpeg wrote another number of pictures than it named"
    seen = tuple(
        _seen(int(one[2]) * base, data[at * step : (at + 1) * step], size, colour)
        for at, one in enumerate(found)
    )
    return Film(seen, size, Fraction(int(first[4]) or 1, int(first[5]) or 1), pixels)


def _seen(at: Fraction, data: bytes, size: tuple[int, int], colour: Colour) -> Seen:
    width, height = size
    half, low = (width + 1) // 2, (height + 1) // 2
    area = width * height
    luma, blue = data[:area], data[area : area + half * low]
    red = data[area + half * low :]

    def mean(plane: bytes, line: int, x: int, y: int, side: int) -> float:
        begins = range(y * line + x, (y + side) * line + x, line)
        return sum(sum(plane[begin : begin + side]) for begin in begins) / (side * side)

    def colour_at(x: int, y: int, side: int) -> RGB:
        """Of a square of 2 x ``side`` pixels around a point."""
        x, y = x // 2 - side // 2, y // 2 - side // 2
        return colour.to_rgb(
            mean(luma, width, 2 * x, 2 * y, 2 * side),
            mean(blue, half, x, y, side),
            mean(red, half, x, y, side),
        )

    cells = tuple(
        tuple(
            colour_at(width * (2 * c + 1) // (2 * COLUMNS), height * (2 * r + 1) // (2 * ROWS), 4)
            for c in range(COLUMNS)
        )
        for r in range(ROWS)
    )
    rim = tuple(colour_at(x, y, 1) for y in (4, height - 4) for x in (4, width - 4))
    return Seen(at, cells, rim)


def _by_opencv(path: Path) -> Film:
    cv2: Any = importlib.import_module("cv2")

    capture = cv2.VideoCapture(str(path))
    seen = []
    size = (0, 0)
    while True:
        good, shown = capture.read()
        # The time of the picture that was just read.
        at = Fraction(capture.get(cv2.CAP_PROP_POS_MSEC)).limit_denominator(90000) / 1000
        if not good:
            break
        height, width = shown.shape[:2]
        size = (width, height)

        def colour_at(x: int, y: int, side: int, shown: Any = shown) -> RGB:
            part = shown[y - side : y + side, x - side : x + side].reshape(-1, 3).mean(axis=0)
            return round(part[2]), round(part[1]), round(part[0])

        cells = tuple(
            tuple(
                colour_at(width * (2 * c + 1) // 20, height * (2 * r + 1) // 16, 4)
                for c in range(COLUMNS)
            )
            for r in range(ROWS)
        )
        rim = tuple(colour_at(x, y, 1) for y in (4, height - 4) for x in (4, width - 4))
        seen.append(Seen(at, cells, rim))
    capture.release()
    return Film(tuple(seen), size, Fraction(1), "yuv420p")


def still(path: Path) -> Film:
    """The picture of a PNG, decoded by Pillow."""
    from PIL import Image

    with Image.open(path) as image:
        shown = image.convert("RGB")
    width, height = shown.size

    def colour_at(x: int, y: int, side: int) -> RGB:
        part = shown.crop((x - side, y - side, x + side, y + side)).resize(
            (1, 1), Image.Resampling.BOX
        )
        red, green, blue = part.getpixel((0, 0))  # type: ignore[misc]
        return int(red), int(green), int(blue)

    cells = tuple(
        tuple(
            colour_at(width * (2 * c + 1) // 20, height * (2 * r + 1) // 16, 4)
            for c in range(COLUMNS)
        )
        for r in range(ROWS)
    )
    rim = tuple(colour_at(x, y, 1) for y in (4, height - 4) for x in (4, width - 4))
    return Film((Seen(Fraction(0), cells, rim),), shown.size, Fraction(1), "rgb24")


def beeps(path: Path) -> tuple[Fraction, ...]:
    """When beeps begin on the file's clock, as the ffmpeg program decodes it. Raises Unread."""
    need(sound=True)
    data, _ = _run(
        path,
        *("-map", "0:a:0", "-af", "aresample=async=1:first_pts=0", "-ac", "1"),
        *("-ar", str(SOUND_RATE), "-f", "s16le"),
    )
    samples = array("h")
    samples.frombytes(data)
    found: list[Fraction] = []
    quiet = -1.0
    step = SOUND_RATE // 1000
    for first in range(0, len(samples), step):
        part = samples[first : first + step]
        if max(part) <= LOUD and min(part) >= -LOUD:
            continue
        begin = Fraction(first, SOUND_RATE)
        if float(begin) - quiet > QUIET:
            found.append(begin)
        quiet = float(begin)
    return tuple(found)
