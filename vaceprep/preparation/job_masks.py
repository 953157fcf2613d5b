"""Prepare masks that must match their video; their plans depend on the whole job."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from vaceprep.errors import Refused
from vaceprep.facts import Facts, ImageFacts, Unreadable, VideoFacts
from vaceprep.files.atomic import placing
from vaceprep.files.digest import Identity, digest
from vaceprep.plans.job import Following, Placement, mask_image_plan, mask_video_plan
from vaceprep.plans.model import (
    CopyRecipe,
    Edit,
    EncodeRecipe,
    ImageRecipe,
    Options,
    Plan,
    unfixed,
)
from vaceprep.plans.predict import predict
from vaceprep.plans.video import CannotPlan
from vaceprep.preparation.cache import fingerprint, recall, remember
from vaceprep.preparation.decode_check import decoded
from vaceprep.preparation.file import Target, Work, carry_out, ending_of, window_kept
from vaceprep.preparation.image import encode
from vaceprep.preparation.read import Read
from vaceprep.preparation.report import Prepared
from vaceprep.preparation.source import Source, planned
from vaceprep.preparation.verify import verified
from vaceprep.rules.catalogue import Finding, Severity

if TYPE_CHECKING:
    from PIL.Image import Image

#: Pillow's names of the formats that prepare writes; no other decoder is tried.
ACCEPTED: Final = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
Carry = Callable[[Plan, str], None]
#: Whether the output matches the video; if not, the next plan is tried.
Suits = Callable[[Facts], bool]


class Ways(NamedTuple):
    """Plans for one file, least lossy first, and the functions that execute and accept them."""

    plans: Sequence[Plan]
    carry: Carry
    suits: Suits
    #: The parts of the fingerprint beside role and options.
    asked: Mapping[str, Any]


def mask_image(
    source: Source, where: Placement, target: Target, work: Work, known: Identity | None
) -> Prepared:
    """Fit a mask image to the scaling and padding of its video."""
    facts = source.facts
    if not isinstance(facts, ImageFacts):
        return _failed(source, source.findings)
    plan = mask_image_plan(facts, source.findings, where, work.options)

    def carry(plan: Plan, path: str) -> None:
        most = work.options.limits.image_bytes[0]
        data = encode.lossless(_placed(source, facts, plan, where), "png", most)
        with open(path, "wb") as file:
            file.write(data)

    def suits(made: Facts) -> bool:
        return (made.width, made.height) == where.canvas

    asked = {"placement": repr(where)}
    return _make(source, Ways([plan], carry, suits, asked), target, work, known)


def _placed(source: Source, facts: ImageFacts, plan: Plan, where: Placement) -> Image:
    """Return the mask in black and white, scaled by nearest neighbour, cropped, on black."""
    from PIL import Image as Pillow

    from vaceprep.preparation.image.render import make_image

    if not isinstance(plan.recipe, ImageRecipe):
        raise Refused("the plan of the mask makes no image")
    read = Read(source.item.source, source.opened, source.sniffed, facts)
    plain = replace(plan, recipe=replace(plan.recipe, size=None))
    (wide, high), (width, height) = where.fit.scaled, where.canvas
    with Pillow.open(BytesIO(make_image(read, plain)), formats=ACCEPTED) as opened:
        image = opened.convert("L").resize((wide, high), Pillow.Resampling.NEAREST)
    left, top = where.cut
    image = image.crop((left, top, left + min(wide, width), top + min(high, height)))
    canvas = Pillow.new("L", (width, height), 0)
    canvas.paste(image, where.pad)
    return canvas


def mask_video(
    source: Source, wish: Following, target: Target, work: Work, known: Identity | None
) -> Prepared:
    """Prepare a mask video that has exactly the frames of its video.

    Raises CannotPlan or Refused, as planning does.
    """
    facts = source.facts
    if not isinstance(facts, VideoFacts):
        return _failed(source, source.findings)
    plans = list(_mask_video_plans(source, facts, wish, work.options))

    def carry(plan: Plan, path: str) -> None:
        carry_out(source, plan, path, work.tell)

    def suits(made: Facts) -> bool:
        return isinstance(made, VideoFacts) and wish.met_by(made)

    asked = {"following": repr(wish)}
    return _make(source, Ways(plans, carry, suits, asked), target, work, known)


def _mask_video_plans(
    source: Source, facts: VideoFacts, wish: Following, options: Options
) -> Iterator[Plan]:
    """Yield a plan that copies packets where that gives these exact frames, then an encoding."""
    copied = planned(source, wish.copied(options))
    if not copied.possible:
        yield copied
        return
    if copied.recipe is None or isinstance(copied.recipe, CopyRecipe):
        after = predict(copied, facts)
        begins = copied.recipe.start if copied.recipe is not None else 0
        near = abs(begins - wish.start) * wish.rate < 1
        if near and isinstance(after, VideoFacts) and wish.met_by(after):
            yield mask_video_plan(copied, wish, facts)
    encoded = planned(source, wish.options(options))
    if isinstance(encoded.recipe, EncodeRecipe):
        yield mask_video_plan(encoded, wish, facts)


def _failed(source: Source, findings: Sequence[Finding]) -> Prepared:
    before = None if isinstance(source.facts, Unreadable) else source.facts
    return Prepared(
        source.item.source, None, source.role, "failed", before=before, remaining=tuple(findings)
    )


def _make(
    source: Source, ways: Ways, target: Target, work: Work, known: Identity | None
) -> Prepared:
    """Execute the plans until one output is accepted. The entry holds every error."""
    facts = source.facts
    if isinstance(facts, Unreadable) or not ways.plans:
        return _failed(source, source.findings)
    plan = ways.plans[0]
    if not plan.possible:
        return _failed(source, plan.remaining or source.findings)
    try:
        path = target(ending_of(plan, facts))
        entry = replace(
            _failed(source, plan.remaining),
            output=path,
            plan=plan.edits,
            lossless=plan.lossless,
            window=window_kept(plan, facts),
        )
        if work.dry_run:
            return replace(entry, status="planned", after=predict(plan, facts))
        wish = fingerprint({"role": source.role, **work.options.asked(), **ways.asked})
        again = None if work.force else recall(path, known, wish)
        if again is not None:
            return _reused(entry, again, work)
        return _written(source, ways, entry, work, known, wish)
    except (Refused, CannotPlan) as error:
        return replace(_failed(source, ()), error=str(error))


def _written(
    source: Source,
    ways: Ways,
    entry: Prepared,
    work: Work,
    known: Identity | None,
    wish: str,
) -> Prepared:
    path = entry.output or ""
    sources = work.sources or (source.item.source,)
    with placing(path, force=work.force, sources=sources, make_folder=True) as place:
        for plan in ways.plans:
            ways.carry(plan, place.path)
            name = os.path.basename(path)
            after, findings = verified(place.path, source.role, name, work.options.limits)
            grave = tuple(f for f in findings if f.severity is Severity.ERROR)
            if grave or not ways.suits(after):
                continue
            if isinstance(after, VideoFacts):
                after, findings = decoded(source, plan, place.path, (after, findings), work)
                grave = tuple(f for f in findings if f.severity is Severity.ERROR)
            if not grave:
                break
        else:
            error = None if grave else "what came out does not agree with the video"
            return replace(
                entry, output=None, status="failed", remaining=grave, plan=(), error=error
            )
        kept = None if known is None else digest(place.path)
        place.commit()
    entry = replace(
        entry,
        status="unchanged" if plan.empty else "prepared",
        plan=plan.edits,
        lossless=plan.lossless,
        after=after,
        remaining=tuple(findings),
        window=window_kept(plan, source.facts),
    )
    if known is not None:
        remember(path, known, wish, entry.to_dict(), kept)
    work.tell(Fraction(1))
    return entry


def _reused(entry: Prepared, again: Mapping[str, Any], work: Work) -> Prepared:
    """Return the entry of an existing output from its record."""
    path, role = entry.output or "", entry.role
    edits = tuple(Edit(e["edit"], tuple(e["reason"]), e["detail"]) for e in again.get("plan", ()))
    after, findings = entry.after, list(entry.remaining)
    if role is not None:
        name = os.path.basename(path)
        after, findings = verified(path, role, name, work.options.limits, deep=work.deep)
        if any(finding.severity is Severity.ERROR for finding in findings):
            left = tuple(findings)
            return replace(entry, output=None, status="failed", after=after, remaining=left)
    return replace(
        entry,
        status="unchanged" if again.get("status") == "unchanged" else "prepared",
        plan=edits,
        lossless=bool(again.get("lossless")),
        after=after,
        remaining=tuple(findings),
        reused=True,
    )


def misfit(source: Source, finding: Finding | None) -> Prepared:
    """Return the failed entry of a mask image whose shape differs from its video's (VP301)."""
    left = () if finding is None else (unfixed(finding, "its shape is another"),)
    return _failed(source, left)
