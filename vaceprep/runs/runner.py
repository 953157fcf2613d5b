"""Run any number of jobs, several at a time; a failed job does not stop the others."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

from vaceprep.api.client import Client
from vaceprep.api.model import ApiError, Rejected, StillRunning
from vaceprep.cost import Cost
from vaceprep.files.source import CannotOpen
from vaceprep.job.model import InvalidJob
from vaceprep.ledger.row import KEPT, Row
from vaceprep.ledger.spent import OverBudget
from vaceprep.ledger.store import Ledger, LedgerError
from vaceprep.parts.pieces import PART
from vaceprep.preparation.report import Prepared
from vaceprep.publish.target import PublishError, Target
from vaceprep.runs.admit import Ready
from vaceprep.runs.earlier_parts import earlier
from vaceprep.runs.local_results import agrees, id_beside
from vaceprep.runs.model import Control, Interrupted, OnStep, RunEntry, RunOptions, Status, Step
from vaceprep.runs.retrieve import NotDownloaded, Retriever, TaskEnded, TaskLost
from vaceprep.runs.spending import VARIABLE, cost_after
from vaceprep.runs.stage import (
    Changed,
    NeedsTarget,
    NotPrepared,
    clear,
    prepare,
    publish_media,
    work_folder,
)
from vaceprep.runs.submit import FateOpen, NotSent, Sender, is_gone, note_missing, note_task
from vaceprep.runs.used_parts import SILENT, sound_source, used_parts
from vaceprep.service_errors import explain

#: Seconds between two checks of what another process does with the same job.
CHECK_SECONDS: Final = 0.5
#: Jobs that are prepared while others wait.
AHEAD: Final = 1


@dataclass(frozen=True, slots=True)
class Account:
    """The account that pays: the service's base URL and the key's fingerprint."""

    service: str
    fingerprint: str


@dataclass(slots=True)
class Runner:
    """Runs ready jobs to their videos."""

    ledger: Ledger
    client: Client
    account: Account
    target: Target | None
    options: RunOptions
    control: Control
    on_step: OnStep
    #: Only one video is encoded at a time, because an encoder uses all cores.
    _encoding: threading.Lock = field(default_factory=threading.Lock)
    #: US dollars that the jobs sent so far take of ``max_cost``.
    _taken: Fraction = Fraction()
    _taking: threading.Lock = field(default_factory=threading.Lock)

    def one(self, ready: Ready) -> RunEntry:
        """One job from its file to its videos."""
        entry = self._one(ready)
        self.on_step(Step(ready.source, "end", note=entry.status))
        return entry

    def _one(self, ready: Ready) -> RunEntry:
        rehearsed = self.ledger.rehearsal
        entry = RunEntry(
            ready.source,
            ready.function,
            "failed",
            notes=ready.remarks,
            rehearsed=rehearsed,
            offer=ready.offer,
        )
        try:
            again, older = self.options.again, None
            if ready.part is not None and not again:
                older = earlier(self.ledger, ready)
                again = ready.redo and older is None
            if older is None and not again:
                older = self._still_there(ready.identity)
            if older is not None and older.state not in ("queued", "sending"):
                return self._resumed(older, replace(entry, resumed=True))
            while True:
                self.control.step()
                row, mine = self.ledger.claim(
                    ready.identity,
                    service=self.account.service,
                    account=self.account.fingerprint,
                    function=ready.function,
                    source=ready.source,
                    notes=ready.notes,
                    again=again,
                )
                if mine:
                    return self._new(ready, row, entry)
                settled = self._elsewhere(row)
                if settled is not None:
                    return self._resumed(settled, replace(entry, resumed=True))
        except Interrupted:
            return replace(entry, status="interrupted", hint=GO_ON)
        except (LedgerError, CannotAsk) as error:
            return replace(entry, error=f"{error}; nothing was sent")

    def _still_there(self, identity: str) -> Row | None:
        """An older row of the job whose task the service still has; raises CannotAsk.

        By the clock its 24 hours are over. The clock may be wrong, and a request is free.
        """
        for row in self.ledger.doubtful(identity):
            try:
                found = note_task(self.ledger, row, self.client.get(row.task_id or ""))
            except Rejected as error:
                if not is_gone(error):
                    raise CannotAsk(row, error) from None
                note_missing(self.ledger, row)
            except (ApiError, ValueError) as error:
                raise CannotAsk(row, error) from None
            else:
                if found.state in KEPT:
                    return found
        return None

    def _elsewhere(self, row: Row) -> Row | None:
        """The row once no process is sending it; None if it was not sent. Raises Interrupted."""
        while row.state in ("queued", "sending"):
            self.on_step(Step(row.source, "queue", note="the same job is under way already"))
            self.control.sleep(CHECK_SECONDS)
            self.control.step()
            self.ledger.reap(row.job)
            found = self.ledger.row(row.id)
            if found is None:
                return None
            row = found
        return None if row.state == "refused" else row

    def resume(self, ready: Ready, row: Row) -> RunEntry:
        """A part that was sent before, to its video; it is never sent from here."""
        entry = RunEntry(
            ready.source, ready.function, "failed", resumed=True, rehearsed=self.ledger.rehearsal
        )
        try:
            entry = self._resumed(row, entry)
        except LedgerError as error:
            entry = replace(entry, error=str(error))
        self.on_step(Step(ready.source, "end", note=entry.status))
        return entry

    # --- a new submission --------------------------------------------------------------------

    def _new(self, ready: Ready, row: Row, entry: RunEntry) -> RunEntry:
        entry = replace(entry, row=row.id)
        account = self.account
        try:
            # Before anything is prepared; the ledger looks again when it is sent.
            self.ledger.need_budget(
                account.service, account.fingerprint, ready.cost, self.options.budget
            )
        except OverBudget as error:
            self.ledger.drop(row.id)
            return over_budget(entry, error)
        folder = work_folder(os.path.dirname(self.ledger.path), ready.identity)
        made = self._made(ready, row, folder, entry)
        if isinstance(made, RunEntry):
            return made
        body, prepared = made
        entry = replace(entry, prepared=prepared, notes=made_notes(ready, prepared))
        cost = cost_after(ready.function, prepared, self.options.price)
        if not self._within_cap(cost):
            self.ledger.drop(row.id)
            return replace(entry, row=None, status="refused", error=DEARER)
        sender = Sender(self.ledger, self.client, self.options, self.control, self.on_step)
        try:
            row, task = sender.send(row, body, sound_notes(ready, prepared), cost)
        except OverBudget as error:
            return over_budget(entry, error)
        except NotSent as error:
            reason = str(error)
            return replace(entry, status="refused", error=reason, hint=explain(reason))
        except FateOpen as error:
            clear(folder)
            hint = self.options.hints.unknown(row.id)
            return replace(entry, status="unknown", error=str(error), hint=hint, cost=cost)
        except Interrupted:
            return replace(entry, row=None, status="interrupted", hint=GO_ON)
        clear(folder)
        entry = replace(entry, cost=cost)
        # Use the id from the response, whether or not the ledger could be written.
        return self._accepted(replace(row, task_id=task.id, status=task.status), entry)

    def _within_cap(self, cost: Cost | None) -> bool:
        """Whether ``max_cost`` covers a job too, as prepared; if so, it takes its share.

        The sum was compared before anything was prepared. It is higher if a job costs more than
        was planned, or if one that another process was sending has to be sent here after all.
        """
        if self.options.max_cost is None or cost is None:
            return True
        with self._taking:
            if self._taken + cost.most_usd > self.options.max_cost:
                return False
            self._taken += cost.most_usd
        return True

    def _made(
        self, ready: Ready, row: Row, folder: str, entry: RunEntry
    ) -> tuple[dict[str, Any], tuple[Prepared, ...]] | RunEntry:
        """The body and the prepared media; or why there is none, after removing the row."""
        try:
            with self._encoding:
                self.control.step()
                job, prepared = prepare(ready, folder, self.options, self.control, self.on_step)
            entry = replace(entry, prepared=prepared)
            job = publish_media(
                ready, job, self.target, self.ledger, self.options, self.control, self.on_step
            )
            return job.body(), prepared
        except NotPrepared as error:
            findings = tuple(f for e in error.entries if not e.ok for f in e.remaining)
            entry = replace(entry, status="refused", prepared=error.entries, findings=findings)
            reason = str(error)
        except Changed as error:
            entry = replace(entry, status="refused")
            reason = str(error)
        except (PublishError, NeedsTarget, CannotOpen, OSError, InvalidJob) as error:
            reason = getattr(error, "strerror", None) or str(error)
        except Interrupted:
            self.ledger.drop(row.id)
            return replace(entry, row=None, status="interrupted", hint=GO_ON)
        self.ledger.drop(row.id)
        return replace(entry, row=None, error=f"{reason}; nothing was sent")

    # --- what the service has ----------------------------------------------------------------

    def _resumed(self, row: Row, entry: RunEntry) -> RunEntry:
        entry = replace(entry, row=row.id, task=row.task_id, task_status=row.status)
        if row.state == "unknown":
            known = id_beside(row, self.options.output)
            if known is None:
                hint = self.options.hints.unknown(row.id)
                return replace(entry, status="unknown", error=UNKNOWN_STANDS, hint=hint)
            row = self.ledger.settle(row.id, "accepted", only_from=["unknown"], task_id=known)
        if self._is_downloaded(row) and not self._options_for(row).restore_audio:
            return replace(entry, status="downloaded", videos=row.files, hint=MAKES_ANOTHER)
        if row.state in ("failed", "cancelled", "expired", "forgotten"):
            # The task ended meanwhile; the next run may send it again.
            return replace(entry, status="failed", error=row.error, hint=GO_ON)
        return self._accepted(row, entry)

    def _is_downloaded(self, row: Row) -> bool:
        """Whether the videos are on disk, in the requested folder if ``wait`` is set."""
        if row.state != "downloaded" or not all(map(os.path.isfile, row.files)):
            return False
        if PART in row.notes and not agrees(row, self.ledger.rehearsal):
            return False
        wanted = os.path.realpath(self.options.output)
        return not self.options.wait or all(
            os.path.realpath(os.path.dirname(path)) == wanted for path in row.files
        )

    def _accepted(self, row: Row, entry: RunEntry) -> RunEntry:
        entry = replace(entry, task=row.task_id, task_status=row.status)
        if not self.options.wait:
            hint = self.options.hints.accepted(row.task_id)
            return replace(entry, status="accepted", hint=hint)
        return finish(
            Retriever(self.ledger, self.client, self._options_for(row), self.control, self.on_step),
            row,
            entry,
        )

    def _options_for(self, row: Row) -> RunOptions:
        """The options for a row: a part of a split stays silent, since the whole gets the sound."""
        if PART not in row.notes or not self.options.restore_audio:
            return self.options
        return replace(self.options, restore_audio=False)


class CannotAsk(Exception):
    """Whether an older task still exists is unknown, so its job is not sent again."""

    def __init__(self, row: Row, error: Exception) -> None:
        super().__init__(
            f"row {row.id} is over 24 hours old by the clock here, and whether its task is still "
            f"there could not be asked: {error}"
        )


def made_notes(ready: Ready, prepared: Sequence[Prepared]) -> tuple[str, ...]:
    """The remarks on a job, with the parts that were finally used."""
    if ready.part is not None:
        return ready.remarks
    foreseen = used_parts(ready.planned)
    return (*used_parts(prepared), *(reason for reason in ready.remarks if reason not in foreseen))


def sound_notes(ready: Ready, prepared: Sequence[Prepared]) -> dict[str, Any]:
    """The sound for the result: that of the part that was finally used."""
    sound, _ = sound_source(ready.job, prepared, ready.sources, search=False)
    return {} if sound is None else {"sound": sound}


def over_budget(entry: RunEntry, error: OverBudget) -> RunEntry:
    """The entry of a job that the budget of the day does not cover."""
    return replace(entry, row=None, status="refused", error=str(error), hint=MORE_BUDGET)


def finish(retriever: Retriever, row: Row, entry: RunEntry) -> RunEntry:
    """Wait for a task and download its videos."""
    entry = _finished(retriever, row, entry)
    reason = () if any(note.startswith(SILENT) for note in entry.notes) else tuple(retriever.reason)
    return replace(entry, notes=(*entry.notes, *reason))


def _finished(retriever: Retriever, row: Row, entry: RunEntry) -> RunEntry:
    hints = retriever.options.hints
    try:
        if row.state not in ("finished", "downloaded"):
            row = retriever.wait(row)
        row = retriever.download(row)
    except StillRunning as error:
        now = error.task.status
        return replace(
            entry,
            status="running",
            task_status=now,
            error=str(error),
            hint=hints.later(row.task_id),
        )
    except TaskEnded as error:
        ended: Status = "cancelled" if error.row.state == "cancelled" else "failed"
        reason = str(error)
        return replace(
            entry,
            status=ended,
            task_status=error.row.status,
            error=reason,
            hint=explain(reason),
            cost=None,
        )
    except TaskLost as error:
        return replace(entry, status="failed", error=str(error))
    except NotDownloaded as error:
        hint = hints.kept(row.task_id)
        return replace(entry, status="failed", error=str(error), hint=hint)
    except Interrupted:
        return replace(entry, status="interrupted", hint=hints.later(row.task_id))
    again = MAKES_ANOTHER if entry.resumed else None
    return replace(entry, status="downloaded", task_status=row.status, videos=row.files, hint=again)


MORE_BUDGET: Final = (
    f"run it again tomorrow, or raise the budget: [budget] per-day in the configuration, {VARIABLE}"
)
DEARER: Final = "--max-cost does not cover it beside the jobs that were sent; it was not sent"
GO_ON: Final = "run the same command again to resume"
MAKES_ANOTHER: Final = "it was sent before and not again; --again makes another"
UNKNOWN_STANDS: Final = (
    "it was sent before, and whether it was accepted is unknown; it is not sent again on its own"
)
