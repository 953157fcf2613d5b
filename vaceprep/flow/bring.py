"""From a task's id to its videos on disk."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from typing import Any, Final, NamedTuple

from vaceprep.api.client import Client
from vaceprep.api.model import ApiError, Rejected, StillRunning, Task
from vaceprep.contract import RESULT_SECONDS
from vaceprep.flow.model import Control, Interrupted, RunOptions, Step, Tell
from vaceprep.flow.results import Fetched, FetchFailed, fetch
from vaceprep.flow.send import GONE, note_task
from vaceprep.flow.sidecar import read_sidecar, write_sidecar
from vaceprep.hosts import own_place
from vaceprep.ledger.rows import Row
from vaceprep.ledger.store import Ledger, LedgerError
from vaceprep.prepare.made import digest
from vaceprep.prepare.names import NAME_BYTES, cut, fit, in_bytes
from vaceprep.prepare.place import placing
from vaceprep.prepare.refused import Cancelled, Refused
from vaceprep.source import CannotOpen

#: Characters of a task's id that stand in its video's name.
ID_SHOWN: Final = 8
#: The form of the sidecar.
SIDECAR_VERSION: Final = 1
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_-]")
#: Bytes of a name that numbers and the ending may take, the sidecar's own among them.
_TAIL_BYTES: Final = len("-10000-1000.json")


class Lost(Exception):
    """The service does not know the task any more, or its result is gone."""


class CannotBring(Exception):
    """The video is not on disk yet; the message says why."""


class TaskEnded(Exception):
    """The task failed or was cancelled; ``row`` says why."""

    def __init__(self, row: Row) -> None:
        super().__init__(row.error or f"the task was {row.state}")
        self.row = row


@dataclass(frozen=True, slots=True)
class Bringer:
    """Waits for tasks and brings their videos home."""

    ledger: Ledger
    client: Client
    options: RunOptions
    control: Control
    tell: Tell

    def wait(self, row: Row) -> Row:
        """The row once its task is done.

        Raises StillRunning (the time is over), TaskEnded, Lost, CannotBring, Interrupted.
        """
        begun = time.monotonic()

        def told(task: Task) -> None:
            with suppress(LedgerError):
                self.ledger.checked(row.id, task.status)
            spent = int(time.monotonic() - begun)
            note = f"{task.status}, {spent // 60}:{spent % 60:02d}"
            self.tell(Step(row.source, "wait", note=note))

        try:
            task = self.client.wait(
                row.task_id or "",
                poll_interval=self.options.poll_interval,
                max_wait=self.options.max_wait,
                on_status=told,
                cancelled=self.control.stopped,
            )
        except Rejected as error:
            raise self._rejected(row, error) from None
        except Cancelled:
            raise Interrupted from None
        except StillRunning:
            raise
        except ApiError as error:
            raise CannotBring(str(error)) from None
        row = self._noted(row, task)
        if task.state != "done":
            raise TaskEnded(row)
        return row

    def _noted(self, row: Row, task: Task) -> Row:
        try:
            return note_task(self.ledger, row, task)
        except LedgerError as error:
            self.tell(Step(row.source, "note", note=f"task {task.id}: {error}"))
            return replace(row, status=task.status, videos=task.videos, state="finished")

    def _rejected(self, row: Row, error: Rejected) -> Exception:
        if error.problem.status != GONE:
            return CannotBring(str(error))
        if row.age(time.time()) < RESULT_SECONDS:
            return CannotBring(str(error))
        with suppress(LedgerError):
            self.ledger.settle(row.id, "expired", only_from=["accepted", "finished"])
        return Lost("the task and its result are gone: the service keeps them for 24 hours")

    def download(self, row: Row) -> Row:
        """The row with its videos on disk. Raises CannotBring, Lost, Interrupted."""
        if not row.videos:
            row = self._asked_again(row)
        files: list[str] = []
        for number, url in enumerate(row.videos):
            self.control.step()
            files.append(self._one(row, number, url))
        known = [os.path.abspath(path) for path in files]
        with suppress(LedgerError):
            row = self.ledger.settle(row.id, "downloaded", files=known, error=None)
        return replace(row, state="downloaded", files=tuple(files))

    def _asked_again(self, row: Row) -> Row:
        """The row with fresh URLs: the old ones are signed for a while alone."""
        try:
            task = self.client.get(row.task_id or "")
        except Rejected as error:
            raise self._rejected(row, error) from None
        except ApiError as error:
            raise CannotBring(str(error)) from None
        if not task.videos:
            raise CannotBring(f"the task is {task.status}, but no video is named")
        return self._noted(row, task)

    def _one(self, row: Row, number: int, url: str) -> str:
        """Bring one video home. Raises CannotBring, Lost, Interrupted."""
        name = names_of(row, number)
        kept = found_beside(row, number, self.options.output)
        if kept is not None and (kept.sounding or not self.options.restore_audio):
            return kept.path
        if kept is None:
            fetched = self._fetched(row, number, url, name)
            self._note_down(row, fetched.path, sidecar_of(row, fetched, number))
            path = fetched.path
        else:
            path = kept.path
        if self.options.restore_audio:
            self._sound(row, path)
        return path

    def _fetched(self, row: Row, number: int, url: str, name: Callable[[int], str]) -> Fetched:
        try:
            return self._fetch(row, url, name)
        except FetchFailed as error:
            if not error.gone:
                raise CannotBring(str(error)) from None
        # Signed URLs may end before the task does.
        fresh = self._asked_again(row).videos
        try:
            return self._fetch(row, fresh[number] if number < len(fresh) else url, name)
        except FetchFailed as error:
            raise CannotBring(str(error)) from None

    def _fetch(self, row: Row, url: str, name: Callable[[int], str]) -> Fetched:
        def told(got: int, size: int | None) -> None:
            share = Fraction(min(got, size), size) if size else None
            self.tell(Step(row.source, "download", share))

        told(0, None)
        try:
            return fetch(
                url,
                self.options.output,
                name,
                tell=told,
                cancelled=self.control.halted,
                # A service of the user's own may have its results there too, at its own port.
                allow_hosts=(*self.options.allowed_hosts, *own_place(row.service)),
            )
        except Cancelled:
            raise Interrupted from None

    def _note_down(self, row: Row, path: str, data: Mapping[str, Any]) -> bool:
        try:
            write_sidecar(path, data)
        except (OSError, Refused) as error:
            said = getattr(error, "strerror", None) or str(error)
            self.tell(Step(row.source, "note", note=f"there is no sidecar for {path}: {said}"))
            return False
        return True

    def _sound(self, row: Row, path: str) -> None:
        """Put the source's sound under a result; where that fails the result stays silent."""
        about = row.notes.get("sound")
        said = "the job has no local video whose sound could be put back"
        if about is not None:
            try:
                said = self._sounded(row, path, about)
            except (Refused, CannotOpen, OSError) as error:
                said = getattr(error, "strerror", None) or str(error)
        if said:
            self.tell(Step(row.source, "note", note=f"{path} stays silent: {said}"))

    def _sounded(self, row: Row, path: str, about: Mapping[str, Any]) -> str:
        """Raises Refused, CannotOpen, OSError; a reason why there is no sound, or nothing."""
        from vaceprep.flow.sound import restore_sound

        options = self.options.prepare
        if options.duration is None and about.get("duration"):
            # Of two clips each has its share of the time.
            options = replace(options, duration=Fraction(about["duration"]))
        with placing(path, force=True) as place:
            if not restore_sound(path, about["path"], about["role"], options, place.path):
                return "its source has no sound"
            silent, sounding = digest(path), digest(place.path)
            kept = read_sidecar(path)
            if silent is None or sounding is None or kept is None:
                return "it cannot be read again"
            # Written first: whatever happens then, the sidecar knows the file that is there.
            video = {**kept["video"], **sounding, "service_sha256": silent["sha256"]}
            if not self._note_down(row, path, {**kept, "video": video}):
                return "its sidecar cannot be written"
            place.commit()
        return ""


class Kept(NamedTuple):
    """A video that an earlier run brought home."""

    path: str
    #: The source's sound is under it.
    sounding: bool


def found_beside(row: Row, number: int, folder: str) -> Kept | None:
    """The video that its sidecar tells to be this one, whole as it was; None where none is."""
    name = names_of(row, number)
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


def names_of(row: Row, number: int) -> Callable[[int], str]:
    """The names of a task's video in the order in which they are tried, from 1.

    The job's name and the task's id come from strangers: neither leads out of the folder, and
    both fit beside a sidecar's ending.
    """
    stem, _ = fit(str(row.notes.get("stem") or "task"), ".mp4")
    short = _UNFIT.sub("_", (row.task_id or "")[:ID_SHOWN])
    own = f"-{row.function}-{short}" if row.job else f"-{short}"
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
