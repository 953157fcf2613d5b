"""``check`` in worker processes: a crash, a hang or running out of memory loses one file.

This process reads jobs and fetches URLs; workers measure media one by one, so that each failure
belongs to one file. Standard input that is not a job is measured in this process: it can be read
only once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from vaceprep.checks.inputs import Item
from vaceprep.checks.report import FileReport
from vaceprep.checks.source import (
    FileCheck,
    Options,
    SourceCheck,
    judged_by_text,
    look_at,
    name_of,
    opening,
    report_on,
)
from vaceprep.checks.url import Far, fetched, look_at_part, options_for, report_far, with_url
from vaceprep.contract import CHECK_MEMORY, CHECK_SECONDS, DEEP_SECONDS, REMOTE_AT_ONCE
from vaceprep.facts import Unreadable
from vaceprep.files.source import CannotOpen
from vaceprep.net.blocks import Hole, Part
from vaceprep.net.problems import RemoteError
from vaceprep.probes.measure import default_role
from vaceprep.probes.sniff import sniff
from vaceprep.workers import faults
from vaceprep.workers.process import Bounds, context

if TYPE_CHECKING:
    from collections.abc import Callable

    from vaceprep.net.remote_file import Remote
    from vaceprep.workers.faults import Fault
    from vaceprep.workers.pool import Ticket, Workers

R = TypeVar("R")

#: URLs that are fetched, or lie fetched, at once: each may take as much room as a URL may.
WAITING: Final = 2 * REMOTE_AT_ONCE
#: Times that more is fetched of one URL because measuring it asked for more.
MOST_HOLES: Final = 16


class PartCheck(NamedTuple):
    """What was fetched of a URL, to be looked at."""

    look: FileCheck
    part: Part


Task = FileCheck | PartCheck
Answer = FileReport | Hole


def do(work: Callable[[FileCheck], R], task: Task) -> R | Answer:
    """What a worker does with its task: ``work`` on a file, and a look at what a URL gave."""
    if isinstance(task, PartCheck):
        return look_at_part(task.look.item.source, task.part, task.look.options)
    return work(task)


class FarTicket:
    """One URL on its way: being fetched, then being measured."""

    def __init__(self, look: FileCheck, future: Future[tuple[Far, Remote | None]]) -> None:
        self.look = look
        self._future = future
        self._ticket: Ticket[Task, Answer] | None = None

    def advance(self, workers: Workers[Task, Answer]) -> None:
        """Hand it to a worker as soon as it is here."""
        if self._ticket is None and self._future.done():
            self._put(workers)

    def _put(self, workers: Workers[Task, Answer]) -> None:
        remote = self._future.result()[1]
        if remote is not None and remote.path is not None:
            part = Part(remote.path, remote.size, remote.present)
            options = options_for(remote, self.look.options)
            self._ticket = workers.put(PartCheck(FileCheck(self.look.item, options), part))

    def get(
        self,
        workers: Workers[Task, Answer],
        failed: Callable[[Fault | None, int], Unreadable],
    ) -> FileReport:
        """The report, waited for. ``failed`` says what it means that a worker did not come back."""
        far, remote = self._future.result()
        url, options = self.look.item.source, self.look.options
        if remote is None:
            return report_far(url, far, options)
        try:
            for _ in range(MOST_HOLES):
                if self._ticket is None:
                    self._put(workers)
                answer = None if self._ticket is None else workers.get(self._ticket)
                if isinstance(answer, FileReport):
                    return with_url(answer, far, options)
                if not isinstance(answer, Hole):
                    return report_far(url, far._replace(facts=failed(answer, remote.size)), options)
                self._ticket = None
                remote.need(*answer)
            message = "measuring it asks for more and more of its bytes; check a local copy"
            fact = Unreadable("too-large", message, remote.size)
            return report_far(url, far._replace(facts=fact), options)
        except RemoteError as error:
            return report_far(url, far._replace(facts=error.fact), options)
        finally:
            remote.close()

    def drop(self) -> None:
        """Let go of it, now or as soon as it is here."""
        self._future.add_done_callback(_let_go)


def _let_go(future: Future[tuple[Far, Remote | None]]) -> None:
    if not future.cancelled() and future.exception() is None:
        remote = future.result()[1]
        if remote is not None:
            remote.close()


class Fetchers:
    """Fetches URLs into a folder of its own, some at a time. To be closed."""

    def __init__(self) -> None:
        self._folder: TemporaryDirectory[str] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._count = 0
        self.waiting: list[FarTicket] = []

    def put(self, look: FileCheck) -> FileReport | FarTicket:
        """Begin to fetch; what is said of a URL that is not asked for is said at once."""
        said = judged_by_text(look.item, look.options)
        if said is not None or look.options.web is None:
            return said or look_at(look)
        if self._pool is None or self._folder is None:
            self._folder = TemporaryDirectory(prefix="vaceprep-", ignore_cleanup_errors=True)
            self._pool = ThreadPoolExecutor(REMOTE_AT_ONCE, thread_name_prefix="vaceprep-url")
        self._count += 1
        path = os.path.join(self._folder.name, str(self._count))
        web = look.options.web
        ticket = FarTicket(
            look, self._pool.submit(fetched, look.item.source, look.options, web, path)
        )
        self.waiting.append(ticket)
        return ticket

    def done(self, ticket: FarTicket) -> None:
        """It was answered."""
        self.waiting.remove(ticket)

    def advance(self, workers: Workers[Task, Answer]) -> None:
        """Hand to workers what has come meanwhile."""
        for ticket in self.waiting:
            ticket.advance(workers)

    def close(self) -> None:
        """Stop fetching, and leave nothing behind."""
        if self._pool is not None:
            # Whoever waits for a server ends as soon as the connections are closed.
            self._pool.shutdown(wait=False, cancel_futures=True)
            for ticket in self.waiting:
                ticket.drop()
        if self._folder is not None:
            self._folder.cleanup()


if TYPE_CHECKING:
    from vaceprep.workers.faults import Fault
    from vaceprep.workers.pool import Ticket, Workers

    _OnTheWay = Ticket[Task, Any] | FarTicket | FileReport

#: What the workers' server imports once for all of them: what nearly every file needs.
MODULES: Final = (
    "vaceprep.workers.pool",
    "vaceprep.checks.isolated",
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
    work: Callable[[FileCheck], R],
    told: Callable[[FileCheck, R | Fault | None, float], R],
    plain: Callable[[FileReport], R],
    ask: Callable[[Item, Options], SourceCheck] | None = None,
) -> Generator[tuple[Item, SourceCheck, list[R]]]:
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
    waiting: deque[tuple[Item, list[_OnTheWay], SourceCheck]] = deque()
    count = 0

    def ended(one: _OnTheWay) -> R:
        fetchers.advance(workers)
        if isinstance(one, FileReport):
            return plain(one)
        if isinstance(one, FarTicket):
            fetchers.done(one)
            return plain(one.get(workers, lambda fault, size: _fact(fault, allowed, size)))
        look = one.task
        if not isinstance(look, FileCheck):
            raise TypeError(look)
        return told(look, workers.get(one), allowed)

    def next_one() -> tuple[Item, SourceCheck, list[R]]:
        item, tickets, asked = waiting.popleft()
        return item, asked, [ended(one) for one in tickets]

    try:
        for item in items:
            asked = (ask or _ask)(item, asked_for(item))
            waiting.append((item, [_begin(look, workers, fetchers) for look in asked.looks], asked))
            count += 1 + len(asked.looks)
            while waiting and (count > ahead or len(fetchers.waiting) > WAITING):
                count -= 1 + len(waiting[0][1])
                yield next_one()
        while waiting:
            yield next_one()
    finally:
        workers.close()
        fetchers.close()


def _begin(look: FileCheck, workers: Workers[Task, Any], fetchers: Fetchers) -> _OnTheWay:
    """Start to fetch a URL, or to measure a file in a worker."""
    if look.item.kind == "url":
        return fetchers.put(look)
    # Connections stay in this process.
    return workers.put(look._replace(options=look.options._replace(web=None, known=None)))


def _ask(item: Item, options: Options) -> SourceCheck:
    if item.kind in ("job", "stdin"):
        from vaceprep.checks.job import ask_job_item

        return ask_job_item(item, options)
    return SourceCheck((FileCheck(item, options),), tuple)


def report_of(look: FileCheck, result: Answer | Fault | None, seconds: float) -> FileReport:
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
    if fault == "out-of-memory":
        return faults.out_of_memory(CHECK_MEMORY, size)
    return faults.crashed(size)
