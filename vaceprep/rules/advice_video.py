"""VP601 to VP603: what the model makes of a video that is accepted. All advice."""

from __future__ import annotations

from typing import Final

from vaceprep.contract_advice import BAR_SHARE
from vaceprep.facts import LookFacts, VideoFacts
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, rule, rules_of
from vaceprep.wording import listed

ADVICE: Final = Severity.ADVICE
#: Cuts that a message names; the others are counted.
NAMED: Final = 5
_SIDES: Final = ("left", "top", "right", "bottom")


def _look(facts: VideoFacts, asset: Asset) -> LookFacts | None:
    """What the frames look like; None where nothing was decoded, and of a mask."""
    return None if asset.role == "mask_video_url" else facts.look


@rule(
    codes.SHOT_CHANGE,
    ADVICE,
    "J R",
    fires="a hard cut is inside a clip (after decoding)",
    why="Tracking and repainting break at a cut, for the model takes the clip as one shot. "
    "Choose a stretch without a cut (--start, --duration).",
    subject="video",
)
def shot_change(rule: Rule, facts: VideoFacts, asset: Asset) -> Finding | None:
    look = _look(facts, asset)
    if look is None or not look.cuts:
        return None
    times = [f"{float(at):.2f} s" for at in look.cuts]
    more = len(times) - NAMED
    named = listed([*times[:NAMED], f"{more} more"]) if more > 0 else listed(times)
    return rule.found(
        f"another shot begins at {named}; choose a stretch without a cut",
        measured=len(times),
        allowed=0,
        unit="cuts",
    )


@rule(
    codes.VIDEO_STILL,
    ADVICE,
    "J",
    fires="nothing moves, or every frame is one flat colour (after decoding)",
    why="The model follows motion, and there is none that it could follow. "
    "Choose a stretch in which something moves, or send the picture as an image.",
    subject="video",
)
def video_still(rule: Rule, facts: VideoFacts, asset: Asset) -> Finding | None:
    look = _look(facts, asset)
    if look is None:
        return None
    if look.flat:
        return rule.found("every frame is one flat colour; there is nothing to work on")
    if look.still:
        return rule.found("nothing moves in it; choose a stretch in which something does")
    return None


@rule(
    codes.BLACK_BARS,
    ADVICE,
    "J",
    fires="black bars stay at a border through the whole clip (after decoding)",
    fix="crop them, only where asked (--crop-bars)",
    why="The model takes bars as part of the scene, and they take pixels from the picture. "
    "Crop them with prepare --crop-bars.",
    subject="video",
)
def black_bars(rule: Rule, facts: VideoFacts, asset: Asset) -> Finding | None:
    look = _look(facts, asset)
    if look is None or not any(look.bars):
        return None
    sides = [
        f"{float(100 * bar):.0f} % at the {side}"
        for side, bar in zip(_SIDES, look.bars, strict=True)
        if bar
    ]
    return rule.found(
        f"black bars take {listed(sides)} of the picture in every frame",
        measured=float(max(look.bars)),
        allowed=float(BAR_SHARE),
        unit="of the side",
    )


RULES: Final = rules_of(globals())
