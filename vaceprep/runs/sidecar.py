"""The JSON file next to a finished video: the request, the task, the facts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

from vaceprep.contract import MAX_JOB_BYTES
from vaceprep.errors import Refused, Taken
from vaceprep.files.atomic import placing
from vaceprep.files.source import CannotOpen, open_path

#: The key for the name of the video.
FILE: Final = "file"
#: The key in the sidecar of a video that was joined from several.
JOINED: Final = "joined"
#: Names to try for one sidecar.
_NAMES: Final = 1000


def write_sidecar(video_path: str, data: Mapping[str, Any]) -> str:
    """Write ``data`` next to a video and return the path, ``NAME.json``. Writes all or nothing.

    The video's name is added under ``file``. A sidecar of this video and of the same task
    (``task.id`` in ``data``) or the same join (``joined.key``) is replaced; for any other existing
    file, ``NAME-2.json``, ``NAME-3.json``, ... is used instead.

    Raises Refused if the file cannot be written; ValueError or TypeError for invalid JSON values.
    """
    name = os.path.basename(video_path)
    kept = {FILE: name, **{k: v for k, v in data.items() if k != FILE}}
    text = json.dumps(kept, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    # JSON escapes a lone surrogate, as in undecodable file names.
    raw = text.encode("utf-8", "backslashreplace")
    if len(raw) > MAX_JOB_BYTES:
        raise ValueError(f"a sidecar has at most {MAX_JOB_BYTES:,} bytes")
    task, kept = _task(kept), json.loads(raw)
    for path in _paths(video_path):
        if not os.path.lexists(path):
            try:
                _write(raw, path)
            except Taken:
                # Another process has just made it: it is checked like any other.
                pass
            else:
                return path
        there = read_any(path)
        if there is None or there.get(FILE) != name:
            continue
        if there == kept:
            return path
        if task is not None and _task(there) == task:
            _write(raw, path, force=True)
            return path
    raise Refused(f"{video_path} has no free name for its sidecar beside it")


def read_sidecar(video_path: str) -> dict[str, Any] | None:
    """The contents of a video's sidecar; None if there is none. No errors."""
    name, found = os.path.basename(video_path), None
    for path in _paths(video_path):
        if not os.path.lexists(path):
            break
        there = read_any(path)
        if there is not None and there.get(FILE) == name:
            # The later sidecar is of the later task.
            found = there
    return found


def _paths(video_path: str) -> Iterator[str]:
    stem = os.path.splitext(video_path)[0]
    for number in range(1, _NAMES + 1):
        yield f"{stem}.json" if number == 1 else f"{stem}-{number}.json"


def _task(data: Mapping[str, Any]) -> str | None:
    """What made the video: the id of a task, or the key of a join."""
    for name, key in (("task", "id"), (JOINED, "key")):
        about = data.get(name)
        found = about.get(key) if isinstance(about, Mapping) else None
        if isinstance(found, str):
            return found
    return None


def _write(raw: bytes, path: str, *, force: bool = False) -> None:
    with placing(path, force=force) as place:
        try:
            with open(place.path, "r+b") as file:
                file.write(raw)
        except OSError as error:
            raise Refused(f"{path} cannot be written: {error.strerror or error}") from None
        place.commit()


def read_any(path: str) -> dict[str, Any] | None:
    """A JSON file that may be a sidecar, by its path; None if it is not. No errors."""
    try:
        with open_path(path) as opened:
            if opened.size > MAX_JOB_BYTES:
                return None
            found = json.loads(opened.read(MAX_JOB_BYTES))
    except (CannotOpen, OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
