"""What the model takes of a video, or of each file of a job: by ``model_view``, from facts.

Of a video that is too long, only the part counts that ``prepare`` keeps by default: the service
uses no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from vaceprep.contract import (
    FIRST_MASK_FRAME,
    MAX_SECONDS_BY_ROLE,
    MODEL_FPS,
    MODEL_STEP,
    OUTPUT_SECONDS,
    SCALE_FIELDS,
    SCALE_RANGE,
    SIZES,
    VIDEO_ROLES,
    Function,
    Role,
)
from vaceprep.facts import Facts, VideoFacts
from vaceprep.model_view.canvas import Scales, expanded, extension, on_white, outpainted
from vaceprep.model_view.frames import View, covering, kept_size, spread, view
from vaceprep.records import Record

#: Version of the JSON of ``preview``.
JSON_VERSION: Final = 1
#: Frames of what the model makes, and their steps in time.
WHOLE: Final = OUTPUT_SECONDS * MODEL_FPS + 1
STEPS: Final = (WHOLE - 1) // MODEL_STEP + 1
#: The files of an extension, from its beginning to its end.
ENDS: Final[tuple[Role, ...]] = (
    *("first_clip_url", "first_frame_url", "last_clip_url", "last_frame_url"),
)
LAST: Final[tuple[Role, ...]] = ("last_clip_url", "last_frame_url")
Size = tuple[int, int]


class Taken(Record):
    """What the model takes of one file. Sizes in pixels, as displayed."""

    source: str
    role: Role
    facts: Facts
    #: Numbers of the file's frames, from 0, in the order in which the model sees them.
    used: tuple[int, ...]
    #: Size of the model's picture.
    width: int
    height: int
    #: Size that the file's picture is scaled to.
    scaled: Size
    #: Left and top of the model's picture in the scaled one; below 0 where it reaches beyond.
    crop: tuple[int, int]
    #: The model's frame, from 0, that the first of ``used`` is.
    first: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``files`` in the JSON of ``preview``."""
        return {
            "source": self.source,
            "role": self.role,
            "used": list(self.used),
            "width": self.width,
            "height": self.height,
            "scaled": list(self.scaled),
            "crop": list(self.crop),
        }


class ModelInput(Record):
    """What the model takes of a job, or of one video."""

    source: str
    #: None for a video without a job.
    function: Function | None
    files: tuple[Taken, ...]
    #: Frames that the model sees.
    length: int
    #: Size of its picture.
    size: Size
    #: The job's fields that count as set.
    values: Mapping[str, Any]
    #: Sentences about what cannot be shown, or is not certain.
    notes: tuple[str, ...] = ()

    def of(self, role: Role) -> Taken | None:
        """The file of a role; the first of several."""
        return next((file for file in self.files if file.role == role), None)

    @property
    def marked_frame(self) -> int:
        """The number, from 0, of the video's frame that a mask image was drawn on."""
        number = self.values.get("mask_frame_id", FIRST_MASK_FRAME)
        if isinstance(number, bool) or not isinstance(number, int):
            number = FIRST_MASK_FRAME
        return max(number, FIRST_MASK_FRAME) - FIRST_MASK_FRAME

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``preview``."""
        return {"version": JSON_VERSION, "files": [file.to_dict() for file in self.files]}


class Given(Record):
    """One file with its role and facts."""

    source: str
    role: Role
    facts: Facts


def input_of(
    source: str,
    function: Function | None,
    given: Sequence[Given],
    values: Mapping[str, Any],
) -> ModelInput:
    """Return what the model takes of these files, for a function of the service."""
    notes: list[str] = []
    usable = [one for one in given if _usable(one, notes)]
    if function == "video_extension":
        files, size = _extended(usable)
        length = WHOLE
    else:
        files, size = _filmed(function, usable, values, notes)
        length = len(files[0].used) if files and files[0].role == "video_url" else WHOLE
    order = {(one.role, one.source): number for number, one in enumerate(given)}
    files.sort(key=lambda file: order[file.role, file.source])
    return ModelInput(source, function, tuple(files), length, size, dict(values), tuple(notes))


def _usable(given: Given, notes: list[str]) -> bool:
    """Whether the frames can be numbered. Add a sentence if not, or if they are not certain."""
    facts = given.facts
    if (facts.kind == "video") != (given.role in VIDEO_ROLES):
        notes.append(f"{given.role}: it is not shown, since it is a {facts.kind}")
        return False
    if not isinstance(facts, VideoFacts):
        return True
    if not facts.frames or (facts.frames > 1 and not facts.fps):
        notes.append(f"{given.role}: how many frames it has is unknown, so none can be numbered")
        return False
    if facts.constant_rate is False and facts.frames > 1:
        notes.append(
            f"{given.role}: its frames are not evenly spaced; the numbers assume that they are"
        )
    return True


def _size(given: Given) -> Size:
    return max(1, given.facts.width), max(1, given.facts.height)


def counted(role: Role, facts: VideoFacts) -> tuple[int, int]:
    """Return how many frames of a video count, and how many come before them.

    A first clip keeps its end, from which an extension goes on; all others their beginning.
    """
    frames, limit = facts.frames or 1, MAX_SECONDS_BY_ROLE.get(role)
    if limit is None or not facts.fps or not facts.duration or facts.duration <= limit:
        return frames, 0
    kept = max(1, min(frames, int(limit * facts.fps)))
    return kept, frames - kept if role == "first_clip_url" else 0


def _view(size: Size, role: Role, facts: VideoFacts) -> View:
    return view(*size, counted(role, facts)[0], facts.fps or Fraction(MODEL_FPS))


# --- a video, and what follows it ----------------------------------------------------------


def _filmed(
    function: Function | None, given: Sequence[Given], values: Mapping[str, Any], notes: list[str]
) -> tuple[list[Taken], Size]:
    """The video first, then masks and references at its size."""
    video = next((one for one in given if one.role == "video_url"), None)
    files: list[Taken] = []
    size = _wanted(values) if function == "image_reference" else None
    if video is not None and isinstance(video.facts, VideoFacts):
        files.append(_video(function, video, video.facts, values))
        size = files[0].width, files[0].height
    used = files[0].used if files else ()
    for one in given:
        if one is video:
            continue
        # Without a video, a file shows what would be taken of it alone.
        canvas = size or kept_size(*_size(one), STEPS)
        files.append(_beside(one, canvas, used, notes))
    return files, size or ((files[0].width, files[0].height) if files else (0, 0))


def _wanted(values: Mapping[str, Any]) -> Size:
    """The output size of ``image_reference``."""
    given = values.get("size")
    width, _, height = (given if given in SIZES else SIZES[0]).partition("*")
    return int(width), int(height)


def scales_of(values: Mapping[str, Any]) -> Scales:
    """Return the scales of an outpainting; an invalid one counts as not set."""
    low, high = SCALE_RANGE
    found = [values.get(name) for name in SCALE_FIELDS]
    return Scales(
        *(
            float(s)
            if isinstance(s, int | float) and not isinstance(s, bool) and low <= s <= high
            else low
            for s in found
        )
    )


def _video(
    function: Function | None, given: Given, facts: VideoFacts, values: Mapping[str, Any]
) -> Taken:
    size = _size(given)
    if function != "video_outpainting":
        seen = _view(size, given.role, facts)
        return _taken(given, seen.used, (seen.width, seen.height), seen.scaled, seen.crop)
    scales = scales_of(values)
    used = _view(expanded(*size, scales), given.role, facts).used
    made = outpainted(*size, scales, counted(given.role, facts)[0])
    lies = made.original
    return _taken(
        given, used, (made.width, made.height), (lies.width, lies.height), (-lies.left, -lies.top)
    )


def _beside(given: Given, canvas: Size, used: Sequence[int], notes: list[str]) -> Taken:
    """A mask or a reference of a job with that canvas and those frames of its video."""
    if given.role == "ref_images_url":
        lies = on_white(_size(given), canvas)
        return _taken(given, (0,), canvas, (lies.width, lies.height), (-lies.left, -lies.top))
    numbers: tuple[int, ...] = (0,)
    if isinstance(given.facts, VideoFacts):
        frames = given.facts.frames or 1
        alone = used or _view(_size(given), given.role, given.facts).used
        numbers = tuple(number for number in alone if number < frames)
        if len(numbers) < len(used):
            notes.append(
                f"{given.role}: it has {frames} frames, but the model reads it up to frame "
                f"{used[-1] + 1} of the video; {len(used) - len(numbers)} frames have no mask"
            )
    scaled, crop = covering(_size(given), canvas)
    return _taken(given, numbers, canvas, scaled, crop)


def _taken(
    given: Given,
    used: tuple[int, ...],
    size: Size,
    scaled: Size,
    crop: tuple[int, int],
    first: int = 0,
) -> Taken:
    return Taken(given.source, given.role, given.facts, used, *size, scaled, crop, first)


# --- an extension --------------------------------------------------------------------------


def _extended(given: Sequence[Given]) -> tuple[list[Taken], Size]:
    """Frames and clips at their places in time, all at the size of the first one."""
    ends = sorted((one for one in given if one.role in ENDS), key=lambda one: ENDS.index(one.role))
    rest = [one for one in given if one.role not in ENDS]
    if not given:
        return [], (0, 0)
    canvas = kept_size(*_size((ends or rest)[0]), STEPS)
    seconds: dict[str, Fraction | None] = {
        one.role: _seconds(one.role, one.facts) if isinstance(one.facts, VideoFacts) else None
        for one in ends
    }
    places = {part.field: (part.start, part.end) for part in extension(seconds)}
    files = []
    for one in ends:
        if one.role not in places:
            # Nothing is left of the time.
            continue
        begin, end = (round(at * MODEL_FPS) for at in places[one.role])
        if one.role in LAST:
            begin, end = begin + 1, end + 1
        files.append(_part(one, begin, max(1, end - begin), canvas))
    for one in rest:
        used: tuple[int, ...] = (0,)
        if isinstance(one.facts, VideoFacts):
            used = _view(_size(one), one.role, one.facts).used
        files.append(_taken(one, used, canvas, *covering(_size(one), canvas)))
    return files, canvas


def _seconds(role: Role, facts: VideoFacts) -> Fraction | None:
    """Seconds of a clip that count."""
    if not facts.fps:
        return facts.duration
    return counted(role, facts)[0] / facts.fps


def _part(given: Given, first: int, count: int, canvas: Size) -> Taken:
    """One end of an extension: so many of the model's frames from ``first`` on."""
    facts = given.facts
    used: tuple[int, ...] = (0,)
    if isinstance(facts, VideoFacts):
        (frames, before), fps = counted(given.role, facts), facts.fps or Fraction(MODEL_FPS)
        kept = max(1, min(frames, round(Fraction(count, MODEL_FPS) * fps)))
        # A first clip leads on to what is new by its end, a last clip by its beginning.
        before += 0 if given.role in LAST else frames - kept
        used = tuple(before + number for number in spread(kept, fps, count))
    return _taken(given, used, canvas, *covering(_size(given), canvas), first)
