"""``prepare --split``: the parts of each job's video, as jobs of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from vaceprep.checks.inputs import Item
from vaceprep.contract import PRICE_PER_SECOND
from vaceprep.parts.expanded import Expanded
from vaceprep.parts.split import PartJob, Split, Step, split
from vaceprep.plans.model import Edit, Options
from vaceprep.plans.part_jobs import MASK, MASK_FRAME
from vaceprep.plans.parts import CannotDivide, SplitOptions
from vaceprep.preparation.file import Work
from vaceprep.preparation.many import request
from vaceprep.preparation.report import Prepared, PreparedPart, PreparedSplit
from vaceprep.wording import decimal, listed

if TYPE_CHECKING:
    from vaceprep.config.model import Config

#: Most shot cuts that are named one by one.
NAMED: Final = 20


def expanded(
    items: Iterable[Item],
    options: SplitOptions,
    work: Work,
    fields: Mapping[str, Options],
    configured: Callable[[Item], Config | None] = lambda _: None,
    *,
    begun: Callable[[Item], None] = lambda _: None,
    step: Callable[[Fraction], None] = lambda share: None,
) -> tuple[Expanded, ...]:
    """Return each source with its parts. Raises CannotSplit for wrong usage.

    ``work``, ``fields`` and ``configured`` are as for ``prepare_items``; ``step`` is called with
    the share of the search for cuts that is done, after ``begun`` with the source.
    """

    def shared(share: float) -> None:
        step(Fraction(share).limit_denominator(1000))

    return tuple(
        _expanded(item, options, work, fields, configured(item), begun, shared) for item in items
    )


def _expanded(
    item: Item,
    options: SplitOptions,
    work: Work,
    fields: Mapping[str, Options],
    config: Config | None,
    begun: Callable[[Item], None],
    step: Step,
) -> Expanded:
    if item.kind != "job":
        return Expanded(item)
    begun(item)
    held, own = request(work, item, config, dict(fields))
    price = PRICE_PER_SECOND if config is None or config.price is None else config.price
    try:
        return Expanded(item, split(item, options, held.options, own, price=price, step=step))
    except CannotDivide as error:
        return Expanded(item, refused=error)


def head_of(found: Split, entries: Sequence[tuple[Prepared, ...]]) -> Prepared:
    """Return the entry of a job whose video is split."""
    jobs = [group[0] for group in entries]
    parts = tuple(_part(one, job) for one, job in zip(found.parts, jobs, strict=True))
    failed = [str(part.index) for part in parts if part.status == "failed"]
    error_text = None
    if failed:
        many = "parts" if len(failed) > 1 else "part"
        error_text = f"{many} {listed(failed)} cannot be prepared"
    return Prepared(
        found.item.source,
        None,
        None,
        "failed" if failed else "planned" if jobs[0].status == "planned" else "prepared",
        plan=edits_of(found),
        lossless=all(entry.lossless for group in entries for entry in group),
        error=error_text,
        split=PreparedSplit(found.cuts, parts, found.cost),
    )


def _part(one: PartJob, job: Prepared) -> PreparedPart:
    part = one.part
    return PreparedPart(
        part.index,
        part.start,
        part.end,
        (part.first + 1, part.last + 1),
        part.overlap,
        part.after_cut,
        mask_of(one),
        one.cost,
        job.output if job.ok else None,
        job.status,
    )


def mask_of(one: PartJob) -> str | None:
    """Return the mask of a part in a few words; None without one of its own."""
    values = one.item.job
    if not isinstance(values, dict) or not isinstance(values.get(MASK), str):
        return None
    name = os.path.basename(values[MASK])
    if values.get("mask_type") == "fixed":
        return f"{name} (fixed)"
    return f"{name} of frame {values[MASK_FRAME]}" if MASK_FRAME in values else name


def edits_of(found: Split) -> tuple[Edit, ...]:
    """Return the timeline of a split: a sentence about the whole, then one for each part."""
    return (
        Edit("split", ("video-duration",), _whole(found)),
        *(Edit(f"part {one.part.index}", (), _described(one)) for one in found.parts),
    )


def _whole(found: Split) -> str:
    """Return how many parts there are, where shots change, and what it costs."""
    start, end = found.window
    name = os.path.basename(found.video)
    texts = [f"{decimal(end - start)} s of {name} in {len(found.parts)} parts"]
    cuts = [decimal(cut) for cut in found.cuts]
    if len(cuts) > NAMED:
        cuts = [*cuts[:NAMED], f"{len(cuts) - NAMED} more times"]
    texts.append(f"shot cuts at {listed(cuts)} s" if cuts else "no shot cut")
    if found.cost is not None:
        texts.append(f"{found.cost.text()} in all")
    shared = sum((one.part.overlap for one in found.parts), Fraction(0))
    if shared:
        texts.append(f"{decimal(shared)} s of it are overlaps, which are made twice")
    return "; ".join(texts)


def _described(one: PartJob) -> str:
    """Return what a part has, and what it costs."""
    part = one.part
    texts = [
        f"{decimal(part.start)} to {decimal(part.end)} s, frames {part.first + 1} to "
        f"{part.last + 1}"
    ]
    if part.overlap:
        texts.append(f"the first {decimal(part.overlap)} s also in part {part.index - 1}")
    if part.after_cut:
        texts.append("after a shot cut")
    mask = mask_of(one)
    if mask is not None:
        texts.append(f"mask {mask}")
    if one.cost is not None:
        texts.append(one.cost.text())
    return "; ".join(texts)
