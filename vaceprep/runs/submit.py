"""One submission, sent once: written down first, settled after, never sent again on its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vaceprep.api.client import Client
from vaceprep.api.model import ApiError, Busy, FateUnknown, NotConnected, Rejected, Task
from vaceprep.contract import RESULT_SECONDS, RUNNING_STATUSES
from vaceprep.ledger.row import WAITED_FOR, Row, State
from vaceprep.ledger.store import Ledger, LedgerError
from vaceprep.net.retry import backoff
from vaceprep.runs.model import Control, Interrupted, RunOptions, Step, Tell
from vaceprep.runs.stage import shortened

#: Times that a connection is tried for.
CONNECTIONS: Final = 3
#: Seconds between two looks at whether a place is free.
LOOK: Final = 2.0
#: Seconds before each further try to write an accepted task's id into the ledger.
SETTLE_AGAIN: Final = (0.1, 0.5, 1.0)


class NotSent(Exception):
    """Nothing was accepted, surely; the message says why and what to do."""


class FateOpen(Exception):
    """It was sent, and nobody knows whether it was accepted."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends the jobs of one account."""

    ledger: Ledger
    client: Client
    options: RunOptions
    control: Control
    tell: Tell
    now: Callable[[], float] = time.monotonic

    def send(self, row: Row, body: Mapping[str, Any], notes: Mapping[str, Any]) -> tuple[Row, Task]:
        """The row with its task's id. The row is settled whatever happens.

        Raises NotSent, FateOpen, Interrupted (nothing was sent), LedgerError (nothing was sent).
        """
        deadline = self.now() + self.options.max_wait
        refused = failures = 0
        while True:
            self._take_turn(row, body, notes)
            # With the time and the body that are on the disk now.
            row = self.ledger.row(row.id) or row
            self.tell(Step(row.source, "send"))
            pause = backoff(failures + 1)
            try:
                task = self._post(row, body)
            except NotConnected as error:
                refused += 1
                wait, why = pause, "there is no connection; it is tried again in"
                if refused >= CONNECTIONS:
                    raise self._gave_up(row, str(error)) from None
            except Busy as error:
                # A service that asks for no pause at all is not asked without one.
                least = self.options.poll_interval
                wait = pause if error.retry_after is None else max(error.retry_after, least)
                why = "the service asks to wait"
                if self.now() + wait > deadline:
                    said = f"{error}; it asks for {wait:.0f} s more, and --max-wait is over"
                    raise self._gave_up(row, said) from None
            else:
                return self._accepted(row, task), task
            # Surely not accepted: it is as if it had not been sent.
            row = self.ledger.settle(row.id, "queued", sent_at=None)
            failures += 1
            self.tell(Step(row.source, "queue", note=f"{why} {wait:.0f} s"))
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
            # Whatever it was, the request may have left.
            said = f"it broke off while it was being sent ({type(error).__name__})"
            self._lost(row, said)
            if isinstance(error, Exception):
                raise FateOpen(said) from error
            raise

    def _lost(self, row: Row, said: str) -> None:
        try:
            self.ledger.settle(row.id, "unknown", error=said)
        except LedgerError:
            # It stands as being sent; once this process is gone, that is as unknown.
            self.tell(Step(row.source, "note", note=f"row {row.id} is unknown: {said}"))

    def _gave_up(self, row: Row, said: str) -> NotSent:
        self.ledger.settle(row.id, "refused", error=said)
        return NotSent(said)

    def _accepted(self, row: Row, task: Task) -> Row:
        for pause in (*SETTLE_AGAIN, None):
            try:
                return self.ledger.settle(
                    row.id, "accepted", task_id=task.id, status=task.status, error=None
                )
            except LedgerError as error:
                said = error
            if pause is not None:
                time.sleep(pause)
        # What was paid for must not be lost with a full disk: say it where it can be read.
        note = (
            f"the task {task.id} was accepted, but {said}; write its id down: "
            f"{self.options.hints.adopt(row.id, task.id)}"
        )
        self.tell(Step(row.source, "note", note=note))
        return row

    def _step(self, row: Row) -> None:
        """A place between two steps, while nothing is sent. Raises Interrupted."""
        if self.control.stopped():
            self.ledger.drop(row.id)
            raise Interrupted

    def _take_turn(self, row: Row, body: Mapping[str, Any], notes: Mapping[str, Any]) -> None:
        """Wait for a free place and for the pace, then mark the row as being sent.

        As long as the tasks ahead change, waiting goes on. Raises NotSent, Interrupted.
        """
        before: object = None
        since = self.now()
        short = shortened(body)
        while True:
            self._step(row)
            wait = self.ledger.start(
                row.id,
                short,
                at_once=self.options.at_once,
                per_second=self.options.per_second,
                notes=notes,
            )
            if wait == 0:
                return
            if wait is None:
                ahead = self._ahead(row)
                if ahead != before:
                    before, since = ahead, self.now()
                elif self.now() - since > self.options.max_wait:
                    count = self.options.at_once
                    said = f"{count} tasks of this account are still at work; try again later"
                    raise self._gave_up(row, said)
                self.tell(Step(row.source, "queue", note="waits for a free place"))
                wait = min(LOOK, self.options.poll_interval)
            self.control.sleep(wait)

    def _ahead(self, row: Row) -> object:
        """The tasks at work, looked after where no process does."""
        found = [r for r in self.ledger.active(row.service, row.account) if r.id != row.id]
        for other in found:
            self._look_after(other)
        return sorted((r.id, r.state, r.status) for r in found)

    def _look_after(self, row: Row) -> None:
        if row.state != "accepted" or row.task_id is None:
            return
        asked = max(row.checked_at or 0, row.sent_at or 0)
        if time.time() - asked < 1.5 * self.options.poll_interval and asked <= time.time():
            # Somebody waits for it, or it has only just been asked.
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
    """Whether the service says that it has no such task."""
    return error.problem.status in GONE


def note_missing(ledger: Ledger, row: Row) -> Row:
    """Settle a row whose task the service does not find.

    Within its 24 hours the task may be found again: the row keeps its job from being sent again,
    and takes no place among the tasks at work. Later it is expired.
    """
    if ledger.age(row) >= RESULT_SECONDS:
        return ledger.settle(row.id, "expired", only_from=WAITED_FOR, error=EXPIRED)
    return ledger.settle(row.id, "missing", only_from=(*WAITED_FOR, "expired"), error=NOT_FOUND)


EXPIRED: Final = "the task and its result are gone: the service keeps them for 24 hours"
NOT_FOUND: Final = "the service does not find the task now (404); it may find it again"
NEVER_ENDED: Final = "the task did not end within 24 hours, after which the service keeps nothing"


def note_task(ledger: Ledger, row: Row, task: Task) -> Row:
    """Write down what the service says of a task; what was settled before stays."""
    open_states: tuple[State, ...] = ("accepted", "missing", "expired", "unknown", "sending")
    if task.state == "running":
        now = ledger.row(row.id) or row
        if is_over(ledger, row, task):
            return ledger.settle(
                row.id, "expired", only_from=WAITED_FOR, status=task.status, error=NEVER_ENDED
            )
        if now.state in open_states and (now.state, now.task_id) != ("accepted", task.id):
            return ledger.settle(
                row.id,
                "accepted",
                only_from=open_states,
                task_id=task.id,
                status=task.status,
                error=None,
            )
        ledger.checked(row.id, task.status)
        return ledger.row(row.id) or row
    if task.state == "done":
        return ledger.settle(
            row.id,
            "finished",
            only_from=(*open_states, "finished"),
            task_id=task.id,
            status=task.status,
            videos=list(task.videos),
            error=None,
        )
    error = None if task.error is None else task.error.sentence()
    return ledger.settle(
        row.id,
        task.state,
        only_from=open_states,
        task_id=task.id,
        status=task.status,
        error=error,
    )


def is_over(ledger: Ledger, row: Row, task: Task) -> bool:
    """Whether a task that goes on has had its 24 hours.

    The service's clock decides where it tells; else a task whose status is known to mean work is
    believed, since the clock here may be wrong.
    """
    if task.age is not None:
        return task.age >= RESULT_SECONDS
    known = task.status.strip().lower() in RUNNING_STATUSES
    return not known and ledger.age(row) >= RESULT_SECONDS
