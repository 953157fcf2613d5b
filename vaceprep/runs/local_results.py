"""The videos in a folder and their sidecars: names, contents, and which tasks they belong to."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final, NamedTuple

from vaceprep.api.responses import usable_id
from vaceprep.errors import Refused, Taken
from vaceprep.files.atomic import placing_in
from vaceprep.files.digest import digest
from vaceprep.files.names import NAME_BYTES, cut, fit, in_bytes
from vaceprep.ledger.row import Row
from vaceprep.parts.pieces import PART
from vaceprep.runs.fetch import Fetched
from vaceprep.runs.part_note import read_part
from vaceprep.runs.sidecar import read_any, read_sidecar

#: The part of the name of a video that the model did not make.
REHEARSAL: Final = "rehearsal"
#: Characters of a task's id in its video's name.
ID_SHOWN: Final = 8
#: The version of the sidecar's format.
SIDECAR_VERSION: Final = 1
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_-]")
#: Bytes reserved in a name for numbers and endings, including the sidecar's.
_TAIL_BYTES: Final = len("-10000-1000.json")


class Kept(NamedTuple):
    """A video that an earlier run downloaded."""

    path: str
    #: It has the source's sound.
    sounding: bool


def copy_into(path: str, folder: str, names: Callable[[int], str]) -> str:
    """Copy a video under the first free name in a folder. Raises Refused, OSError."""
    os.makedirs(folder, exist_ok=True)
    with placing_in(folder) as place:
        shutil.copyfile(path, place.path)
        for number in count(1):
            target = os.path.join(folder, names(number))
            if os.path.lexists(target):
                continue
            try:
                place.commit(target)
            except Taken:
                continue
            return target
    raise Refused(f"{folder} has no free name")


def id_beside(row: Row, folder: str) -> str | None:
    """The id of a row's task from the sidecar of its video; None if there is none. No errors."""
    try:
        names = sorted(name for name in os.listdir(folder or os.curdir) if name.endswith(".json"))
    except OSError:
        return None
    for name in names:
        kept = read_any(os.path.join(folder, name))
        task = (kept or {}).get("task")
        if kept is None or not isinstance(task, dict) or kept.get("job") != row.job:
            continue
        found = usable_id(task.get("id"))
        if found and (kept.get("service"), task.get("sent_at")) == (row.service, row.sent_at):
            return found
    return None


def found_beside(row: Row, number: int, folder: str, rehearsed: bool = False) -> Kept | None:
    """The video that its sidecar assigns to this row, unchanged; None if there is none."""
    name = names_of(row, number, rehearsed)
    for tried in count(1):
        path = os.path.join(folder, name(tried))
        if not os.path.lexists(path):
            return None
        kept = read_sidecar(path)
        task = (kept or {}).get("task")
        video = (kept or {}).get("video")
        if not isinstance(task, dict) or not isinstance(video, dict):
            continue
        if task.get("id") != row.task_id or task.get("video") != number + 1:
            continue
        found = digest(path)
        # The hash of the service's file, if the source's sound was added to it.
        silent = video.get("service_sha256")
        if found is not None and found["sha256"] in (video.get("sha256"), silent):
            return Kept(path, found["sha256"] == video.get("sha256") and bool(silent))
    return None


def agrees(row: Row, rehearsed: bool = False) -> bool:
    """Whether each video of a row is on disk, with the hash that its sidecar has."""
    return bool(row.files) and all(
        found_beside(row, number, os.path.dirname(path), rehearsed) is not None
        for number, path in enumerate(row.files)
    )


def names_of(row: Row, number: int, rehearsed: bool = False) -> Callable[[int], str]:
    """The names for a task's video in the order in which they are tried, from 1.

    The job's name and the task's id are foreign input: neither can leave the folder, and both fit
    with a sidecar's ending. ``rehearsed``: the sandbox made it, and its name says so.
    """
    stem, _ = fit(str(row.notes.get("stem") or "task"), ".mp4")
    short = _UNFIT.sub("_", (row.task_id or "")[:ID_SHOWN])
    own = f"-{row.function}-{short}" if row.job else f"-{short}"
    own = f"-{REHEARSAL}{own}" if rehearsed else own
    base = cut(stem, NAME_BYTES - _TAIL_BYTES - in_bytes(own)) + own

    def name(tried: int) -> str:
        at = number + tried
        return f"{base}.mp4" if at == 1 else f"{base}-{at}.mp4"

    return name


def sidecar_of(row: Row, fetched: Fetched, number: int) -> Mapping[str, Any]:
    """The contents of a video's sidecar: the request, the task, the facts."""
    part = read_part(row.notes.get(PART))
    return {
        "version": SIDECAR_VERSION,
        "source": row.source,
        "function": row.function,
        "service": row.service,
        "job": row.job,
        "body": row.body,
        "task": {
            "id": row.task_id,
            "status": row.status,
            "sent_at": row.sent_at,
            "video": number + 1,
            "videos": len(row.videos),
        },
        "video": {
            "file": os.path.basename(fetched.path),
            "sha256": fetched.sha256,
            "bytes": fetched.bytes,
        },
        "facts": fetched.facts.to_dict(),
        **({} if part is None else {PART: part.to_dict()}),
    }
