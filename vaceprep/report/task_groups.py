"""The rows of ``task list``, with the parts of one split as one group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from vaceprep.ledger.row import Row
from vaceprep.parts.pieces import PART
from vaceprep.report.escape import printable
from vaceprep.report.run import row_lines
from vaceprep.report.text import Style, wrapped
from vaceprep.runs.part_note import PartNote, read_part

#: How far the rows of a group are moved to the right.
INDENT = "  "


def task_lines(rows: Sequence[Row], style: Style, *, sandbox: bool = False) -> Iterator[str]:
    """The lines of all rows; a group stands where its newest row would."""
    groups: dict[tuple[str, str], list[tuple[PartNote, Row]]] = {}
    for row in rows:
        note = read_part(row.notes.get(PART))
        if note is not None:
            groups.setdefault(_name(note, row), []).append((note, row))
    for row in rows:
        note = read_part(row.notes.get(PART))
        found = [] if note is None else groups.pop(_name(note, row), [])
        if note is None:
            yield from row_lines(row, style, sandbox=sandbox)
        elif found:
            yield from _group_lines(found, style, sandbox=sandbox)


def _name(note: PartNote, row: Row) -> tuple[str, str]:
    return note.group, row.account


def _group_lines(
    found: Sequence[tuple[PartNote, Row]], style: Style, *, sandbox: bool
) -> Iterator[str]:
    newest: dict[int, tuple[PartNote, Row]] = {}
    for note, row in found:
        newest.setdefault(note.record.index, (note, row))
    first, row = found[0]
    states = Counter(one.state for _, one in newest.values())
    counts = ", ".join(f"{number} {state}" for state, number in states.items())
    unsent = first.record.count - len(newest)
    counts += f", {unsent} not sent" if unsent > 0 else ""
    again = len(found) - len(newest)
    counts += f"; {again} earlier" if again else ""
    about = f"{row.function}, {first.record.count} parts: {counts}"
    yield from wrapped("", f"{printable(first.job)}  {about}", style, 4)
    # Of one part, the newest row comes first.
    for _, one in sorted(found, key=lambda pair: (pair[0].record.index, -pair[1].id)):
        for line in row_lines(one, style, sandbox=sandbox):
            yield INDENT + line
