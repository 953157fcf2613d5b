"""Tasks on worker processes, in batches; a crash, a hang or too much memory loses one task.

Sending a task to a process costs more than checking most files, so tasks are sent in batches.
The worker records on a shared board which task it is at; if the worker dies, that task is to
blame, and the others of its batch are repeated.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from typing import Any, Final, Generic, TypeVar

from pebble import ProcessExpired, ProcessPool

from vaceprep.workers.faults import Fault
from vaceprep.workers.process import Bounds, CannotIsolate, confine, limit_cpu_time

Task = TypeVar("Task")
Result = TypeVar("Result")

#: Tasks of a batch at most, and the seconds after which the rest of a batch is returned.
BATCH: Final = 64
BATCH_SECONDS: Final = 0.25
#: Batches sent to each worker: one at work, and enough that the worker never waits.
QUEUED: Final = 3
#: Tasks submitted between two looks for finished batches.
LOOK: Final = 8
#: Batches after which a worker is replaced.
LIFE: Final = 200
#: Seconds between two checks for workers that do not respond.
TICK: Final = 0.5
#: Pools in a row without any responding worker before giving up.
TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class _Raised:
    """A fault of the program, not of a file: raised again in the calling process."""

    error: BaseException


class _OutOfMemory:
    """The task needed more memory than allowed."""


@dataclass(slots=True, eq=False)
class Ticket(Generic[Task, Result]):
    """A submitted task, and its result once it is known."""

    task: Task
    done: bool = False
    result: Result | Fault | None = None


@dataclass(slots=True, eq=False)
class _Batch(Generic[Task, Result]):
    tickets: list[Ticket[Task, Result]]
    slot: int
    missed: bool = False


#: In a worker: two numbers for each slot, its process id and the tasks of the batch it started.
_board: Any = None


def _begin(board: Any, bounds: Bounds) -> None:
    global _board  # noqa: PLW0603 (a worker has one)
    _board = board
    confine(bounds)


def _work(slot: int, work: Callable[[Any], Any], tasks: Sequence[Any], seconds: float) -> list[Any]:
    """Results of the first tasks: all, or as many as the time allowed."""
    # Far beyond the parent's own limit.
    limit_cpu_time(2 * seconds + 10 * BATCH_SECONDS)
    _board[2 * slot] = os.getpid()
    start = time.monotonic()
    results: list[Any] = []
    for number, task in enumerate(tasks, 1):
        if number > 1 and time.monotonic() - start > BATCH_SECONDS:
            break
        _board[2 * slot + 1] = number
        try:
            results.append(work(task))
        except MemoryError:
            results.append(_OutOfMemory())
        except BaseException as error:
            results.append(_Raised(error))
    return results


class _Pool(ProcessPool):
    """A pool that ends its workers before it removes the semaphores that they open.

    pebble does it the other way round: a worker that is starting then prints a traceback.
    """

    def _start_pool(self) -> None:
        super()._start_pool()  # type: ignore[no-untyped-call]
        manager = self._pool_manager

        def stop() -> None:
            manager.worker_manager.force_stop_workers()  # type: ignore[no-untyped-call]
            manager.worker_manager.close_channels()  # type: ignore[no-untyped-call]

        # No worker is started any more when it is called.
        manager.stop = stop  # type: ignore[method-assign]


class Workers(Generic[Task, Result]):
    """Runs ``work`` on tasks, each limited to ``seconds`` and ``bounds``, in ``jobs`` processes.

    Tasks and results are picklable and ``work`` is a function of a module. ``how`` starts the
    processes. Not thread-safe. Close it to end all processes.
    """

    def __init__(
        self,
        work: Callable[[Task], Result],
        jobs: int,
        seconds: float,
        bounds: Bounds,
        how: BaseContext,
    ) -> None:
        self._work = work
        self._jobs = jobs
        self._seconds = seconds
        self._bounds = bounds
        self._how = how
        self._waiting: deque[Ticket[Task, Result]] = deque()
        self._running: dict[Future[list[Any]], _Batch[Task, Result]] = {}
        self._free = list(range(jobs * QUEUED))
        self._board: Any = None
        self._pool: ProcessPool | None = None
        self._failures = 0

    def put(self, task: Task) -> Ticket[Task, Result]:
        """Submit a task; also collects finished results."""
        ticket: Ticket[Task, Result] = Ticket(task)
        self._waiting.append(ticket)
        # While every worker has batches ahead, there is time to look.
        if self._free or len(self._waiting) % LOOK == 0:
            self._settle([future for future in self._running if future.done()])
        return ticket

    def get(self, ticket: Ticket[Task, Result]) -> Result | Fault | None:
        """The result of a task, or how its process failed. Raises CannotIsolate."""
        while not ticket.done:
            done, _ = wait(self._running, timeout=TICK, return_when=FIRST_COMPLETED)
            if not done:
                self._look_for_lost()
            self._settle(list(done))
        return ticket.result

    def close(self) -> None:
        """Stop every worker at once."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def _settle(self, done: list[Future[list[Any]]]) -> None:
        for future in done:
            batch = self._running.pop(future, None)
            if batch is not None:
                self._take_in(future, batch)
        while self._waiting and self._free:
            # Divide the waiting tasks evenly, so that no worker is idle at the end.
            share = max(1, min(BATCH, len(self._waiting) // (self._jobs * QUEUED)))
            self._send([self._waiting.popleft() for _ in range(share)])

    def _send(self, tickets: list[Ticket[Task, Result]]) -> None:
        pool = self._started()
        batch = _Batch(tickets, self._free.pop())
        self._board[2 * batch.slot] = self._board[2 * batch.slot + 1] = 0
        tasks = [t.task for t in tickets]
        arguments = (batch.slot, self._work, tasks, self._seconds)
        try:
            future = pool.schedule(_work, arguments, timeout=self._seconds + BATCH_SECONDS)
        except RuntimeError:
            self._broken(batch)
            return
        self._running[future] = batch

    def _started(self) -> ProcessPool:
        if self._pool is None:
            self._board = multiprocessing.RawArray("q", 2 * self._jobs * QUEUED)
            self._pool = _Pool(
                max_workers=self._jobs,
                max_tasks=LIFE,
                initializer=_begin,
                initargs=(self._board, self._bounds),
                context=self._how,
            )
        return self._pool

    def _take_in(self, future: Future[list[Any]], batch: _Batch[Task, Result]) -> None:
        try:
            results = future.result()
        except TimeoutError:
            self._blame(batch, "slow")
        except ProcessExpired as error:
            ran_out = error.exitcode == -getattr(signal, "SIGXCPU", 0)
            self._blame(batch, "slow" if ran_out else "crashed")
        except CancelledError:
            self._blame(batch, "crashed")
        except BrokenProcessPool:
            self._broken(batch)
        else:
            self._failures = 0
            self._free.append(batch.slot)
            for ticket, result in zip(batch.tickets, results, strict=False):
                if isinstance(result, _Raised):
                    raise result.error
                self._finish(
                    ticket, "out-of-memory" if isinstance(result, _OutOfMemory) else result
                )
            self._waiting.extendleft(reversed(batch.tickets[len(results) :]))

    def _finish(self, ticket: Ticket[Task, Result], result: Result | Fault) -> None:
        ticket.result = result
        ticket.done = True

    def _blame(self, batch: _Batch[Task, Result], fault: Fault) -> None:
        self._failures = 0
        self._free.append(batch.slot)
        guilty = max(0, self._board[2 * batch.slot + 1] - 1)
        self._finish(batch.tickets[guilty], fault)
        others = [t for t in batch.tickets if not t.done]
        self._waiting.extendleft(reversed(others))

    def _look_for_lost(self) -> None:
        """Detect workers that exited silently; pebble does not report them.

        Also detects a batch that was submitted just when the pool broke.
        """
        if self._pool is not None and self._running and not self._pool.active:
            self._broken(self._running.popitem()[1])
            return
        if os.name != "posix":
            return
        for future, batch in self._running.items():
            process = self._board[2 * batch.slot]
            if not process or _alive(process):
                continue
            if batch.missed:
                future.cancel()
            # Its last result may still arrive.
            batch.missed = True

    def _broken(self, batch: _Batch[Task, Result]) -> None:
        """No worker is left: restart them, unless none ever responds."""
        self._failures += 1
        self.close()
        for other in (batch, *self._running.values()):
            self._waiting.extendleft(t for t in reversed(other.tickets) if not t.done)
        self._running.clear()
        self._free = list(range(self._jobs * QUEUED))
        if self._failures >= TRIES:
            raise CannotIsolate


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
