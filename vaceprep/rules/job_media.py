"""VP301, VP305, VP306, VP413 to VP415: conflicts between a job's media and with its fields. Pure.

The rules compare only measured facts: a file without facts has a finding of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from vaceprep.contract import DEFAULT_SIZE, EXTENSION_FIELDS, FIRST_MASK_FRAME, SIZES, Size
from vaceprep.facts import Facts, ImageFacts, VideoFacts, shown
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding, Rule, Severity, rule, rules_of, run_all
from vaceprep.rules.draft import Draft, Findings, frame_id_too_small
from vaceprep.wording import decimal, listed

ERROR, WARNING = Severity.ERROR, Severity.WARNING


@dataclass(frozen=True, slots=True)
class Together:
    """A draft and the facts of its measured media, by JSON pointer."""

    draft: Draft
    media: Mapping[str, Facts] = field(default_factory=dict)

    def video(self, name: str) -> VideoFacts | None:
        """Return the facts of a field's video; None without facts of a video."""
        facts = self.media.get(f"/{name}")
        return facts if isinstance(facts, VideoFacts) else None


def _size(facts: Facts) -> str:
    return f"{facts.width}x{facts.height}"


def _same_size(one: Facts, other: Facts) -> bool:
    return (one.width, one.height) == (other.width, other.height)


def _same_shape(one: Facts, other: Facts) -> bool:
    """Whether both sizes have the same aspect ratio, within one pixel of rounding."""
    across = Fraction(one.width * other.height, other.width)
    return abs(across - one.height) <= 1


@rule(
    codes.MASK_DIMENSIONS,
    ERROR,
    "U",
    fires="a mask image is not exactly as large as the video is displayed",
    fix="scale by nearest neighbour where the shape agrees",
    why="The service refuses a mask of another size.",
)
def mask_dimensions(rule: Rule, job: Together) -> Findings:
    video, mask = job.video("video_url"), job.media.get("/mask_image_url")
    if video is None or not isinstance(mask, ImageFacts) or _same_size(video, mask):
        return
    yield rule.found(
        f"the mask is {_size(mask)} px; the video is shown at {_size(video)} px",
        measured=_size(mask),
        allowed=_size(video),
        unit="px",
        fix=rule.fix if _same_shape(video, mask) else "",
        pointer="/mask_image_url",
    )


@rule(
    codes.MASK_FRAME_ID,
    (ERROR, WARNING),
    "U J",
    fires="mask_frame_id is below 1 or beyond the video's frames (by exactly one: warning)",
    why="The mask would be taken to another frame than the one it was drawn on, or refused.",
)
def mask_frame_id(rule: Rule, job: Together) -> Findings:
    draft, at = job.draft, "/mask_frame_id"
    for error in frame_id_too_small(draft):
        yield rule.found(
            f"mask_frame_id is {error.given}; frames are counted from {FIRST_MASK_FRAME}",
            measured=error.given,
            allowed=FIRST_MASK_FRAME,
            unit="frame",
            pointer=at,
        )
        return
    video = job.video("video_url")
    number = draft.values.get("mask_frame_id")
    counts = isinstance(number, int) and not draft.failed("mask_frame_id")
    if draft.function != "video_edit" or not draft.has("mask_image_url") or not counts:
        return
    if video is None or video.frames is None or number is None or number <= video.frames:
        return
    # floor(fps * duration) is the number of frames: both come from the same fraction.
    beyond = number > video.frames + 1
    yield rule.found(
        f"mask_frame_id is {number}; the video has {video.frames} frames",
        measured=number,
        allowed=video.frames,
        unit="frame",
        severity=ERROR if beyond else WARNING,
        pointer=at,
    )


@rule(
    codes.MASK_VIDEO_MISMATCH,
    ERROR,
    "U",
    fires="a mask video's frame rate, number of frames or displayed size differs from the video's",
    fix="conform",
    why="The service lays one over the other frame by frame.",
)
def mask_video_mismatch(rule: Rule, job: Together) -> Findings:
    video, mask = job.video("video_url"), job.video("mask_video_url")
    if video is None or mask is None:
        return
    differences = []
    if not _same_size(video, mask):
        differences.append(f"is {_size(mask)} px (the video {_size(video)})")
    if _rates_differ(video, mask) and video.fps and mask.fps:
        rates = decimal(mask.fps, video.fps), decimal(video.fps, mask.fps)
        differences.append(f"plays at {rates[0]} FPS (the video {rates[1]})")
    if video.frames != mask.frames:
        differences.append(f"has {mask.frames} frames (the video {video.frames})")
    if differences:
        yield rule.found(
            f"the mask video {listed(differences)}",
            measured=f"{_size(mask)}, {shown(mask.fps)} fps, {mask.frames} frames",
            allowed=f"{_size(video)}, {shown(video.fps)} fps, {video.frames} frames",
            pointer="/mask_video_url",
        )


def _rates(facts: VideoFacts) -> tuple[Fraction, Fraction] | None:
    """Return the lowest and highest frame rate possible with a time base that rounds."""
    if facts.fps is None or facts.fps <= 0:
        return None
    if not (facts.rounding_tick and facts.duration and facts.frames):
        return facts.fps, facts.fps
    short = facts.duration - facts.rounding_tick
    low = facts.frames / (facts.duration + facts.rounding_tick)
    return low, facts.frames / short if short > 0 else facts.fps


def _rates_differ(one: VideoFacts, other: VideoFacts) -> bool:
    """Whether two frame rates differ by more than rounding explains."""
    mine, theirs = _rates(one), _rates(other)
    if mine is None or theirs is None:
        return False
    return mine[0] > theirs[1] or theirs[0] > mine[1]


@rule(
    codes.CLIPS_TOGETHER,
    ERROR,
    "U",
    fires="the first and the last clip last more than 3 s in sum",
    fix="cut: the shorter stays whole up to 1.5 s, the other takes the rest",
    why="The service wants at least 2 s to fill between them.",
)
def clips_together(rule: Rule, job: Together) -> Findings:
    first, last = job.video("first_clip_url"), job.video("last_clip_url")
    if job.draft.function != "video_extension" or not (first and last):
        return
    if first.duration is None or last.duration is None:
        return
    total = first.duration + last.duration
    slack = (first.rounding_tick or Fraction(0)) + (last.rounding_tick or Fraction(0))
    most = job.draft.limits.clips_seconds
    if total - slack > most:
        yield rule.found(
            f"the clips last {decimal(total, most)} s together; "
            f"at most {decimal(most)} s are allowed{job.draft.limits.note('clips_seconds')}",
            measured=shown(total),
            allowed=float(most),
            unit="s",
            pointer="/last_clip_url",
        )


@rule(
    codes.INPUTS_DISAGREE,
    (ERROR, WARNING),
    "U J",
    fires="the guide's size or rate differs from the frames' and clips' "
    "(these among themselves: warning)",
    fix="conform to the first clip, last clip, first frame or last frame that is given",
    why="The guide must match what is extended; upstream refuses it otherwise.",
)
def inputs_disagree(rule: Rule, job: Together) -> Findings:
    if job.draft.function != "video_extension":
        return
    present = [(n, job.media[f"/{n}"]) for n in EXTENSION_FIELDS if f"/{n}" in job.media]
    guide = job.video("video_url")
    if guide is not None:
        for name, facts in present:
            text = _apart("the guide", guide, name, facts)
            if text:
                yield rule.found(
                    text,
                    measured=_size_and_rate(guide),
                    allowed=_size_and_rate(facts),
                    pointer="/video_url",
                )
                break
    for name, facts in present[1:]:
        base_name, base = present[0]
        text = _apart(name, facts, base_name, base)
        if text:
            yield rule.found(
                text,
                measured=_size_and_rate(facts),
                allowed=_size_and_rate(base),
                severity=WARNING,
                pointer=f"/{name}",
            )


def _size_and_rate(facts: Facts) -> str:
    if isinstance(facts, VideoFacts):
        return f"{_size(facts)}, {shown(facts.fps)} fps"
    return _size(facts)


def _apart(one_name: str, one: Facts, other_name: str, other: Facts) -> str | None:
    """Return how two inputs differ in size or, if both are videos, in rate; None if they agree."""
    differences = []
    if not _same_size(one, other):
        differences.append(f"is {_size(one)} px where {other_name} is {_size(other)}")
    if isinstance(one, VideoFacts) and isinstance(other, VideoFacts):
        mine, theirs = one.fps, other.fps
        if mine is not None and theirs is not None and _rates_differ(one, other):
            differences.append(
                f"plays at {decimal(mine, theirs)} FPS where {other_name} plays at "
                f"{decimal(theirs, mine)}"
            )
    return f"{one_name} {listed(differences)}" if differences else None


def _apart_in_shape(video: Facts, size: Size) -> Fraction:
    """Return the ratio of two aspect ratios, 1 or more."""
    width, height = map(int, size.split("*"))
    ratio = Fraction(video.width * height, video.height * width)
    return max(ratio, 1 / ratio)


def nearest_size(video: Facts) -> Size:
    """Return the output size whose shape is nearest to the displayed shape of a video."""
    return min(SIZES, key=lambda size: _apart_in_shape(video, size))


@rule(
    codes.OUTPUT_SHAPE,
    WARNING,
    "U",
    fires="the video of a video_edit has a shape that another of the five sizes is nearer to than "
    "size, or its default",
    fix="write the nearest size, only where size is absent",
    why="The result gets the shape of size, whatever the shape of the video: an upright video "
    "edited at the default size comes back wide.",
)
def output_shape(rule: Rule, job: Together) -> Findings:
    video, draft = job.video("video_url"), job.draft
    if draft.function != "video_edit" or video is None or draft.failed("size"):
        return
    given = draft.has("size")
    size: Size = draft.values.get("size", DEFAULT_SIZE)
    nearest = nearest_size(video)
    if _apart_in_shape(video, nearest) < _apart_in_shape(video, size):
        yield rule.found(
            f"the result is {size}{'' if given else ' where size is absent'}, but the video is "
            f"shown at {_size(video)} px; {nearest} is the nearest shape",
            measured=size,
            allowed=nearest,
            unit="px",
            fix=f"write size: {nearest}" if not given else "",
            pointer="/size",
        )


RULES: Final = rules_of(globals())


def judge_together(job: Together) -> list[Finding]:
    """Return the findings on a job's media together; none if the job cannot be read."""
    if job.draft.broken is not None:
        return []
    return run_all(RULES, job)
