"""``prepare`` with several sources in parallel, each in a worker process.

Parallel encoders of one thread each take two thirds to four fifths of the time of one encoder after
the other with all threads, at 360 lines as at 2160 (figures: ``tests/bench``). So each worker is
limited to its share of the processors, and the last one gets all of them. Names are assigned in the
order of the sources.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from multiprocessing import connection
from typing import TYPE_CHECKING, Any, Final

from vaceprep.checks.inputs import Item
from vaceprep.contract import PREPARE_CORES, PREPARE_MEMORY, PREPARE_STALL_SECONDS
from vaceprep.plans.model import Options
from vaceprep.preparation.file import Work
from vaceprep.preparation.outputs import Outputs
from vaceprep.preparation.report import Prepared
from vaceprep.preparation.worker import LIFE, MODULES, PrepareJob, Worker, begin, failed, silent
from vaceprep.workers.process import context

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

#: Seconds between two checks for stalled workers.
TICK: Final = 1.0
#: Finished sources per worker that may wait in memory for an earlier source.
AHEAD: Final = 4


def how_many(cores: int, memory: int | None) -> int:
    """Return the number of parallel workers for these processors and total bytes of memory.

    ``memory`` None: unknown. Each worker may take 1 GB.
    """
    fit = cores if memory is None else memory // PREPARE_MEMORY
    return max(1, min(cores, PREPARE_CORES, fit))


def share(cores: Sequence[int], place: int, workers: int, *, alone: bool) -> Sequence[int]:
    """Return the processors of the worker at ``place`` of ``workers``; all if it is ``alone``."""
    return cores if alone or workers < 2 else cores[place::workers]


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))[:PREPARE_CORES]
    return list(range(min(os.cpu_count() or 1, PREPARE_CORES)))


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


@dataclass(slots=True, eq=False)
class _Slot:
    """One source in progress."""

    item: Item
    work: Work
    worker: Worker | None = None
    #: The time of its last message.
    heard: float = 0.0
    #: Its pending request for a name, and whether it has a name.
    asks: tuple[Any, ...] | None = None
    named: bool = False
    entries: tuple[Prepared, ...] | None = None
    error: Exception | None = None

    @property
    def holds_names(self) -> bool:
        """Whether later sources must wait for their names: a job requests more than one."""
        return self.entries is None and (self.item.kind == "job" or not self.named)


class ParallelPreparation:
    """Prepares sources in worker processes; ``seconds`` without progress are the limit.

    Must be closed: that ends all processes and removes unfinished files.
    """

    def __init__(
        self,
        prepare_file: PrepareJob,
        names: Outputs,
        request_of: Callable[[Item], tuple[Work, dict[str, Options]]],
        seconds: float | None = None,
        workers: int | None = None,
    ) -> None:
        """``request_of`` returns the work on each source, and the options for fields of a job."""
        self._prepare = prepare_file
        self._names = names
        self._request_of = request_of
        self._seconds = PREPARE_STALL_SECONDS if seconds is None else seconds
        self._cores = _cores()
        self._places = how_many(len(self._cores), _memory()) if workers is None else workers
        self._how: BaseContext = context(MODULES)
        self._free: list[Worker] = []
        self._slots: deque[_Slot] = deque()
        #: Folders that did not exist before.
        self._made: set[str] = set()

    def close(self) -> None:
        """End all workers, even during their work."""
        for worker in (*self._free, *(slot.worker for slot in self._slots)):
            if worker is not None:
                worker.end()
        self._free.clear()
        self._slots.clear()
        # Only after all workers have ended: another one may have been about to write there.
        for folder in sorted(self._made, key=len, reverse=True):
            # Folders that are not empty are kept.
            with contextlib.suppress(OSError, ValueError):
                os.rmdir(folder)
        self._made.clear()

    def each(
        self,
        items: Iterable[Item],
        here: Callable[[Item], tuple[Prepared, ...]],
        begun: Callable[[Item], None] = lambda _: None,
    ) -> Generator[tuple[Prepared, ...]]:
        """Yield the entries of each source in order; ``here`` prepares standard input and URLs.

        ``begun`` is called with each source when it becomes the first one in progress; from then on
        its progress is reported. Raises CannotIsolate, and what the progress function raises.
        """
        queue = iter(items)
        following = next(queue, None)
        try:
            while following is not None or self._slots:
                while following is not None and self._room():
                    item, following = following, next(queue, None)
                    if not self._slots:
                        begun(item)
                    self._start(item, last=following is None)
                head = self._slots[0]
                if head.worker is None and head.entries is None:
                    # Not earlier: names are assigned in order.
                    head.entries = here(head.item)
                while self._slots and self._slots[0].entries is not None:
                    entries = self._slots.popleft().entries
                    if self._slots:
                        begun(self._slots[0].item)
                    yield entries or ()
                self._answer()
                self._listen()
        finally:
            self.close()

    def _room(self) -> bool:
        busy = sum(slot.worker is not None for slot in self._slots)
        return busy < self._places and len(self._slots) < self._places * AHEAD

    def _start(self, item: Item, *, last: bool) -> None:
        work, fields = self._request_of(item)
        slot = _Slot(item, work, heard=time.monotonic())
        alone = last and not any(other.worker for other in self._slots)
        self._slots.append(slot)
        if item.kind in ("stdin", "url"):
            return
        worker = slot.worker = self._worker()
        worker.folders.clear()
        worker.missing.clear()
        cores = share(self._cores, worker.place, self._places, alone=alone)
        worker.channel.send((item, replace(work, on_progress=silent), fields, cores))

    def _worker(self) -> Worker:
        if self._free:
            return self._free.pop()
        taken = {slot.worker.place for slot in self._slots if slot.worker is not None}
        worker = begin(self._how, self._prepare)
        worker.place = next(n for n in range(self._places) if n not in taken)
        return worker

    def _answer(self) -> None:
        """Answer requests for names in the order of the sources."""
        for slot in self._slots:
            if slot.asks is not None and slot.worker is not None:
                (kind, *arguments), slot.asks = slot.asks, None
                slot.named, slot.heard = True, time.monotonic()
                slot.worker.channel.send(self._name(slot.worker, kind, arguments))
            if slot.holds_names:
                return

    def _name(self, worker: Worker, kind: str, arguments: list[Any]) -> str | Exception:
        try:
            path: str = getattr(self._names, kind)(*arguments)
        except Exception as error:
            return error
        worker.named(path)
        self._made |= worker.missing
        return path

    def _listen(self) -> None:
        """Process messages of the workers and detect stalled ones."""
        busy = {s.worker.channel: s for s in self._slots if s.worker is not None}
        if not busy:
            return
        for channel in connection.wait(list(busy), min(TICK, self._seconds / 4)):
            slot = busy[channel]  # type: ignore[index]
            try:
                self._take_in(slot, slot.worker.channel.recv())  # type: ignore[union-attr]
            except (EOFError, ConnectionError):
                self._lose(slot, "crashed")
        now = time.monotonic()
        for slot in busy.values():
            # A worker that waits for a name waits for another source and is not stalled.
            if slot.worker and slot.asks is None and now - slot.heard > self._seconds:
                self._lose(slot, "slow")

    def _take_in(self, slot: _Slot, message: tuple[Any, ...]) -> None:
        kind, *rest = message
        slot.heard = time.monotonic()
        if kind == "progress":
            if slot is self._slots[0]:
                slot.work.on_progress(rest[0])
        elif kind == "done":
            slot.entries = rest[0]
            if slot is self._slots[0]:
                slot.work.on_progress(Fraction(1))
            worker, slot.worker = slot.worker, None
            if worker is not None:
                worker.done += 1
                if worker.done >= LIFE:
                    worker.end()
                else:
                    self._free.append(worker)
        elif kind == "fault":
            self._lose(slot, rest[0])
        elif kind == "raised":
            raise rest[0]
        else:
            slot.asks = message

    def _lose(self, slot: _Slot, fault: str) -> None:
        worker, slot.worker, slot.asks = slot.worker, None, None
        if worker is not None:
            worker.end()
        slot.entries = (failed(slot.item, slot.work.role, fault, self._seconds),)
