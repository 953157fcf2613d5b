"""Predict the facts of an image after its plan. Pure."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

from vaceprep.contract import Role
from vaceprep.facts import ImageFacts, MaskFacts
from vaceprep.plans.model import ImageRecipe, Plan

MASK: Final[Role] = "mask_image_url"


def predict_image(plan: Plan, facts: ImageFacts) -> ImageFacts:
    """Return the facts of the plan's output; ``bytes`` is the maximum.

    If a file is so large that its first format does not fit, ``format`` and ``mode`` may turn out
    to be WEBP's or JPEG's. Which grey pixels of a mask become white is not known beforehand.
    """
    recipe = plan.recipe
    if not isinstance(recipe, ImageRecipe):
        return facts
    if recipe.pixels_kept:
        size = recipe.limit if facts.bytes is None else facts.bytes
        return replace(facts, bytes=size, frames=1, location=())
    width, height = (facts.width, facts.height) if recipe.size is None else recipe.size.canvas
    return replace(
        facts,
        format=recipe.format,
        bytes=recipe.limit,
        stored_width=width,
        stored_height=height,
        width=width,
        height=height,
        orientation=1,
        mode=recipe.mode,
        bit_depth=8,
        has_alpha=facts.has_alpha if recipe.mode == "RGBA" else False,
        icc_profile=None,
        srgb=True,
        frames=1,
        location=(),
        mask=_predicted_mask(facts, recipe, width * height) if plan.role == MASK else facts.mask,
    )


def _predicted_mask(facts: ImageFacts, recipe: ImageRecipe, pixels: int) -> MaskFacts:
    mask = facts.mask
    exact = mask is not None and not mask.other and recipe.flatten is None
    if mask is not None and exact and recipe.size is None:
        return mask
    share = Fraction(mask.white, max(mask.pixels, 1)) if mask is not None else Fraction(1, 2)
    white = min(max(round(share * pixels), 1), pixels)
    if pixels > 1 and not (exact and mask is not None and not mask.black):
        white = min(white, pixels - 1)
    return MaskFacts(pixels, white, pixels - white, 0, 1, None)
