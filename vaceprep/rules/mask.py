"""The rules for single mask files: VP302, VP303 and VP304."""

from __future__ import annotations

from typing import Final, TypeGuard

from vaceprep.contract import MASK_ROLES
from vaceprep.facts import Facts, ImageFacts, Unreadable, VideoFacts
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, rule, rules_of, run

AnyFacts = ImageFacts | VideoFacts | Unreadable
_BOTH = "pure white and pure black"


def judge_mask(facts: AnyFacts, asset: Asset) -> list[Finding]:
    """Return the findings of the mask rules on one file; none outside the two mask roles.

    VP105, VP201 and VP204 report unreadable files, and images instead of videos or the reverse.
    """
    return run(RULES, facts, asset)


def _due(facts: AnyFacts, asset: Asset) -> TypeGuard[Facts]:
    if asset.role not in MASK_ROLES:
        return False
    return isinstance(facts, ImageFacts if asset.role == "mask_image_url" else VideoFacts)


def _only_colour(facts: AnyFacts, asset: Asset) -> str | None:
    """The one colour of a mask; None if it has both, or (which VP302 reports) none."""
    mask = facts.mask if _due(facts, asset) else None
    if mask is None or bool(mask.white) == bool(mask.black):
        return None
    return "white" if mask.white else "black"


@rule(
    codes.MASK_NOT_BINARY,
    Severity.ERROR,
    "U",
    fires="a pixel is neither pure white nor pure black (mask videos: 8 levels of tolerance)",
    fix="threshold: the lighter half becomes white, the rest black",
    why="White is edited and black is kept; anything between has no meaning to the service.",
)
def mask_not_binary(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """U: every pixel exactly white or exactly black."""
    if not _due(facts, asset):
        return None
    mask = facts.mask
    if mask is None:
        return rule.found("the mask's pixels could not be measured", allowed=_BOTH)
    if not mask.other:
        return None
    share = 100 * mask.other / mask.pixels if mask.pixels else 100.0
    percent = f"{share:.1f} %" if share >= 0.1 else "under 0.1 %"
    where = "" if mask.frames == 1 else f" over {mask.frames} frames, first in {mask.first_other}"
    return rule.found(
        f"{mask.other:,} pixels ({percent}) are neither pure white nor pure black{where}",
        measured=mask.other,
        allowed=0,
        unit="px",
    )


@rule(
    codes.MASK_EMPTY,
    Severity.ERROR,
    "J",
    fires="no pixel is white, in no frame: nothing would be edited",
    why="The task would cost its price and change nothing.",
)
def mask_empty(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """J: at least one white pixel in at least one frame."""
    if _only_colour(facts, asset) != "black":
        return None
    return rule.found(
        "no pixel is white, so there is nothing to edit", measured=0, allowed=1, unit="px"
    )


@rule(
    codes.MASK_FULL,
    Severity.WARNING,
    "J",
    fires="no pixel is black, in no frame: everything would be edited",
    why="Nothing of the video would be kept; often the mask is the wrong way round.",
)
def mask_full(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """J: at least one black pixel in at least one frame."""
    if _only_colour(facts, asset) != "white":
        return None
    return rule.found(
        "no pixel is black, so everything is edited", measured=0, allowed=1, unit="px"
    )


RULES: Final = rules_of(globals())
