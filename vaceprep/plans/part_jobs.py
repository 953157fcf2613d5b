"""The job of each part of a video: pure values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from vaceprep.contract import DEFAULT_MASK_TYPE, FIRST_MASK_FRAME
from vaceprep.plans.parts import CannotDivide, Part
from vaceprep.rules.draft import PART_MASKS
from vaceprep.wording import listed

MASK: Final = "mask_image_url"
MASK_FRAME: Final = "mask_frame_id"
SEED: Final = "seed"
#: Most parts without a mask that are named one by one.
NAMED: Final = 8


class Mask(NamedTuple):
    """A mask image, and the presented frame of the whole video it was drawn on, from 1."""

    frame: int
    image: str


def part_jobs(
    job: Mapping[str, Any], parts: Sequence[Part], *, seed: int
) -> tuple[dict[str, Any], ...]:
    """Return the job of each part: with its mask, and with ``seed`` where the job has none.

    ``mask_frame_id`` still counts the frames of the whole video, as ``prepare`` takes it with the
    window of the part. Raises CannotDivide where a part has no mask.
    """
    own = {key: value for key, value in job.items() if key != PART_MASKS}
    if own.get(SEED) is None:
        own[SEED] = seed
    masks = masks_of(job, parts)
    if masks is None:
        return tuple(dict(own) for _ in parts)
    return tuple(own | {MASK: mask.image, MASK_FRAME: mask.frame} for mask in masks)


def masks_of(job: Mapping[str, Any], parts: Sequence[Part]) -> tuple[Mask, ...] | None:
    """Return the mask of each part; None if all parts have the same, or a mask video, or none.

    Raises CannotDivide where a part has no mask, a mask no part, or a part two masks.
    """
    given = job.get(PART_MASKS) or ()
    masks = sorted(Mask(int(mask["frame"]), str(mask["image"])) for mask in given)
    if not masks:
        image = job.get(MASK)
        if not image or (job.get("mask_type") or DEFAULT_MASK_TYPE) == "fixed":
            return None
        masks = [Mask(job.get(MASK_FRAME) or FIRST_MASK_FRAME, str(image))]
    _check_frames(masks, parts)
    left = list(masks)
    found: list[Mask | None] = []
    for part in parts:
        mine = next((mask for mask in left if _lies_in(mask, part)), None)
        if mine is not None:
            left.remove(mine)
        else:
            # A frame that two parts share may have one mask for both.
            mine = next((mask for mask in masks if _lies_in(mask, part)), None)
        found.append(mine)
    if left:
        part = next(part for part in parts if _lies_in(left[0], part))
        raise CannotDivide(
            f"masks has two masks for part {part.index} ({_frames(part)}); the mask of frame "
            f"{left[0].frame} is one too many: leave it out"
        )
    without = [part for part, mask in zip(parts, found, strict=True) if mask is None]
    if without:
        raise CannotDivide(_missing(without))
    return tuple(mask for mask in found if mask is not None)


def _check_frames(masks: Sequence[Mask], parts: Sequence[Part]) -> None:
    """Raise CannotDivide for a mask of a frame that no part has."""
    low, high = parts[0].first + 1, parts[-1].last + 1
    for mask in masks:
        if not low <= mask.frame <= high:
            raise CannotDivide(
                f"a mask ({mask.image}) is for frame {mask.frame}, but the frames that are used "
                f"are {low} to {high}"
            )


def _lies_in(mask: Mask, part: Part) -> bool:
    return part.first < mask.frame <= part.last + 1


def _frames(part: Part) -> str:
    return f"frames {part.first + 1} to {part.last + 1}"


def _missing(parts: Sequence[Part]) -> str:
    """Return which parts have no mask, and what to write."""
    named = [f"part {part.index} ({_frames(part)})" for part in parts[:NAMED]]
    if len(parts) > NAMED:
        named.append(f"{len(parts) - NAMED} more parts")
    first = parts[0].first + 1
    return (
        f"{listed(named)} {'has' if len(parts) == 1 else 'have'} no mask: a tracking mask belongs "
        "to the part with its frame. Give each part a mask of any of its frames in masks, such as "
        f"masks: [{{frame: {first}, image: mask-{first}.png}}, ...], or one for all parts with "
        "mask_type: fixed"
    )
