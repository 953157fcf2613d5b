"""One window of a video as an MP4 that browsers play."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil
from typing import Final

from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.plans.encode import is_hdr
from vaceprep.plans.model import EncodeRecipe
from vaceprep.plans.size import Fit, even
from vaceprep.preparation.read import Read, unreadable, video_of
from vaceprep.preparation.video.encode import encode
from vaceprep.probes.container import BROKEN, clause

#: The longest side in pixels, and the most frames a second.
SIDE: Final = 640
RATE: Final = Fraction(60)
#: Seconds of the longest window that is played.
LONGEST: Final = 30
#: Somebody waits for it.
PRESET: Final = "ultrafast"


def recipe_of(facts: VideoFacts, start: Fraction, duration: Fraction) -> EncodeRecipe:
    """How a window is encoded: small, at its own rate, with its sound. Raises Refused."""
    end = facts.duration
    if end is None or start >= end:
        raise Refused("the window begins after the end of the video")
    length = min(duration, end - start)
    rate = min(facts.fps or RATE, RATE)
    scale = min(Fraction(1), Fraction(SIDE, max(facts.width, facts.height)))
    size = max(2, round(facts.width * scale)), max(2, round(facts.height * scale))
    return EncodeRecipe(
        start=start,
        rate=rate,
        frames=max(1, ceil(length * rate)),
        size=even(Fit(size, size)),
        rotation=facts.rotation or 0,
        mirrored=facts.mirrored,
        deinterlace=facts.interlaced is not False,
        tone_map=is_hdr(facts),
        keep_audio=facts.has_audio,
        salvage=True,
    )


def write_clip(
    read: Read, start: Fraction, duration: Fraction, path: str, check: Callable[[], None]
) -> None:
    """Write a window to ``path``; ``check`` may raise Cancelled. Raises Refused."""
    facts = video_of(read)
    recipe = recipe_of(facts, start, duration)
    try:
        encode(read.opened, read.sniffed, facts, recipe, path, lambda _: check(), preset=PRESET)
    except BROKEN as error:
        raise unreadable(read.source, f"the window does not decode ({clause(error)})") from None
