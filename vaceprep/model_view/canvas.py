"""Where pictures lie on the model's canvas: an outpainted video, a reference, an extension."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from vaceprep.contract import MODEL_FPS, OUTPUT_SECONDS
from vaceprep.model_view import steps_in_time
from vaceprep.model_view.frames import covering, kept_size
from vaceprep.records import Record


class Rectangle(NamedTuple):
    """A part of a picture, in pixels."""

    left: int
    top: int
    width: int
    height: int


class Scales(NamedTuple):
    """By what factor an outpainted video grows to each side: 1.0 to 2.0."""

    top: float = 1.0
    bottom: float = 1.0
    left: float = 1.0
    right: float = 1.0


class Outpainted(Record):
    """The result of outpainting, and the part of it that is the original."""

    width: int
    height: int
    original: Rectangle
    #: Linear size that the original keeps, 1.0 being its own.
    kept: float


def expanded(width: int, height: int, scales: Scales) -> tuple[int, int]:
    """Return the size of the canvas around a video of that size, before the model scales it. G J"""
    wide = round(width * (scales.left + scales.right - 1))
    high = round(height * (scales.top + scales.bottom - 1))
    return wide, high


def outpainted(width: int, height: int, scales: Scales, frames: int) -> Outpainted:
    """Return how a video of that size and number of frames is outpainted. G J"""
    wide, high = expanded(width, height, scales)
    size = kept_size(wide, high, steps_in_time(wide, high, frames))
    scaled, crop = covering((wide, high), size)
    factor = scaled[0] / wide
    left = round(width * (scales.left - 1) * factor) - crop[0]
    top = round(height * (scales.top - 1) * factor) - crop[1]
    original = Rectangle(left, top, round(width * factor), round(height * factor))
    return Outpainted(*size, original, factor)


def on_white(size: tuple[int, int], canvas: tuple[int, int]) -> Rectangle:
    """Return where a reference of that size lies on the white canvas of the output's size. G"""
    factor = min(canvas[0] / size[0], canvas[1] / size[1])
    wide = max(1, min(canvas[0], round(size[0] * factor)))
    high = max(1, min(canvas[1], round(size[1] * factor)))
    return Rectangle((canvas[0] - wide) // 2, (canvas[1] - high) // 2, wide, high)


def white_share(size: tuple[int, int], canvas: tuple[int, int]) -> Fraction:
    """Return the part of the canvas, 0 to 1, that stays white around a reference. G"""
    lies = on_white(size, canvas)
    return 1 - Fraction(lies.width * lies.height, canvas[0] * canvas[1])


class Stretch(NamedTuple):
    """A part of an extension's timeline, in seconds; ``field`` None: invented by the model."""

    field: str | None
    start: Fraction
    end: Fraction


def extension(given: dict[str, Fraction | None]) -> tuple[Stretch, ...]:
    """Return the timeline of an extension: what is given and what is new, in order. G U

    ``given`` has the seconds of each of the job's frames and clips by its field; None for a frame.
    """
    whole = Fraction(OUTPUT_SECONDS)
    frame = Fraction(1, MODEL_FPS)
    start, end = Fraction(0), whole
    first: list[Stretch] = []
    last: list[Stretch] = []
    for field in ("first_clip_url", "first_frame_url"):
        if field in given and start < end:
            length = min(given[field] or frame, end - start)
            first.append(Stretch(field, start, start + length))
            start += length
    for field in ("last_clip_url", "last_frame_url"):
        if field in given and start < end:
            length = min(given[field] or frame, end - start)
            last.insert(0, Stretch(field, end - length, end))
            end -= length
    new = [Stretch(None, start, end)] if start < end else []
    return (*first, *new, *last)
