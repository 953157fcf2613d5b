"""``check`` in worker processes: a crash, a hang or running out of memory loses one file.

This process reads jobs and fetches URLs; workers measure media one by one, so that each failure
belongs to one file. Standard input that is not a job is measured in this process: it can be read
only once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from vaceprep.checks.bytes import Options, report_on
from vaceprep.checks.inputs import Item
from vaceprep.checks.report import FileReport
from vaceprep.checks.source import FileCheck, SourceCheck, judged_by_text, look_at, name_of, opening
from vaceprep.contract import CHECK_MEMORY, CHECK_SECONDS, DEEP_SECONDS, REMOTE_AT_ONCE
from vaceprep.facts import Unreadable
from vaceprep.files.source import CannotOpen
from vaceprep.formats import VIDEO_ENDINGS
from vaceprep.net.blocks import Hole, Part
from vaceprep.probes.measure import default_role, ending
from vaceprep.probes.sniff import sniff
from vaceprep.workers import faults
from vaceprep.workers.process import Bounds, context

if TYPE_CHECKING:
    from vaceprep.checks.url import Far
    from vaceprep.net.remote_file import Remote
    from vaceprep.workers.faults import Fault
    from vaceprep.workers.pool import Ticket, Workers

    _OnTheWay: TypeAlias = "Ticket[FileCheck, Any] | FarTicket | FileReport"

R = TypeVar("R")

#: URLs being fetched or held on disk at once: each may take up to the size limit of a URL.
WAITING: Final = 2 * REMOTE_AT_ONCE
#: How often more of one URL is fetched because measuring needs further bytes.
MOST_HOLES: Final = 16


Answer = FileReport | Hole


def do(work: Callable[[FileCheck], R], look: FileCheck) -> R | Answer:
    """Run a check in a worker: ``work`` on a file, or that of the fetched part of a URL."""
    if look.part is not None:
        from vaceprep.checks.url import look_at_part

        return look_at_part(look.item.source, look.part, look.options)
    return work(look)


class FarTicket:
    """One URL in progress: fetched first, then measured."""

    def __init__(self, look: FileCheck, future: Future[tuple[Far, Remote | None]]) -> None:
        self.look = look
        self._future = future
        self._ticket: Ticket[FileCheck, Answer] | None = None

    def advance(self, workers: Workers[FileCheck, Answer]) -> None:
        """Submit the part to a worker once it is fetched."""
        if self._ticket is None and self._future.done():
            self._put(workers)

    def _put(self, workers: Workers[FileCheck, Answer]) -> None:
        from vaceprep.checks.url import options_for

        remote = self._future.result()[1]
        if remote is not None and remote.path is not None:
            part = Part(remote.path, remote.size, remote.present)
            options = options_for(remote, self.look.options)
            self._ticket = workers.put(FileCheck(self.look.item, options, part))

    def get(
        self,
        workers: Workers[FileCheck, Answer],
        failed: Callable[[Fault | None, int], Unreadable],
    ) -> FileReport:
        """Wait for the report. ``failed`` gives the facts for a worker that died or timed out."""
        from vaceprep.checks.url import report_far, with_url
        from vaceprep.net.problems import RemoteError

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
        """Discard it, now or once it is fetched."""
        self._future.add_done_callback(_let_go)


def _let_go(future: Future[tuple[Far, Remote | None]]) -> None:
    if not future.cancelled() and future.exception() is None:
        remote = future.result()[1]
        if remote is not None:
            remote.close()


class Fetchers:
    """Fetches URLs into its own temporary folder, several at a time. The caller must close it."""

    def __init__(self) -> None:
        self._folder: TemporaryDirectory[str] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._count = 0
        self.waiting: list[FarTicket] = []

    def put(self, look: FileCheck) -> FileReport | FarTicket:
        """Start to fetch a URL; a URL that is not fetched is reported at once."""
        report = judged_by_text(look.item, look.options)
        if report is not None or look.options.web is None:
            return report or look_at(look)
        from vaceprep.checks.url import fetched

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

    def advance(self, workers: Workers[FileCheck, Answer]) -> None:
        """Submit the parts fetched so far to workers."""
        for ticket in self.waiting:
            ticket.advance(workers)

    def close(self) -> None:
        """Stop fetching and remove all files."""
        if self._pool is not None:
            # Threads that wait for a server end once the connections are closed.
            self._pool.shutdown(wait=False, cancel_futures=True)
            for ticket in self.waiting:
                ticket.drop()
        if self._folder is not None:
            self._folder.cleanup()


#: Modules that the workers' server imports once for all workers: needed by nearly every file.
MODULES: Final = (
    "vaceprep.workers.pool",
    "vaceprep.checks.isolated",
    "vaceprep.probes.video",
    "vaceprep.rules.video_packaging",
    "vaceprep.rules.video_picture",
    "vaceprep.rules.video",
)
#: The same, needed by nearly every image. No worker starts before all are imported.
IMAGE_MODULES: Final = (
    "vaceprep.probes.image",
    "vaceprep.probes.images.jpeg",
    "vaceprep.probes.images.jpeg_pixels",
    "vaceprep.probes.images.png",
    "vaceprep.rules.image",
    "PIL.Image",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
)

#: The same, needed by every video whose frames are decoded.
DECODING_MODULES: Final = ("vaceprep.probes.ffmpeg", "vaceprep.probes.decode")


def modules_for(items: Iterable[Item], *, deep: bool = False) -> tuple[str, ...]:
    """The modules for the workers' server: without those for images if all items are videos.

    ``deep``: every frame is decoded, and importing a decoder must not count as a file's time.
    """
    if deep:
        return MODULES + IMAGE_MODULES + DECODING_MODULES
    if isinstance(items, Sequence) and all(
        item.kind == "path" and ending(item.source) in VIDEO_ENDINGS for item in items
    ):
        return MODULES
    return MODULES + IMAGE_MODULES


def seconds_for(deep: bool, seconds: float | None) -> float:
    """Seconds allowed for one file: ``seconds`` if given, else the default for ``deep`` or not."""
    if seconds is not None:
        return seconds
    return DEEP_SECONDS if deep else CHECK_SECONDS


def each_isolated(
    items: Iterable[Item],
    options_of: Callable[[Item], Options],
    jobs: int,
    allowed: float,
    work: Callable[[FileCheck], R],
    result_of: Callable[[FileCheck, R | Fault | None, float], R],
    plain: Callable[[FileReport], R],
    ask: Callable[[Item, Options], SourceCheck] | None = None,
    *,
    deep: bool = False,
) -> Generator[tuple[Item, SourceCheck, list[R]]]:
    """Each source in order, its SourceCheck, and the results of ``work`` in a worker process.

    ``allowed`` is the time limit of one file in seconds. ``result_of`` turns a worker's result or
    failure into a result; ``plain`` turns the report on a URL into one, since workers fetch no URL;
    ``ask`` gives the checks needed for a source; ``deep``: all decode every frame. Raises
    CannotIsolate if no worker process can be started.
    """
    how = context(modules_for(items, deep=deep))
    # Import here: the import takes time, in which the server starts.
    from vaceprep.workers.pool import BATCH, QUEUED, Workers

    workers: Workers[FileCheck, Any] = Workers(
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
            fetchers.waiting.remove(one)
            return plain(one.get(workers, lambda fault, size: _fact(fault, allowed, size)))
        return result_of(one.task, workers.get(one), allowed)

    def next_one() -> tuple[Item, SourceCheck, list[R]]:
        item, tickets, needed = waiting.popleft()
        return item, needed, [ended(one) for one in tickets]

    try:
        for item in items:
            needed = (ask or _ask)(item, options_of(item))
            waiting.append(
                (item, [_begin(look, workers, fetchers) for look in needed.looks], needed)
            )
            count += 1 + len(needed.looks)
            while waiting and (count > ahead or len(fetchers.waiting) > WAITING):
                count -= 1 + len(waiting[0][1])
                yield next_one()
        while waiting:
            yield next_one()
    finally:
        workers.close()
        fetchers.close()


def _begin(look: FileCheck, workers: Workers[FileCheck, Any], fetchers: Fetchers) -> _OnTheWay:
    """Start to fetch a URL, or to measure a file in a worker."""
    if look.item.kind == "url":
        return fetchers.put(look)
    options = look.options
    if options.web is None and options.known is None:
        return workers.put(look)
    # Connections stay in this process.
    return workers.put(look._replace(options=options._replace(web=None, known=None)))


def _ask(item: Item, options: Options) -> SourceCheck:
    if item.kind in ("job", "stdin"):
        from vaceprep.checks.job import ask_job_item

        return ask_job_item(item, options)
    return SourceCheck((FileCheck(item, options),), tuple)


def report_of(look: FileCheck, result: Answer | Fault | None, seconds: float) -> FileReport:
    """The report of a check, also if its worker died or timed out."""
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
