"""A video of 5 s around the given beginning, end, or both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from av.video.frame import VideoFrame
from PIL import Image as Pillow
from PIL.Image import Image

from vaceprep.contract import EXTENSION_FIELDS, Role
from vaceprep.plans.encode import BT709
from vaceprep.plans.size import even, scaled_to
from vaceprep.preparation.image.render import placed
from vaceprep.preparation.video.frame import as_image
from vaceprep.sandbox.render.clips import Clip, clip_of, kept, picture_of
from vaceprep.sandbox.render.film import Rendered, Shot
from vaceprep.sandbox.render.pictures import zoomed

#: How far the camera zooms in the generated part.
ZOOM: Final = 0.25
CLIPS: Final[tuple[Role, ...]] = ("first_clip_url", "last_clip_url")
STILLS: Final[tuple[Role, ...]] = ("first_frame_url", "last_frame_url")

Part = Clip | Image


def extended(paths: Mapping[str, str], frames: int) -> Rendered:
    """Return a result of so many frames: the given parts at their places, a blend between them.

    A clip takes precedence over a frame for the same end.
    """
    parts: dict[str, Part] = {}
    for role in CLIPS:
        if f"/{role}" in paths:
            parts[role] = clip_of(paths[f"/{role}"], role)
    for role in STILLS:
        if f"/{role}" in paths:
            parts[role] = picture_of(paths[f"/{role}"], role)
    size = kept(next(parts[name].size for name in EXTENSION_FIELDS if name in parts))
    first, last = (parts.get(c, parts.get(s)) for c, s in zip(CLIPS, STILLS, strict=True))
    clips = [part for part in (first, last) if isinstance(part, Clip)]
    colours = clips[0].colours if clips else BT709
    return Rendered(size, colours, _joined(first, last, size, frames))


def _joined(
    first: Part | None, last: Part | None, size: tuple[int, int], frames: int
) -> Iterator[Shot]:
    count = 0
    before: Shot | None = None
    for before in _shots(first, size):
        count += 1
        yield before
    ending = _shots(last, size)
    after = next(ending, None)
    for shot in chain(_between(before, after, frames - count - _length(last)), (after,), ending):
        if shot is not None and count < frames:
            count += 1
            yield shot


def _length(part: Part | None) -> int:
    """The number of result frames of a part; 1 for a picture."""
    return part.frames if isinstance(part, Clip) else int(part is not None)


def _shots(part: Part | None, size: tuple[int, int]) -> Iterator[Shot]:
    if part is None:
        return
    how = even(scaled_to(part.size, size, "pad"))
    if isinstance(part, Clip):
        yield from part.shots(how)
    else:
        yield placed(part, how)


def _picture(shot: Shot | None) -> Image | None:
    if not isinstance(shot, VideoFrame):
        return shot
    return as_image(shot.reformat(format="rgb24"), "RGB")


def _between(first: Shot | None, last: Shot | None, frames: int) -> Iterator[Image]:
    """The generated frames: zoom into the frame before, and out of the frame after."""
    before, after = _picture(first), _picture(last)
    for number in range(1, frames + 1):
        along = number / (frames + 1)
        leaving = zoomed(before, before.size, 1 + ZOOM * along) if before else None
        coming = zoomed(after, after.size, 1 + ZOOM * (1 - along)) if after else None
        if leaving is not None and coming is not None:
            # An ease-in and ease-out curve.
            yield Pillow.blend(leaving, coming, along * along * (3 - 2 * along))
        else:
            picture = leaving or coming
            if picture is not None:
                yield picture
