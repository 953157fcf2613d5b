"""The model of a plan: ordered edits with their reasons, and the recipe to apply them."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final, Literal

from vaceprep.contract import IMAGE_BYTES_DECIMAL, VIDEO_BYTES_DECIMAL, Role
from vaceprep.limits import CONTRACT, Limits
from vaceprep.plans.size import Fit
from vaceprep.records import Record, replace
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding, Severity

Colour = tuple[int, int, int]
WHITE: Final[Colour] = (255, 255, 255)
BLACK: Final[Colour] = (0, 0, 0)
#: Pixel mode of a written image (Pillow's names).
Mode = Literal["L", "RGB", "RGBA"]


class CopyRecipe(Record):
    """Copy packets into a new MP4 without other changes."""

    #: The first frame kept, and the number of frames.
    start: Fraction
    frames: int
    #: Seconds from the first frame's start to the last one's end.
    length: Fraction
    #: The constant rate to retime to; None keeps the times.
    rate: Fraction | None
    #: Most bytes of the file.
    limit: int
    keep_audio: bool = False


class EncodeRecipe(Record):
    """Decode, change and encode frames as H.264, at a constant rate."""

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
    #: Blend neighbours to make additional frames, instead of repeating one.
    blend: bool = False
    #: Make every pixel pure white or pure black.
    threshold: bool = False
    keep_audio: bool = False
    #: Leave out frames that do not decode.
    salvage: bool = False
    beside: Colour = BLACK
    behind: Colour = WHITE
    limit: int = VIDEO_BYTES_DECIMAL

    @property
    def length(self) -> Fraction:
        """Return the seconds of the output."""
        return self.frames / self.rate


class ImageRecipe(Record):
    """The parameters of an image's plan."""

    #: The format of the output; WEBP or JPEG if that cannot be kept under ``limit`` bytes.
    format: str
    #: Copy the coded pixels; cut out only metadata and additional frames.
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
    #: Save a JPEG with its own quantisation tables: its pixels were only rotated.
    own_tables: bool = False
    #: The file is too large: only another compression helps.
    recompress: bool = False
    #: Whether pixels may be lost if nothing else gets the file under the limit.
    may_lose: bool = False
    limit: int = IMAGE_BYTES_DECIMAL


VideoRecipe = CopyRecipe | EncodeRecipe
Recipe = CopyRecipe | EncodeRecipe | ImageRecipe


#: Advice that is fixed as well, because nothing is lost.
FIXED_ADVICE: Final = frozenset(
    [
        codes.VIDEO_NOT_FASTSTART,
        codes.VIDEO_EXTRA_STREAMS,
        codes.VIDEO_LOCATION,
        codes.IMAGE_MODE,
        codes.IMAGE_LOCATION,
        codes.LABEL_MISSING,
    ]
)


class Options(Record):
    """The options of a plan. Times in seconds from the first frame shown."""

    start: Fraction | None = None
    duration: Fraction | None = None
    #: Begin a video that is too long with its best window; ``start`` is then chosen by decoding.
    best_start: bool = False
    #: Fix errors only.
    only_errors: bool = False
    #: Scale down what the service would scale down itself.
    fit_720p: bool = False
    #: Resample, scale and crop a video to exactly the frames and pixels that the model takes.
    fit_model: bool = False
    #: Crop black bars that stay through the kept part.
    crop_bars: bool = False
    #: How to make frames if there are too few.
    fps_mode: Literal["repeat", "blend"] = "repeat"
    #: What to do if no scale fits both sides.
    shape: Literal["pad", "crop"] = "pad"
    #: Colour under transparency and of padding; None: white and black.
    background: Colour | None = None
    #: Keep one sound track.
    keep_audio: bool = False
    #: Re-encode the decodable part of a damaged video.
    salvage: bool = False
    #: The displayed size, rate and number of frames that a job's other media require.
    size: tuple[int, int] | None = None
    rate: Fraction | None = None
    frames: int | None = None
    #: How many frames of the source the window has, if all of them and no others are to be kept.
    window_frames: int | None = None
    #: Whether the crop of the facts includes black bars.
    bars: bool = False
    #: Limits that the output must meet.
    limits: Limits = CONTRACT

    def asked(self) -> dict[str, Any]:
        """Return everything requested, by name, as plain values and Fractions.

        Includes limits only if they are not the contract's, and options of later versions only if
        they are set, so that files made or sent without them keep their identity.
        """
        later = ("fit_model", "crop_bars", "bars", "best_start", "window_frames")
        left = {"limits", *(name for name in later if not getattr(self, name))}
        values = {k: v for k, v in self.to_values().items() if k not in left}
        changed = self.limits.changed()
        return values | ({"limits": {k: v for k, (v, _) in changed.items()}} if changed else {})

    @property
    def behind(self) -> Colour:
        """Return the colour under transparent pixels."""
        return WHITE if self.background is None else self.background

    @property
    def beside(self) -> Colour:
        """Return the colour of padding."""
        return BLACK if self.background is None else self.background


NOTHING_ASKED: Final = Options()


class Edit(Record):
    """One step: the edit, its rules (slugs) or options, and a sentence for a person."""

    edit: str
    reason: tuple[str, ...]
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of ``plan`` in the JSON of ``prepare``."""
        return {"edit": self.edit, "reason": list(self.reason), "detail": self.detail}


class Plan(Record):
    """The edits in order, and the recipe to apply them.

    ``recipe`` None copies the bytes unchanged (possibly under another name). ``remaining`` are the
    findings that stay; with an error among them the plan is impossible and has no edits.
    """

    role: Role
    edits: tuple[Edit, ...]
    #: Whether every kept picture stays the same, pixel for pixel.
    lossless: bool
    recipe: Recipe | None
    remaining: tuple[Finding, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether no remaining finding prevents a submission."""
        return not errors(self.remaining)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.edits


def errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that prevent a submission."""
    return tuple(f for f in findings if f.severity is Severity.ERROR)


def impossible(role: Role, findings: tuple[Finding, ...]) -> Plan:
    """Return a plan without edits: these findings cannot be fixed."""
    return Plan(role, (), True, None, findings)


def wanted(finding: Finding, options: Options) -> bool:
    """Return whether the options ask to fix a finding."""
    if finding.severity is Severity.ERROR:
        return True
    if options.only_errors:
        return False
    if finding.severity is Severity.WARNING:
        return True
    return finding.code in FIXED_ADVICE or (
        finding.code == codes.VIDEO_ABOVE_720P and options.fit_720p
    )


def unfixed(finding: Finding, message: str) -> Finding:
    """Return the finding after an attempt that could not fix it, with the reason."""
    return replace(finding, message=f"{finding.message} ({message})", fix=None)
