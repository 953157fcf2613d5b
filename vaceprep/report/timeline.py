"""The timeline of a video that is split, as text: its parts, their cuts, masks and costs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from vaceprep.cost import Cost, total, usd
from vaceprep.report.escape import printable
from vaceprep.report.text import Style, wrapped
from vaceprep.runs.split_model import PartEntry, SplitEntry
from vaceprep.runs.used_parts import seconds

#: The most cuts whose times are printed.
MOST_CUTS: Final = 20
#: Lines of any length, without colours.
PLAIN: Final = Style()
#: Statuses of parts that are on their way without a fault.
_PLAIN: Final = ("planned", "downloaded", "sent")


def timeline_lines(split: SplitEntry, style: Style = PLAIN) -> Iterator[str]:
    """The lines of a split: one for the whole, one for each part."""
    yield from wrapped("", head_of(split), style, 4)
    times = [f"{seconds(part.start)} to {seconds(part.end)} s" for part in split.parts]
    widest = max(map(len, times), default=0)
    digits = len(str(len(split.parts)))
    for (part, before), time in zip(continued(split), times, strict=True):
        about = "; ".join(notes_of(part, before))
        cost = "" if part.cost is None else price_of(part.cost)
        yield f"    part {part.index:>{digits}}  {time:<{widest}}  {cost:>9}  {about}".rstrip()


def price_of(cost: Cost) -> str:
    """What a part is billed; the most that it can be if that is not known."""
    return usd(cost.most_usd if cost.usd is None else cost.usd)


def continued(split: SplitEntry) -> tuple[tuple[PartEntry, PartEntry | None], ...]:
    """Each part, and the part whose end it continues: None but in a chain of extensions."""
    before = (None, *split.parts[:-1]) if split.extended else (None,) * len(split.parts)
    return tuple(zip(split.parts, before, strict=True))


def head_of(split: SplitEntry) -> str:
    """The video, its parts, its cuts and the cost of all, in a sentence."""
    start, end = split.window
    cost = total(part.cost for part in split.parts)
    name = printable(os.path.basename(split.video))
    count = len(split.parts)
    price = "" if cost is None else f", {cost.text()} in all"
    if split.extended:
        return f"{name} is extended to {seconds(end)} s: {count} tasks{price}"
    return (
        f"{name}, {seconds(start)} to {seconds(end)} s: {count} parts{price}; "
        f"{cuts_text(split.cuts)}"
    )


def cuts_text(cuts: Sequence[Fraction]) -> str:
    """The times of the shot cuts."""
    if not cuts:
        return "no shot cut"
    named = ", ".join(f"{float(cut):.2f}" for cut in cuts[:MOST_CUTS])
    more = f" and {len(cuts) - MOST_CUTS:,} more" if len(cuts) > MOST_CUTS else ""
    return f"shot cut{'' if len(cuts) == 1 else 's'} at {named} s{more}"


def notes_of(part: PartEntry, before: PartEntry | None = None) -> Iterator[str]:
    """What is to be known of one part, a clause each. ``before``: the part that it continues."""
    if part.status not in _PLAIN:
        yield printable(part.status)
    if part.after_cut:
        yield "begins at a cut"
    if before is not None:
        yield f"continues the last {seconds(before.end - part.start)} s of part {before.index}"
    elif part.overlap:
        yield f"shares {seconds(part.overlap)} s with the part before"
    if part.mask:
        yield f"mask {printable(part.mask)}"
    if part.resumed:
        yield "sent before, and not again"
