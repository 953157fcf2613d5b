"""Extend a clip step by step, each from the end of the result before: pure arithmetic.

A result of ``video_extension`` lasts 5 s, the given clip included. The last 3 s of it are the given
clip of the next step, whose result begins with them: so each further step adds 2 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from vaceprep.contract import MAX_CLIP_SECONDS, OUTPUT_FPS, OUTPUT_SECONDS, PRICE_PER_SECOND
from vaceprep.cost import cost_of, total
from vaceprep.limits import CONTRACT, Limits
from vaceprep.plans.frames import slot
from vaceprep.wording import decimal

#: The only function whose results can be extended again.
EXTENSION: Final = "video_extension"
#: Most steps of one chain. J
MAX_STEPS: Final = 60
#: Longest blend of two results, in seconds. J
BLEND: Final = Fraction(1, 2)
#: Seconds that one result lasts. U
RESULT: Final = Fraction(OUTPUT_SECONDS)
#: Frames a second of a result, and of the joined video. G U
RATE: Final = Fraction(OUTPUT_FPS)


class CannotExtend(ValueError):
    """The job cannot be extended as asked; the message is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One task of a chain. Times in seconds from the start of the joined video."""

    #: Number of the step, from 1.
    index: int
    #: What the result covers; the last result may end after the joined video does.
    start: Fraction
    end: Fraction
    #: Seconds at the start of the result that the video had before: of the given clip in the first
    #: step, of the result before in each other.
    given: Fraction
    #: Seconds of new video that the joined video gets from it.
    adds: Fraction

    @property
    def blend(self) -> Fraction:
        """Seconds in which the joined video changes from the result before to this one.

        The results share more: what the service was given and gave back is only almost the same.
        """
        return Fraction(0) if self.index == 1 else min(self.given, BLEND)


def carried(limits: Limits = CONTRACT) -> Fraction:
    """Seconds of a result that the next step continues: the most that a first clip may last."""
    return min(MAX_CLIP_SECONDS, limits.clip_seconds, limits.clips_seconds)


def chain_of(
    seconds: Fraction,
    given: Fraction = Fraction(0),
    limits: Limits = CONTRACT,
    price: Fraction = PRICE_PER_SECOND,
) -> tuple[ChainStep, ...]:
    """Return the steps to a video of so many seconds, in whole frames. Raises CannotExtend.

    ``given`` are the seconds of the given clip that the first result begins with; 0 for a picture.
    """
    # A step that would add less than a frame is none.
    wanted = slot(seconds, RATE) / RATE
    if wanted <= RESULT:
        how = "is no longer" if seconds <= RESULT else "is less than a frame longer"
        raise CannotExtend(
            f"--extend-to {decimal(seconds)} {how} than what one task makes: "
            f"{decimal(RESULT)} s, the given clip included; give more than {decimal(RESULT)}, or "
            "leave --extend-to out"
        )
    shared = carried(limits)
    step = RESULT - shared
    count = 1 + ceil((wanted - RESULT) / step)
    if count > MAX_STEPS:
        one = cost_of(EXTENSION, None, price)
        cost = total([one] * count)
        about = "" if cost is None else f", for {cost.text()}"
        most = RESULT + step * (MAX_STEPS - 1)
        raise CannotExtend(
            f"--extend-to {decimal(seconds)} takes {count:,} tasks{about}; the most is "
            f"{MAX_STEPS} tasks, which make {decimal(most)} s"
        )
    steps = [ChainStep(1, Fraction(0), RESULT, given, RESULT - given)]
    for index in range(2, count + 1):
        start = step * (index - 1)
        end = start + RESULT
        adds = min(end, wanted) - (start + shared)
        steps.append(ChainStep(index, start, end, shared, adds))
    return tuple(steps)
