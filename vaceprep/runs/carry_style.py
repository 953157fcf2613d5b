"""Run the parts of a video one after another, each with the last frame before it as reference."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from vaceprep.cost import total
from vaceprep.errors import Refused
from vaceprep.ledger.job_id import identity
from vaceprep.ledger.row import Row
from vaceprep.ledger.store import Ledger, LedgerError
from vaceprep.runs.admit import Ready
from vaceprep.runs.earlier_parts import prevents, submissions
from vaceprep.runs.model import RunEntry
from vaceprep.runs.part_note import KEY
from vaceprep.runs.redo import REDO, is_open
from vaceprep.runs.runner import Account, Runner
from vaceprep.runs.split_group import REFERENCE, Group, admit_part, has_own_seed, redone
from vaceprep.runs.stage import clear, work_folder

_POINTER: Final = f"/{REFERENCE}/0"


def in_sequence(group: Group, ledger: Ledger, account: Account, *, again: bool = False) -> Group:
    """The group with the row of each part that was sent before.

    A part belongs to the result whose last frame it had. Where that part was sent again since, it
    is kept all the same, and stale: the remarks say so, and what it costs to send it again.
    """
    if again:
        return replace(group, rows=(None,) * len(group.parts), remarks=(*group.remarks, ONE_BY_ONE))
    rows: list[Row | None] = []
    stale: list[int] = []
    tasks: list[str] = []
    for number, part in enumerate(group.parts):
        found = [(part.identity, part.notes.get(KEY), "")]
        if number:
            found = [(*_identities(group, part, task, account), task) for task in tasks]
        versions = [
            (row, name, task) for name, key, task in found for row in submissions(ledger, name, key)
        ]
        versions.sort(key=lambda one: one[0].id, reverse=True)
        kept = next(((r, t) for r, name, t in versions if prevents(ledger, r, name)), None)
        if kept is not None and number and kept[1] != tasks[0]:
            stale.append(number)
        rows.append(None if kept is None else kept[0])
        tasks = [r.task_id for r, _, _ in versions if r.state == "downloaded" and r.task_id]
        if kept is not None and kept[0].task_id in tasks:
            # The result that is used comes first.
            tasks.remove(kept[0].task_id)
            tasks.insert(0, kept[0].task_id)
    known = tuple(None if row is None else row.id for row in rows)
    fresh = [
        part
        for row, part in zip(rows, group.parts, strict=True)
        if row is None or (part.redo and not is_open(row, part.notes.get(REDO)))
    ]
    late = _made_stale(group, rows, stale)
    remarks = (*group.remarks, ONE_BY_ONE, *_stale_text(group, late))
    return replace(group, rows=known, fresh=tuple(fresh), remarks=remarks)


def _made_stale(group: Group, rows: Sequence[Row | None], stale: Sequence[int]) -> list[int]:
    """The numbers, from 0, of the parts that are kept though a part before them is another."""
    first = min((n for n, part in enumerate(group.parts) if part.redo), default=len(rows))
    return [
        number
        for number, part in enumerate(group.parts)
        if not part.redo
        and rows[number] is not None
        and (number in stale or number > first or any(one < number for one in stale))
    ]


def _stale_text(group: Group, late: Sequence[int]) -> tuple[str, ...]:
    cost = total(group.parts[number].cost for number in late)
    if cost is None:
        return ()
    names = ",".join(str(number + 1) for number in late)
    word = "part" if len(late) == 1 else "parts"
    return (
        f"{word} {names} followed an earlier result of a part before: kept as they are, and stale; "
        f"to send them again: --redo {names}, for {cost.text()}",
    )


ONE_BY_ONE: Final = (
    "each part has the last frame of the result before it as its reference, so the parts are sent "
    "one after another"
)


def _identities(group: Group, part: Ready, task: str, account: Account) -> tuple[str, str]:
    """The identity and the key of a part after that task."""
    values = {**part.job.given(), REFERENCE: [""]}
    if not has_own_seed(group.split):
        values.pop("seed", None)
    hashes = {at: part.sources[path] for at, path in part.job.local_paths().items()}
    hashes[_POINTER] = _carried(task)
    own, key = (
        identity(service, fingerprint, values, hashes, part.prepare, part.fields)
        for service, fingerprint in ((account.service, account.fingerprint), ("", ""))
    )
    return own, key


def _carried(task: str) -> str:
    """What stands for the picture in the identity: another library may write other bytes."""
    return f"the last frame of task {task}"


def run_chain(runner: Runner, group: Group) -> list[RunEntry]:
    """The results of the parts in order, up to the first that has none."""
    entries: list[RunEntry] = []
    folder = work_folder(os.path.dirname(runner.ledger.path), f"style-{group.name}")
    for number, part in enumerate(group.parts):
        entry = _one(runner, group, number, part, entries, folder)
        if entry is None:
            break
        entries.append(entry)
    clear(folder)
    return entries


def _one(
    runner: Runner,
    group: Group,
    number: int,
    part: Ready,
    entries: Sequence[RunEntry],
    folder: str,
) -> RunEntry | None:
    """The result of one part; None if the part before it has none."""
    failed = RunEntry(part.source, part.function, "failed", rehearsed=runner.ledger.rehearsal)
    known = group.rows[number]
    if number == 0:
        return runner.one(part)
    try:
        row = None if known is None or part.redo else runner.ledger.row(known)
        if row is not None:
            return runner.resume(part, row)
        before = entries[-1]
        found = None if before.row is None else runner.ledger.row(before.row)
        if before.status != "downloaded" or found is None or found.task_id is None:
            return None
        os.makedirs(folder, exist_ok=True)
        picture = os.path.join(folder, f"part-{number:02d}.png")
        last_frame(before.videos[0], picture)
    except (LedgerError, Refused, OSError) as error:
        return replace(failed, error=f"{error}; nothing was sent")
    ready = _with_reference(runner, group, number, picture, found.task_id)
    return ready if isinstance(ready, RunEntry) else runner.one(ready)


def _with_reference(
    runner: Runner, group: Group, number: int, picture: str, task: str
) -> Ready | RunEntry:
    one = group.split.parts[number]
    values = {**(one.item.job if isinstance(one.item.job, dict) else {}), REFERENCE: [picture]}
    account = runner.account
    ready = admit_part(
        group.split,
        replace(one, item=one.item._replace(job=values)),
        runner.options,
        account.service,
        account.fingerprint,
        group=group.name,
        carried={_POINTER: _carried(task)},
    )
    return ready if isinstance(ready, RunEntry) else redone(ready, group.choice)


def last_frame(video: str, target: str) -> None:
    """Write the last frame of a video as an image that passes the rules. Raises Refused."""
    from vaceprep.plans.size import fit
    from vaceprep.preparation.image.encode import encode
    from vaceprep.preparation.image.render import placed
    from vaceprep.preparation.read import reading
    from vaceprep.preparation.verify import write_verified
    from vaceprep.preparation.video.frame import frame_at

    with reading(video, "video_url") as read:
        shown = frame_at(read, "last")
    data = encode(placed(shown.image, fit(shown.image.size)), "png")
    write_verified(data, target, force=True, role="ref_images_url", sources=[video])
