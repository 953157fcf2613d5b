"""``check`` on a Dask cluster: many files in each task.

The files of a task that kills one worker after another get a task each; the one that still does is
reported as a decoder crash.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Final, NamedTuple

from vaceprep.batch.check import Alone, Checked, alone, check_one
from vaceprep.batch.cluster import GENERAL, Cluster, connected, placed, refused
from vaceprep.batch.content import Content, content_now
from vaceprep.checks.bytes import Options, report_on
from vaceprep.checks.inputs import Item
from vaceprep.checks.library import ways
from vaceprep.checks.report import FileReport
from vaceprep.probes.measure import default_role
from vaceprep.workers.faults import crashed

#: Most files of one task: a task costs the scheduler as much as checking several files.
MOST: Final = 32

#: One source, with how to check it.
Source = tuple[Item, Options]


class Asked(NamedTuple):
    """One task: its sources, and the current folder of the client."""

    sources: list[Source]
    here: str
    #: Whether URLs are read.
    far: bool = False


class Found(NamedTuple):
    """What a worker found of one source."""

    files: tuple[FileReport | Alone, ...]
    content: Content


def check_on(
    scheduler: str,
    items: Iterable[Item],
    options_of: Callable[[Item], Options],
    *,
    far: bool = False,
) -> Generator[Checked]:
    """Yield each source in order of completion; ``far``: workers read URLs. Raises NoCluster."""
    here = os.getcwd()
    #: Files of a failed task, each of which is tried alone.
    doubtful: deque[Source] = deque()
    with connected(scheduler) as cluster:
        waiting = tasks(((item, options_of(item)) for item in items), cluster.threads)

        def following() -> Asked | None:
            sources = [doubtful.popleft()] if doubtful else next(waiting, None)
            return None if sources is None else Asked(sources, here, far)

        for task, (found, failure) in cluster.each(check_there, following):
            sources = task.sources
            if failure is None:
                for (item, _), (files, content) in zip(sources, found, strict=True):
                    yield Checked(item, files, content)
            elif len(sources) > 1 and not isinstance(failure, GENERAL):
                doubtful.extend(sources)
            else:
                yield _failed(cluster, failure, *sources[0])


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


def check_there(asked: Asked) -> list[Found]:
    """Check the sources of one task, in the worker that runs it."""
    found = []
    for given, options in asked.sources:
        item, folder = placed(given, asked.here)
        with ways(asked.far and item.kind in ("url", "job"), options.allowed_hosts) as web:
            checked = check_one(item, options._replace(web=web), packed=False, folder=folder)
        files = [
            replace(entry, source=entry.source.removeprefix(folder))
            for entry in checked.files
            if isinstance(entry, FileReport)
        ]
        # The entry of a file is sent as its text: it is small, and the line needs no more.
        packed = files if item.kind == "job" else [alone(entry) for entry in files]
        found.append(Found(tuple(packed), checked.content))
    return found


def _failed(cluster: Cluster, error: BaseException, item: Item, options: Options) -> Checked:
    """Return the result of a file that kills its workers. Raises NoCluster or the error."""
    if not cluster.killed(error):
        raise refused(error, item.source) from None
    role = options.role or default_role(None, item.source)
    report = report_on(item.source, role, crashed(None), None, options)
    return Checked(item, (report,), content_now(item))
