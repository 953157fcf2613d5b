"""Drawings of what the model takes of a job: skipped frames, crop, mask, grey, white canvas."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from vaceprep.facts import ImageFacts, VideoFacts
from vaceprep.job.media import MEDIA_FIELDS
from vaceprep.model_view import CAVEAT
from vaceprep.plans.model import WHITE
from vaceprep.preparation.image.mask import black_and_white
from vaceprep.preparation.image.preview import laid_over
from vaceprep.preparation.model_input.assets import ENDS, Given, ModelInput, Taken, input_of
from vaceprep.preparation.model_input.frames import GREY
from vaceprep.report.html.job_drawing import MediaByRole
from vaceprep.report.html.tables import WHOLE
from vaceprep.report.html.thumbnails import SMALL, Thumbnails
from vaceprep.report.html.view import Bar, Drawn, Picture, Span
from vaceprep.rules.draft import Draft

if TYPE_CHECKING:
    from PIL.Image import Image

#: Pictures of a video, spread over what is taken of it.
PICTURES: Final = 4
#: Numbers of skipped frames that are written out.
NAMED: Final = 12


def model_of(draft: Draft, media: MediaByRole) -> ModelInput:
    """What the model takes of a job's files, the first of each role."""
    given = [
        Given(media[role].path, role, media[role].facts) for role in MEDIA_FIELDS if role in media
    ]
    return input_of("job", draft.function, given, draft.values)


def drawn_input(model: ModelInput, thumbnails: Thumbnails) -> Drawn | None:
    """The drawings; None if there is nothing to draw."""
    if not model.files:
        return None
    bars, notes, pictures = [], [*model.notes], []
    for file in model.files:
        if len(file.used) > 1:
            bars.append(_bar(file))
    for picture, text in _pictures(model, thumbnails, notes):
        printed: Picture | None = thumbnails.printed(picture, f"what the model takes: {text}", text)
        if printed is not None:
            pictures.append(printed)
    note = "; ".join([*dict.fromkeys(filter(None, notes)), CAVEAT])
    return Drawn("What the model takes", tuple(pictures), bars=tuple(bars), note=note)


def _bar(file: Taken) -> Bar:
    """The frames of a file from the first to the last used, the skipped ones marked."""
    first, last = file.used[0], file.used[-1]
    unit = WHOLE / (last - first + 1)
    missing: list[int] = []
    runs = []
    for before, after in pairwise(file.used):
        if after - before > 1:
            missing += range(before + 1, after)
            label = f"skipped: {before + 1}" + (f" to {after - 1}" if after - before > 2 else "")
            at = round((before + 1 - first) * unit, 2)
            runs.append(Span(at, round((after - before - 1) * unit, 2), "skipped", label))
    named = ", ".join(map(str, missing[:NAMED])) + (" ..." if len(missing) > NAMED else "")
    skipped = f"{len(missing)} skipped ({named})" if missing else "none skipped"
    caption = (
        f"{file.role}: {len(set(file.used))} frames taken from {first} to {last}, {skipped}; "
        f"scaled to {file.scaled[0]}x{file.scaled[1]}, {file.width}x{file.height} is kept"
    )
    return Bar((Span(0, WHOLE, "used"),), tuple(runs), caption)


def _pictures(
    model: ModelInput, thumbnails: Thumbnails, notes: list[str]
) -> list[tuple[Image, str]]:
    from PIL import Image as Pillow

    found = []
    video = model.of("video_url")
    if model.function == "video_extension":
        for file in model.files:
            index = len(file.used) - 1 if file.role == "first_clip_url" else 0
            shot = _shot(file, index, thumbnails, notes)
            if shot is not None:
                found.append((shot, _named(file, index)))
        given = sum(len(file.used) for file in model.files if file.role in ENDS)
        if given < model.length:
            size = _small((model.files[0].width, model.files[0].height))
            grey = Pillow.new("RGB", size, GREY)
            found.append((grey, f"{model.length - given} of {model.length} frames are grey: new"))
    elif video is not None:
        found += _edited(model, video, thumbnails, notes)
    for file in model.files:
        if file.role == "ref_images_url":
            shot = _shot(file, 0, thumbnails, notes)
            if shot is not None:
                found.append((shot, "reference on its white canvas"))
    return found


def _named(file: Taken, index: int) -> str:
    word = file.role.removesuffix("_url").replace("_", " ")
    return f"{word}, frame {file.used[index]}" if len(file.used) > 1 else word


def _edited(
    model: ModelInput, video: Taken, thumbnails: Thumbnails, notes: list[str]
) -> list[tuple[Image, str]]:
    """Frames of the video, with the mask."""
    count = len(video.used)
    chosen = {number * (count - 1) // max(1, PICTURES - 1) for number in range(PICTURES)}
    still, moving = model.of("mask_image_url"), model.of("mask_video_url")
    area = None if still is None else _shot(still, 0, thumbnails, notes)
    tracked = model.values.get("mask_type", "tracking") != "fixed"
    marked = min(range(count), key=lambda i: abs(video.used[i] - model.marked_frame))
    if area is not None:
        chosen.add(marked)
    found = []
    for index in sorted(chosen):
        picture = _shot(video, index, thumbnails, notes)
        if picture is None:
            break
        text = f"frame {video.used[index]}"
        mask = area if index == marked or not tracked else None
        if moving is not None and area is None and index < len(moving.used):
            mask = _shot(moving, index, thumbnails, notes)
        if mask is not None:
            picture = laid_over(picture, black_and_white(mask.convert("L")))
            text += " with the mask"
        found.append((picture, text))
    return found


def _small(size: tuple[int, int]) -> tuple[int, int]:
    factor = min(1.0, SMALL / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _shot(file: Taken, index: int, thumbnails: Thumbnails, notes: list[str]) -> Image | None:
    """A small picture of one of the frames that are taken, cropped and placed as the model does."""
    from PIL import Image as Pillow

    size = _small((file.width, file.height))
    across, down = size[0] / file.width, size[1] / file.height
    scaled = max(1, round(file.scaled[0] * across)), max(1, round(file.scaled[1] * down))
    if file.role == "mask_image_url" and isinstance(file.facts, ImageFacts):
        grey = thumbnails.grey(file.source, file.facts)
        if isinstance(grey, str):
            notes.append(grey)
            return None
        shown = grey.convert("RGB").resize(scaled)
    else:
        taken = (
            thumbnails.numbered(file.source, file.facts, file.used[index] + 1, scaled)
            if isinstance(file.facts, VideoFacts)
            else thumbnails.still(file.source, file.facts, scaled)
        )
        notes.append(taken.note)
        if not taken.shots:
            return None
        shown = taken.shots[0].image.convert("RGB").resize(scaled)
    canvas = Pillow.new("RGB", size, WHITE if file.role == "ref_images_url" else GREY)
    canvas.paste(shown, (-round(file.crop[0] * across), -round(file.crop[1] * down)))
    return canvas
