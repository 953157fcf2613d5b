"""What the ledger and a sidecar say about one part of a split video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vaceprep.ledger.row import Row
from vaceprep.parts.pieces import PART, PartRecord, read_record

#: The key of a part's identity on any account, in a row's notes: all sandboxes are one service.
KEY: Final = "key"


@dataclass(frozen=True, slots=True)
class PartNote:
    """One part: the split that it belongs to, and what ``join`` reads of it."""

    #: The same for all parts of one split: see ``group_of``.
    group: str
    #: The job file as given.
    job: str
    record: PartRecord

    def to_dict(self) -> dict[str, Any]:
        """The note as JSON: that of the record, with two keys more."""
        return {"group": self.group, "job": self.job, **self.record.to_dict()}


def read_part(about: object) -> PartNote | None:
    """The same, read; None for anything else. No errors: a sidecar is foreign input."""
    record = read_record(about)
    if record is None or not isinstance(about, Mapping):
        return None
    group, job = about.get("group"), about.get("job")
    if not isinstance(group, str) or not isinstance(job, str):
        return None
    return PartNote(group, job, record)


def place_of(row: Row) -> dict[str, Any] | None:
    """The place of a row in its split, for JSON; None if it is no part."""
    note = read_part(row.notes.get(PART))
    if note is None:
        return None
    record = note.record
    return {"group": note.group, "job": note.job, "index": record.index, "count": record.count}
