"""URLs for workers: fetched here, side by side, and measured by processes that connect nowhere."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from vaceprep.contract import REMOTE_AT_ONCE
from vaceprep.facts import Unreadable
from vaceprep.far import Far, fetched, look_at_part, options_for, report_far, with_url
from vaceprep.look import Look, judged_by_text, look_at
from vaceprep.remote.part import Hole, Part
from vaceprep.remote.problem import RemoteError
from vaceprep.verdict import FileReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from vaceprep.isolate.faults import Fault
    from vaceprep.isolate.pool import Ticket, Workers
    from vaceprep.remote.file import Remote

R = TypeVar("R")

#: URLs that are fetched, or lie fetched, at once: each may take as much room as a URL may.
WAITING: Final = 2 * REMOTE_AT_ONCE
#: Times that more is fetched of one URL because measuring it asked for more.
MOST_HOLES: Final = 16


class PartLook(NamedTuple):
    """What was fetched of a URL, to be looked at."""

    look: Look
    part: Part


Task = Look | PartLook
Answer = FileReport | Hole


def do(work: Callable[[Look], R], task: Task) -> R | Answer:
    """What a worker does with its task: ``work`` on a file, and a look at what a URL gave."""
    if isinstance(task, PartLook):
        return look_at_part(task.look.item.source, task.part, task.look.options)
    return work(task)


class FarTicket:
    """One URL on its way: being fetched, then being measured."""

    def __init__(self, look: Look, future: Future[tuple[Far, Remote | None]]) -> None:
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
            self._ticket = workers.put(PartLook(Look(self.look.item, options), part))

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

    def put(self, look: Look) -> FileReport | FarTicket:
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
