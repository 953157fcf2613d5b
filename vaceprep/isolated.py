"""``check`` with each file in a worker process: a crash, a hang or a hunger costs one file.

Jobs are read here and their media over there, one by one, so that what one file does is said of
that file. Of standard input, what is no job is looked at here: it can be read only once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Final, TypeVar

from vaceprep.collect import Item
from vaceprep.contract import CHECK_MEMORY, CHECK_SECONDS, DEEP_SECONDS
from vaceprep.facts import Unreadable
from vaceprep.isolate import faults
from vaceprep.isolate.bounds import Bounds
from vaceprep.isolate.start import context
from vaceprep.look import Asked, Look, Options, check_item, look_at, report_on
from vaceprep.probe.route import default_role
from vaceprep.probe.sniff import sniff
from vaceprep.source import CannotOpen, open_data_uri, open_path
from vaceprep.verdict import FileReport

if TYPE_CHECKING:
    from vaceprep.isolate.faults import Fault
    from vaceprep.isolate.pool import Ticket, Workers

R = TypeVar("R")

#: What the workers' server imports once for all of them: what nearly every file needs.
MODULES: Final = (
    "vaceprep.isolate.pool",
    "vaceprep.look",
    "vaceprep.probe.video",
    "vaceprep.probe.image",
    "vaceprep.rules.packaging",
    "vaceprep.rules.picture",
    "vaceprep.rules.video",
    "vaceprep.rules.image",
    "PIL.Image",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
)


def seconds_for(deep: bool, seconds: float | None) -> float:
    """The seconds that one file may take: what is asked for, else by how closely it is read."""
    if seconds is not None:
        return seconds
    return DEEP_SECONDS if deep else CHECK_SECONDS


def check_isolated(
    items: Iterable[Item], asked_for: Callable[[Item], Options], jobs: int, allowed: float
) -> Generator[tuple[FileReport, ...]]:
    """The entries of each source, in order; ``allowed`` seconds are the longest for one file.

    Raises CannotIsolate where no worker process can be started.
    """
    for _, asked, reports in each_isolated(items, asked_for, jobs, allowed, look_at, report_of):
        yield asked.answer(reports)


def each_isolated(
    items: Iterable[Item],
    asked_for: Callable[[Item], Options],
    jobs: int,
    allowed: float,
    work: Callable[[Look], R],
    told: Callable[[Look, R | Fault | None, float], R],
) -> Generator[tuple[Item, Asked, list[R]]]:
    """Each source in order, what it asked for, and what ``work`` came to in a worker process.

    ``told`` says it of a look whose worker did not come back, and gets every other result too.
    """
    how = context(MODULES)
    # Only now: it takes its time, in which the server gets ready.
    from vaceprep.isolate.pool import BATCH, QUEUED, Workers

    workers: Workers[Look, R] = Workers(work, jobs, allowed, Bounds(CHECK_MEMORY, 0), how)
    ahead = jobs * QUEUED * BATCH
    waiting: deque[tuple[Item, list[Ticket[Look, R]], Asked]] = deque()
    count = 0

    def next_one() -> tuple[Item, Asked, list[R]]:
        item, tickets, asked = waiting.popleft()
        return item, asked, [told(t.task, workers.get(t), allowed) for t in tickets]

    try:
        for item in items:
            asked = _ask(item, asked_for(item))
            waiting.append((item, [workers.put(look) for look in asked.looks], asked))
            count += 1 + len(asked.looks)
            while count > ahead:
                count -= 1 + len(waiting[0][1])
                yield next_one()
        while waiting:
            yield next_one()
    finally:
        workers.close()


def _ask(item: Item, options: Options) -> Asked:
    if item.kind in ("job", "stdin"):
        from vaceprep.jobcheck import ask_job_item

        return ask_job_item(item, options)
    if item.kind == "url":
        # Nothing of it is decoded.
        report = check_item(item, options)
        return Asked((), lambda _: (report,))
    return Asked((Look(item, options),), tuple)


def report_of(look: Look, result: FileReport | Fault | None, seconds: float) -> FileReport:
    """The report of a look, also where its worker did not come back."""
    if isinstance(result, FileReport):
        return result
    item, options = look
    size, role = None, options.role
    try:
        opening = open_data_uri if item.kind == "data" else open_path
        with opening(item.source) as opened:
            size = opened.size
            role = role or default_role(sniff(opened.head), item.source)
    except (CannotOpen, OSError):
        role = role or default_role(None, item.source)
    fact: Unreadable
    if result == "slow":
        fact = faults.slow(seconds, size)
    elif result == "hungry":
        fact = faults.hungry(CHECK_MEMORY, size)
    else:
        fact = faults.crashed(size)
    name = os.path.basename(item.source) if item.kind == "path" else None
    return report_on(item.source, role, fact, name, options)
