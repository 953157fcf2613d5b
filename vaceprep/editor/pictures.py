"""Single frames as pictures: exactly as ``vaceprep frame`` gives them, or small ones."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Final

from PIL.Image import Image, Resampling

from vaceprep.facts import VideoFacts
from vaceprep.plans.size import fit
from vaceprep.preparation.image.encode import encode
from vaceprep.preparation.image.render import placed
from vaceprep.preparation.read import Read, video_of
from vaceprep.preparation.video.frame import frame_at
from vaceprep.records import replace

#: Heights of small pictures, in pixels.
HEIGHTS: Final = (16, 1080)


def frame_png(read: Read, time: Fraction) -> bytes:
    """The frame at a time as ``vaceprep frame`` writes it. Raises Refused."""
    image = frame_at(read, time).image
    return encode(placed(image, fit(image.size)), "png")


def small_png(read: Read, time: Fraction, height: int) -> bytes:
    """The frame at a time with its own shape at most so high. Raises Refused."""
    facts = video_of(read)
    high = min(height, facts.height)
    size = max(1, round(Fraction(facts.width * high, facts.height))), high
    out = io.BytesIO()
    _of_size(read, facts, time, size).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _of_size(read: Read, facts: VideoFacts, time: Fraction, size: tuple[int, int]) -> Image:
    # The frame is scaled from its decoded size at once.
    small = replace(facts, width=size[0], height=size[1])
    image = frame_at(replace(read, facts=small), time).image
    return image if image.size == size else image.resize(size, Resampling.BICUBIC)
