"""Run jobs, some of them split into parts, and join the results of the parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from vaceprep.cost import total
from vaceprep.ledger.store import LedgerError
from vaceprep.runs.admit import Ready
from vaceprep.runs.carry_style import run_chain
from vaceprep.runs.extend_chain import run_steps
from vaceprep.runs.join_parts import join_parts
from vaceprep.runs.model import RunEntry, Status, Step
from vaceprep.runs.redo import close_redo
from vaceprep.runs.runner import AHEAD, GO_ON, Runner
from vaceprep.runs.split_group import Group, part_entry
from vaceprep.runs.split_model import PartEntry
from vaceprep.runs.used_parts import seconds

#: The status of a part that was not reached.
WAITING: Final = "waiting"
#: Statuses of parts, the one that the whole gets first.
_WORST: Final[tuple[Status, ...]] = (
    "interrupted",
    "unknown",
    "failed",
    "refused",
    "cancelled",
    "running",
    "accepted",
)


@dataclass(slots=True)
class _Work:
    """Something to run, and the results of the jobs in it."""

    do: Callable[[], list[RunEntry]]
    done: list[RunEntry]


def run_all(runner: Runner, jobs: Sequence[Ready | Group]) -> list[RunEntry]:
    """The result of each job, in their order; parts of one job run several at a time."""
    works = [_works(runner, job) for job in jobs]
    flat = [work for one in works for work in one]
    workers = min(len(flat), runner.options.at_once + AHEAD)
    if workers <= 1:
        for work in flat:
            work.done = work.do()
    else:
        with ThreadPoolExecutor(workers, thread_name_prefix="vaceprep-run") as pool:
            for work, done in zip(flat, pool.map(lambda work: work.do(), flat), strict=True):
                work.done = done
    entries: list[RunEntry] = []
    for job, own in zip(jobs, works, strict=True):
        done = [entry for work in own for entry in work.done]
        entries.append(_whole(runner, job, done) if isinstance(job, Group) else done[0])
    return entries


def _works(runner: Runner, job: Ready | Group) -> list[_Work]:
    if isinstance(job, Ready):
        return [_Work(partial(_single, runner, job), [])]
    if job.extended:
        return [_Work(partial(run_steps, runner, job), [])]
    if job.choice.carry_style:
        return [_Work(partial(run_chain, runner, job), [])]
    return [_Work(partial(_single, runner, part), []) for part in job.parts]


def _single(runner: Runner, ready: Ready) -> list[RunEntry]:
    return [runner.one(ready)]


def _whole(runner: Runner, group: Group, done: Sequence[RunEntry]) -> RunEntry:
    """The result of a job from those of its parts; joins them if all are there."""
    parts = [
        _part(runner, ready, done[number] if number < len(done) else None)
        for number, ready in enumerate(group.parts)
    ]
    entry = RunEntry(
        group.source,
        group.function,
        _status(parts),
        resumed=all(part.resumed for part in parts),
        prepared=tuple(made for one in done for made in one.prepared if made.role is not None),
        notes=group.remarks,
        rehearsed=runner.ledger.rehearsal,
        cost=total(one.cost for one in done),
        split=group.entry(parts),
    )
    if entry.status != "downloaded":
        return _unfinished(entry, parts, done)
    entry = join_parts(runner, group, entry)
    if entry.status == "downloaded":
        try:
            for part in parts:
                if part.row is not None:
                    close_redo(runner.ledger, part.row)
        except LedgerError as error:
            runner.on_step(Step(group.source, "note", note=str(error)))
    return entry


def _status(parts: Sequence[PartEntry]) -> Status:
    found = {part.status for part in parts}
    worst = next((status for status in _WORST if status in found), None)
    if worst in ("refused", "cancelled"):
        # One part was; the whole can still be finished.
        return "failed"
    return worst or ("interrupted" if WAITING in found else "downloaded")


def _part(runner: Runner, ready: Ready, done: RunEntry | None) -> PartEntry:
    if done is None:
        return part_entry(ready, WAITING)
    cost = done.cost
    if cost is None and done.row is not None:
        # What it costs is only shown here: a ledger that cannot be read loses nothing else.
        with suppress(LedgerError):
            row = runner.ledger.row(done.row)
            cost = None if row is None else row.cost
    return replace(
        part_entry(ready, done.status, resumed=done.resumed),
        cost=cost,
        row=done.row,
        task=done.task,
        output=done.videos[0] if done.videos else None,
        error=done.error,
    )


def _unfinished(entry: RunEntry, parts: Sequence[PartEntry], done: Sequence[RunEntry]) -> RunEntry:
    """The entry with what became of its parts, and what to do next."""
    there = sum(part.status == "downloaded" for part in parts)
    findings = tuple(dict.fromkeys(finding for one in done for finding in one.findings))
    if entry.status == "accepted":
        hint = "run the same command without --no-wait to wait for the parts and to join them"
        return replace(entry, hint=hint, findings=findings)
    reasons = [
        f"part {part.index} ({seconds(part.start)} to {seconds(part.end)} s) "
        + (f"{part.status}: {part.error}" if part.error else f"is {part.status}")
        for part in parts
        if part.status not in ("downloaded", "accepted", WAITING)
    ]
    kept = f"{there} of {len(parts)} parts are on disk and are kept"
    hint = GO_ON
    if entry.status == "unknown":
        hint = "; ".join(dict.fromkeys(one.hint for one in done if one.hint and one.row)) or hint
    return replace(entry, error="; ".join([*reasons, kept]), hint=hint, findings=findings)
