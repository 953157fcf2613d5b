"""``check`` on an existing Dask cluster: many files in each task, results in order of completion.

The cluster repeats the tasks of a worker that dies on another worker. The files of a task that
kills one worker after another get a task each; the one that still does is reported as a decoder
crash. Paths must be valid on every machine.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import importlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Final, NamedTuple

from vaceprep.batch.check import Alone, Checked, alone, check_one
from vaceprep.batch.content import Content, content_now
from vaceprep.checks.bytes import Options, report_on
from vaceprep.checks.inputs import Item
from vaceprep.checks.library import ways
from vaceprep.checks.report import FileReport
from vaceprep.probes.measure import default_role
from vaceprep.workers.faults import crashed

#: Tasks in flight for each thread of the cluster.
AHEAD: Final = 3
#: Most files of one task: a task costs the scheduler as much as checking several files.
MOST: Final = 32
#: Seconds to wait for the scheduler.
PATIENCE: Final = 15
#: Exceptions of futures whose scheduler is gone; asyncio's is not an Exception.
CANCELLED: Final = (asyncio.CancelledError, concurrent.futures.CancelledError)
#: Exceptions of a client whose scheduler is gone.
LOST: Final = (OSError, TimeoutError, RuntimeError, *CANCELLED)
#: Exceptions of a task that none of its files causes.
GENERAL: Final = (OSError, ModuleNotFoundError, *CANCELLED)

#: One source, with how to check it.
Source = tuple[Item, Options]


class Placed(NamedTuple):
    """One source as a worker gets it, with absolute paths."""

    item: Item
    options: Options
    #: The folder to which the caller's names are relative, with its separator; else empty.
    folder: str


class Found(NamedTuple):
    """What a worker found of one source."""

    files: tuple[FileReport | Alone, ...]
    content: Content


class NoCluster(Exception):
    """The cluster cannot be used; the message is one sentence."""


def check_on(
    scheduler: str,
    items: Iterable[Item],
    options_of: Callable[[Item], Options],
    *,
    far: bool = False,
) -> Generator[Checked]:
    """Yield each source in order of completion; ``far``: workers read URLs. Raises NoCluster."""
    try:
        dask: Any = importlib.import_module("distributed")
    except ImportError:
        raise NoCluster("--scheduler needs further packages: pip install '.[cluster]'") from None
    try:
        client = dask.Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise NoCluster(f"no scheduler answers at {scheduler}: {reason}") from None
    here = os.getcwd()
    running: dict[Any, list[Source]] = {}

    def submit(sources: list[Source]) -> Any:
        placed = [_placed(item, options, here) for item, options in sources]
        future = client.submit(check_there, placed, far, pure=False)
        running[future] = sources
        return future

    try:
        threads = max(1, sum(client.nthreads().values()))
        waiting = tasks(((item, options_of(item)) for item in items), threads)
        ready = dask.as_completed((), loop=client.loop)
        ready.update([submit(sources) for sources in islice(waiting, AHEAD * threads)])
        for future in ready:
            sources = running.pop(future)
            failure = future.exception()
            if failure is None:
                yield from _checked(sources, future.result())
            elif len(sources) > 1 and not isinstance(failure, GENERAL):
                # One of the files did it: find out which.
                ready.update([submit([source]) for source in sources])
            else:
                yield _failed(dask, failure, *sources[0])
            future.release()
            ready.update([submit(more) for more in islice(waiting, 1)])
    except LOST as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise NoCluster(f"the cluster at {scheduler} is gone: {reason}") from None
    finally:
        # The scheduler may be gone already.
        with contextlib.suppress(*LOST):
            client.close()


def tasks(sources: Iterable[Source], threads: int) -> Iterator[list[Source]]:
    """Yield the sources of each task: few at first, so that every thread has work."""
    queue, size = iter(sources), 1
    while True:
        for _ in range(threads):
            task = list(islice(queue, size))
            if not task:
                return
            yield task
        size = min(2 * size, MOST)


def check_there(sources: list[Placed], far: bool) -> list[Found]:
    """Check the sources of one task, in the worker that runs it."""
    found = []
    for item, options, folder in sources:
        with ways(far and item.kind in ("url", "job"), options.allowed_hosts) as web:
            checked = check_one(item, options._replace(web=web), packed=False)
        files = [
            replace(entry, source=entry.source.removeprefix(folder))
            for entry in checked.files
            if isinstance(entry, FileReport)
        ]
        # The entry of a file is sent as its text: it is small, and the line needs no more.
        packed = files if item.kind == "job" else [alone(entry) for entry in files]
        found.append(Found(tuple(packed), checked.content))
    return found


def _placed(item: Item, options: Options, here: str) -> Placed:
    """The source with absolute paths: workers have other current folders."""

    def whole(path: str | None) -> str | None:
        return None if path is None else os.path.join(here, path)

    if item.kind not in ("path", "job"):
        return Placed(item, options, "")
    source = item.source if item.base is not None else os.path.join(here, item.source)
    folder = "" if os.path.isabs(item.base or item.source) else os.path.join(here, "")
    return Placed(
        item._replace(source=source, base=whole(item.base), root=whole(item.root)), options, folder
    )


def _checked(sources: list[Source], found: list[Found]) -> Iterator[Checked]:
    for (item, _), (files, content) in zip(sources, found, strict=True):
        yield Checked(item, files, content)


def _failed(dask: Any, error: BaseException, item: Item, options: Options) -> Checked:
    """Return the result of a file that kills its workers. Raises NoCluster or the error."""
    if isinstance(error, dask.KilledWorker):
        role = options.role or default_role(None, item.source)
        report = report_on(item.source, role, crashed(None), None, options)
        return Checked(item, (report,), content_now(item))
    if isinstance(error, ModuleNotFoundError):
        raise NoCluster(f"the workers have no vaceprep of this version ({error})") from None
    if isinstance(error, (OSError, *CANCELLED)):
        raise error
    reason = str(error).partition("\n")[0]
    raise NoCluster(f"a worker failed at {item.source}: {type(error).__name__}: {reason}") from None
