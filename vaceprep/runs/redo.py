"""Send parts of a split video again, and each of these only once: ``--redo``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vaceprep.ledger.row import Row
from vaceprep.ledger.store import Ledger

#: The key in a row's notes.
REDO: Final = "redo"
_SEED: Final = "seed"
_OPEN: Final = "open"


def redo_note(seed: int | None) -> dict[str, Any]:
    """The note of a row that is sent again, with the seed that the user gave.

    It is open until the whole split is finished: until then the same command resumes the row.
    """
    return {_SEED: seed, _OPEN: True}


def is_open(row: Row, note: object) -> bool:
    """Whether a row was sent by an unfinished command with the same note."""
    return isinstance(note, Mapping) and note.get(_OPEN) is True and row.notes.get(REDO) == note


def close_redo(ledger: Ledger, number: int) -> None:
    """Record that the command which sent a row again is finished. Raises LedgerError."""
    row = ledger.row(number)
    note = None if row is None else row.notes.get(REDO)
    if row is None or not isinstance(note, Mapping) or not is_open(row, note):
        return
    closed = {**row.notes, REDO: {**note, _OPEN: False}}
    ledger.settle(row.id, row.state, only_from=[row.state], notes=closed)
