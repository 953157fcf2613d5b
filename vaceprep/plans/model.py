"""What a plan is: ordered edits with their reasons, and the numbers they are carried out with."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, Final, Literal

from vaceprep.contract import IMAGE_BYTES_DECIMAL, VIDEO_BYTES_DECIMAL, Role
from vaceprep.limits import CONTRACT, Limits
from vaceprep.plans.size import Fit
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding, Severity

Colour = tuple[int, int, int]
WHITE: Final[Colour] = (255, 255, 255)
BLACK: Final[Colour] = (0, 0, 0)
#: Pixels of an image that is written (Pillow's names).
Mode = Literal["L", "RGB", "RGBA"]


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


@dataclass(frozen=True, slots=True)
class ImageRecipe:
    """How an image's plan is carried out."""

    #: The format of the output. Where nothing keeps it under ``limit`` bytes, WEBP or JPEG.
    format: str
    #: The coded pixels are copied; only metadata and further frames are cut out.
    pixels_kept: bool = False
    mode: Mode = "RGB"
    #: Convert the pixels from the file's own profile to sRGB.
    to_srgb: bool = False
    #: The colour under transparent pixels; None keeps transparency.
    flatten: Colour | None = None
    #: None keeps the size.
    size: Fit | None = None
    padding: Colour = BLACK
    #: Make every pixel pure white or pure black, and scale by nearest neighbour.
    threshold: bool = False
    #: Save a JPEG with its own quantisation tables: its pixels were only turned.
    own_tables: bool = False
    #: The file is too large: nothing but another compression helps.
    recompress: bool = False
    #: Whether pixels may be lost where nothing else brings the file under the limit.
    may_lose: bool = False
    limit: int = IMAGE_BYTES_DECIMAL


VideoRecipe = CopyRecipe | EncodeRecipe
Recipe = CopyRecipe | EncodeRecipe | ImageRecipe


#: Advice that is fixed all the same: it costs nothing of the picture.
FIXED_ADVICE: Final = frozenset(
    [
        codes.VIDEO_NOT_FASTSTART,
        codes.VIDEO_EXTRA_STREAMS,
        codes.VIDEO_LOCATION,
        codes.IMAGE_MODE,
        codes.IMAGE_LOCATION,
    ]
)


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may ask of a plan. Times in seconds from the first frame shown."""

    start: Fraction | None = None
    duration: Fraction | None = None
    #: Fix errors alone.
    only_errors: bool = False
    #: Scale down what the service would scale down itself.
    fit_720p: bool = False
    #: How frames are made where there are too few.
    fps_mode: Literal["repeat", "blend"] = "repeat"
    #: What is done where no scale fits both sides.
    shape: Literal["pad", "crop"] = "pad"
    #: Behind transparency and beside padded pictures; None: white and black.
    background: Colour | None = None
    #: Leave one sound track.
    keep_audio: bool = False
    #: Re-encode what still decodes of a damaged video.
    salvage: bool = False
    #: The displayed size, rate and number of frames that a job's other media ask for.
    size: tuple[int, int] | None = None
    rate: Fraction | None = None
    frames: int | None = None
    #: What comes out is held to these.
    limits: Limits = CONTRACT

    def asked(self) -> dict[str, Any]:
        """Everything that was asked for, by name, as plain values and Fractions.

        Limits are there only where they are not the contract's, so that nothing that was made or
        sent under the contract's own counts as another by them.
        """
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "limits"}
        changed = self.limits.changed()
        return values | ({"limits": {k: v for k, (v, _) in changed.items()}} if changed else {})

    @property
    def behind(self) -> Colour:
        """The colour under transparent pixels."""
        return WHITE if self.background is None else self.background

    @property
    def beside(self) -> Colour:
        """The colour of padding."""
        return BLACK if self.background is None else self.background


NOTHING_ASKED: Final = Options()


@dataclass(frozen=True, slots=True)
class Edit:
    """One step: what is done, for which rules (slugs) or options, and a sentence for a person."""

    edit: str
    reason: tuple[str, ...]
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``plan`` in the JSON of ``prepare``."""
        return {"edit": self.edit, "reason": list(self.reason), "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Plan:
    """The edits in order, and how they are carried out.

    ``recipe`` None means that the bytes are copied as they are (under another name, perhaps).
    ``remaining`` are the findings that stay; with an error among them the plan is impossible
    and has no edits.
    """

    role: Role
    edits: tuple[Edit, ...]
    #: Whether every picture that is kept stays the same, pixel for pixel.
    lossless: bool
    recipe: Recipe | None
    remaining: tuple[Finding, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether nothing is left that stops a submission."""
        return not any(f.severity is Severity.ERROR for f in self.remaining)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.edits


def impossible(role: Role, findings: tuple[Finding, ...]) -> Plan:
    """The honest answer: nothing here fixes these findings."""
    return Plan(role, (), True, None, findings)


def wanted(finding: Finding, options: Options) -> bool:
    """Whether a finding is one that the options ask to fix."""
    if finding.severity is Severity.ERROR:
        return True
    if options.only_errors:
        return False
    if finding.severity is Severity.WARNING:
        return True
    return finding.code in FIXED_ADVICE or (
        finding.code == codes.VIDEO_ABOVE_720P and options.fit_720p
    )


def unmended(finding: Finding, message: str) -> Finding:
    """The finding as it stands after an attempt that could not fix it, saying why."""
    return replace(finding, message=f"{finding.message} ({message})", fix=None)
