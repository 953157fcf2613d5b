"""The endpoints that show a job's media: frames, strip, window, sound, cuts, best windows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from vaceprep.contract import MAX_SECONDS, Role
from vaceprep.editor.answer import Answer
from vaceprep.editor.background import Task
from vaceprep.editor.media import mark_of
from vaceprep.editor.requests import query_of
from vaceprep.editor.timeline import MOST_TIMES, Timeline
from vaceprep.editor.window import time_of, time_text, whole_of
from vaceprep.errors import Refused
from vaceprep.facts import ImageFacts, VideoFacts

if TYPE_CHECKING:
    from vaceprep.editor.context import Editor

T = TypeVar("T")
#: The most pictures of a strip, and parts of a waveform.
MOST_PICTURES: Final = 400
MOST_PEAKS: Final = 4000
#: The most frames of any video.
MOST_INDEX: Final = 10**9
#: The windows that are offered.
WINDOWS: Final = 3


async def frame(editor: Editor, request: Request) -> Response:
    """``api/frame``: one frame as PNG."""
    from vaceprep.editor.pictures import HEIGHTS

    # ``of`` is not read: with the file's name in it, another file has another address.
    given = query_of(request, ("field", "index", "height", "of"), ("field", "index"))
    path, role = editor.session.field_path(given["field"])
    index = whole_of(given["index"], "index", 0, MOST_INDEX)
    height = whole_of(given["height"], "height", *HEIGHTS) if "height" in given else None
    data = await asyncio.to_thread(_frame, editor, path, role, index, height)
    return Response(data, media_type="image/png")


def _frame(editor: Editor, path: str, role: Role, index: int, height: int | None) -> bytes:
    from vaceprep.editor.pictures import frame_png, image_png, small_png

    key = "frame", path, mark_of(path), index, height
    found = editor.pictures.get(key)
    if found is not None:
        return found
    if isinstance(editor.session.media.facts(path, role), ImageFacts):
        if index:
            raise Refused(f"there is no frame {index}: a picture has frame 0 alone")
        with editor.session.media.open(path, role) as read:
            data = image_png(read, height)
    else:
        time = editor.timeline(path, role).time(index)
        with editor.session.media.finding(path, role) as (read, finder):
            if height is None:
                data = frame_png(read, time, finder)
            else:
                data = small_png(read, time, height, finder)
    editor.pictures.keep(key, data)
    return data


async def strip(editor: Editor, request: Request) -> Response:
    """``api/strip``: pictures over the whole video, each with the address of its PNG."""
    from vaceprep.editor.pictures import HEIGHTS

    given = query_of(request, ("field", "count", "height"), ("field", "count", "height"))
    path, role = editor.session.field_path(given["field"])
    count = whole_of(given["count"], "count", 1, MOST_PICTURES)
    height = whole_of(given["height"], "height", *HEIGHTS)
    line = await asyncio.to_thread(editor.timeline, path, role)
    address = request.url.path.removesuffix("strip") + "frame"
    return Answer(
        [
            {
                "time": time_text(line.time(index)),
                "index": index,
                "url": f"{address}?field={given['field']}&index={index}&height={height}",
            }
            for index in line.spread(count)
        ]
    )


async def frames(editor: Editor, request: Request) -> Response:
    """``api/frames``: the exact times of the frames from one time up to another."""
    given = query_of(request, ("field", "from", "to"), ("field", "from", "to"))
    path, role = editor.session.field_path(given["field"])
    first, last = time_of(given["from"], "from"), time_of(given["to"], "to")
    line = await asyncio.to_thread(editor.timeline, path, role)
    numbers = line.between(first, last)
    if len(numbers) > MOST_TIMES:
        raise Refused(f"that are {len(numbers):,} frames; ask for {MOST_TIMES:,} at most")
    times = [time_text(line.time(number)) for number in numbers]
    return Answer({"first": numbers.start, "times": times})


async def clip(editor: Editor, request: Request) -> Response:
    """``api/clip``: a window as MP4, made once."""
    from vaceprep.editor.clip import LONGEST

    given = query_of(request, ("field", "start", "duration"), ("field", "start", "duration"))
    path, role = editor.session.field_path(given["field"])
    start = time_of(given["start"], "start")
    duration = min(time_of(given["duration"], "duration"), Fraction(LONGEST))
    made = await asyncio.to_thread(_clip, editor, path, role, start, duration)
    return FileResponse(made, media_type="video/mp4")


def _clip(editor: Editor, path: str, role: Role, start: Fraction, duration: Fraction) -> str:
    from vaceprep.editor.clip import write_clip

    key = "clip", path, mark_of(path), start, duration
    with editor.clips_lock:
        made = editor.clips.get(key)
        if made is None:
            made = os.path.join(editor.session.temporary.name, f"clip-{len(editor.clips)}.mp4")
            with editor.session.media.open(path, role) as read:
                write_clip(read, start, duration, made, editor.background.check)
            editor.clips[key] = made
    return made


# --- slow work -----------------------------------------------------------------------------


async def waveform(editor: Editor, request: Request) -> Response:
    """``api/waveform``: the peaks of the sound; null without sound."""
    given = query_of(request, ("field", "count"), ("field", "count"))
    path, role = editor.session.field_path(given["field"])
    count = whole_of(given["count"], "count", 1, MOST_PEAKS)
    facts = await asyncio.to_thread(editor.session.media.facts, path, role)
    if not isinstance(facts, VideoFacts) or not facts.has_audio:
        return Answer(None)
    key = "waveform", path, mark_of(path), count
    task = editor.background.task(key, partial(_peaks, path, role, count))
    return Answer({**_progress(task), "peaks": task.result or []})


def _peaks(path: str, role: Role, count: int, step: Callable[[float], None]) -> Any:
    from vaceprep.editor.waveform import peaks_of
    from vaceprep.preparation.read import reading

    with reading(path, role) as read:
        return peaks_of(read, count, step)


async def cuts(editor: Editor, request: Request) -> Response:
    """``api/cuts``: where shots change, by the detector of VP601."""
    found, line = await _looked_at(editor, request)
    times = [] if found.result is None else found.result[0]
    listed = [{"time": time_text(time), "index": line.at(time)} for time in times]
    return Answer({**_progress(found), "cuts": listed})


async def pick(editor: Editor, request: Request) -> Response:
    """``api/pick``: the best windows, as ``vaceprep pick`` finds them."""
    found, line = await _looked_at(editor, request)
    windows = [] if found.result is None else found.result[1]
    listed = [
        {**window.to_dict(), "start": time_text(line.time(min(window.frame, line.frames - 1)))}
        | {"duration": time_text(window.duration)}
        for window in windows
    ]
    return Answer({**_progress(found), "windows": listed})


async def _looked_at(editor: Editor, request: Request) -> tuple[Task, Timeline]:
    given = query_of(request, ("field",), ())
    path, role = editor.session.field_path(given.get("field", "video_url"))
    line = await asyncio.to_thread(editor.timeline, path, role)
    return look_of(editor, path, role), line


def look_of(editor: Editor, path: str, role: Role) -> Task:
    """The task that decodes a video once; its result are the cuts and the best windows."""
    return editor.background.task(("look", path, mark_of(path)), partial(_look, path, role))


def _look(path: str, role: Role, step: Callable[[float], None]) -> Any:
    """Decode a video once: its cuts, and its best windows."""
    from vaceprep.plans.pick import best_windows
    from vaceprep.preparation.read import reading, video_of
    from vaceprep.preparation.windows import looks_of
    from vaceprep.probes.shots import summary

    with reading(path, role) as read:
        looks = looks_of(read, threads=1, step=step)
        end = video_of(read).duration or looks[-1].measure.time
    found = summary(look.measure for look in looks).cut_times()
    return found, best_windows(looks, end, MAX_SECONDS, WINDOWS)


def _progress(task: Task) -> dict[str, Any]:
    return {"done": task.done, "share": round(task.share, 3), "error": task.error}
