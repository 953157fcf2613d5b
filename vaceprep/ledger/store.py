"""The ledger: submissions and published files, written and synced before each request is sent."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from vaceprep.contract import RESULT_SECONDS
from vaceprep.cost import Cost
from vaceprep.ledger.database import PAID, Database, LedgerError, from_sqlite, to_sqlite
from vaceprep.ledger.row import ACTIVE, KEPT, UNSETTLED, Row, State, written_cost
from vaceprep.ledger.spent import OverBudget, counted, day_of

__all__ = ["PAID", "SANDBOX", "SHORTEST_ID", "Ledger", "LedgerError"]

#: The file name of the sandbox's ledger.
SANDBOX: Final = "sandbox.sqlite3"
#: Seconds in the future that the next submission may be; beyond, the clock was set back.
_FARTHEST: Final = 60.0
#: Seconds within which a submission of the same local day was sent.
_TWO_DAYS: Final = 2 * 24 * 60 * 60


class Ledger(Database):
    """One file of submissions, shared by all processes and threads of a user.

    Every method raises LedgerError if the file cannot be read or written.
    """

    @property
    def rehearsal(self) -> bool:
        """Whether it is the ledger of the sandbox, whose rows cost nothing."""
        return os.path.basename(self.path) == SANDBOX

    # --- reading ---------------------------------------------------------------------------

    def rows(self, states: Collection[State] | None = None) -> list[Row]:
        """All rows, newest first; rows of dead processes are settled."""
        self.reap()
        found = self._select("ORDER BY id DESC")
        return found if states is None else [r for r in found if r.state in states]

    def by_task(self, task_id: str) -> Row | None:
        """The newest row with that task id, or with a task id that starts with it.

        A prefix has at least ``SHORTEST_ID`` characters and must match one task only.
        """
        exact = self._select("WHERE task_id = ? ORDER BY id DESC", task_id)
        if exact:
            return exact[0]
        if len(task_id) < SHORTEST_ID:
            return None
        near = self._select("WHERE substr(task_id, 1, ?) = ?", len(task_id), task_id)
        return near[-1] if len({r.task_id for r in near}) == 1 else None

    def standing(self, job: str) -> Row | None:
        """The row that prevents the same job from being sent again, if there is one.

        A row in state unknown does so until a person decides, at any age.
        """
        self.reap(job)
        now = self._now()
        found = self._of_job(job, (*UNSETTLED, *KEPT))
        return next((r for r in found if r.state in UNSETTLED or r.age(now) < RESULT_SECONDS), None)

    def doubtful(self, job: str) -> list[Row]:
        """Rows of a job whose task may still exist, though its time is over by the clock.

        These are rows over 24 hours old, because a clock may be wrong, and younger ones that count
        as expired, as earlier versions wrote after one 404. The service is asked about each before
        the job is sent again.
        """
        now = self._now()
        found = self._of_job(job, (*KEPT, "expired"))
        return [
            r
            for r in found
            if r.task_id is not None and (r.age(now) < RESULT_SECONDS) == (r.state == "expired")
        ]

    def submissions(self, job: str) -> list[Row]:
        """The rows of a job that are unsettled or were accepted, at any age, newest first."""
        self.reap(job)
        return self._of_job(job, (*UNSETTLED, *KEPT))

    def _of_job(self, job: str, states: Collection[State]) -> list[Row]:
        marks = ", ".join("?" * len(states))
        return self._select(f"WHERE job = ? AND state IN ({marks}) ORDER BY id DESC", job, *states)

    def age(self, row: Row) -> float:
        """Seconds since a row was sent, by this ledger's clock."""
        return row.age(self._now())

    def active(self, service: str, account: str) -> list[Row]:
        """Tasks of an account that are at work, as far as the ledger knows."""
        marks = ", ".join("?" * len(ACTIVE))
        found = self._select(
            f"WHERE service = ? AND account = ? AND state IN ({marks})", service, account, *ACTIVE
        )
        now = self._now()
        return [r for r in found if r.age(now) < RESULT_SECONDS]

    def is_held(self, row: Row) -> bool:
        """Whether a live process owns the row."""
        return self._owner.is_alive(row.owner)

    def reap(self, job: str | None = None) -> None:
        """Settle rows of dead processes: unknown if being sent, refused if not sent."""
        where = "WHERE state IN ('queued', 'sending')"
        left = self._select(where) if job is None else self._select(f"{where} AND job = ?", job)
        if all(self.is_held(row) for row in left):
            return
        with self._writing():
            for row in self._select(where):
                if not self.is_held(row):
                    lost: State = "unknown" if row.state == "sending" else "refused"
                    reason = (
                        "the process ended while it was being sent"
                        if lost == "unknown"
                        else "the process ended before it was sent"
                    )
                    self._update(row.id, state=lost, error=reason)

    # --- writing ---------------------------------------------------------------------------

    def claim(
        self,
        job: str,
        *,
        service: str,
        account: str,
        function: str,
        source: str,
        notes: Mapping[str, Any],
        again: bool = False,
    ) -> tuple[Row, bool]:
        """The row for a job, and whether it is new and owned by this process.

        Returns an older row that prevents sending instead, unless ``again``. A new row is
        ``queued``: nothing is sent yet, and no other process takes the job.
        """
        self.reap(job)
        with self._writing():
            older = None if again else self.standing(job)
            if older is not None:
                return older, False
            row = self._insert(
                job=job,
                service=service,
                account=account,
                function=function,
                source=source,
                state="queued",
                owner=self._owner.name,
                notes=dict(notes),
            )
        return row, True

    def start(
        self,
        number: int,
        body: Mapping[str, Any],
        *,
        at_once: int,
        per_second: float,
        notes: Mapping[str, Any] = MappingProxyType({}),
        cost: Cost | None = None,
        budget: Fraction | None = None,
    ) -> float | None:
        """Mark a queued row as being sent, synced to the disk; the request may then be sent.

        ``body``, ``notes`` (added to the row's own) and ``cost`` are stored with it. ``budget`` is
        in US dollars for the account's local day, over all processes.

        0: it may be sent. More: wait so many seconds first. None: ``at_once`` tasks of the account
        are already at work. Raises OverBudget.
        """
        self.reap()
        with self._writing():
            row = self.row(number)
            if row is None or row.state != "queued":
                raise LedgerError(f"row {number} is not waiting to be sent")
            self.need_budget(row.service, row.account, cost, budget)
            others = [r for r in self.active(row.service, row.account) if r.id != number]
            if len(others) >= at_once:
                return None
            now = self._now()
            account = row.service, row.account
            found = self._db.execute(
                "SELECT next FROM pace WHERE service = ? AND account = ?", account
            ).fetchone()
            due = found[0] if found and found[0] - now < _FARTHEST else now
            if due > now:
                return float(due - now)
            self._db.execute(
                "INSERT OR REPLACE INTO pace VALUES (?, ?, ?)", (*account, now + 1 / per_second)
            )
            kept = {**row.notes, **notes}
            self._update(
                number,
                state="sending",
                sent_at=now,
                body=dict(body),
                notes=kept,
                cost=written_cost(cost),
            )
        return 0.0

    def counted_today(self, service: str, account: str) -> Fraction:
        """The US dollars of today's budget that an account's submissions take."""
        now = self._now()
        found = self._select(
            "WHERE service = ? AND account = ? AND sent_at > ?", service, account, now - _TWO_DAYS
        )
        return counted(found, day_of(now))

    def need_budget(
        self, service: str, account: str, cost: Cost | None, budget: Fraction | None
    ) -> None:
        """Raises OverBudget if today's budget does not cover a further submission."""
        if budget is None or cost is None:
            return
        taken = self.counted_today(service, account)
        if taken + cost.most_usd > budget:
            raise OverBudget(budget, taken, cost)

    def settle(
        self,
        number: int,
        state: State,
        *,
        only_from: Collection[State] | None = None,
        **values: Any,
    ) -> Row:
        """Record the result of a row. ``values`` are columns of the same names.

        If the row is in none of the states ``only_from``, it is not changed.
        """
        with self._writing():
            row = self.row(number)
            if row is not None and (only_from is None or row.state in only_from):
                self._update(number, state=state, **values)
                row = self.row(number)
        if row is None:
            raise LedgerError(f"row {number} is gone")
        return row

    def checked(self, number: int, status: str) -> None:
        """Record that the service was asked, and the status."""
        with self._writing():
            self._update(number, status=status, checked_at=self._now())

    def drop(self, number: int) -> None:
        """Delete a queued row: nothing was sent."""
        with self._writing():
            self._db.execute("DELETE FROM submissions WHERE id = ? AND state = 'queued'", [number])

    def foreign(self, task_id: str, *, service: str, account: str) -> Row:
        """A row for a task that was not sent from here."""
        with self._writing():
            return self._insert(
                job="",
                service=service,
                account=account,
                function="task",
                source="task",
                state="accepted",
                task_id=task_id,
                sent_at=self._now(),
                notes={},
            )

    # --- what was published ----------------------------------------------------------------

    def recall(self, target: str, key: str) -> str | None:
        """The URL at which that content was published to that target."""
        with self._lock, self._errors():
            found = self._db.execute(
                "SELECT url FROM published WHERE target = ? AND key = ?", (to_sqlite(target), key)
            ).fetchone()
        return None if found is None else str(from_sqlite(found[0]))

    def remember(self, target: str, key: str, url: str) -> None:
        """Record where that content was published."""
        with self._writing():
            self._db.execute(
                "INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?)",
                (to_sqlite(target), key, to_sqlite(url), self._now()),
            )


#: The fewest characters of a task's id that name the task.
SHORTEST_ID: Final = 6
