"""How a video's plan is carried out: packets copied, or frames encoded anew.

Times are seconds from the first frame that is shown, sizes displayed pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vaceprep.contract import VIDEO_BYTES_DECIMAL
from vaceprep.plan.model import BLACK, WHITE, Colour
from vaceprep.plan.size import Fit


@dataclass(frozen=True, slots=True)
class CopyRecipe:
    """Packets copied into a new MP4 without anything else."""

    #: The first frame that is kept, and how many are.
    start: Fraction
    frames: int
    #: Seconds from the first frame's start to the last one's end.
    length: Fraction
    #: The even rate that they are put on; None keeps their times.
    rate: Fraction | None
    #: The most bytes that the file will have.
    limit: int
    keep_audio: bool = False
    #: For a start between two keyframes: the time of the first frame that is copied, and how
    #: many are encoded anew before it.
    join: Fraction | None = None
    head: int = 0


@dataclass(frozen=True, slots=True)
class EncodeRecipe:
    """Frames decoded, changed and encoded as H.264, at an even rate."""

    start: Fraction
    rate: Fraction
    #: Frames of the output.
    frames: int
    size: Fit
    #: Degrees clockwise, after mirroring.
    rotation: int = 0
    mirrored: bool = False
    deinterlace: bool = False
    tone_map: bool = False
    #: Blend neighbours where frames are made, instead of repeating one.
    blend: bool = False
    #: Make every pixel pure white or pure black.
    threshold: bool = False
    keep_audio: bool = False
    #: Leave out what does not decode.
    salvage: bool = False
    beside: Colour = BLACK
    behind: Colour = WHITE
    limit: int = VIDEO_BYTES_DECIMAL

    @property
    def length(self) -> Fraction:
        """Seconds of the output."""
        return self.frames / self.rate


VideoRecipe = CopyRecipe | EncodeRecipe
