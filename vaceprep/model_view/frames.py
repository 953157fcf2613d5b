"""Which frames of a video the model takes, at which size, and what it crops away."""

from __future__ import annotations

import struct
from bisect import bisect_left
from fractions import Fraction
from math import sqrt

from vaceprep.contract import MODEL_CELL, MODEL_CELLS, MODEL_STEP
from vaceprep.model_view import cells_of, frames_taken, steps_in_time
from vaceprep.records import Record


class View(Record):
    """What the model takes of a video. Sizes in pixels, as displayed."""

    #: Numbers of the source's frames, from 0, in the order in which the model sees them.
    used: tuple[int, ...]
    #: Size of the picture that the model keeps.
    width: int
    height: int
    #: Size that the source is scaled to, before its centre is kept.
    scaled: tuple[int, int]
    #: Left and top of the kept part, in pixels of the scaled picture.
    crop: tuple[int, int]


def view(width: int, height: int, frames: int, fps: Fraction) -> View:
    """Return what the model takes of a video with evenly spaced frames. G

    The size is in pixels as displayed, ``frames`` is at least 1.
    """
    steps = steps_in_time(width, height, frames)
    kept = kept_size(width, height, steps)
    scaled, crop = covering((width, height), kept)
    return View(spread(frames, fps, frames_taken(width, height, frames)), *kept, scaled, crop)


def mask_steps(taken: int) -> range:
    """Return which of the taken frames (from 0) the model reads a mask at. G"""
    return range(0, taken, MODEL_STEP)


def kept_size(width: int, height: int, steps: int) -> tuple[int, int]:
    """Return the size that the model keeps of a picture, for that many steps in time. G"""
    cells = max(1, min(cells_of(width, height), MODEL_CELLS // steps))
    rows = max(1, round(sqrt(cells * height / width)))
    return max(1, cells // rows) * MODEL_CELL, rows * MODEL_CELL


def covering(
    size: tuple[int, int], kept: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the size a picture is scaled to so that it covers ``kept``, and where that begins."""
    factor = max(kept[0] / size[0], kept[1] / size[1])
    wide, high = round(factor * size[0]), round(factor * size[1])
    return (wide, high), ((wide - kept[0]) // 2, (high - kept[1]) // 2)


def spread(frames: int, fps: Fraction, taken: int) -> tuple[int, ...]:
    """Return the numbers of ``taken`` frames, at times spread evenly up to the middle of the last.

    The published code computes in 32-bit floats, which decides where a time lies on a boundary.
    """

    def end(number: int) -> float:
        return _single(float((number + 1) / fps))

    start = _single(float((frames - 1) / fps))
    middle = _single(start + end(frames - 1)) / 2
    last = max(1, taken - 1)
    times = (_single(middle * number / last) for number in range(taken))
    return tuple(bisect_left(range(frames), time, hi=frames - 1, key=end) for time in times)


def _single(value: float) -> float:
    """The nearest 32-bit float."""
    return float(struct.unpack("f", struct.pack("f", value))[0])
