"""Resolve the dependencies between the media of one job: masks, frames, clips and a guide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from vaceprep.contract import EXTENSION_FIELDS, FIRST_MASK_FRAME
from vaceprep.facts import ImageFacts, VideoFacts
from vaceprep.plans.bars import Unbarred, unbarred
from vaceprep.plans.frames import base_rate
from vaceprep.plans.image import agrees
from vaceprep.plans.job import (
    CONFORMED,
    Even,
    Placement,
    even_times,
    following,
    lost_frame,
    new_frame,
    placement,
    shares,
    size_of,
)
from vaceprep.plans.model import CopyRecipe, EncodeRecipe, Options, Plan
from vaceprep.plans.predict import predict
from vaceprep.plans.size import even_size
from vaceprep.plans.wording import px
from vaceprep.preparation import job_masks
from vaceprep.preparation.job_assets import Assets, Maker, Piece
from vaceprep.preparation.read import with_crop
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.draft import Draft
from vaceprep.rules.job_media import Together, judge_together
from vaceprep.wording import decimal

MASK_FRAME: Final = "mask_frame_id"
CLIPS: Final = ("first_clip_url", "last_clip_url")
DISAGREE: Final = dict.fromkeys(CONFORMED, "inputs-disagree")


class Stop(Exception):
    """The job cannot become valid, however its media are prepared.

    The message is a sentence, empty where ``findings`` are sufficient.
    """

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


def make_all(draft: Draft, assets: Assets, maker: Maker, options: Options) -> int | None:
    """Prepare every piece in order of dependency.

    Returns the new ``mask_frame_id`` if it changes. Raises Stop, before anything is written where
    the plans suffice to decide.
    """
    frame: int | None = None
    if draft.function == "video_edit":
        frame = _edit(draft, assets, maker)
    elif draft.function == "video_extension":
        _extension(draft, assets, maker, options)
    for piece in assets.pieces:
        maker.make(piece)
    return frame


def _found(draft: Draft, assets: Assets, code: str) -> list[Finding]:
    """Return the findings of one rule on the media as given."""
    return [f for f in judge_together(Together(draft, assets.facts())) if f.code == code]


# --- a video and its mask ------------------------------------------------------------------


def _edit(draft: Draft, assets: Assets, maker: Maker) -> int | None:
    video = assets.of("video_url")
    image, moving = assets.of("mask_image_url"), assets.of("mask_video_url")
    if video is None:
        return None
    plan, facts = video.plan(), video.video
    if plan is not None and facts is not None:
        _stops_of_urls(assets, video, plan, facts)
        if draft.has("mask_image_url"):
            # Check before writing: a mask of a frame that is cut away cannot be fixed.
            _frame_after(draft, video, plan)
    maker.make(video)
    after, done = video.after, video.done_plan()
    if facts is None or not isinstance(after, VideoFacts) or done is None:
        for mask in filter(None, (image, moving)):
            maker.refuse(mask, "it follows video_url, which cannot be prepared")
        return None
    if image is not None:
        _image(draft, assets, maker, image, _placement(video, image, done, facts))
    if moving is not None and moving.video is not None:
        _crop_bars(video, moving, size_of(after))
        wish = following(facts, done, after, moving.video, moving.options.start)
        if wish is not None:
            maker.follow(moving, job_masks.mask_video, wish)
    return _frame_after(draft, video, done) if draft.has("mask_image_url") else None


def _bars(video: Piece) -> Unbarred | None:
    """Return what ``--crop-bars`` crops of a video; None without bars."""
    source, facts = video.source, video.video
    if source is None or source.barred is None or facts is None:
        return None
    return unbarred(source.barred, facts)


def _stops_of_urls(assets: Assets, video: Piece, plan: Plan, facts: VideoFacts) -> None:
    """Raise Stop where a mask is a URL and its video changes: the mask cannot be adapted."""
    bars, after = _bars(video), predict(plan, facts)
    before = size_of(facts) if bars is None else bars.whole
    how = "it cannot follow; download it and name the file"
    if "/mask_image_url" in assets.urls and placement(plan, facts).changes(before):
        known = assets.urls["/mask_image_url"].before
        if known is None or size_of(known) != size_of(after):
            text = f"video_url goes from {px(before)} to {px(size_of(after))}"
            raise Stop(f"mask_image_url is a URL, and {text}: {how}")
    if "/mask_video_url" in assets.urls and isinstance(after, VideoFacts):
        recipe = plan.recipe
        begins = recipe.start if isinstance(recipe, CopyRecipe | EncodeRecipe) else Fraction(0)
        known = assets.urls["/mask_video_url"].before
        fits = known is not None and size_of(known) == size_of(after)
        same = (size_of(after) == before or fits) and after.frames == facts.frames
        if begins or not same or base_rate(after) != base_rate(facts):
            raise Stop(f"mask_video_url is a URL, and video_url gets other frames: {how}")


def _placement(video: Piece, mask: Piece, plan: Plan, facts: VideoFacts) -> Placement:
    """Return where the video's picture is in its output, for a mask image of that size."""
    where, bars = placement(plan, facts), _bars(video)
    if bars is None or mask.facts is None:
        return where
    size = size_of(mask.facts)
    if not bars.includes_bars(size, where.canvas):
        return where
    return replace(where, size=bars.whole, box=bars.box(size))


def _crop_bars(video: Piece, mask: Piece, canvas: tuple[int, int]) -> None:
    """Crop the bars of a video from its mask video too, unless it was drawn without them."""
    bars, facts = _bars(video), mask.video
    if bars is None or facts is None or mask.source is None or mask.entry is not None:
        return
    if bars.includes_bars(size_of(facts), canvas):
        mask.source = with_crop(mask.source, bars.bars_of(facts), mask.options)


def _image(draft: Draft, assets: Assets, maker: Maker, mask: Piece, where: Placement) -> None:
    """Apply the cropping, scaling and padding of the video to its mask image."""
    facts = mask.facts
    if not isinstance(facts, ImageFacts) or not where.changes(size_of(facts)):
        maker.make(mask)
    elif where.follows(size_of(facts)):
        maker.follow(mask, job_masks.mask_image, where)
    elif size_of(facts) == where.canvas:
        # The mask was drawn on the prepared video.
        maker.make(mask)
    else:
        found = _found(draft, assets, codes.MASK_DIMENSIONS)
        maker.refuse(mask, "", found[0] if found else None)


def _times(piece: Piece, facts: VideoFacts) -> Sequence[Fraction]:
    """Return the presentation time of each frame of a video."""
    even = even_times(facts)
    if even is not None or piece.source is None:
        return even or ()
    from vaceprep.probes.samples import survey

    source = piece.source
    length = facts.duration or Fraction(0)
    samples = survey(source.opened, source.sniffed, facts, Fraction(0), length)
    if samples.obstacle is None and len(samples.times) == facts.frames:
        return sorted(samples.times)
    # Without timestamps, frames are counted as the encoder counts them.
    return Even(1 / facts.fps, facts.frames) if facts.fps and facts.frames else ()


def _frame_after(draft: Draft, video: Piece, plan: Plan) -> int | None:
    """Return the new ``mask_frame_id``; None if unchanged. Raises Stop if its frame is cut away."""
    facts, recipe = video.video, plan.recipe
    given = draft.has(MASK_FRAME)
    number = draft.values.get(MASK_FRAME, FIRST_MASK_FRAME)
    if facts is None or not isinstance(recipe, CopyRecipe | EncodeRecipe):
        return None
    if not isinstance(number, int):
        return None
    times = _times(video, facts)
    if not times:
        return None
    frame = new_frame(number, times, recipe)
    if frame is None and video.options.fit_model:
        # Half of the frames of 30 FPS have no place, so the mask goes to the frame at its time.
        frame = new_frame(number, times, recipe, or_nearest=True)
    if frame is None and draft.values.get("mask_type") == "fixed" and 1 <= number <= len(times):
        # A fixed mask is the same in every frame, so any frame is valid.
        frame = FIRST_MASK_FRAME
    if frame is None:
        raise Stop(lost_frame(number, times, recipe, given=given))
    return frame if frame != number else None


# --- frames, clips and a guide -------------------------------------------------------------


def _extension(draft: Draft, assets: Assets, maker: Maker, options: Options) -> None:
    present = [p for name in EXTENSION_FIELDS if (p := assets.of(name)) is not None]
    guide = assets.of("video_url")
    _share(draft, assets)
    if not present or (options.only_errors and guide is None):
        # Differences between frames and clips are only a warning.
        return
    lead, *rest = present
    followers = [*rest, *([guide] if guide is not None else [])]
    plan, facts = lead.plan(), lead.facts
    if plan is not None and facts is not None:
        size = size_of(predict(plan, facts))
        if even_size(size) != size and any(_cannot_be(size, p) for p in followers):
            # 4:2:0 video has no odd side, so the image that it follows is made even.
            lead.options = replace(lead.options, size=even_size(size), fit_720p=False)
            lead.rules |= DISAGREE
    maker.make(lead)
    after = lead.after
    for piece in followers:
        if after is None:
            maker.refuse(piece, f"it follows {lead.role}, which cannot be prepared")
            continue
        options = replace(piece.options, size=size_of(after), fit_720p=False, fit_model=False)
        if lead.options.fit_model and _alike(lead, piece):
            # What is cropped of the first is cropped of all.
            options = replace(options, shape="crop")
        if isinstance(after, VideoFacts) and piece.video is not None:
            options = replace(options, rate=base_rate(after) or after.fps)
        maker.make(piece, options, DISAGREE)


def _alike(one: Piece, other: Piece) -> bool:
    """Whether two media have the same shape."""
    first, second = one.facts, other.facts
    return first is not None and second is not None and agrees(size_of(second), size_of(first))


def _cannot_be(size: tuple[int, int], piece: Piece) -> bool:
    """Whether a video's own plan gives another size, or there is no plan."""
    plan, facts = piece.plan(), piece.video
    if facts is None:
        return False
    return plan is None or size_of(predict(plan, facts)) != size


def _share(draft: Draft, assets: Assets) -> None:
    """Set the share of the limit of both clips. Raises Stop where the user asks for more."""
    first, last = assets.of("first_clip_url"), assets.of("last_clip_url")
    if first is None or last is None:
        return
    lengths = _available(first), _available(last)
    if lengths[0] is None or lengths[1] is None:
        return
    requested = first.options.duration, last.options.duration
    most = draft.limits.clips_seconds
    found = shares((lengths[0], lengths[1]), requested, most)
    if found is None:
        findings = _found(draft, assets, codes.CLIPS_TOGETHER)
        raise Stop(f"--duration asks for clips of over {decimal(most)} s together", findings)
    for piece, share, own, there in zip((first, last), found, requested, lengths, strict=True):
        # Set it even where it cuts nothing, so that another frame rate cannot round the length up.
        piece.options = replace(piece.options, duration=share)
        if own is None:
            piece.rules["--duration"] = "--start" if share == there else "clips-together"


def _available(clip: Piece) -> Fraction | None:
    """Return the seconds that a clip alone could keep; None where unknown."""
    facts, options = clip.video, clip.options
    if facts is None or facts.duration is None:
        return None
    left = facts.duration - (options.start or 0)
    if left <= 0:
        return None
    most = options.limits.clip_seconds
    return min(left, most, options.duration or most)
