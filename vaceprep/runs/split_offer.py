"""What ``--split`` would make of a job that uses one part of a long video: said before payment."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import Final

from vaceprep.contract import BILLED_BY_INPUT
from vaceprep.cost import INPUT, cost_of, total
from vaceprep.facts import VideoFacts
from vaceprep.limits import Limits
from vaceprep.plans.model import Options
from vaceprep.plans.parts import MAX_PARTS, OVERLAP
from vaceprep.preparation.report import Prepared
from vaceprep.runs.split_model import Offer

#: How the sentence of an offer begins: what is wished, and the option of the command.
WHOLE: Final = "to use all of it: "
SPLIT: Final = "--split"


def offer_of(
    function: str,
    planned: Sequence[Prepared],
    options: Options,
    limits: Limits,
    price: Fraction,
) -> Offer | None:
    """The parts and the cost of the whole video; None if the job uses what it asks for.

    They hold without shot cuts, which only decoding finds: a cut can take one part more, and
    saves the overlap.
    """
    entry = next((one for one in planned if one.role == INPUT), None)
    before = None if entry is None else entry.before
    whole = before.duration if isinstance(before, VideoFacts) else None
    if entry is None or whole is None or function not in BILLED_BY_INPUT:
        return None
    wanted = whole - (options.start or 0)
    if options.duration is not None:
        wanted = min(wanted, options.duration)
    room = limits.video_seconds
    if wanted <= room or entry.window is None or room <= OVERLAP:
        return None
    count = ceil((wanted - OVERLAP) / (room - OVERLAP))
    length = (wanted + (count - 1) * OVERLAP) / count
    cost = total([cost_of(function, length, price)] * count)
    return None if cost is None else Offer(count, cost)


def offer_text(offer: Offer) -> str:
    """The offer in a sentence."""
    more = "" if offer.parts <= MAX_PARTS else f" --max-parts {offer.parts + 1}"
    return (
        f"{WHOLE}{SPLIT}{more} makes {offer.parts} parts of it and joins their "
        f"results, for about {offer.cost.text()}"
    )
