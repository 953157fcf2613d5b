"""``--fit-model``: the frames, rate and size of which the model takes all. Pure."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Final

from vaceprep.contract import IMAGE_SIDE, MODEL_FPS, MODEL_SIDE
from vaceprep.facts import VideoFacts
from vaceprep.limits import Limits
from vaceprep.model_view.fit import Fitted, fitted
from vaceprep.wording import decimal

#: Most ticks a second of a track: 81 frames in a length of 90 kHz need 7.3 million. J
MAX_TICKS: Final = 10_000_000
#: What a length that needs more is rounded down to, in parts of a second.
COARSE: Final = 1000
SHORTEST: Final = Fraction(1, MODEL_FPS)


def model_fit(facts: VideoFacts, seconds: Fraction, limits: Limits) -> Fitted | str:
    """Return what the model takes whole of a part of that length, or why there is no such video.

    Less than one frame at the model's own rate lasts as long as that frame.
    """
    size = facts.width, facts.height
    found = fitted(*size, max(seconds, SHORTEST))
    if found is not None and found.fps.numerator > MAX_TICKS:
        # An MP4 cannot time frames that finely.
        rounded = Fraction(floor(seconds * COARSE), COARSE)
        found = fitted(*size, max(rounded, SHORTEST))
    if found is None:
        return (
            f"of {size[0]}x{size[1]} pixels over {decimal(seconds)} s the model keeps no picture "
            f"whose sides are {MODEL_SIDE} to {IMAGE_SIDE[1]} pixels"
        )
    if found.fps < limits.video_fps:
        return (
            f"it gives {decimal(found.fps)} frames a second, and {limits.origin} asks for at least "
            f"{decimal(limits.video_fps)}"
        )
    return found


def is_fitted(facts: VideoFacts, model: Fitted) -> bool:
    """Return whether a video is the fitted one."""
    size, whole = (model.width, model.height), (facts.width, facts.height)
    if (facts.frames, facts.fps, whole) != (model.frames, model.fps, size):
        return False
    return facts.frames == 1 or bool(facts.constant_rate and facts.rounding_tick is None)
