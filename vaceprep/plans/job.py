"""What the media of one job ask of each other: shares of time, sizes, frames, masks. Pure.

All times are seconds from the first frame that is shown, sizes displayed pixels.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Final, overload

from vaceprep.contract import Role
from vaceprep.facts import ImageFacts, VideoFacts
from vaceprep.limits import CONTRACT
from vaceprep.plans import wording
from vaceprep.plans import wording as imagewording
from vaceprep.plans.frames import base_rate, slot
from vaceprep.plans.image import agrees, plan_image
from vaceprep.plans.model import BLACK, CopyRecipe, Edit, EncodeRecipe, ImageRecipe, Options, Plan
from vaceprep.plans.size import Fit
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding

Size = tuple[int, int]
#: Words that stand as reasons where a job's options ask for an edit.
CONFORMED: Final = ("size", "rate", "frames")
#: Edits that only another size asks for.
SIZE_EDITS: Final = frozenset(["scale", "pad", "crop"])


class Even(Sequence[Fraction]):
    """The times of frames that are evenly spaced, without a list of them."""

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
    """The times of the frames where their spacing is even; None where it is not."""
    rate = base_rate(facts) if facts.constant_rate else None
    return None if rate is None or not facts.frames else Even(1 / rate, facts.frames)


def nearest(times: Sequence[Fraction], instant: Fraction) -> int:
    """The position of the time that is nearest to an instant; ``times`` are in order."""
    after = bisect_left(times, instant)
    if after == len(times):
        return max(after - 1, 0)
    if after and instant - times[after - 1] <= times[after] - instant:
        return after - 1
    return after


def new_frame(
    number: int, times: Sequence[Fraction], recipe: CopyRecipe | EncodeRecipe | None
) -> int | None:
    """The first frame of the output that shows the source's frame; both from 1.

    ``times`` are those of the source's frames, in order. None where no frame shows it.
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
        place = slot(times[index] - times[first], recipe.rate)
        following = index + 1
        if following < len(times) and slot(times[following] - times[first], recipe.rate) == place:
            # Of two for one place the later one is shown.
            return None
    return place + 1 if place < recipe.frames else None


def lost_frame(
    number: int, times: Sequence[Fraction], recipe: CopyRecipe | EncodeRecipe, *, given: bool
) -> str:
    """Why the picture of a mask is not in the output, and what would keep it, as a sentence.

    ``given`` tells whether the job itself names the number, or it is the first by default.
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
    # Rounded down: then the frame shown at that time is this one or the one before.
    start = float(Fraction(floor(times[number - 1] * 1000), 1000))
    return (
        f"{frame}, but only frames {first + 1} to {last} of {len(times)} are kept; set "
        "mask_frame_id to the frame of the whole video that the mask was painted on (the first "
        f"one kept is {first + 1}), or use --start {start:g} to keep frame {number}"
    )


# --- clips ---------------------------------------------------------------------------------


def shares(
    lengths: tuple[Fraction, Fraction],
    asked: tuple[Fraction | None, Fraction | None] = (None, None),
    whole: Fraction = CONTRACT.clips_seconds,
) -> tuple[Fraction, Fraction] | None:
    """How long the first and the last clip may be, at most ``whole`` (3 s) together.

    ``lengths`` are what there is of each, ``asked`` what the user says of each. The shorter
    stays whole up to half, the other takes the rest. None where what is asked is too long.
    """
    a, b = lengths
    if a + b <= whole:
        return lengths
    if asked[0] is not None and asked[1] is not None:
        return None
    if asked[0] is not None:
        return (a, whole - a) if a < whole else None
    if asked[1] is not None:
        return (whole - b, b) if b < whole else None
    short = min(a, b, whole / 2)
    return (short, whole - short) if a <= b else (whole - short, short)


# --- sizes ---------------------------------------------------------------------------------


def even_size(size: Size) -> Size:
    """The size that a video of 4:2:0 can have: a line less where a side is odd."""
    return max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2)


def size_of(facts: VideoFacts | ImageFacts) -> Size:
    """The displayed size."""
    return facts.width, facts.height


def told_for(edits: Iterable[Edit], rules: Mapping[str, str]) -> tuple[Edit, ...]:
    """The same edits; where an option stands as the reason, the rule behind it (its slug)."""

    def named(edit: Edit) -> Edit:
        reasons = [rules.get(reason, reason) for reason in edit.reason]
        if edit.edit in SIZE_EDITS and reasons == ["re-encode"]:
            reasons = [rules.get("size", "re-encode")]
        return replace(edit, reason=tuple(dict.fromkeys(reasons)))

    return tuple(map(named, edits))


# --- masks ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a video's whole picture comes to lie in its output; its mask goes the same way."""

    #: The video's size before.
    size: Size
    fit: Fit
    #: Left and top edge of what is cut out of the scaled picture.
    cut: Size = (0, 0)
    #: Left and top edge of the picture on the canvas.
    pad: Size = (0, 0)

    @property
    def canvas(self) -> Size:
        """The output's size."""
        return self.fit.canvas

    def follows(self, mask: Size) -> bool:
        """Whether a mask of that size has the shape of the video."""
        return agrees(mask, self.size)

    def changes(self, mask: Size) -> bool:
        """Whether a mask of that size has to be brought to the canvas."""
        return self.fit != Fit(mask, mask)


def placement(plan: Plan, facts: VideoFacts) -> Placement:
    """How the picture is placed by a plan for a video."""
    size, recipe = size_of(facts), plan.recipe
    if not isinstance(recipe, EncodeRecipe):
        return Placement(size, Fit(size, size))
    fit = recipe.size
    (wide, high), (width, height) = fit.scaled, fit.canvas
    # The picture is cut before it is mirrored and turned: rounding goes the way that it lay.
    over = max(wide - width, 0), max(high - height, 0)
    turned = recipe.rotation in (90, 270)
    lying = (over[1], over[0]) if turned else over
    near = [(side // 2) & ~_chroma(facts, axis) for axis, side in enumerate(lying)]
    far = [side - edge for side, edge in zip(lying, near, strict=True)]
    left, top, right, bottom = near[0], near[1], far[0], far[1]
    if recipe.mirrored:
        left, right = right, left
    for _ in range(recipe.rotation // 90):
        # A quarter turn clockwise brings the lower edge to the left.
        left, top, right, bottom = bottom, left, top, right
    # FFmpeg's pad filter keeps to whole pixels of colour, which are two wide and two high.
    pad = max(width - wide, 0) // 2 & ~1, max(height - high, 0) // 2 & ~1
    return Placement(size, fit, (left, top), pad)


def _chroma(facts: VideoFacts, axis: int) -> int:
    """1 where FFmpeg's crop filter keeps to every other column (0) or row (1)."""
    name = facts.pixel_format or ""
    halved = "420" in name or name.startswith("nv") or (axis == 0 and "422" in name)
    return int(halved)


def mask_image_plan(
    facts: ImageFacts, findings: Sequence[Finding], placing: Placement, options: Options
) -> Plan:
    """The plan that brings a mask to where its video's picture goes: pure black and white."""
    role: Role = "mask_image_url"
    own = tuple(f for f in findings if f.code != codes.MASK_DIMENSIONS)
    plain = plan_image(facts, own, role, replace(options, size=None))
    if not plain.possible:
        return plain
    reason = ("mask-dimensions",)
    edits = list(plain.edits)
    if facts.format != "png" and not any(e.edit == "convert-format" for e in edits):
        told = imagewording.converted(facts.format, "png", True)
        edits.append(Edit("convert-format", reason, told))
    fit, shown = placing.fit, size_of(facts)
    if fit.scaled != shown:
        edits.append(Edit("scale", reason, imagewording.scaled(shown, fit.scaled, True)))
    if fit.cropped:
        edits.append(Edit("crop", reason, imagewording.cropped(fit)))
    if fit.padded:
        edits.append(Edit("pad", reason, imagewording.padded(fit.canvas, BLACK)))
    recipe = ImageRecipe(
        "png", mode="L", size=fit, threshold=True, limit=options.limits.image_bytes[0]
    )
    return Plan(role, tuple(edits), False, recipe, plain.remaining)


@dataclass(frozen=True, slots=True)
class Following:
    """What a mask video has to become: its video's frames, one for one."""

    #: Where the mask begins.
    start: Fraction
    rate: Fraction
    frames: int
    size: Size
    #: How the video's picture is placed; None where the mask has another shape.
    fit: Fit | None

    @property
    def length(self) -> Fraction:
        """Seconds of the output."""
        return self.frames / self.rate

    def met_by(self, facts: VideoFacts) -> bool:
        """Whether a finished mask has the size, rate and number of frames."""
        rate = base_rate(facts) or facts.fps
        return (size_of(facts), facts.frames, rate) == (self.size, self.frames, self.rate)

    def options(self, base: Options) -> Options:
        """Options for a mask that is encoded anew."""
        return replace(
            self.copied(base), duration=None, size=self.size, rate=self.rate, frames=self.frames
        )

    def copied(self, base: Options) -> Options:
        """Options for a mask whose packets may come out right by themselves."""
        # What is padded or transparent is kept as it is, which in a mask is black.
        options = replace(base, background=BLACK, fit_720p=False, keep_audio=False)
        return replace(options, start=self.start or None, duration=self.length)


def following(
    video: VideoFacts, plan: Plan, after: VideoFacts, mask: VideoFacts, start: Fraction | None
) -> Following | None:
    """What a mask must become beside a video; None where nothing tells the video's rate.

    ``plan`` and ``after`` are the video's, ``start`` is where the user says the mask begins.
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
    """The time of the mask's frame that belongs to the video's frame at ``begins``."""
    mine, theirs = even_times(video), even_times(mask)
    if mine is None or theirs is None or base_rate(video) != base_rate(mask):
        # A clock that rounds tells the time of a frame up to a tick early.
        return begins + (video.rounding_tick or 0) if begins else begins
    index = nearest(mine, begins)
    return theirs[index] if index < len(theirs) else begins


def mask_video_plan(plan: Plan, wish: Following, mask: VideoFacts) -> Plan:
    """A mask's plan with exactly the frames and the geometry that are wished for."""
    reason = ("mask-video-mismatch",)
    asked = (*CONFORMED, "--start", "--duration")
    edits = told_for(plan.edits, dict.fromkeys(asked, reason[0]))
    recipe = plan.recipe
    if not isinstance(recipe, EncodeRecipe):
        return replace(plan, edits=edits)
    recipe = replace(recipe, rate=wish.rate, frames=wish.frames, threshold=True)
    if wish.fit is not None and wish.fit != recipe.size:
        recipe = replace(recipe, size=wish.fit)
        changes = wording.pictures(mask, wish.fit, deinterlace=False)
        sized = [Edit(name, reason, text) for name, _, text in changes if name in SIZE_EDITS]
        kept = [e for e in edits if e.edit not in SIZE_EDITS]
        edits = (*kept[:-1], *sized, *kept[-1:])
    there = slot((mask.duration or wish.length) - recipe.start, wish.rate)
    if there < wish.frames:
        count = wish.frames - there
        told = (
            f"its last frame is shown {count} time{'' if count == 1 else 's'} more, "
            "since the mask ends before the video"
        )
        edits = (*edits, Edit("extend", reason, told))
    return replace(plan, edits=edits, recipe=recipe)
