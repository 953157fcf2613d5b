"""Split the video of a job into parts, and make the job of each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from vaceprep.checks.inputs import Item
from vaceprep.plans.model import Options
from vaceprep.plans.parts import Part, SplitOptions, Timeline


@dataclass(frozen=True, slots=True)
class PartJob:
    """One part and its job."""

    part: Part
    #: Source ``clip.vace.yaml#part-01``, the part's mapping, and the job file as the base.
    item: Item
    #: The window of the part for each field that is cut.
    fields: Mapping[str, Options]


@dataclass(frozen=True, slots=True)
class Split:
    """A job whose video was divided."""

    item: Item
    #: The video as the job names it.
    video: str
    timeline: Timeline
    cuts: tuple[Fraction, ...]
    parts: tuple[PartJob, ...]
    #: The part of the source that was divided: its start and its end, in presented seconds.
    window: tuple[Fraction, Fraction]


def split(
    item: Item, options: SplitOptions, prepare: Options, fields: Mapping[str, Options]
) -> Split | None:
    """Divide the video of a job; None if it is no longer than the limit.

    Raises CannotSplit if the job or its function cannot be split, Refused.
    """
    raise NotImplementedError
