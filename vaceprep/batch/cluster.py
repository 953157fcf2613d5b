"""Tasks on an existing Dask cluster, with results in order of completion.

The cluster repeats the tasks of a worker that dies on another worker. Paths must be valid on every
machine.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import importlib
import os
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final, NamedTuple, TypeVar

from vaceprep.checks.inputs import Item

Task = TypeVar("Task")
#: Tasks in flight for each thread of the cluster.
AHEAD: Final = 3
#: Seconds to wait for the scheduler.
PATIENCE: Final = 15
#: Exceptions of futures whose scheduler is gone; asyncio's is not an Exception.
CANCELLED: Final = (asyncio.CancelledError, concurrent.futures.CancelledError)
#: Exceptions of a client whose scheduler is gone.
LOST: Final = (OSError, TimeoutError, RuntimeError, *CANCELLED)
#: Exceptions of a task that none of its files causes.
GENERAL: Final = (OSError, ModuleNotFoundError, *CANCELLED)


class NoCluster(Exception):
    """The cluster cannot be used; the message is one sentence."""


class Ended(NamedTuple):
    """The end of a task: its result, or its exception."""

    result: Any
    failure: BaseException | None


class Cluster:
    """The tasks of one run on a cluster."""

    def __init__(self, dask: Any, client: Any) -> None:
        self._dask, self._client = dask, client
        #: The threads of all workers.
        self.threads = max(1, sum(client.nthreads().values()))

    def each(
        self, call: Callable[[Task], Any], following: Callable[[], Task | None]
    ) -> Generator[tuple[Task, Ended]]:
        """Run tasks, a few ahead for each thread, and yield each with its end.

        ``following`` returns the next task, or None if none can start before another one ends.
        """
        running: dict[Any, Task] = {}
        ready = self._dask.as_completed((), loop=self._client.loop)

        def fill() -> None:
            while len(running) < AHEAD * self.threads and (task := following()) is not None:
                future = self._client.submit(call, task, pure=False)
                running[future] = task
                ready.add(future)

        fill()
        for future in ready:
            task, failure = running.pop(future), future.exception()
            yield task, Ended(None if failure else future.result(), failure)
            future.release()
            fill()

    def killed(self, failure: BaseException | None) -> bool:
        """Whether a task ended because it killed one worker after another."""
        return isinstance(failure, self._dask.KilledWorker)


@contextlib.contextmanager
def connected(scheduler: str) -> Iterator[Cluster]:
    """The cluster of a scheduler. Raises NoCluster, also if it goes away in the ``with`` block."""
    try:
        dask: Any = importlib.import_module("distributed")
    except ImportError:
        raise NoCluster("--scheduler needs further packages: pip install '.[cluster]'") from None
    _silence()
    try:
        client = dask.Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise NoCluster(f"no scheduler answers at {scheduler}: {reason}") from None
    try:
        yield Cluster(dask, client)
    except LOST as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise NoCluster(f"the cluster at {scheduler} is gone: {reason}") from None
    finally:
        # The scheduler may be gone already.
        with contextlib.suppress(*LOST):
            client.close()


def _silence() -> None:
    """Turn Dask's log off: a lost connection is the message of ``NoCluster``."""
    import logging

    for name in logging.root.manager.loggerDict:
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def refused(failure: BaseException, source: str) -> BaseException:
    """The exception that ends the run when the task of ``source`` fails."""
    if isinstance(failure, ModuleNotFoundError):
        return NoCluster(f"the workers have no vaceprep of this version ({failure})")
    if isinstance(failure, (NoCluster, OSError, *CANCELLED)):
        return failure
    reason = str(failure).partition("\n")[0]
    return NoCluster(f"a worker failed at {source}: {type(failure).__name__}: {reason}")


class Placed(NamedTuple):
    """A source with absolute paths: workers have other current folders."""

    item: Item
    #: The folder to which the caller's names are relative, with its separator; else empty.
    folder: str


def placed(item: Item, here: str) -> Placed:
    """The source as a worker gets it from a client whose current folder is ``here``."""

    def whole(path: str | None) -> str | None:
        return None if path is None else os.path.join(here, path)

    if item.kind not in ("path", "job"):
        return Placed(item, "")
    folder = "" if os.path.isabs(item.base or item.source) else os.path.join(here, "")
    moved = item._replace(
        source=os.path.join(here, item.source), base=whole(item.base), root=whole(item.root)
    )
    return Placed(moved, folder)
