"""Prepare masks that must match their video; their plans depend on the whole job."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Final

from vaceprep.errors import Refused
from vaceprep.facts import Facts, ImageFacts, VideoFacts
from vaceprep.files.atomic import Placing
from vaceprep.files.digest import Identity
from vaceprep.plans.job import Following, Placement, mask_image_plan, mask_video_plan
from vaceprep.plans.model import (
    CopyRecipe,
    EncodeRecipe,
    ImageRecipe,
    Options,
    Plan,
    errors,
    unfixed,
)
from vaceprep.plans.predict import predict
from vaceprep.plans.video import CannotPlan
from vaceprep.preparation.file import Making, Target, Work, carry_out, failed
from vaceprep.preparation.image import encode
from vaceprep.preparation.read import Read, Source, planned
from vaceprep.preparation.report import Prepared
from vaceprep.preparation.verify import decoded, verified
from vaceprep.rules.catalogue import Finding

if TYPE_CHECKING:
    from PIL.Image import Image

#: Pillow's names of the formats that prepare writes; no other decoder is tried.
ACCEPTED: Final = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")


def mask_image(
    source: Source, where: Placement, target: Target, work: Work, known: Identity | None
) -> Prepared:
    """Fit a mask image to the scaling and padding of its video."""
    facts = source.facts
    if not isinstance(facts, ImageFacts):
        return failed(source, source.findings)
    plan = mask_image_plan(facts, source.findings, where, work.options)

    def carry(plan: Plan, path: str) -> None:
        most = work.options.limits.image_bytes[0]
        data = encode.lossless(_placed(source, facts, plan, where), "png", most)
        with open(path, "wb") as file:
            file.write(data)

    def suits(made: Facts) -> bool:
        return (made.width, made.height) == where.canvas

    making = Making(source, target, work, known, where.identity)
    return _make(making, [plan], carry, suits)


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
        near = Pillow.Resampling.NEAREST
        image = opened.convert("L").resize((wide, high), near, where.box)
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
        return failed(source, source.findings)
    plans = list(_mask_video_plans(source, facts, wish, work.options))

    def carry(plan: Plan, path: str) -> None:
        carry_out(source, plan, path, work.on_progress)

    def suits(made: Facts) -> bool:
        return isinstance(made, VideoFacts) and wish.met_by(made)

    also = {"following": repr(wish)}
    if source.barred is not None:
        also["crop"] = repr(facts.crop)
    making = Making(source, target, work, known, also)
    return _make(making, plans, carry, suits)


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


class _Mismatch(Refused):
    """No output matches the video."""


def _make(
    making: Making,
    plans: Sequence[Plan],
    carry: Callable[[Plan, str], None],
    suits: Callable[[Facts], bool],
) -> Prepared:
    """Execute the plans, least lossy first, until one output suits the video.

    The entry holds every error.
    """
    source, work = making.source, making.work
    if not plans:
        return failed(source, source.findings)

    def write(place: Placing) -> tuple[Plan, Facts, list[Finding]]:
        for plan in plans:
            carry(plan, place.path)
            name = os.path.basename(place.target)
            after, findings = verified(place.path, source.role, name, work.options.limits)
            good = not errors(findings) and suits(after)
            if good and isinstance(after, VideoFacts):
                after, findings = decoded(source, plan, place.path, (after, findings), work)
            if good and not errors(findings):
                break
        if not good and not errors(findings):
            raise _Mismatch("what came out does not agree with the video")
        return plan, after, findings

    def make(entry: Prepared) -> Prepared:
        try:
            made = making.written(entry, write, with_window=False)
        except _Mismatch as error:
            made = replace(entry, output=None, remaining=(), error=str(error))
        if not made.ok:
            return replace(made, plan=())
        work.on_progress(Fraction(1))
        return made

    try:
        return making.carried_out(plans[0], make)
    except (Refused, CannotPlan) as error:
        return replace(failed(source), error=str(error))


def misfit(source: Source, finding: Finding | None) -> Prepared:
    """Return the failed entry of a mask image whose shape differs from its video's (VP301)."""
    left = () if finding is None else (unfixed(finding, "its shape is another"),)
    return failed(source, left)
