"""The index of a results file: for each source, the offset and properties of its newest line."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import NamedTuple


class Done(NamedTuple):
    """The properties of a result and the offset of its line."""

    at: int
    content: str | None
    stamp: str | None
    made_by: str
    ok: bool


def _key(source: str) -> int:
    # 63 bits: collisions are unlikely among ten million names.
    digest = hashlib.blake2b(source.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


class Index:
    """Results by source. A private database in a temporary file, with a small cache in memory."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.execute("PRAGMA cache_size = -8000")
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute("PRAGMA synchronous = OFF")
        self._base.execute(
            "CREATE TABLE done (key INTEGER PRIMARY KEY, at INTEGER, content TEXT, stamp TEXT,"
            " made_by TEXT, ok INTEGER, seen INTEGER DEFAULT 0)"
        )
        self._base.execute("BEGIN")

    def put(self, source: str, done: Done, *, seen: bool = False) -> bool:
        """Add a result; whether it replaces an older one."""
        key = _key(source)
        # Most results are the first of a source that this run has met.
        fresh = self._base.execute(
            "UPDATE done SET at = ?, content = ?, stamp = ?, made_by = ?, ok = ?, seen = ?"
            " WHERE key = ? AND at < 0",
            (*done, int(seen), key),
        )
        if fresh.rowcount:
            return False
        there = self._base.execute("SELECT 1 FROM done WHERE key = ?", (key,)).fetchone()
        self._base.execute(
            "INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?, ?, ?, ?)", (key, *done, int(seen))
        )
        return there is not None

    def get(self, source: str) -> Done | None:
        """The newest result of a source."""
        row = self._base.execute(
            "SELECT at, content, stamp, made_by, ok FROM done WHERE key = ?", (_key(source),)
        ).fetchone()
        return None if row is None else Done(row[0], row[1], row[2], row[3], bool(row[4]))

    def first_time(self, source: str) -> bool:
        """Whether this run meets a source for the first time; records that it has."""
        key = _key(source)
        fresh = self._base.execute(
            "INSERT INTO done VALUES (?, -1, NULL, NULL, '', 0, 1) ON CONFLICT DO NOTHING", (key,)
        )
        if fresh.rowcount:
            return True
        fresh = self._base.execute("UPDATE done SET seen = 1 WHERE key = ? AND seen = 0", (key,))
        return fresh.rowcount > 0

    def is_newest(self, source: str, at: int) -> bool:
        """Whether the line at offset ``at`` is the newest of its source."""
        done = self.get(source)
        return done is not None and done.at == at

    def close(self) -> None:
        """Delete the temporary file."""
        self._base.close()
