"""The ledger's file: SQLite, written and synced before each request is sent."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Self

from vaceprep.contract import RESULT_SECONDS
from vaceprep.files.state import VARIABLE, state_dir
from vaceprep.ledger.owner import Owner
from vaceprep.ledger.row import ACTIVE, KEPT, UNSETTLED, Row, State, checked_row

#: The schema version; a newer vaceprep made a larger number.
_VERSION: Final = 1
#: Seconds that a write waits for another process.
_BUSY_SECONDS: Final = 30.0
#: Seconds in the future that the next submission may be; beyond, the clock was set back.
_FARTHEST: Final = 60.0
#: File names: the ledger of paid tasks, and the sandbox's.
PAID: Final = "ledger.sqlite3"
SANDBOX: Final = "sandbox.sqlite3"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS submissions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL, service TEXT NOT NULL, account TEXT NOT NULL,
  function TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL, owner TEXT,
  created_at REAL NOT NULL, updated_at REAL NOT NULL, sent_at REAL, checked_at REAL,
  task_id TEXT, status TEXT, body TEXT, notes TEXT NOT NULL DEFAULT '{}',
  videos TEXT NOT NULL DEFAULT '[]', files TEXT NOT NULL DEFAULT '[]', error TEXT);
CREATE INDEX IF NOT EXISTS by_job ON submissions (job, id);
CREATE INDEX IF NOT EXISTS by_state ON submissions (state, service, account);
CREATE TABLE IF NOT EXISTS published (
  target TEXT NOT NULL, key TEXT NOT NULL, url TEXT NOT NULL, at REAL NOT NULL,
  PRIMARY KEY (target, key));
CREATE TABLE IF NOT EXISTS pace (
  service TEXT NOT NULL, account TEXT NOT NULL, next REAL NOT NULL,
  PRIMARY KEY (service, account));
"""
_COLUMNS: Final = (
    "id, job, service, account, function, source, state, owner, created_at, updated_at, sent_at, "
    "checked_at, task_id, status, body, notes, videos, files, error"
)
_JSON: Final = frozenset(["body", "notes", "videos", "files"])


class LedgerError(Exception):
    """The ledger cannot be read or written, so nothing may be sent; one sentence for a person."""


def _kept(value: Any) -> Any:
    """A value for SQLite: a text with lone surrogates, as in odd file names, becomes bytes."""
    if not isinstance(value, str):
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def _given(value: Any) -> Any:
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def _row(values: tuple[Any, ...]) -> Row:
    row = dict(zip(_COLUMNS.split(", "), map(_given, values), strict=True))
    try:
        for name in _JSON:
            row[name] = None if row[name] is None else json.loads(row[name])
    except (ValueError, TypeError, RecursionError):
        raise ValueError(f"row {row['id']} holds what is no JSON") from None
    return checked_row(row)


class Ledger:
    """One file of submissions, shared by all processes and threads of a user.

    Every method raises LedgerError if the file cannot be read or written.
    """

    def __init__(
        self, name: str = PAID, *, folder: str | None = None, now: Callable[[], float] = time.time
    ) -> None:
        """Open it; create it if absent. ``folder``: by default the state directory."""
        folder = folder or state_dir()
        if folder is None:
            raise LedgerError(
                f"there is no home folder for the ledger; set {VARIABLE} to a folder of yours"
            )
        self.path = os.path.join(folder, name)
        self._now = now
        self._lock = threading.RLock()
        self._within = False
        with self._errors():
            os.makedirs(folder, mode=0o700, exist_ok=True)
            # The file contains signed URLs.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = self._connected()
        try:
            with self._errors():
                self._prepare()
                self._owner = Owner(folder)
        except BaseException:
            self._db.close()
            raise

    @property
    def rehearsal(self) -> bool:
        """Whether it is the ledger of the sandbox, whose rows cost nothing."""
        return os.path.basename(self.path) == SANDBOX

    def _connected(self) -> sqlite3.Connection:
        database = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # A rollback journal works on every file system; EXTRA syncs the folder, too, so that a
        # record written before a request is sent survives a power cut.
        try:
            database.execute("PRAGMA journal_mode=DELETE")
            database.execute("PRAGMA synchronous=EXTRA")
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self) -> None:
        with self._writing():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise LedgerError(f"{self.path} was made by a newer vaceprep; use that one")
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version={_VERSION}")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LedgerError(f"the ledger {self.path} cannot be used: {reason}") from error
        except (ValueError, TypeError) as error:
            raise LedgerError(f"the ledger {self.path} is damaged: {error}") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, isolated from other processes."""
        with self._lock, self._errors():
            if self._within:
                # Part of the outer transaction.
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._within = True
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                # A failed COMMIT leaves the transaction open, and the file locked.
                self._roll_back()
                raise
            finally:
                self._within = False

    def _roll_back(self) -> None:
        """End the transaction, so that this and other processes can write again. No errors."""
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                # A new connection releases the lock if the old one cannot; the next process that
                # opens the file rolls back a remaining journal.
                self._db.close()
                self._db = self._connected()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Unsettled rows of this process then count as those of a dead process."""
        with self._lock:
            self._db.close()
            self._owner.close()

    # --- looking ---------------------------------------------------------------------------

    def _select(self, where: str, *values: object) -> list[Row]:
        with self._lock, self._errors():
            kept = [*map(_kept, values)]
            found = self._db.execute(f"SELECT {_COLUMNS} FROM submissions {where}", kept)  # noqa: S608 (no foreign text in it)
            return [_row(r) for r in found.fetchall()]

    def row(self, number: int) -> Row | None:
        """The row of that number."""
        return next(iter(self._select("WHERE id = ?", number)), None)

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

    def _update(self, number: int, **values: object) -> None:
        values["updated_at"] = self._now()
        names = ", ".join(f"{name} = ?" for name in values)
        data = [
            json.dumps(v) if n in _JSON and v is not None else _kept(v) for n, v in values.items()
        ]
        self._db.execute(f"UPDATE submissions SET {names} WHERE id = ?", (*data, number))  # noqa: S608 (names of columns)

    def _insert(self, **values: object) -> Row:
        now = self._now()
        values |= {"created_at": now, "updated_at": now}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        data = [json.dumps(v) if n in _JSON else _kept(v) for n, v in values.items()]
        made = self._db.execute(f"INSERT INTO submissions ({names}) VALUES ({marks})", data)  # noqa: S608 (names of columns)
        row = self.row(made.lastrowid or 0)
        if row is None:
            raise LedgerError(f"the ledger {self.path} lost a row")
        return row

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
    ) -> float | None:
        """Mark a queued row as being sent, synced to the disk; the request may then be sent.

        ``body`` and ``notes`` (added to the row's own) are stored with it.

        0: it may be sent. More: wait so many seconds first. None: ``at_once`` tasks of the account
        are already at work.
        """
        self.reap()
        with self._writing():
            row = self.row(number)
            if row is None or row.state != "queued":
                raise LedgerError(f"row {number} is not waiting to be sent")
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
            self._update(number, state="sending", sent_at=now, body=dict(body), notes=kept)
        return 0.0

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
                "SELECT url FROM published WHERE target = ? AND key = ?", (_kept(target), key)
            ).fetchone()
        return None if found is None else str(_given(found[0]))

    def remember(self, target: str, key: str, url: str) -> None:
        """Record where that content was published."""
        with self._writing():
            self._db.execute(
                "INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?)",
                (_kept(target), key, _kept(url), self._now()),
            )


#: The fewest characters of a task's id that name the task.
SHORTEST_ID: Final = 6
