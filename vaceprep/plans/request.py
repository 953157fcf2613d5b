"""The request for one video: the findings to fix, and what the options add."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from vaceprep.contract import Role
from vaceprep.facts import SampleFacts, VideoFacts
from vaceprep.model_view.fit import Fitted
from vaceprep.plans.fit_model import is_fitted
from vaceprep.plans.frames import first_after, shown_at
from vaceprep.plans.model import Edit, Options, wanted
from vaceprep.records import Record
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.video import CARRIED

#: Rules that rewrapping the same packets fixes.
REWRAPPED: Final = (
    codes.VIDEO_CONTAINER,
    codes.VIDEO_NOT_FASTSTART,
    codes.VIDEO_FRAGMENTED,
    codes.VIDEO_EDIT_LIST,
    codes.VIDEO_EXTRA_STREAMS,
    codes.VIDEO_CONTAINER_DURATION,
    codes.VIDEO_LOCATION,
    codes.VIDEO_HEADER_LIES,
)
#: Rules that only re-encoding fixes.
ENCODED: Final = (
    codes.VIDEO_FPS,
    codes.VIDEO_CODEC,
    codes.VIDEO_PIXEL_FORMAT,
    codes.VIDEO_ROTATION,
    codes.VIDEO_PIXEL_ASPECT,
    codes.VIDEO_INTERLACED,
    codes.VIDEO_HDR,
    codes.VIDEO_ODD_SIZE,
    codes.VIDEO_DIMENSIONS,
    codes.VIDEO_ABOVE_720P,
    codes.MASK_NOT_BINARY,
)


def requested_cut(facts: VideoFacts, options: Options) -> tuple[str, ...]:
    """Return the options that leave out something of this video."""
    cuts = ["--start"] if options.start else []
    length = facts.duration
    if options.duration is not None and (length is None or length > options.duration):
        # One frame at an allowed rate is the minimum, even if it lasts longer.
        least = facts.frames == 1 and length is not None and length <= 1 / options.limits.video_fps
        if not least:
            cuts.append("--duration")
    return tuple(cuts)


class VideoRequest(Record):
    """One video: its facts, its coded frames if surveyed, and the request."""

    facts: VideoFacts
    role: Role
    options: Options
    samples: SampleFacts | None
    #: The findings to fix, by code, and those that stay.
    wanted: dict[str, Finding]
    remaining: tuple[Finding, ...]
    #: What ``--fit-model`` makes of the kept part; None without the option.
    model: Fitted | None = None

    @property
    def cuts(self) -> tuple[str, ...]:
        """Return the options that leave something out."""
        return requested_cut(self.facts, self.options)

    def reasons(self, codes: Sequence[str]) -> tuple[str, ...]:
        """Return the slugs of those of the rules that are to be fixed."""
        return tuple(self.wanted[c].rule for c in codes if c in self.wanted)

    def conforms(self) -> bool:
        """Whether the video has the size, rate and number of frames that a job asks for."""
        options, facts = self.options, self.facts
        if options.bars or (options.fit_model and not self.fits_model()):
            return False
        if options.size not in (None, (facts.width, facts.height)):
            return False
        if options.frames not in (None, facts.frames):
            return False
        return options.rate is None or (facts.fps == options.rate and bool(facts.constant_rate))

    def fits_model(self) -> bool:
        """Whether the whole video already is what ``--fit-model`` makes of the kept part."""
        model = self.model
        return model is not None and is_fitted(self.facts, model)

    def must_encode(self) -> tuple[str, ...]:
        """Return the rules and options that prevent copying packets."""
        reasons = list(self.reasons(ENCODED))
        if codes.VIDEO_CONTAINER in self.wanted and self.facts.codec not in CARRIED:
            reasons.append(self.wanted[codes.VIDEO_CONTAINER].rule)
        if codes.VIDEO_TRUNCATED in self.wanted:
            reasons.append("--salvage")
        options = self.options
        if self.facts.crop is not None:
            # Copied packets would show what is cropped.
            reasons.append("--crop-bars" if options.bars else "crop")
        if options.size not in (None, (self.facts.width, self.facts.height)):
            reasons.append("size")
        if options.fit_model and not self.fits_model():
            reasons.append("--fit-model")
        return tuple(dict.fromkeys(reasons))

    def first(self, start: Fraction) -> Fraction | None:
        """Return the time of the first frame kept; None if the coded frames are not known.

        This is the frame shown at the requested start; if the end of a clip counts, the first that
        begins after the start, so that the very last frame is kept.
        """
        if self.samples is None:
            return None
        if start > 0 and self.options.start is None:
            return first_after(self.samples, start)
        return shown_at(self.samples, start)

    def rename(self) -> Edit:
        """Return the edit for a name that contradicts the bytes."""
        return Edit("rename", self.reasons([codes.VIDEO_NAME]), "the name gets the ending .mp4")


def wants(facts: VideoFacts, finding: Finding, options: Options) -> bool:
    """Return whether the options ask to fix a finding on this video."""
    if finding.code == codes.MASK_FULL or not wanted(finding, options):
        return False
    if finding.code == codes.VIDEO_EXTRA_STREAMS and options.keep_audio:
        return [s.kind for s in facts.streams] != ["audio"]
    return True
