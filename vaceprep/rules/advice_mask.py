"""VP610 and VP611: what the model makes of a mask that is accepted. Both advice."""

from __future__ import annotations

from typing import Final

from vaceprep.contract_advice import FLICKER_FRAMES, LEAST_WHITE, MOST_SPECKS
from vaceprep.facts import ImageFacts, VideoFacts
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, rule, rules_of

ADVICE: Final = Severity.ADVICE


@rule(
    codes.MASK_FLICKER,
    ADVICE,
    "G",
    fires="a mask video changes, and changes back, within 4 frames (after decoding)",
    why="The model reads a mask at every fourth frame, so it loses shorter changes or takes them "
    "for longer ones. Let the mask change smoothly.",
    subject="mask",
)
def mask_flicker(rule: Rule, facts: ImageFacts | VideoFacts, _: Asset) -> Finding | None:
    shape = facts.mask.shape if facts.mask else None
    if shape is None or shape.flicker is None:
        return None
    return rule.found(
        f"the mask changes and, in frame {shape.flicker}, changes back within {FLICKER_FRAMES} "
        "frames; let it change smoothly",
        measured=shape.flicker,
        unit="frame",
    )


@rule(
    codes.MASK_SPECKLE,
    ADVICE,
    "G R",
    fires="over 20 tiny islands or holes are in the mask, or under 1 % of it is white",
    fix="close holes and remove islands, only where asked (mask fix --clean)",
    why="The model scales a mask down, and tiny parts become noise at the edge of what is edited. "
    "Clean the mask with vaceprep mask fix --clean, or draw the area larger.",
    subject="mask",
)
def mask_speckle(rule: Rule, facts: ImageFacts | VideoFacts, _: Asset) -> Finding | None:
    mask = facts.mask
    if mask is None:
        return None
    parts = mask.shape.islands + mask.shape.holes if mask.shape else 0
    if mask.shape and parts > MOST_SPECKS:
        return rule.found(
            f"the mask has {mask.shape.islands} tiny islands and {mask.shape.holes} tiny holes",
            measured=parts,
            allowed=MOST_SPECKS,
            unit="parts",
        )
    if mask.white and mask.white < LEAST_WHITE * mask.pixels:
        share = 100 * mask.white / mask.pixels
        return rule.found(
            f"only {max(share, 0.01):.2f} % of the mask is white; draw the area larger",
            measured=round(share / 100, 6),
            allowed=float(LEAST_WHITE),
            unit="of the picture",
            fix="",
        )
    return None


RULES: Final = rules_of(globals())
