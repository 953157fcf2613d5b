"""Predict the output of a plan. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from vaceprep.contract import VIDEO_CODEC, Role
from vaceprep.facts import Facts, ImageFacts, MaskFacts, StreamFacts, VideoFacts
from vaceprep.plans.model import CopyRecipe, EncodeRecipe, ImageRecipe, Plan, VideoRecipe
from vaceprep.records import replace

#: Audio codecs that MP4 carries unchanged; any other is converted to AAC.
CARRIED_SOUND: Final = frozenset(["aac", "mp3", "ac3", "eac3", "opus", "alac", "flac", "mp2"])
#: FFmpeg's MP4 writer doubles a track's timescale until it is at least this.
FINEST: Final = 10_000
MASK: Final[Role] = "mask_image_url"


def timescale(ticks: int) -> int:
    """Return the timescale that FFmpeg's MP4 writer gives a track of so many ticks a second."""
    while ticks < FINEST:
        ticks *= 2
    return ticks


def predict(plan: Plan, facts: Facts) -> Facts:
    """Return the facts of the plan's output.

    ``bytes`` is the maximum. The pixels of a thresholded mask are not known beforehand: its counts
    are given as if both colours occurred.
    """
    if isinstance(facts, ImageFacts):
        return predict_image(plan, facts)
    recipe = plan.recipe
    if isinstance(recipe, CopyRecipe):
        return _packed(facts, recipe)
    if isinstance(recipe, EncodeRecipe):
        return _encoded(_packed(facts, recipe), recipe)
    return facts


def _sound(facts: VideoFacts, recipe: VideoRecipe, length: Fraction) -> StreamFacts | None:
    track = next((s for s in facts.streams if s.kind == "audio"), None)
    if not recipe.keep_audio or track is None:
        return None
    codec = track.codec if track.codec in CARRIED_SOUND else "aac"
    end = length if track.duration is None else min(track.duration, length)
    return StreamFacts("audio", codec, end)


def _packed(facts: VideoFacts, recipe: VideoRecipe) -> VideoFacts:
    """Return the facts of any new MP4."""
    length, frames, rate = recipe.length, recipe.frames, recipe.rate
    sound = _sound(facts, recipe, length)
    step = 1 / rate if rate is not None and frames > 1 else None
    even = rate is not None
    return replace(
        facts,
        container="mp4",
        major_brand="iso4",
        bytes=recipe.limit,
        fragmented=False,
        index_first=True,
        truncation=None,
        overrun=None,
        unshown=None,
        packets_are_frames=True,
        duration=length,
        frames=frames,
        fps=rate or frames / length,
        rounding_tick=None if even else facts.rounding_tick,
        constant_rate=(frames > 1 or None) if even else facts.constant_rate,
        min_interval=step if even else facts.min_interval,
        max_interval=step if even else facts.max_interval,
        edit_list=True,
        edit_effect=None,
        streams=() if sound is None else (sound,),
        container_duration=length,
        location=(),
        declared_duration=length,
        header_tick=Fraction(1, timescale(rate.numerator)) if rate is not None else None,
        declared_frames=frames,
        decoded=None,
    )


def _encoded(facts: VideoFacts, recipe: EncodeRecipe) -> VideoFacts:
    """Return the facts after encoding: an upright picture that every reader shows the same."""
    from vaceprep.plans.encode import tags

    width, height = recipe.size.canvas
    mask = facts.mask
    if recipe.threshold and mask is not None and mask.other:
        white = max(mask.white, 1)
        mask = MaskFacts(mask.pixels, white, max(mask.pixels - white, 1), 0, mask.frames, None)
    colours = tags(facts, tone_mapped=recipe.tone_map)
    return replace(
        facts,
        codec=VIDEO_CODEC,
        profile="High",
        pixel_format="yuv420p",
        bit_depth=8,
        stored_width=width,
        stored_height=height,
        width=width,
        height=height,
        crop=None,
        rotation=0,
        mirrored=False,
        sample_aspect_ratio=Fraction(1),
        interlaced=False,
        color_range="tv",
        color_transfer=colours.transfer,
        color_primaries=colours.primaries,
        color_matrix=colours.matrix,
        mask=mask,
    )


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
