"""Submit once: record first, settle afterwards, never repeat on its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vaceprep.api.client import Client
from vaceprep.api.model import ApiError, Busy, FateUnknown, NotConnected, Rejected, Task
from vaceprep.contract import RESULT_SECONDS, RUNNING_STATUSES
from vaceprep.cost import Cost
from vaceprep.ledger.row import WAITED_FOR, Row, State
from vaceprep.ledger.spent import OverBudget
from vaceprep.ledger.store import Ledger, LedgerError
from vaceprep.net.retry import backoff
from vaceprep.runs.model import Control, Interrupted, OnStep, RunOptions, Step
from vaceprep.runs.stage import shortened

#: Attempts to connect.
CONNECTIONS: Final = 3
#: Seconds between two checks whether a task slot is free.
CHECK_SECONDS: Final = 2.0
#: Seconds before each further attempt to write an accepted task's id to the ledger.
SETTLE_AGAIN: Final = (0.1, 0.5, 1.0)


class NotSent(Exception):
    """Certainly nothing was accepted; the message says why and what to do."""


class FateOpen(Exception):
    """The job was sent, and whether it was accepted is unknown."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends the jobs of one account."""

    ledger: Ledger
    client: Client
    options: RunOptions
    control: Control
    on_step: OnStep
    now: Callable[[], float] = time.monotonic

    def send(
        self,
        row: Row,
        body: Mapping[str, Any],
        notes: Mapping[str, Any],
        cost: Cost | None = None,
    ) -> tuple[Row, Task]:
        """Send one job; return the row with its task's id. The row is settled in any case.

        Raises NotSent, FateOpen, Interrupted (nothing was sent), LedgerError (nothing was sent),
        OverBudget (nothing was sent, and the row is gone).
        """
        deadline = self.now() + self.options.max_wait
        refused = failures = 0
        while True:
            self._take_turn(row, body, notes, cost)
            # Read the row again, with the time and the body that are on the disk.
            row = self.ledger.row(row.id) or row
            self.on_step(Step(row.source, "send"))
            pause = backoff(failures + 1)
            try:
                task = self._post(row, body)
            except NotConnected as error:
                refused += 1
                wait, why = pause, "there is no connection; it is tried again in"
                if refused >= CONNECTIONS:
                    raise self._gave_up(row, str(error)) from None
            except Busy as error:
                # Retry-After: 0 does not mean to retry without any pause.
                least = self.options.poll_interval
                wait = pause if error.retry_after is None else max(error.retry_after, least)
                why = "the service asks to wait"
                if self.now() + wait > deadline:
                    reason = f"{error}; it asks for {wait:.0f} s more, and --max-wait is over"
                    raise self._gave_up(row, reason) from None
            else:
                return self._accepted(row, task), task
            # Certainly not accepted: as if it had not been sent.
            row = self.ledger.settle(row.id, "queued", sent_at=None)
            failures += 1
            self.on_step(Step(row.source, "queue", note=f"{why} {wait:.0f} s"))
            self.control.sleep(wait)
            self._step(row)

    def _post(self, row: Row, body: Mapping[str, Any]) -> Task:
        """The one request. Raises NotConnected, Busy, NotSent, FateOpen."""
        try:
            return self.client.create_once(body)
        except (NotConnected, Busy):
            raise
        except Rejected as error:
            raise self._gave_up(row, str(error)) from None
        except FateUnknown as error:
            self._lost(row, str(error))
            raise FateOpen(str(error)) from None
        except BaseException as error:
            # Any error: the request may have been sent.
            reason = f"it broke off while it was being sent ({type(error).__name__})"
            self._lost(row, reason)
            if isinstance(error, Exception):
                raise FateOpen(reason) from error
            raise

    def _lost(self, row: Row, reason: str) -> None:
        try:
            self.ledger.settle(row.id, "unknown", error=reason)
        except LedgerError:
            # The row stays in the state of sending; once this process ends, that means unknown.
            self.on_step(Step(row.source, "note", note=f"row {row.id} is unknown: {reason}"))

    def _gave_up(self, row: Row, reason: str) -> NotSent:
        self.ledger.settle(row.id, "refused", error=reason)
        return NotSent(reason)

    def _accepted(self, row: Row, task: Task) -> Row:
        for pause in (*SETTLE_AGAIN, None):
            try:
                return self.ledger.settle(
                    row.id, "accepted", task_id=task.id, status=task.status, error=None
                )
            except LedgerError as error:
                reason = error
            if pause is not None:
                time.sleep(pause)
        # A full disk must not lose a paid task: print its id.
        note = (
            f"the task {task.id} was accepted, but {reason}; write its id down: "
            f"{self.options.hints.adopt(row.id, task.id)}"
        )
        self.on_step(Step(row.source, "note", note=note))
        return row

    def _step(self, row: Row) -> None:
        """A point between two steps, while nothing is sent. Raises Interrupted."""
        if self.control.stopped():
            self.ledger.drop(row.id)
            raise Interrupted

    def _take_turn(
        self, row: Row, body: Mapping[str, Any], notes: Mapping[str, Any], cost: Cost | None
    ) -> None:
        """Wait for a free task slot and for the rate limit, then mark the row as being sent.

        Keeps waiting as long as the earlier tasks make progress. Raises NotSent, Interrupted,
        OverBudget.
        """
        before: object = None
        since = self.now()
        short = shortened(body)
        while True:
            self._step(row)
            wait = self._started(row, short, notes, cost)
            if wait == 0:
                return
            if wait is None:
                ahead = self._ahead(row)
                if ahead != before:
                    before, since = ahead, self.now()
                elif self.now() - since > self.options.max_wait:
                    count = self.options.at_once
                    reason = f"{count} tasks of this account are still at work; try again later"
                    raise self._gave_up(row, reason)
                self.on_step(Step(row.source, "queue", note="waits for a free place"))
                wait = min(CHECK_SECONDS, self.options.poll_interval)
            self.control.sleep(wait)

    def _started(
        self, row: Row, short: Mapping[str, Any], notes: Mapping[str, Any], cost: Cost | None
    ) -> float | None:
        try:
            return self.ledger.start(
                row.id,
                short,
                at_once=self.options.at_once,
                per_second=self.options.per_second,
                notes=notes,
                cost=cost,
                budget=self.options.budget,
            )
        except OverBudget:
            self.ledger.drop(row.id)
            raise

    def _ahead(self, row: Row) -> object:
        """The tasks at work; polls those that no process polls."""
        found = [r for r in self.ledger.active(row.service, row.account) if r.id != row.id]
        for other in found:
            self._look_after(other)
        return sorted((r.id, r.state, r.status) for r in found)

    def _look_after(self, row: Row) -> None:
        if row.state != "accepted" or row.task_id is None:
            return
        last_read = max(row.checked_at or 0, row.sent_at or 0)
        if time.time() - last_read < 1.5 * self.options.poll_interval and last_read <= time.time():
            # Another process waits for it, or it has just been requested.
            return
        try:
            note_task(self.ledger, row, self.client.get(row.task_id))
        except Rejected as error:
            if is_gone(error):
                note_missing(self.ledger, row)
            else:
                self.ledger.checked(row.id, row.status or "")
        except ApiError:
            # It counts as being at work until the service says otherwise.
            self.ledger.checked(row.id, row.status or "")


#: The HTTP statuses of a task that the service does not know.
GONE: Final = (404, 410)


def is_gone(error: Rejected) -> bool:
    """Whether the service reports that it has no such task."""
    return error.problem.status in GONE


def note_missing(ledger: Ledger, row: Row) -> Row:
    """Settle a row whose task the service does not find.

    Within its 24 hours the task may be found again: the row prevents its job from being sent again,
    and does not count among the tasks at work. Later it is expired.
    """
    if ledger.age(row) >= RESULT_SECONDS:
        return ledger.settle(row.id, "expired", only_from=WAITED_FOR, error=EXPIRED)
    return ledger.settle(row.id, "missing", only_from=(*WAITED_FOR, "expired"), error=NOT_FOUND)


EXPIRED: Final = "the task and its result are gone: the service keeps them for 24 hours"
NOT_FOUND: Final = "the service does not find the task now (404); it may find it again"
NEVER_ENDED: Final = "the task did not end within 24 hours, after which the service keeps nothing"


def note_task(ledger: Ledger, row: Row, task: Task) -> Row:
    """Record the service's report on a task; a settled row is not changed."""
    open_states: tuple[State, ...] = ("accepted", "missing", "expired", "unknown", "sending")
    known: dict[str, Any] = {"task_id": task.id, "status": task.status}
    if task.state == "running":
        now = ledger.row(row.id) or row
        if is_over(ledger, row, task):
            return ledger.settle(
                row.id, "expired", only_from=WAITED_FOR, status=task.status, error=NEVER_ENDED
            )
        if now.state in open_states and (now.state, now.task_id) != ("accepted", task.id):
            return ledger.settle(row.id, "accepted", only_from=open_states, error=None, **known)
        ledger.checked(row.id, task.status)
        return ledger.row(row.id) or row
    if task.state == "done":
        return ledger.settle(
            row.id,
            "finished",
            only_from=(*open_states, "finished"),
            videos=list(task.videos),
            error=None,
            **known,
        )
    error = None if task.error is None else task.error.sentence()
    return ledger.settle(row.id, task.state, only_from=open_states, error=error, **known)


def is_over(ledger: Ledger, row: Row, task: Task) -> bool:
    """Whether an unfinished task has had its 24 hours.

    The service's clock decides if given; otherwise a known status of work is trusted, because the
    clock here may be wrong.
    """
    if task.age is not None:
        return task.age >= RESULT_SECONDS
    known = task.status.strip().lower() in RUNNING_STATUSES
    return not known and ledger.age(row) >= RESULT_SECONDS
