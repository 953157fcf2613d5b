"""Plan what one job's media require of each other: clip lengths, sizes, frames, masks. Pure.

All times are seconds from the first frame shown, sizes displayed pixels.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor
from typing import Final, overload

from vaceprep.contract import Role
from vaceprep.facts import ImageFacts, VideoFacts
from vaceprep.limits import CONTRACT
from vaceprep.plans import wording
from vaceprep.plans.encode import BARS
from vaceprep.plans.frames import base_rate, slot
from vaceprep.plans.image import agrees, plan_image, size_edits
from vaceprep.plans.model import BLACK, CopyRecipe, Edit, EncodeRecipe, ImageRecipe, Options, Plan
from vaceprep.plans.size import Fit
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding

Size = tuple[int, int]
#: Reasons for edits that a job's options ask for.
CONFORMED: Final = ("size", "rate", "frames")
#: Edits that only another size needs.
SIZE_EDITS: Final = frozenset(["scale", "pad", "crop"])


class Even(Sequence[Fraction]):
    """The times of evenly spaced frames, without a list of them."""

    def __init__(self, step: Fraction, count: int) -> None:
        self._step, self._count = step, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> Fraction: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Fraction]: ...

    def __getitem__(self, at: int | slice) -> Fraction | Sequence[Fraction]:
        if isinstance(at, slice):
            return [i * self._step for i in range(*at.indices(self._count))]
        if not 0 <= at < self._count:
            raise IndexError(at)
        return at * self._step


def even_times(facts: VideoFacts) -> Even | None:
    """Return the times of evenly spaced frames; None if the spacing is uneven."""
    rate = base_rate(facts) if facts.constant_rate else None
    return None if rate is None or not facts.frames else Even(1 / rate, facts.frames)


def nearest(times: Sequence[Fraction] | Sequence[int], instant: Fraction) -> int:
    """Return the index of the time nearest to an instant; ``times`` are in order."""
    after = bisect_left(times, instant)
    if after == len(times):
        return max(after - 1, 0)
    if after and instant - times[after - 1] <= times[after] - instant:
        return after - 1
    return after


def new_frame(
    number: int,
    times: Sequence[Fraction],
    recipe: CopyRecipe | EncodeRecipe | None,
    *,
    or_nearest: bool = False,
) -> int | None:
    """Return the first frame of the output that shows the source's frame; both from 1.

    ``times`` are those of the source's frames, in order. None if no frame shows it; with
    ``or_nearest`` the output's frame at its time instead, and None only outside the kept part.
    """
    index = number - 1
    if index >= len(times) or recipe is None:
        return None if index >= len(times) else number
    first = nearest(times, recipe.start)
    if index < first:
        return None
    if isinstance(recipe, CopyRecipe):
        place = index - first
    else:
        since = times[index] - times[first]
        place = slot(since, recipe.rate)
        if or_nearest:
            return min(place, recipe.frames - 1) + 1 if since < recipe.length else None
        following = index + 1
        if following < len(times) and slot(times[following] - times[first], recipe.rate) == place:
            # Of two frames in one slot the later one is shown.
            return None
    return place + 1 if place < recipe.frames else None


def lost_frame(
    number: int, times: Sequence[Fraction], recipe: CopyRecipe | EncodeRecipe, *, given: bool
) -> str:
    """Return why a mask's frame is not in the output, and how to keep it, as a sentence.

    ``given`` is True if the job sets the number, False if it is the first by default.
    """
    frame = f"mask_frame_id is {number}" if given else f"the mask belongs to frame {number}"
    if number > len(times):
        return f"{frame}, but the video has {len(times)} frames"
    first = nearest(times, recipe.start)
    if isinstance(recipe, CopyRecipe):
        last = min(first + recipe.frames, len(times))
    else:
        end = times[first] + recipe.length
        last = max(bisect_left(times, end), first + 1)
    if first < number <= last:
        return f"{frame}, which has no place at {float(recipe.rate or 0):g} frames a second"
    # Round down: then the frame shown at that time is this one or the one before.
    start = float(Fraction(floor(times[number - 1] * 1000), 1000))
    return (
        f"{frame}, but only frames {first + 1} to {last} of {len(times)} are kept; set "
        "mask_frame_id to the frame of the whole video that the mask was painted on (the first "
        f"one kept is {first + 1}), or use --start {start:g} to keep frame {number}"
    )


# --- clips ---------------------------------------------------------------------------------


def shares(
    lengths: tuple[Fraction, Fraction],
    requested: tuple[Fraction | None, Fraction | None] = (None, None),
    whole: Fraction = CONTRACT.clips_seconds,
) -> tuple[Fraction, Fraction] | None:
    """Return the longest lengths of the first and last clip, together at most ``whole`` (3 s).

    ``lengths`` are the available lengths, ``requested`` the requested ones. The shorter clip stays
    whole up to half, the other gets the rest. None if the request is too long.
    """
    a, b = lengths
    if a + b <= whole:
        return lengths
    if requested[0] is not None and requested[1] is not None:
        return None
    if requested[0] is not None:
        return (a, whole - a) if a < whole else None
    if requested[1] is not None:
        return (whole - b, b) if b < whole else None
    short = min(a, b, whole / 2)
    return (short, whole - short) if a <= b else (whole - short, short)


# --- sizes ---------------------------------------------------------------------------------


def size_of(facts: VideoFacts | ImageFacts) -> Size:
    """Return the displayed size."""
    return facts.width, facts.height


def with_slugs(edits: Iterable[Edit], rules: Mapping[str, str]) -> tuple[Edit, ...]:
    """Return the same edits with each option given as a reason replaced by its rule's slug."""

    def named(edit: Edit) -> Edit:
        reasons = [rules.get(reason, reason) for reason in edit.reason]
        if edit.edit in SIZE_EDITS and reasons == ["re-encode"]:
            reasons = [rules.get("size", "re-encode")]
        return replace(edit, reason=tuple(dict.fromkeys(reasons)))

    return tuple(map(named, edits))


# --- masks ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placement:
    """Position of a video's whole picture in its output; its mask gets the same."""

    #: The video's original size.
    size: Size
    fit: Fit
    #: Left and top edge of the crop from the scaled picture.
    cut: Size = (0, 0)
    #: Left and top edge of the picture on the canvas.
    pad: Size = (0, 0)
    #: The rectangle of the mask that is kept, in its pixels: its video's black bars are cropped.
    box: tuple[float, float, float, float] | None = field(default=None, repr=False)

    @property
    def canvas(self) -> Size:
        """Return the output's size."""
        return self.fit.canvas

    def follows(self, mask: Size) -> bool:
        """Return whether a mask of that size has the shape of the video."""
        return agrees(mask, self.size)

    def changes(self, mask: Size) -> bool:
        """Return whether a mask of that size has to be changed to fit the canvas."""
        return self.box is not None or self.fit != Fit(mask, mask)

    @property
    def identity(self) -> dict[str, str]:
        """Return what distinguishes the output of a mask image from that of another placement."""
        box = {} if self.box is None else {"box": repr(self.box)}
        return {"placement": repr(self), **box}


def placement(plan: Plan, facts: VideoFacts) -> Placement:
    """Return the position of the picture in a video's plan."""
    size, recipe = size_of(facts), plan.recipe
    if not isinstance(recipe, EncodeRecipe):
        return Placement(size, Fit(size, size))
    fit = recipe.size
    (wide, high), (width, height) = fit.scaled, fit.canvas
    # The picture is cropped before it is mirrored and rotated, so round in the original direction.
    over = max(wide - width, 0), max(high - height, 0)
    turned = recipe.rotation in (90, 270)
    lying = (over[1], over[0]) if turned else over
    near = [(side // 2) & ~_chroma(facts, axis) for axis, side in enumerate(lying)]
    far = [side - edge for side, edge in zip(lying, near, strict=True)]
    left, top, right, bottom = near[0], near[1], far[0], far[1]
    if recipe.mirrored:
        left, right = right, left
    for _ in range(recipe.rotation // 90):
        # A quarter turn clockwise moves the lower edge to the left.
        left, top, right, bottom = bottom, left, top, right
    # FFmpeg's pad filter rounds to whole chroma samples, which are two wide and two high.
    pad = max(width - wide, 0) // 2 & ~1, max(height - high, 0) // 2 & ~1
    return Placement(size, fit, (left, top), pad)


def _chroma(facts: VideoFacts, axis: int) -> int:
    """Return 1 if FFmpeg's crop filter rounds to every other column (0) or row (1)."""
    name = facts.pixel_format or ""
    halved = "420" in name or name.startswith("nv") or (axis == 0 and "422" in name)
    return int(halved)


def mask_image_plan(
    facts: ImageFacts, findings: Sequence[Finding], placing: Placement, options: Options
) -> Plan:
    """Return the plan that puts a mask where its video's picture is: pure black and white."""
    role: Role = "mask_image_url"
    own = tuple(f for f in findings if f.code != codes.MASK_DIMENSIONS)
    plain = plan_image(facts, own, role, replace(options, size=None))
    if not plain.possible:
        return plain
    reason = ("mask-dimensions",)
    edits = list(plain.edits)
    if facts.format != "png" and not any(e.edit == "convert-format" for e in edits):
        text = wording.converted(facts.format, "png", True)
        edits.append(Edit("convert-format", reason, text))
    limit = options.limits.image_bytes[0]
    recipe = ImageRecipe("png", mode="L", size=placing.fit, threshold=True, limit=limit)
    shown = size_of(facts)
    if placing.box is not None:
        left, top, right, bottom = map(round, placing.box)
        whole, shown = shown, (right - left, bottom - top)
        text = f"{wording.px(shown)} of {wording.px(whole)} kept: the video has black bars there"
        edits.append(Edit("crop", BARS, text))
    edits += size_edits(shown, recipe, reason)
    return Plan(role, tuple(edits), False, recipe, plain.remaining)


@dataclass(frozen=True, slots=True)
class Following:
    """The target of a mask video: its video's frames, one for one."""

    #: Start of the mask.
    start: Fraction
    rate: Fraction
    frames: int
    size: Size
    #: Scale and canvas of the video's picture; None if the mask has another shape.
    fit: Fit | None

    @property
    def length(self) -> Fraction:
        """Return the seconds of the output."""
        return self.frames / self.rate

    def met_by(self, facts: VideoFacts) -> bool:
        """Return whether a finished mask has the size, rate and number of frames."""
        rate = base_rate(facts) or facts.fps
        return (size_of(facts), facts.frames, rate) == (self.size, self.frames, self.rate)

    def options(self, base: Options) -> Options:
        """Return options for a mask that is re-encoded."""
        return replace(
            self.copied(base), duration=None, size=self.size, rate=self.rate, frames=self.frames
        )

    def copied(self, base: Options) -> Options:
        """Return options for a mask whose packets may already fit when copied."""
        # Padding and transparency are black in a mask.
        options = replace(base, background=BLACK, fit_720p=False, fit_model=False, keep_audio=False)
        return replace(options, start=self.start or None, duration=self.length)


def following(
    video: VideoFacts, plan: Plan, after: VideoFacts, mask: VideoFacts, start: Fraction | None
) -> Following | None:
    """Return the target of a mask beside a video; None if the video's rate is unknown.

    ``plan`` and ``after`` are the video's, ``start`` is the user's start of the mask.
    """
    rate = base_rate(after) or after.fps
    if rate is None or not after.frames:
        return None
    recipe = plan.recipe
    begins = recipe.start if isinstance(recipe, CopyRecipe | EncodeRecipe) else Fraction(0)
    if start is None:
        start = _same_frame(video, mask, begins)
    placing = placement(plan, video)
    fit = placing.fit if placing.follows(size_of(mask)) else None
    return Following(start, rate, after.frames, size_of(after), fit)


def _same_frame(video: VideoFacts, mask: VideoFacts, begins: Fraction) -> Fraction:
    """Return the time of the mask's frame that belongs to the video's frame at ``begins``."""
    mine, theirs = even_times(video), even_times(mask)
    if mine is None or theirs is None or base_rate(video) != base_rate(mask):
        # A rounding clock may give a frame's time up to a tick early.
        return begins + (video.rounding_tick or 0) if begins else begins
    index = nearest(mine, begins)
    return theirs[index] if index < len(theirs) else begins


def mask_video_plan(plan: Plan, wish: Following, mask: VideoFacts) -> Plan:
    """Return a mask's plan with exactly the frames and the geometry of ``wish``."""
    reason = ("mask-video-mismatch",)
    requested = (*CONFORMED, "--start", "--duration")
    edits = with_slugs(plan.edits, dict.fromkeys(requested, reason[0]))
    recipe = plan.recipe
    if not isinstance(recipe, EncodeRecipe):
        return replace(plan, edits=edits)
    recipe = replace(recipe, rate=wish.rate, frames=wish.frames, threshold=True)
    if wish.fit is not None and wish.fit != recipe.size:
        recipe = replace(recipe, size=wish.fit)
        changes = wording.pictures(mask, wish.fit, deinterlace=False)
        sized = [Edit(name, reason, text) for name, _, text in changes if name in SIZE_EDITS]
        kept = [e for e in edits if e.edit not in SIZE_EDITS or e.reason == BARS]
        edits = (*kept[:-1], *sized, *kept[-1:])
    there = slot((mask.duration or wish.length) - recipe.start, wish.rate)
    if there < wish.frames:
        count = wish.frames - there
        text = (
            f"its last frame is shown {count} time{'' if count == 1 else 's'} more, "
            "since the mask ends before the video"
        )
        edits = (*edits, Edit("extend", reason, text))
    return replace(plan, edits=edits, recipe=recipe)
