"""Split the video of a job into parts, and make the job of each part."""

from __future__ import annotations

import hashlib
import json
import os
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any, Final

from vaceprep.checks.inputs import Item
from vaceprep.contract import BILLED_BY_INPUT, FUNCTIONS, MAX_SEED, PRICE_PER_SECOND, Function
from vaceprep.cost import Cost, cost_of, total
from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.files.digest import sha256_of_path
from vaceprep.files.source import CannotOpen, is_url
from vaceprep.job.draft import draft_of
from vaceprep.job.media import media_of, resolve, role_of
from vaceprep.job.read import JobUnreadable, read_job
from vaceprep.plans.model import Options, errors
from vaceprep.plans.part_jobs import MASK_FRAME, SEED, part_jobs
from vaceprep.plans.parts import (
    CannotDivide,
    CannotSplit,
    Part,
    SplitOptions,
    Timeline,
    TooManyParts,
    check_options,
    parts_of,
)
from vaceprep.preparation.job_assets import options_for
from vaceprep.preparation.read import Read, reading, video_of
from vaceprep.records import replace
from vaceprep.rules.draft import PART_MASKS
from vaceprep.rules.job import judge_job
from vaceprep.rules.video import too_long
from vaceprep.wording import decimal, listed

#: Called with the share that is done, 0 to 1.
Step = Callable[[float], None]
#: The functions whose video can be split: the result is as long as the video.
SPLIT_FUNCTIONS: Final = tuple(name for name in FUNCTIONS if name in BILLED_BY_INPUT)
VIDEO: Final = "video_url"
MASK_VIDEO: Final = "mask_video_url"
#: Keys that make no difference to the seed: a mask that is painted anew leaves the other parts.
_SEEDLESS: Final = frozenset([PART_MASKS, SEED, "mask_image_url", MASK_VIDEO, MASK_FRAME])
#: Least digits of a part's number in names of files.
DIGITS: Final = 2


class WrongFunction(CannotSplit):
    """The job is for a function whose video cannot be split."""


@dataclass(frozen=True, slots=True)
class PartJob:
    """One part and its job."""

    part: Part
    #: Source ``clip.vace.yaml#part-01``, the part's mapping, and the job file as the base.
    item: Item
    #: The window of the part for each field that is cut.
    fields: Mapping[str, Options]
    #: What the part costs by its length.
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A job whose video was divided. All times are seconds of the whole presented video.

    The parts' windows in the result begin at ``window[0]``: subtract it.
    """

    item: Item
    #: The video's path.
    video: str
    #: The presented frames of the whole video.
    timeline: Timeline
    #: The cuts in the window, whether parts begin there or not.
    cuts: tuple[Fraction, ...]
    parts: tuple[PartJob, ...]
    #: The part of the source that was divided: its start and its end.
    window: tuple[Fraction, Fraction]

    @property
    def cost(self) -> Cost | None:
        """What all parts cost by their lengths."""
        return total(part.cost for part in self.parts)


def split(
    item: Item,
    options: SplitOptions,
    prepare: Options,
    fields: Mapping[str, Options],
    *,
    price: Fraction = PRICE_PER_SECOND,
    step: Step = lambda share: None,
) -> Split | None:
    """Return the parts of a job's video; None if nothing changes, because it is short enough.

    ``prepare`` and ``fields`` are as for ``prepare_job``; the window in them is what is split. A
    job or a video that cannot be read, and a video at a URL, give None as well: the job as a whole
    has the findings. ``step`` is called with the share of the decoding that finds cuts.

    Raises CannotSplit where options or the function allow no split (WrongFunction), CannotDivide
    where this job and video allow none.
    """
    try:
        values = read_job(item.source) if item.job is None else item.job
    except JobUnreadable:
        return None
    if isinstance(values, JobUnreadable):
        return None
    check_options(options, prepare.limits)
    draft = draft_of(values, prepare.limits, split=True)
    if draft.function is not None and draft.function not in SPLIT_FUNCTIONS:
        raise WrongFunction(
            f"--split is for {listed(list(SPLIT_FUNCTIONS))}; {item.source} is for {draft.function}"
        )
    masked = draft.has(PART_MASKS)
    wrong = errors(judge_job(draft))
    if wrong and masked:
        raise CannotDivide("", wrong)
    video = draft.values.get(VIDEO)
    if wrong or draft.function is None or not isinstance(video, str) or is_url(video):
        found = None
    else:
        path = resolve(video, os.path.dirname(item.base or item.source))
        job = _Job(item, {**values, **draft.values}, draft.function, path, options, price)
        found = _split(job, options_for(VIDEO, prepare, fields), fields, step)
    if found is None and masked:
        raise CannotDivide(
            "masks is for a video that is split, and video_url is no local video that is longer "
            f"than {decimal(prepare.limits.video_seconds)} s: give mask_image_url instead"
        )
    return found


@dataclass(frozen=True, slots=True)
class _Job:
    """A valid job, and how its video is split."""

    item: Item
    values: Mapping[str, Any]
    function: Function
    video: str
    options: SplitOptions
    price: Fraction


def _split(job: _Job, own: Options, fields: Mapping[str, Options], step: Step) -> Split | None:
    """Return the parts of the job's video. ``own`` are the options of the video."""
    try:
        with reading(job.video, VIDEO) as read:
            facts = read.facts
            if not isinstance(facts, VideoFacts) or not _is_long(facts, own):
                return None
            if own.crop_bars:
                raise CannotDivide(
                    "--crop-bars cannot be used with --split, since each part would be cropped by "
                    "itself: crop the video first, and split what comes out"
                )
            timeline, cuts, found = _parts(job, read, facts, own, step)
    except CannotDivide:
        raise
    except Refused:
        return None
    window = found[0].start, found[-1].end
    jobs = part_jobs(job.values, found, seed=_seed(job))
    digits = max(DIGITS, len(str(len(found))))
    parts = []
    for part, values in zip(found, jobs, strict=True):
        label = f"part-{part.index:0{digits}}"
        whole = _window(part, timeline, own)
        item = job.item._replace(
            source=f"{job.item.source}#{label}",
            job=values,
            base=job.item.base or job.item.source,
            part=label,
        )
        cost = cost_of(job.function, whole.duration, job.price)
        parts.append(PartJob(part, item, _fields(fields, whole, part.start - window[0]), cost))
    return Split(job.item, job.video, timeline, cuts, tuple(parts), window)


def _is_long(facts: VideoFacts, own: Options) -> bool:
    """Whether what is used of the video is longer than the limit, and the options fit it."""
    if facts.duration is None or own.best_start or (own.start or 0) < 0:
        # The job as a whole is refused for that.
        return False
    return too_long(_length(facts, own), facts, own.limits.video_seconds)


def parts_in(item: Item, video: str, own: Options, options: SplitOptions) -> tuple[Part, ...]:
    """Return the parts of a video, whatever masks its job has; none if it is short enough.

    ``own`` are the options of the video. Raises Refused, CannotSplit.
    """
    check_options(options, own.limits)
    job = _Job(item, {}, SPLIT_FUNCTIONS[0], video, options, PRICE_PER_SECOND)
    with reading(video, VIDEO) as read:
        facts = video_of(read)
        if not _is_long(facts, own):
            return ()
        return _parts(job, read, facts, own, lambda share: None)[2]


def _length(facts: VideoFacts, own: Options) -> Fraction:
    """Return the seconds that are used of a video; 0 and less: none of it."""
    length = (facts.duration or Fraction(0)) - (own.start or Fraction(0))
    return length if own.duration is None else min(length, own.duration)


def _parts(
    job: _Job, read: Read, facts: VideoFacts, own: Options, step: Step
) -> tuple[Timeline, tuple[Fraction, ...], tuple[Part, ...]]:
    """Return the presented frames, the cuts and the parts. Raises CannotDivide."""
    from vaceprep.parts.timeline import cuts_of, timeline_of

    options, limits = job.options, own.limits
    least = ceil(_length(facts, own) / (options.length or limits.video_seconds))
    try:
        if least > options.max_parts:
            # Said before everything is decoded to find the cuts.
            raise TooManyParts(least, options.max_parts)
        timeline = timeline_of(read, salvage=own.salvage)
        first, count = _frames_of(timeline, facts, own)
        times = (*timeline.times, timeline.end)
        start, end = times[first], times[first + count]
        if options.cuts is None:
            cuts = cuts_of(read, (start, end), salvage=own.salvage, step=step)
        else:
            _check_cuts(options.cuts, timeline)
            cuts = tuple(cut for cut in sorted(set(options.cuts)) if start < cut < end)
        part = Timeline(
            tuple(time - start for time in times[first : first + count]),
            end - start,
            timeline.interval,
        )
        found = parts_of(part, [cut - start for cut in cuts], options, limits)
    except TooManyParts as error:
        raise _too_many(job, facts, own, error) from None
    shifted = tuple(
        replace(
            one,
            first=one.first + first,
            last=one.last + first,
            start=one.start + start,
            end=one.end + start,
        )
        for one in found
    )
    return timeline, cuts, shifted


def _frames_of(timeline: Timeline, facts: VideoFacts, own: Options) -> tuple[int, int]:
    """Return the number of the first frame that is used, and how many are."""
    tick = facts.rounding_tick or Fraction(0)
    times = (*timeline.times, timeline.end)
    first = max(bisect_right(timeline.times, (own.start or Fraction(0)) + tick) - 1, 0)
    if own.duration is None:
        return first, len(timeline.times) - first
    after = bisect_right(times, times[first] + own.duration + tick) - 1
    return first, max(after - first, 1)


def _check_cuts(cuts: tuple[Fraction, ...], timeline: Timeline) -> None:
    """Raise CannotDivide for a cut that lies outside the video."""
    for cut in cuts:
        if not 0 < cut < timeline.end:
            raise CannotDivide(
                f"there is no cut at {decimal(cut)} s; the video lasts {decimal(timeline.end)} s, "
                "and a cut lies inside it"
            )


def _too_many(job: _Job, facts: VideoFacts, own: Options, error: TooManyParts) -> CannotDivide:
    """Return the refusal with the least that the parts would cost."""
    seconds = _length(facts, own)
    each = cost_of(job.function, seconds / error.parts, job.price)
    each = total([each] * error.parts)
    cost = "" if each is None else f" and cost {each.text()} or more"
    return CannotDivide(
        f"{error}: {error.parts} parts take {decimal(seconds)} s{cost}. Use less of the video "
        f"(--start and --duration), or allow it: --max-parts {error.parts}"
    )


def _window(part: Part, timeline: Timeline, own: Options) -> Options:
    """Return the options that take exactly the frames of a part."""
    count = part.last + 1 - part.first
    length = max(part.length, count * (timeline.interval or Fraction(0)))
    return replace(own, start=part.start, duration=length, window_frames=count)


def _fields(fields: Mapping[str, Options], window: Options, since: Fraction) -> dict[str, Options]:
    """Return the options for single fields of a part, ``since`` seconds from the first part."""
    found = {**fields, VIDEO: window}
    mask = fields.get(MASK_VIDEO)
    if mask is not None and mask.start is not None:
        found[MASK_VIDEO] = replace(mask, start=mask.start + since)
    return found


def _seed(job: _Job) -> int:
    """Return a seed that is the same for the same job: its masks and parts make no difference."""
    values = {name: value for name, value in job.values.items() if name not in _SEEDLESS}
    folder = os.path.dirname(job.item.base or job.item.source)
    media = {at: path for at, path in media_of(values).items() if not is_url(path)}
    hashes: dict[str, str] = {}
    for at, path in media.items():
        try:
            hashes[at] = sha256_of_path(resolve(path, folder))
        except (CannotOpen, OSError):
            # The job as a whole says that it cannot be read.
            hashes[at] = path
    local = {role_of(at) for at in media}
    record = {name: value for name, value in values.items() if name not in local}
    text = json.dumps([record, hashes], sort_keys=True, default=str)
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % (MAX_SEED + 1)
