"""Drawings of a whole job: a mask over its frame, a canvas, a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from vaceprep.checks.inputs import Item
from vaceprep.checks.report import FileReport
from vaceprep.contract import (
    FIRST_MASK_FRAME,
    OUTPUT_SECONDS,
    SCALE_FIELDS,
    SCALE_RANGE,
    Role,
)
from vaceprep.facts import Facts, ImageFacts, VideoFacts
from vaceprep.job.draft import draft_of
from vaceprep.job.read import JobUnreadable, read_job
from vaceprep.plans.image import agrees
from vaceprep.preparation.image.mask import black_and_white
from vaceprep.preparation.image.preview import laid_over, share
from vaceprep.preparation.report import Prepared
from vaceprep.report.html.entries import default_window, is_local
from vaceprep.report.html.tables import extension_bars, seconds
from vaceprep.report.html.thumbnails import LARGE, SMALL, Thumbnails, bounded, instants
from vaceprep.report.html.view import Canvas, Drawn, Picture
from vaceprep.rules.draft import Draft

if TYPE_CHECKING:
    from PIL.Image import Image

#: The title of the drawings of a mask.
EDITED: Final = "What is edited"
#: Frames that a moving mask is drawn over.
MOVING: Final = 3


@dataclass(frozen=True, slots=True)
class Media:
    """One of a job's files, with what is needed to draw it."""

    path: str
    facts: Facts


MediaByRole = Mapping[Role, Media]


def draft_from(item: Item | None, output: str | None = None) -> Draft | None:
    """The job's values, from the new job file if it was written. None if it is not a job."""
    try:
        if output is not None:
            return draft_of(read_job(output))
        if item is None or item.kind != "job":
            return None
        data = item.job if item.job is not None else read_job(item.source)
    except JobUnreadable:
        return None
    return None if isinstance(data, JobUnreadable) else draft_of(data)


def media_of_reports(reports: Iterable[FileReport]) -> dict[Role, Media]:
    """The files of a checked job, the first of each role."""
    found: dict[Role, Media] = {}
    for report in reports:
        if report.role and report.facts is not None and is_local(report.source):
            found.setdefault(report.role, Media(report.source, report.facts))
    return found


def media_of_prepared(made: Iterable[Prepared], *, outputs: bool) -> dict[Role, Media]:
    """The files of a prepared job: its outputs or its sources."""
    found: dict[Role, Media] = {}
    for entry in made:
        path, facts = (
            (entry.output, entry.after)
            if outputs and entry.output
            else (entry.source, entry.before)
        )
        if entry.role and path is not None and facts is not None and is_local(path):
            found.setdefault(entry.role, Media(path, facts))
    return found


def drawn(draft: Draft, media: MediaByRole, thumbnails: Thumbnails) -> Drawn | None:
    """The drawings of a job; None if there are none."""
    if draft.function == "video_edit":
        return _edit(draft, media, thumbnails)
    if draft.function == "video_outpainting":
        return _outpainting(draft, media, thumbnails)
    if draft.function == "video_extension":
        return _extension(draft, media, thumbnails)
    return None


# --- a mask on its frame -------------------------------------------------------------------


def _edit(draft: Draft, media: MediaByRole, thumbnails: Thumbnails) -> Drawn | None:
    video = media.get("video_url")
    image, moving = media.get("mask_image_url"), media.get("mask_video_url")
    if video is None or not isinstance(video.facts, VideoFacts):
        return None
    if image is not None and isinstance(image.facts, ImageFacts):
        return _with_image(draft, video, image, thumbnails)
    if moving is not None and isinstance(moving.facts, VideoFacts):
        return _with_video(video, moving, thumbnails)
    return None


def _misfit(mask: Facts, video: Facts) -> Drawn | None:
    if agrees((mask.width, mask.height), (video.width, video.height)):
        return None
    text = f"the mask is {mask.width}x{mask.height}, of another shape than the video"
    return Drawn(EDITED, note=f"{text} ({video.width}x{video.height}); nothing can be laid over it")


def _with_image(draft: Draft, video: Media, mask: Media, thumbnails: Thumbnails) -> Drawn:
    from PIL.Image import Resampling

    facts = video.facts
    number = draft.values.get("mask_frame_id", FIRST_MASK_FRAME)
    assert isinstance(facts, VideoFacts) and isinstance(mask.facts, ImageFacts)  # noqa: S101
    misfit = _misfit(mask.facts, facts)
    if misfit is not None:
        return misfit
    if not isinstance(number, int) or isinstance(number, bool):
        return Drawn(EDITED, note="mask_frame_id is no frame's number")
    area = thumbnails.grey(mask.path, mask.facts)
    if isinstance(area, str):
        return Drawn(EDITED, note=area)
    size = bounded((facts.width, facts.height), LARGE)
    taken = thumbnails.numbered(video.path, facts, number, size)
    if not taken.shots:
        return Drawn(EDITED, note=taken.note)
    edited = share(area.histogram()[255], area.width * area.height)
    frame = taken.shots[0].image.resize(size)
    of = "" if facts.frames is None else f" of {facts.frames}"
    caption = f"{edited} edited, shown on frame {number}{of}"
    laid = laid_over(frame, area.resize(size, Resampling.NEAREST))
    pictures = [
        thumbnails.printed(laid, f"the frame with the edited area tinted: {caption}", caption),
        thumbnails.printed(
            area.resize(size, Resampling.NEAREST).convert("RGB"), "the mask", "the mask"
        ),
    ]
    return Drawn(EDITED, _there(pictures), note=_scaled(mask.facts, facts))


def _there(pictures: Iterable[Picture | None]) -> tuple[Picture, ...]:
    return tuple(picture for picture in pictures if picture is not None)


def _scaled(mask: Facts, video: Facts) -> str:
    if (mask.width, mask.height) == (video.width, video.height):
        return ""
    return (
        f"the mask is {mask.width}x{mask.height} and the video {video.width}x{video.height}: "
        "it is shown scaled"
    )


def _with_video(video: Media, mask: Media, thumbnails: Thumbnails) -> Drawn:
    facts, moving = video.facts, mask.facts
    assert isinstance(facts, VideoFacts) and isinstance(moving, VideoFacts)  # noqa: S101
    misfit = _misfit(moving, facts)
    if misfit is not None:
        return misfit
    size = bounded((facts.width, facts.height), SMALL)
    shorter = facts if (facts.duration or 0) <= (moving.duration or 0) else moving
    at = instants(shorter, MOVING)
    frames = thumbnails.strip(video.path, facts, at, size)
    masks = thumbnails.strip(mask.path, moving, at, size)
    pictures = []
    for shown, over in zip(frames.shots, masks.shots, strict=False):
        area = black_and_white(over.image.convert("L").resize(size))
        edited = share(area.histogram()[255], area.width * area.height)
        text = f"about {edited} edited at {seconds(shown.at or Fraction(0))} s"
        laid = laid_over(shown.image.convert("RGB").resize(size), area)
        alt = f"the frame with the edited area tinted: {text}"
        pictures.append(thumbnails.printed(laid, alt, text))
    note = frames.note or masks.note or _scaled(moving, facts)
    return Drawn(EDITED, _there(pictures), note=note)


# --- a larger canvas -----------------------------------------------------------------------


def _outpainting(draft: Draft, media: MediaByRole, thumbnails: Thumbnails) -> Drawn | None:
    from vaceprep.sandbox.render.results import expanded

    video = media.get("video_url")
    if video is None or not isinstance(video.facts, VideoFacts):
        return None
    low, high = SCALE_RANGE
    scales = [draft.values.get(name, low) for name in SCALE_FIELDS]
    if not all(
        isinstance(s, int | float) and not isinstance(s, bool) and low <= s <= high for s in scales
    ):
        return None
    top, bottom, left, right = (float(s) for s in scales)
    facts = video.facts
    whole = (
        round(facts.width * (left + right) / 2),
        round(facts.height * (top + bottom) / 2),
    )
    corner = (round(facts.width * (left - 1) / 2), round(facts.height * (top - 1) / 2))
    result, _, _ = expanded((facts.width, facts.height), (top, bottom, left, right))
    text = f"{facts.width}x{facts.height} on a canvas of {whole[0]}x{whole[1]}"
    if result == whole:
        caption = f"{text}, which is the size of the result"
    else:
        caption = f"{text}; the result has about {result[0]}x{result[1]}, at most 720p"
    size = bounded((facts.width, facts.height), LARGE)
    taken = thumbnails.strip(video.path, facts, instants(facts, 1), size)
    shown = taken.shots[0].image.resize(size) if taken.shots else None
    picture = None if shown is None else thumbnails.printed(shown, "the original picture")
    canvas = Canvas(whole, (facts.width, facts.height), corner, caption, picture)
    return Drawn("What is added around", canvas=canvas, note=taken.note)


# --- a timeline ----------------------------------------------------------------------------


def _extension(draft: Draft, media: MediaByRole, thumbnails: Thumbnails) -> Drawn | None:
    def length(role: Role) -> Fraction | None:
        found = media.get(role)
        if found is None or not isinstance(found.facts, VideoFacts):
            return None
        window = default_window(found.facts, role)
        return None if window is None else window[1]

    first, last = length("first_clip_url"), length("last_clip_url")
    frames = draft.has("first_frame_url"), draft.has("last_frame_url")
    whole = Fraction(OUTPUT_SECONDS)
    bars = extension_bars(first, last, frames, length("video_url"), whole)
    pictures = []
    wanted: tuple[tuple[Role, str], ...] = (
        ("first_frame_url", "first frame"),
        ("first_clip_url", "first clip"),
        ("last_clip_url", "last clip"),
        ("last_frame_url", "last frame"),
        ("video_url", "motion guide"),
    )
    for role, word in wanted:
        found = media.get(role)
        if found is not None:
            image = _one(found, role, thumbnails)
            if image is not None:
                pictures.append(thumbnails.printed(image, f"the {word}", word))
    return Drawn(f"The {seconds(whole)} seconds", _there(pictures), bars=bars)


def _one(found: Media, role: Role, thumbnails: Thumbnails) -> Image | None:
    """The picture of a file in a timeline; of a first clip, a frame near its end."""
    facts = found.facts
    size = bounded((facts.width, facts.height), SMALL)
    at: tuple[Fraction, ...] = ()
    if isinstance(facts, VideoFacts):
        at = instants(facts, 8 if role in ("first_clip_url", "last_clip_url") else 1)
        at = at[-1:] if role == "first_clip_url" else at[:1]
    taken = thumbnails.taken(found.path, facts, at, size)
    return taken.shots[0].image.resize(size) if taken.shots else None
