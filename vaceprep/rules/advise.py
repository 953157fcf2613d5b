"""Advice on one file that may be accepted, VP604 among it. ``prepare`` fixes none of it unasked."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Final

from vaceprep.contract import MASK_ROLES, VIDEO_ROLES
from vaceprep.facts import Facts, Unreadable, VideoFacts
from vaceprep.model_view import CAVEAT, frames_taken, is_even
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, rule, rules_of, run
from vaceprep.rules.judge import GATES

#: Advice that takes the decoded frames of a video.
LOOKED: Final = (codes.SHOT_CHANGE, codes.VIDEO_STILL, codes.BLACK_BARS)
#: Findings beside which there is no advice: the file cannot be read, or is of another kind.
_NONE_BESIDE = GATES | {codes.IMAGE_FORMAT}


@rule(
    codes.FRAME_MAPPING,
    Severity.ADVICE,
    "G",
    fires="the model takes the frames unevenly or fewer than there are",
    fix="resample to what the model takes, only where asked (--fit-model)",
    why="Skipped frames make motion judder, and of a longer video fewer frames are seen. "
    "Make the video with prepare --fit-model.",
    subject="video",
)
def frame_mapping(rule: Rule, facts: VideoFacts, asset: Asset) -> Finding | None:
    frames = facts.frames
    if asset.role == "mask_video_url" or not frames or min(facts.width, facts.height) < 1:
        return None
    seconds = asset.limits.seconds(asset.role)
    if facts.fps and facts.duration and seconds and facts.duration > seconds:
        # Upstream uses the beginning alone, without a word.
        frames = min(frames, max(1, ceil(facts.fps * seconds)))
    taken = frames_taken(facts.width, facts.height, frames)
    if taken == frames:
        return None
    spaced = "evenly spaced" if is_even(frames, taken) else "not evenly spaced"
    return rule.found(
        f"the model takes {taken} of {frames} frames, {spaced} ({CAVEAT})",
        measured=taken,
        allowed=frames,
        unit="frames",
    )


RULES: Final = rules_of(globals())


def advise(
    facts: Facts | Unreadable | None, asset: Asset, findings: Iterable[Finding]
) -> list[Finding]:
    """Return the advice on a file with these ``findings``; none if it cannot be read."""
    if facts is None or isinstance(facts, Unreadable):
        return []
    if any(finding.code in _NONE_BESIDE for finding in findings):
        return []
    found: list[Finding] = []
    if isinstance(facts, VideoFacts) and asset.role in VIDEO_ROLES:
        found += run(RULES, facts, asset)
        if facts.look is not None:
            from vaceprep.rules import advice_video

            found += run(advice_video.RULES, facts, asset)
    if asset.role in MASK_ROLES and facts.mask is not None:
        from vaceprep.rules import advice_mask

        found += run(advice_mask.RULES, facts, asset)
    return found
