"""The model's input as a sequence of pictures: masks laid over, references on their canvas."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import repeat
from typing import Final

from PIL import Image as Pillow
from PIL.Image import Image, Resampling

from vaceprep.contract import MODEL_FPS, Role
from vaceprep.errors import Refused
from vaceprep.facts import ImageFacts
from vaceprep.model_view.frames import mask_steps
from vaceprep.plans.model import WHITE
from vaceprep.preparation.image.mask import black_and_white, displayed_grey
from vaceprep.preparation.image.preview import laid_over, outlines, share, tinted
from vaceprep.preparation.model_input.assets import ENDS, ModelInput, Taken
from vaceprep.preparation.model_input.frames import GREY, pictures_of, visible_part
from vaceprep.preparation.read import reading
from vaceprep.records import Record

#: Frames that a still image is shown for.
STILL: Final = MODEL_FPS


class Scene(Record, uncompared=("picture",)):
    """One picture of the model's size, overlays included, and what it is."""

    picture: Image
    text: str
    #: The file it is from; None: invented by the model.
    file: Taken | None = None
    #: Its place in the file's ``used``.
    index: int = 0
    #: Whether it is one of the frames that the model sees in time, and not a guide or a reference.
    timed: bool = True

    @property
    def skipped(self) -> tuple[int, ...]:
        """Numbers, from 0, of the source's frames just before that are not used."""
        if self.file is None or not self.index:
            return ()
        before, here = self.file.used[self.index - 1 : self.index + 1]
        return tuple(range(before + 1, here))


def scenes_of(model: ModelInput, notes: list[str]) -> Generator[Scene]:
    """Yield what the model sees, in order, then its guide and references.

    What does not decode is left out, with a sentence in ``notes``.
    """
    rest = [file for file in model.files if file.role == "ref_images_url"]
    video = model.of("video_url")
    if model.function == "video_extension":
        yield from _extended(model, notes)
    elif video is not None:
        yield from _edited(model, video, notes)
    else:
        for role in ("mask_video_url", "mask_image_url"):
            mask = model.of(role)
            if mask is not None:
                yield from _masks_alone(mask, notes)
    for number, file in enumerate(rest, 1):
        of = f" {number} of {len(rest)}" if len(rest) > 1 else ""
        try:
            text = f"reference{of} on the white canvas of the output's size"
            for picture in pictures_of(file, WHITE):
                yield from repeat(Scene(picture, text, file, timed=False), STILL)
        except Refused as error:
            notes.append(str(error))


def _edited(model: ModelInput, video: Taken, notes: list[str]) -> Iterator[Scene]:
    """The frames of the video, with the mask."""
    still = model.of("mask_image_url")
    layers = _still_mask(model, video, still, notes) if still is not None else None
    moving = model.of("mask_video_url") if layers is None else None
    masks = iter(()) if moving is None else _areas(moving, notes)
    read = set(mask_steps(len(video.used)))
    kind = "video; grey is invented" if _beyond(video) else "video"
    try:
        with closing(pictures_of(video)) as pictures:
            for index, picture in enumerate(pictures):
                if layers is not None:
                    shown, more = layers.over(picture, index)
                elif moving is not None:
                    area = next(masks, None)
                    shown = picture if area is None else tinted(picture, area)
                    more = _about(area, index in read)
                else:
                    shown, more = picture, ""
                yield Scene(shown, kind + more, video, index)
    except Refused as error:
        notes.append(str(error))


def _shown(file: Taken) -> tuple[int, int]:
    part = visible_part(file)
    return part.width, part.height


def _beyond(file: Taken) -> bool:
    """Whether the model's picture reaches beyond the scaled one."""
    return _shown(file) != (file.width, file.height)


def _about(area: Image | None, is_read: bool) -> str:
    if area is None:
        return "; no mask: the mask video has ended"
    edited = share(area.histogram()[255], area.width * area.height)
    return f"; mask {edited}{', read here' if is_read else ''}"


class _Layers:
    """A mask image over the frames that it is for."""

    def __init__(self, area: Image, only: int | None) -> None:
        self._area = area
        self._lines = outlines(area)
        self._only = only
        self._share = share(area.histogram()[255], area.width * area.height)

    def over(self, picture: Image, index: int) -> tuple[Image, str]:
        """The picture with the mask, and the text for it."""
        if self._only is not None and index != self._only:
            return picture, "; the mask follows by tracking"
        return laid_over(picture, self._area, self._lines), f"; mask {self._share}"


def _still_mask(model: ModelInput, video: Taken, mask: Taken, notes: list[str]) -> _Layers | None:
    try:
        area = _area_of_image(mask)
    except Refused as error:
        notes.append(str(error))
        return None
    if model.values.get("mask_type", "tracking") == "fixed":
        return _Layers(area, None)
    places = range(len(video.used))
    nearest = min(places, key=lambda place: abs(video.used[place] - model.marked_frame))
    return _Layers(area, nearest)


def _area_of_image(mask: Taken) -> Image:
    """The mask image at the model's size, white where above one half. Raises Refused."""
    with reading(mask.source, mask.role) as read:
        grey = displayed_grey(read)
    scaled = grey.resize(mask.scaled, Resampling.BICUBIC)
    left, top = mask.crop
    return black_and_white(scaled.crop((left, top, left + mask.width, top + mask.height)))


def _areas(mask: Taken, notes: list[str]) -> Iterator[Image]:
    """The frames of a mask video at the model's size, white where above one half."""
    try:
        for picture in pictures_of(mask):
            yield black_and_white(picture.convert("L"))
    except Refused as error:
        notes.append(str(error))


def _masks_alone(mask: Taken, notes: list[str]) -> Iterator[Scene]:
    """A mask whose video cannot be shown."""
    if isinstance(mask.facts, ImageFacts):
        try:
            area = _area_of_image(mask)
        except Refused as error:
            notes.append(str(error))
            return
        yield from repeat(Scene(area.convert("RGB"), "mask", mask, timed=False), STILL)
        return
    for index, area in enumerate(_areas(mask, notes)):
        yield Scene(area.convert("RGB"), "mask", mask, index)


# --- an extension --------------------------------------------------------------------------


#: What an extension's files are called.
WORDS: Final[dict[Role, str]] = {
    "first_clip_url": "first clip",
    "first_frame_url": "first frame",
    "last_clip_url": "last clip",
    "last_frame_url": "last frame",
}


def _extended(model: ModelInput, notes: list[str]) -> Iterator[Scene]:
    """All of the model's frames: those that are given, and grey for those that are new."""
    grey = Pillow.new("RGB", model.size, GREY)
    number = 0
    parts = sorted((f for f in model.files if f.role in ENDS), key=lambda file: file.first)
    for file in parts:
        yield from _new(grey, file.first - number)
        number = max(number, file.first)
        for scene in _part(file, notes):
            yield scene
            number += 1
    yield from _new(grey, model.length - number)
    guide = model.of("video_url")
    if guide is not None:
        try:
            for index, picture in enumerate(pictures_of(guide)):
                yield Scene(picture, "motion guide", guide, index, timed=False)
        except Refused as error:
            notes.append(str(error))


def _new(grey: Image, count: int) -> Iterator[Scene]:
    return repeat(Scene(grey, "grey: invented by the model"), max(0, count))


def _part(file: Taken, notes: list[str]) -> Iterator[Scene]:
    try:
        for index, picture in enumerate(pictures_of(file)):
            yield Scene(picture, WORDS[file.role], file, index)
    except Refused as error:
        notes.append(str(error))
