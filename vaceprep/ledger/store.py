"""The ledger's file: SQLite, written and synced before each request leaves."""

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

#: The form of the tables; a larger number was made by a newer vaceprep.
_VERSION: Final = 1
#: Seconds that a write waits for another process's.
_PATIENCE: Final = 30.0
#: Seconds ahead of now that a pace may lie; further on, the clock was set back.
_FARTHEST: Final = 60.0
#: The name of the ledger of what costs money, and of what the sandbox does.
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
    """A value as SQLite takes it: a text with lone surrogates, as odd file names have, is bytes."""
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

    Every method raises LedgerError where the file cannot be read or written.
    """

    def __init__(
        self, name: str = PAID, *, folder: str | None = None, now: Callable[[], float] = time.time
    ) -> None:
        """Open it, made where absent. ``folder``: the state directory without it."""
        folder = folder or state_dir()
        if folder is None:
            raise LedgerError(
                f"there is no home folder for the ledger; set {VARIABLE} to a folder of yours"
            )
        self.path = os.path.join(folder, name)
        self._now = now
        self._lock = threading.RLock()
        self._within = False
        with self._telling():
            os.makedirs(folder, mode=0o700, exist_ok=True)
            # Signed URLs lie in it.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = self._connected()
        try:
            with self._telling():
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
            self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        # A rollback journal works on every file system; EXTRA syncs the folder too, so that what
        # is written before a request leaves is there after a power cut.
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
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            said = getattr(error, "strerror", None) or str(error)
            raise LedgerError(f"the ledger {self.path} cannot be used: {said}") from error
        except (ValueError, TypeError) as error:
            raise LedgerError(f"the ledger {self.path} is damaged: {error}") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction that no other process comes between."""
        with self._lock, self._telling():
            if self._within:
                # Part of the transaction around it.
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._within = True
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                # A COMMIT that fails leaves the transaction open, and its lock on the file with it.
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
                # A new connection releases the lock where the old one cannot; a journal that stays
                # behind is rolled back by whoever opens the file next.
                self._db.close()
                self._db = self._connected()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Rows of this process that were never settled count as its dead."""
        with self._lock:
            self._db.close()
            self._owner.close()

    # --- looking ---------------------------------------------------------------------------

    def _select(self, where: str, *values: object) -> list[Row]:
        with self._lock, self._telling():
            kept = [*map(_kept, values)]
            found = self._db.execute(f"SELECT {_COLUMNS} FROM submissions {where}", kept)  # noqa: S608 (no foreign text in it)
            return [_row(r) for r in found.fetchall()]

    def row(self, number: int) -> Row | None:
        """The row of that number."""
        return next(iter(self._select("WHERE id = ?", number)), None)

    def rows(self, states: Collection[State] | None = None) -> list[Row]:
        """All rows, newest first, those of dead processes settled."""
        self.reap()
        found = self._select("ORDER BY id DESC")
        return found if states is None else [r for r in found if r.state in states]

    def by_task(self, task_id: str) -> Row | None:
        """The newest row with that task id, or whose task id begins so.

        A beginning has at least ``SHORTEST_ID`` characters and belongs to one task only.
        """
        exact = self._select("WHERE task_id = ? ORDER BY id DESC", task_id)
        if exact:
            return exact[0]
        if len(task_id) < SHORTEST_ID:
            return None
        near = self._select("WHERE substr(task_id, 1, ?) = ?", len(task_id), task_id)
        return near[-1] if len({r.task_id for r in near}) == 1 else None

    def standing(self, job: str) -> Row | None:
        """The row that keeps the same job from being sent again, if there is one.

        A row of unknown fate does so until a person decides, however old it is.
        """
        self.reap(job)
        now = self._now()
        found = self._of_job(job, (*UNSETTLED, *KEPT))
        return next((r for r in found if r.state in UNSETTLED or r.age(now) < RESULT_SECONDS), None)

    def doubtful(self, job: str) -> list[Row]:
        """Rows of a job whose task may be there still, though by the clock its time is over.

        Those are rows over 24 hours old, for a clock may be wrong, and younger ones that count as
        expired, as earlier versions wrote after one 404. The service is asked about each before
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
        """Tasks of an account that are at work, as far as is known here."""
        marks = ", ".join("?" * len(ACTIVE))
        found = self._select(
            f"WHERE service = ? AND account = ? AND state IN ({marks})", service, account, *ACTIVE
        )
        now = self._now()
        return [r for r in found if r.age(now) < RESULT_SECONDS]

    def is_held(self, row: Row) -> bool:
        """Whether a process that lives is at it."""
        return self._owner.is_alive(row.owner)

    def reap(self, job: str | None = None) -> None:
        """Settle what dead processes left: unknown what was being sent, refused what was not."""
        where = "WHERE state IN ('queued', 'sending')"
        left = self._select(where) if job is None else self._select(f"{where} AND job = ?", job)
        if all(self.is_held(row) for row in left):
            return
        with self._writing():
            for row in self._select(where):
                if not self.is_held(row):
                    lost: State = "unknown" if row.state == "sending" else "refused"
                    said = (
                        "the process ended while it was being sent"
                        if lost == "unknown"
                        else "the process ended before it was sent"
                    )
                    self._update(row.id, state=lost, error=said)

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
        """The row for a job, and whether it is a new one of this process.

        An older one that stands in the way is given back instead, unless ``again``. The new one
        is ``queued``: nothing is sent yet, and nobody else takes the job up.
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
        """Mark a queued row as being sent, synced to the disk; the request may leave now.

        ``body`` and ``notes`` (beside those that it has) are kept with it.

        0: it may. More: so many seconds must pass first. None: ``at_once`` tasks of the account
        are at work already.
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
        """Write what became of a row. ``values`` are columns of the same names.

        Where it is in none of the states ``only_from`` by now, it stays as it is.
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
        """Note that the service was asked, and what it said."""
        with self._writing():
            self._update(number, status=status, checked_at=self._now())

    def drop(self, number: int) -> None:
        """Take away a queued row: nothing was sent."""
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
        """The URL under which that content was published to that target."""
        with self._lock, self._telling():
            found = self._db.execute(
                "SELECT url FROM published WHERE target = ? AND key = ?", (_kept(target), key)
            ).fetchone()
        return None if found is None else str(_given(found[0]))

    def remember(self, target: str, key: str, url: str) -> None:
        """Note where that content was published."""
        with self._writing():
            self._db.execute(
                "INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?)",
                (_kept(target), key, _kept(url), self._now()),
            )


#: The fewest characters of a task's id that name the task.
SHORTEST_ID: Final = 6
