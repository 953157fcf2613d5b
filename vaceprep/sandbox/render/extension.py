"""A video of 5 s around the given beginning, end, or both."""

from __future__ import annotations

import threading
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
from vaceprep.sandbox.render.clips import Clip, clip_of, kept, picture_of, shown
from vaceprep.sandbox.render.film import ResultVideo, result_video
from vaceprep.sandbox.render.pictures import zoomed

#: How far the camera zooms in the generated part.
ZOOM: Final = 0.25
CLIPS: Final[tuple[Role, ...]] = ("first_clip_url", "last_clip_url")
STILLS: Final[tuple[Role, ...]] = ("first_frame_url", "last_frame_url")

Part = Clip | Image
Shot = VideoFrame | Image


def extended(paths: Mapping[str, str], target: str, stop: threading.Event, frames: int) -> None:
    """Write a result of so many frames: the given parts at their places, a blend between them.

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
    with result_video(target, size, "video_extension", stop, colours) as out:
        before: Shot | None = None
        for before in _shots(first, size):
            _put(out, before)
        ending = _shots(last, size)
        after = next(ending, None)
        gap = frames - out.frames - _length(last)
        for picture in _between(_picture(before), _picture(after), gap):
            out.picture(picture)
        for shot in chain((after,), ending):
            if shot is not None and out.frames < frames:
                _put(out, shot)


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


def _put(out: ResultVideo, shot: Shot) -> None:
    if isinstance(shot, VideoFrame):
        out.add(shot)
    else:
        out.picture(shot)


def _picture(shot: Shot | None) -> Image | None:
    return shown(shot) if isinstance(shot, VideoFrame) else shot


def _between(before: Image | None, after: Image | None, frames: int) -> Iterator[Image]:
    """The generated frames: zoom into the part before, and out of the part after."""
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
