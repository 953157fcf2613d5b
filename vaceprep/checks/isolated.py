"""``check`` with each file in a worker process: a crash, a hang or a hunger costs one file.

Jobs are read here and their media over there, one by one, so that what one file does is said of
that file. URLs are fetched here, and their bytes measured over there. Of standard input, what is no
job is looked at here: it can be read only once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from vaceprep.checks.farworkers import WAITING, Answer, FarTicket, Fetchers, Task, do
from vaceprep.checks.inputs import Item
from vaceprep.checks.report import FileReport
from vaceprep.checks.source import Asked, Look, Options, look_at, name_of, opening, report_on
from vaceprep.contract import CHECK_MEMORY, CHECK_SECONDS, DEEP_SECONDS
from vaceprep.facts import Unreadable
from vaceprep.files.source import CannotOpen
from vaceprep.net.part import Hole
from vaceprep.probes.measure import default_role
from vaceprep.probes.sniff import sniff
from vaceprep.workers import faults
from vaceprep.workers.process import Bounds
from vaceprep.workers.start import context

if TYPE_CHECKING:
    from vaceprep.workers.faults import Fault
    from vaceprep.workers.pool import Ticket, Workers

    _OnTheWay = Ticket[Task, Any] | FarTicket | FileReport

R = TypeVar("R")

#: What the workers' server imports once for all of them: what nearly every file needs.
MODULES: Final = (
    "vaceprep.workers.pool",
    "vaceprep.checks.farworkers",
    "vaceprep.probes.video",
    "vaceprep.probes.image",
    "vaceprep.rules.video_packaging",
    "vaceprep.rules.video_picture",
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
    for _, asked, reports in each_isolated(
        items, asked_for, jobs, allowed, look_at, report_of, _itself
    ):
        yield asked.answer(reports)


def _itself(report: FileReport) -> FileReport:
    return report


def each_isolated(
    items: Iterable[Item],
    asked_for: Callable[[Item], Options],
    jobs: int,
    allowed: float,
    work: Callable[[Look], R],
    told: Callable[[Look, R | Fault | None, float], R],
    plain: Callable[[FileReport], R],
    ask: Callable[[Item, Options], Asked] | None = None,
) -> Generator[tuple[Item, Asked, list[R]]]:
    """Each source in order, what it asked for, and what ``work`` came to in a worker process.

    ``told`` says it of a look whose worker did not come back, and gets every other result too;
    ``plain`` takes the report on a URL, which no worker fetches; ``ask`` says what is looked at.
    """
    how = context(MODULES)
    # Only now: it takes its time, in which the server gets ready.
    from vaceprep.workers.pool import BATCH, QUEUED, Workers

    workers: Workers[Task, Any] = Workers(
        partial(do, work), jobs, allowed, Bounds(CHECK_MEMORY, 0), how
    )
    fetchers = Fetchers()
    ahead = jobs * QUEUED * BATCH
    waiting: deque[tuple[Item, list[_OnTheWay], Asked]] = deque()
    count = 0

    def begun(look: Look) -> _OnTheWay:
        if look.item.kind == "url":
            return fetchers.put(look)
        # The way to URLs stays here.
        return workers.put(look._replace(options=look.options._replace(web=None, known=None)))

    def ended(one: _OnTheWay) -> R:
        fetchers.advance(workers)
        if isinstance(one, FileReport):
            return plain(one)
        if isinstance(one, FarTicket):
            fetchers.done(one)
            return plain(one.get(workers, lambda fault, size: _fact(fault, allowed, size)))
        look = one.task
        if not isinstance(look, Look):
            raise TypeError(look)
        return told(look, workers.get(one), allowed)

    def next_one() -> tuple[Item, Asked, list[R]]:
        item, tickets, asked = waiting.popleft()
        return item, asked, [ended(one) for one in tickets]

    try:
        for item in items:
            asked = (ask or _ask)(item, asked_for(item))
            waiting.append((item, [begun(look) for look in asked.looks], asked))
            count += 1 + len(asked.looks)
            while waiting and (count > ahead or len(fetchers.waiting) > WAITING):
                count -= 1 + len(waiting[0][1])
                yield next_one()
        while waiting:
            yield next_one()
    finally:
        workers.close()
        fetchers.close()


def _ask(item: Item, options: Options) -> Asked:
    if item.kind in ("job", "stdin"):
        from vaceprep.checks.job import ask_job_item

        return ask_job_item(item, options)
    return Asked((Look(item, options),), tuple)


def report_of(look: Look, result: Answer | Fault | None, seconds: float) -> FileReport:
    """The report of a look, also where its worker did not come back."""
    if isinstance(result, FileReport):
        return result
    item, options = look.item, look.options
    size, role = None, options.role
    try:
        with opening(item) as opened:
            size = opened.size
            role = role or default_role(sniff(opened.head), item.source)
    except (CannotOpen, OSError):
        role = role or default_role(None, item.source)
    fault = None if isinstance(result, Hole) else result
    return report_on(item.source, role, _fact(fault, seconds, size), name_of(item), options)


def _fact(fault: Fault | None, seconds: float, size: int | None) -> Unreadable:
    if fault == "slow":
        return faults.slow(seconds, size)
    if fault == "hungry":
        return faults.hungry(CHECK_MEMORY, size)
    return faults.crashed(size)
