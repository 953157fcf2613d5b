"""The ledger's file: an SQLite database whose writes are synced to the disk."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Self

from vaceprep.files.state import VARIABLE, state_dir
from vaceprep.ledger.owner import Owner
from vaceprep.ledger.row import Row, checked_row

#: The file name of the ledger of paid tasks.
PAID: Final = "ledger.sqlite3"
#: The schema version; a newer vaceprep made a larger number.
_VERSION: Final = 2
#: Seconds that a write waits for another process.
_BUSY_SECONDS: Final = 30.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS submissions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL, service TEXT NOT NULL, account TEXT NOT NULL,
  function TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL, owner TEXT,
  created_at REAL NOT NULL, updated_at REAL NOT NULL, sent_at REAL, checked_at REAL,
  task_id TEXT, status TEXT, body TEXT, notes TEXT NOT NULL DEFAULT '{}',
  videos TEXT NOT NULL DEFAULT '[]', files TEXT NOT NULL DEFAULT '[]', error TEXT, cost TEXT);
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
    "checked_at, task_id, status, body, notes, videos, files, error, cost"
)
_JSON: Final = frozenset(["body", "notes", "videos", "files", "cost"])
#: Columns that version 1 did not have.
_ADDED: Final = {"cost": "TEXT"}


class LedgerError(Exception):
    """The ledger cannot be read or written, so nothing may be sent; one sentence for a person."""


def to_sqlite(value: Any) -> Any:
    """A value for SQLite: a text with lone surrogates, as in odd file names, becomes bytes."""
    if not isinstance(value, str):
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def from_sqlite(value: Any) -> Any:
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def _row(values: tuple[Any, ...]) -> Row:
    row = dict(zip(_COLUMNS.split(", "), map(from_sqlite, values), strict=True))
    try:
        for name in _JSON:
            row[name] = None if row[name] is None else json.loads(row[name])
    except (ValueError, TypeError, RecursionError):
        raise ValueError(f"row {row['id']} holds what is no JSON") from None
    return checked_row(row)


class Database:
    """One file of rows, shared by all processes and threads of a user.

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
            self._migrate()
            self._db.execute(f"PRAGMA user_version={_VERSION}")

    def _migrate(self) -> None:
        """Add the columns that a file of an earlier version lacks; its rows stay as they are."""
        present = {found[1] for found in self._db.execute("PRAGMA table_info(submissions)")}
        for name, kind in _ADDED.items():
            if name not in present:
                self._db.execute(f"ALTER TABLE submissions ADD COLUMN {name} {kind}")

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

    def _select(self, where: str, *values: object) -> list[Row]:
        with self._lock, self._errors():
            kept = [*map(to_sqlite, values)]
            found = self._db.execute(f"SELECT {_COLUMNS} FROM submissions {where}", kept)  # noqa: S608 (no foreign text in it)
            return [_row(r) for r in found.fetchall()]

    def row(self, number: int) -> Row | None:
        """The row of that number."""
        return next(iter(self._select("WHERE id = ?", number)), None)

    def _update(self, number: int, **values: object) -> None:
        values["updated_at"] = self._now()
        names = ", ".join(f"{name} = ?" for name in values)
        data = [
            json.dumps(v) if n in _JSON and v is not None else to_sqlite(v)
            for n, v in values.items()
        ]
        self._db.execute(f"UPDATE submissions SET {names} WHERE id = ?", (*data, number))  # noqa: S608 (names of columns)

    def _insert(self, **values: object) -> Row:
        now = self._now()
        values |= {"created_at": now, "updated_at": now}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        data = [json.dumps(v) if n in _JSON else to_sqlite(v) for n, v in values.items()]
        made = self._db.execute(f"INSERT INTO submissions ({names}) VALUES ({marks})", data)  # noqa: S608 (names of columns)
        row = self.row(made.lastrowid or 0)
        if row is None:
            raise LedgerError(f"the ledger {self.path} lost a row")
        return row
