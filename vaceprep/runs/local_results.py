"""The videos in a folder, and what is written beside them: their names, sidecars and tasks."""

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
from vaceprep.runs.fetch import Fetched
from vaceprep.runs.sidecar import read_any, read_sidecar

#: What stands in the name of a video that the model did not make.
REHEARSAL: Final = "rehearsal"
#: Characters of a task's id that stand in its video's name.
ID_SHOWN: Final = 8
#: The form of the sidecar.
SIDECAR_VERSION: Final = 1
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_-]")
#: Bytes of a name that numbers and the ending may take, the sidecar's own among them.
_TAIL_BYTES: Final = len("-10000-1000.json")


class Kept(NamedTuple):
    """A video that an earlier run brought home."""

    path: str
    #: The source's sound is under it.
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
    """The id of a row's task, where an earlier run wrote it beside its video alone; no errors."""
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
    """The video that its sidecar tells to be this one, whole as it was; None where none is."""
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
        if found is not None and found["sha256"] in (video.get("sha256"), silent_hash(video)):
            return Kept(path, found["sha256"] == video.get("sha256") and bool(silent_hash(video)))
    return None


def silent_hash(video: Mapping[str, Any]) -> object:
    """The hash of what the service sent, where the source's sound was put under it."""
    return video.get("service_sha256")


def names_of(row: Row, number: int, rehearsed: bool = False) -> Callable[[int], str]:
    """The names of a task's video in the order in which they are tried, from 1.

    The job's name and the task's id come from strangers: neither leads out of the folder, and
    both fit beside a sidecar's ending. ``rehearsed``: it was made by the local stand-in, and its
    name says so.
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
    """What is kept beside a video: what was sent, the task, the facts."""
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
    }
