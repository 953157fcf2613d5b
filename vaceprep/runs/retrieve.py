"""From a task's id to its videos on disk."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

from vaceprep.api.client import Client
from vaceprep.api.model import ApiError, Rejected, StillRunning, Task
from vaceprep.api.settings import HIDDEN
from vaceprep.errors import Cancelled, Refused
from vaceprep.files.atomic import placing
from vaceprep.files.digest import digest
from vaceprep.files.source import CannotOpen
from vaceprep.ledger.row import Row, State
from vaceprep.ledger.store import Ledger, LedgerError
from vaceprep.net.hosts import own_place
from vaceprep.runs.fetch import Fetched, FetchFailed, fetch
from vaceprep.runs.local_results import Kept, copy_into, found_beside, names_of, sidecar_of
from vaceprep.runs.model import Control, Interrupted, OnStep, RunOptions, Step
from vaceprep.runs.sidecar import read_sidecar, write_sidecar
from vaceprep.runs.submit import EXPIRED, NEVER_ENDED, is_gone, note_missing, note_task
from vaceprep.wording import read_exact

#: Requests for a task that the service does not find, one poll interval apart.
ASKED_MISSING: Final = 3


def is_sound(about: object) -> bool:
    """Whether a row's note names the source of the sound and the part that is used."""
    if not isinstance(about, dict):
        return False
    try:
        for name in ("start", "duration"):
            if about.get(name) is not None:
                read_exact(about[name])
    except ValueError:
        return False
    return all(isinstance(about.get(name), str) for name in ("path", "role"))


class TaskLost(Exception):
    """The service does not know the task any more, or its result is gone."""


class NotDownloaded(Exception):
    """The video could not be downloaded; the message says why."""


class TaskEnded(Exception):
    """The task failed or was cancelled; ``row`` says why."""

    def __init__(self, row: Row) -> None:
        super().__init__(row.error or f"the task was {row.state}")
        self.row = row


@dataclass(frozen=True, slots=True)
class Retriever:
    """Waits for tasks and downloads their videos."""

    ledger: Ledger
    client: Client
    options: RunOptions
    control: Control
    on_step: OnStep
    #: Notes on the videos, a sentence each.
    reason: list[str] = field(default_factory=list)

    def wait(self, row: Row) -> Row:
        """The row once its task is completed.

        A task that the service does not find is requested a few times: it may find it again.
        Raises StillRunning (the time is over), TaskEnded, TaskLost, NotDownloaded, Interrupted.
        """
        begun = time.monotonic()
        requests = 0
        while True:
            left = max(0.0, self.options.max_wait - (time.monotonic() - begun))
            try:
                row = self._noted(row, self._waited(row, begun, left))
            except StillRunning as error:
                if self._noted(row, error.task).state == "expired":
                    raise TaskLost(NEVER_ENDED) from None
                raise
            except Rejected as error:
                requests += 1
                # The id of a task that was not sent from here may be mistyped.
                may_repeat = row.job and left > self.options.poll_interval
                last = requests >= ASKED_MISSING or not may_repeat
                if not is_gone(error) or self._missed(row) == "expired" or last:
                    raise self._rejected(row, error) from None
                self.control.sleep(self.options.poll_interval)
                if self.control.stopped():
                    raise Interrupted from None
                continue
            if row.state in ("failed", "cancelled"):
                raise TaskEnded(row)
            return row

    def _missed(self, row: Row) -> str:
        """The state of a row whose task the service does not find."""
        try:
            return note_missing(self.ledger, row).state
        except LedgerError:
            return row.state

    def _waited(self, row: Row, begun: float, max_wait: float) -> Task:
        """The task once completed. Raises StillRunning, Rejected, NotDownloaded, Interrupted."""

        def report_progress(task: Task) -> None:
            if task.state == "running":
                with suppress(LedgerError):
                    note_task(self.ledger, row, task)
            spent = int(time.monotonic() - begun)
            note = f"{task.status}, {spent // 60}:{spent % 60:02d}"
            self.on_step(Step(row.source, "wait", note=note))

        try:
            return self.client.wait(
                row.task_id or "",
                poll_interval=self.options.poll_interval,
                max_wait=max_wait,
                on_status=report_progress,
                cancelled=self.control.stopped,
            )
        except Cancelled:
            raise Interrupted from None
        except (StillRunning, Rejected):
            raise
        except (ApiError, ValueError) as error:
            raise NotDownloaded(str(error)) from None

    def _noted(self, row: Row, task: Task) -> Row:
        try:
            return note_task(self.ledger, row, task)
        except LedgerError as error:
            self.on_step(Step(row.source, "note", note=f"task {task.id}: {error}"))
            states: dict[str, State] = {"done": "finished", "running": "accepted"}
            state = states.get(task.state) or ("failed" if task.state == "failed" else "cancelled")
            return replace(row, status=task.status, videos=task.videos, state=state)

    def _rejected(self, row: Row, error: Rejected) -> Exception:
        if is_gone(error) and self._missed(row) == "expired":
            return TaskLost(EXPIRED)
        return NotDownloaded(str(error))

    def download(self, row: Row) -> Row:
        """The row with its videos on disk. Raises NotDownloaded, TaskLost, Interrupted."""
        links = row.videos
        if not links or any(HIDDEN in url for url in links):
            # A URL that repeats the key is never stored.
            row, links = self._read_again(row)
        files: list[str] = []
        for number, url in enumerate(links):
            self.control.step()
            files.append(self._one(row, number, url))
        known = [os.path.abspath(path) for path in files]
        with suppress(LedgerError):
            # The id once more: storing it may have failed before.
            row = self.ledger.settle(
                row.id,
                "downloaded",
                files=known,
                task_id=row.task_id,
                status=row.status,
                error=None,
            )
        return replace(row, state="downloaded", files=tuple(files))

    def _read_again(self, row: Row) -> tuple[Row, tuple[str, ...]]:
        """The row, and new URLs: the signature of the old ones expires."""
        try:
            task = self.client.get(row.task_id or "")
        except Rejected as error:
            raise self._rejected(row, error) from None
        except (ApiError, ValueError) as error:
            raise NotDownloaded(str(error)) from None
        if not task.links:
            raise NotDownloaded(f"the task is {task.status}, but no video is named")
        return self._noted(row, task), task.links

    def _one(self, row: Row, number: int, url: str) -> str:
        """Download one video. Raises NotDownloaded, TaskLost, Interrupted."""
        rehearsed = self.ledger.rehearsal
        name = names_of(row, number, rehearsed)
        kept = found_beside(row, number, self.options.output, rehearsed)
        if kept is None:
            kept = self._copied(row, number, name)
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

    def _copied(self, row: Row, number: int, name: Callable[[int], str]) -> Kept | None:
        """The video that an earlier run downloaded into another folder, copied into this one."""
        folders = {os.path.dirname(path) for path in row.files[number : number + 1]}
        for folder in folders:
            there = found_beside(row, number, folder, self.ledger.rehearsal)
            about = None if there is None else read_sidecar(there.path)
            if there is None or about is None:
                continue
            try:
                path = copy_into(there.path, self.options.output, name)
                self._note_down(row, path, about)
            except (Refused, OSError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise NotDownloaded(f"{there.path} cannot be copied: {reason}") from None
            return there._replace(path=path)
        return None

    def _fetched(self, row: Row, number: int, url: str, name: Callable[[int], str]) -> Fetched:
        try:
            return self._fetch(row, url, name)
        except FetchFailed as error:
            if not error.gone:
                raise NotDownloaded(self.client.hide(str(error))) from None
        # Signed URLs may expire before the task does.
        _, fresh = self._read_again(row)
        try:
            return self._fetch(row, fresh[number] if number < len(fresh) else url, name)
        except FetchFailed as error:
            raise NotDownloaded(self.client.hide(str(error))) from None

    def _fetch(self, row: Row, url: str, name: Callable[[int], str]) -> Fetched:
        def report_progress(got: int, size: int | None) -> None:
            share = Fraction(min(got, size), size) if size else None
            self.on_step(Step(row.source, "download", share))

        report_progress(0, None)
        try:
            return fetch(
                url,
                self.options.output,
                name,
                on_progress=report_progress,
                cancelled=self.control.halted,
                # A private service may have its results on its own port.
                allow_hosts=(*self.options.allowed_hosts, *own_place(row.service)),
            )
        except Cancelled:
            raise Interrupted from None

    def _note_down(self, row: Row, path: str, data: Mapping[str, Any]) -> bool:
        try:
            write_sidecar(path, data)
        except (OSError, Refused) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self.on_step(Step(row.source, "note", note=f"there is no sidecar for {path}: {reason}"))
            return False
        return True

    def _sound(self, row: Row, path: str) -> None:
        """Put the source's sound under a result; if that fails the result stays silent."""
        about = row.notes.get("sound")
        reason = "no local video of the job has sound that could be put back"
        if about is not None and not is_sound(about):
            reason = "what the ledger says of its sound cannot be read"
        elif about is not None:
            try:
                reason = self._sounded(row, path, about)
            except (Refused, CannotOpen, OSError) as error:
                reason = getattr(error, "strerror", None) or str(error)
        if reason:
            note = f"{path} stays silent: {reason}"
            self.reason.append(note)
            self.on_step(Step(row.source, "note", note=note))

    def _sounded(self, row: Row, path: str, about: Mapping[str, Any]) -> str:
        """Raises Refused, CannotOpen, OSError; why there is no sound, or an empty string."""
        from vaceprep.runs.restore_audio import Window, restore_sound

        source = about["path"]
        if about.get("sha256") and (digest(source) or {}).get("sha256") != about["sha256"]:
            return f"{source} is not there any more as it was when the job was sent"
        window = None
        options = self.options.prepare
        if about.get("start") is not None and about.get("duration") is not None:
            window = Window(Fraction(about["start"]), Fraction(about["duration"]))
        elif options.duration is None and about.get("duration"):
            # Each of two clips has its own part of the time.
            options = replace(options, duration=Fraction(about["duration"]))
        with placing(path, force=True) as place:
            role = about["role"]
            if not restore_sound(path, source, role, options, place.path, window):
                return f"{source} has none in the part that was used"
            silent, sounding = digest(path), digest(place.path)
            kept = read_sidecar(path)
            if silent is None or sounding is None or kept is None:
                return "it cannot be read again"
            # Write the sidecar first, so that it names the file that exists in any case.
            video = {**kept["video"], **sounding, "service_sha256": silent["sha256"]}
            if not self._note_down(row, path, {**kept, "video": video}):
                return "its sidecar cannot be written"
            place.commit()
        return ""
