"""The video of which the model takes every frame and every pixel (``--fit-model``)."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from vaceprep.contract import IMAGE_SIDE, MODEL_CELL, MODEL_FPS, MODEL_SIDE, MODEL_STEP
from vaceprep.model_view.frames import covering, kept_size
from vaceprep.records import Record


class Fitted(Record):
    """A video that the model takes whole: its frames, its rate and its size in pixels."""

    frames: int
    fps: Fraction
    width: int
    height: int
    #: Size that the source is scaled to, and left and top of the part that is kept.
    scaled: tuple[int, int]
    crop: tuple[int, int]


def fitted(width: int, height: int, seconds: Fraction) -> Fitted | None:
    """Return the video of which the model takes all, for a source of that size and length.

    It has the smallest number of frames 4k + 1 at or above 16 a second, and the rate at which they
    last exactly ``seconds``. None if a side would be outside the contract's limits.
    """
    steps = max(0, ceil((seconds * MODEL_FPS - 1) / MODEL_STEP)) + 1
    frames = (steps - 1) * MODEL_STEP + 1
    size = _size(width, height, steps)
    if size is None:
        return None
    scaled, crop = covering((width, height), size)
    return Fitted(frames, frames / seconds, *size, scaled, crop)


def _size(width: int, height: int, steps: int) -> tuple[int, int] | None:
    """The size that the model keeps; of a small source, the smallest that the limits allow."""
    # A source whose kept sides are too short is scaled up first.
    for short in (min(width, height), *range(MODEL_SIDE, IMAGE_SIDE[1] + 1, MODEL_CELL)):
        factor = Fraction(short, min(width, height))
        if factor < 1:
            continue
        kept = kept_size(round(width * factor), round(height * factor), steps)
        if min(kept) >= MODEL_SIDE and max(kept) <= IMAGE_SIDE[1]:
            return kept
    return None
