"""The report of ``run`` as text: the video first, or why there is none."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from vaceprep.cost import total
from vaceprep.ledger.row import MEANING, WAITED_FOR, Row
from vaceprep.ledger.spent import Spent
from vaceprep.report.escape import printable
from vaceprep.report.prepare import entry_lines
from vaceprep.report.text import Style, finding_lines, wrapped
from vaceprep.report.timeline import timeline_lines
from vaceprep.rules.catalogue import Severity
from vaceprep.runs.hints import Hints
from vaceprep.runs.model import RunEntry

COLOURS = {
    "downloaded": "green",
    "accepted": "green",
    "planned": "cyan",
    "running": "yellow",
    "interrupted": "yellow",
    "unknown": "yellow",
}
#: The status of a video from the sandbox, and its explanation.
REHEARSED = "rehearsed"
STAND_IN = "made by the local stand-in, not by the model"
#: Characters shown of messages, which are longer than names.
LONG = 4000


def run_lines(entry: RunEntry, style: Style) -> Iterator[str]:
    """The lines of one job."""
    label = style.paint(status_of(entry), COLOURS.get(entry.status, "red"))
    about = entry.function or "job"
    if entry.task:
        about += f", task {printable(entry.task)}"
    if entry.task_status:
        about += f" ({printable(entry.task_status)})"
    if entry.rehearsed and entry.status == "downloaded":
        label += f": {STAND_IN}"
    yield from wrapped(f"{label}  ", f"{printable(entry.source)}  {about}", style, 4)
    for note in entry.notes:
        yield from wrapped(" " * 4, printable(note, limit=LONG), style, 4)
    for video in entry.videos:
        yield f"    {printable(video, limit=LONG)}"
    if entry.split is not None:
        for line in timeline_lines(entry.split, style):
            yield f"    {line}"
    if entry.cost is not None:
        yield from wrapped(" " * 4, f"cost: {entry.cost.text()}{_unpaid(entry)}", style, 4)
    if entry.error:
        yield from wrapped(" " * 4, printable(entry.error, limit=LONG), style, 4)
    for finding in entry.findings:
        if finding.severity is Severity.ERROR or style.advice:
            yield from finding_lines(finding, style)
    if entry.status == "planned":
        for piece in entry.prepared:
            for line in entry_lines(piece, style):
                yield f"    {line}"
    if entry.hint:
        word = "note" if entry.status == "downloaded" else "next"
        yield from wrapped(" " * 4, f"{word}: {printable(entry.hint, limit=LONG)}", style, 4)


def _unpaid(entry: RunEntry) -> str:
    """The remark on a cost that is not, or not surely, billed."""
    if entry.rehearsed:
        return ", rehearsed: nothing is billed"
    return ", if it was accepted" if entry.status == "unknown" else ""


def status_of(entry: RunEntry) -> str:
    """The status of a job; a video from the sandbox is not called downloaded."""
    return REHEARSED if entry.rehearsed and entry.status == "downloaded" else entry.status


def run_summary(entries: Sequence[RunEntry], style: Style) -> str:
    """The last line: the counts."""
    counts: dict[str, int] = {}
    colours: dict[str, str] = {}
    for entry in entries:
        status = status_of(entry)
        counts[status] = counts.get(status, 0) + 1
        colours[status] = COLOURS.get(entry.status, "red")
    parts = [
        style.paint(f"{number} {status}", colours[status]) for status, number in counts.items()
    ]
    cost = total(entry.cost for entry in entries)
    if cost is not None:
        rehearsed = all(entry.rehearsed for entry in entries)
        parts.append(f"{'it would cost' if rehearsed else 'cost in all:'} {cost.text()}")
    return ", ".join(parts) or "nothing is left to download"


def spent_lines(days: Sequence[Spent], *, sandbox: bool = False) -> Iterator[str]:
    """The sums of ``task list``: a line for each day and account."""
    accounts = {(one.service, one.account) for one in days}
    for one in days:
        parts = []
        if one.billed is not None:
            parts.append(f"{_tasks(one.tasks)}, {one.billed.text()}")
        if one.open is not None:
            parts.append(f"{_tasks(one.open_tasks)} open or lost, {one.open.text()}")
        where = "" if len(accounts) < 2 else f" at {one.service} by key {one.account}"
        head = "rehearsed" if sandbox else "spent"
        yield printable(f"{head} {one.day}{where}: {'; '.join(parts)}", limit=LONG)


def _tasks(count: int) -> str:
    return f"{count:,} task{'' if count == 1 else 's'}"


def _ago(seconds: float) -> str:
    minutes = int(max(0.0, seconds) // 60)
    if minutes < 60:
        return f"{minutes} min ago"
    hours = minutes // 60
    return f"{hours} h ago" if hours < 48 else f"{hours // 24} days ago"


def row_lines(
    row: Row, style: Style, now: float | None = None, *, sandbox: bool = False
) -> Iterator[str]:
    """The lines of one row of the ledger; ``sandbox``: of the sandbox's ledger."""
    hints = Hints(sandbox)
    label = style.paint(row.state, COLOURS.get(row.state, "red"))
    age = _ago((time.time() if now is None else now) - row.born)
    task = f", task {printable(row.task_id)}" if row.task_id else ""
    status = f" ({printable(row.status)})" if row.status else ""
    head = f"{row.id}  {label}  "
    about = f"{printable(row.source)}  {row.function}{task}{status}, {age}"
    yield from wrapped(head, about, style, 4)
    if sandbox and row.state == "downloaded":
        yield from wrapped(" " * 4, f"{REHEARSED}: {STAND_IN}", style, 4)
    for path in row.files:
        yield f"    {printable(path, limit=LONG)}"
    if row.error:
        yield from wrapped(" " * 4, printable(row.error, limit=LONG), style, 4)
    if row.hint:
        yield from wrapped(" " * 4, f"next: {row.hint}", style, 4)
    if row.state == "unknown":
        yield from wrapped(" " * 4, f"{MEANING['unknown']}.", style, 4)
        adopt, forget = hints.adopt(row.id), hints.forget(row.id)
        width = max(len(adopt), len(forget))
        yield f"    {adopt:<{width}}   if your account shows the task"
        yield f"    {forget:<{width}}   if it does not: the job may be sent again"
    elif row.state in WAITED_FOR and row.task_id:
        yield f"    {printable(hints.wait(row.task_id), limit=LONG)}   downloads its video"
