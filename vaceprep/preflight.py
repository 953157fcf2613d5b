"""``probe`` and ``check`` for any number of sources: one bad file never stops the others."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, TypeVar

from vaceprep.collect import Item, Skipped, collect, kind_of
from vaceprep.contract import ROLES, Role
from vaceprep.facts import Facts, Unreadable
from vaceprep.look import Options, check_item, probe_item
from vaceprep.rules.catalogue import resolve
from vaceprep.rules.judge import Selection
from vaceprep.verdict import FileReport, Report

if TYPE_CHECKING:
    from concurrent.futures import Future

    from vaceprep.job import Job

#: Files waiting for each worker: enough to keep it busy, few enough to keep memory steady.
AHEAD: Final = 4

Pathish = str | os.PathLike[str]
T = TypeVar("T")


class ProbeError(Exception):
    """A file gave no facts; the message is one clear sentence, ``reason`` a short word."""

    def __init__(self, source: str, fact: Unreadable) -> None:
        super().__init__(f"{source} cannot be read: {fact.message}")
        self.source = source
        self.reason = fact.reason
        self.fact = fact

    def __reduce__(self) -> tuple[type[ProbeError], tuple[str, Unreadable]]:
        return type(self), (self.source, self.fact)


def spread(work: Callable[[Item], T], items: Iterable[Item], jobs: int) -> Generator[T]:
    """``work`` on each item, in order, on ``jobs`` threads, a few ahead at most."""
    queue = iter(items)
    start = list(islice(queue, 2))
    if jobs <= 1 or len(start) < 2:
        for item in (*start, *queue):
            yield work(item)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(jobs, thread_name_prefix="vaceprep") as pool:
        waiting: deque[Future[T]] = deque(pool.submit(work, item) for item in start)
        try:
            for item in queue:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= jobs * AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def default_jobs() -> int:
    """As many workers as this process has cores."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def check_entry(item: Item, options: Options) -> tuple[FileReport, ...]:
    """The entries of one source: a file has one, a job one of its own and one for each asset."""
    if item.kind in ("job", "stdin"):
        from vaceprep.jobcheck import ask_job_item

        return ask_job_item(item, options).at_once()
    return (check_item(item, options),)


def check_items(
    items: Iterable[Item],
    options: Options,
    jobs: int,
    *,
    isolate: bool = False,
    seconds: float | None = None,
) -> Generator[tuple[FileReport, ...]]:
    """The entries of each source, in order.

    With ``isolate`` each file is looked at in a worker process, for ``seconds`` at most (None: as
    long as a file may take by default). Raises CannotIsolate where none can be started.
    """
    if not isolate:
        return spread(lambda item: check_entry(item, options), items, jobs)
    from vaceprep.isolated import check_isolated

    return check_isolated(items, options, jobs, seconds)


def _sources(source: Pathish | Iterable[Pathish]) -> list[str]:
    if isinstance(source, (str, bytes, os.PathLike)):
        source = [source]
    return [os.fsdecode(s) for s in source]


def _known_role(role: str | None) -> None:
    if role is not None and role not in ROLES:
        raise ValueError(f"no field of the request is called {role!r}; roles: {', '.join(ROLES)}")


def probe(path: Pathish, role: Role | None = None, *, deep: bool = False) -> Facts:
    """Measure one file.

    ``role`` is the request's field that the file is for; it decides whether an animated image
    is measured as a video. ``deep`` decodes every frame of a video.

    Raises ProbeError where the file gives no facts, ValueError for an unknown role.
    """
    _known_role(role)
    source = os.fsdecode(path)
    if os.path.isdir(source):
        raise ProbeError(source, Unreadable("folder", "it is a folder", None))
    item = Item(source, kind_of(source))
    if item.kind == "url":
        raise ProbeError(source, NOT_READ)
    _, facts = probe_item(item, Options(role=role, deep=deep))
    if isinstance(facts, Unreadable):
        raise ProbeError(source, facts)
    return facts


#: URLs are judged by their text until they are read by ranges.
NOT_READ: Final = Unreadable("unavailable", "URLs are not read yet; give a local file", None)


def check(
    source: Pathish | Job | Iterable[Pathish],
    role: Role | None = None,
    *,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    strict: bool = False,
    deep: bool = False,
    allow_hosts: Collection[str] = (),
    jobs: int = 1,
    isolate: bool = False,
    timeout: float | None = None,
) -> Report:
    """Check one source or several: files, folders (walked), job files, URLs; or a Job.

    ``select`` and ``ignore`` take slugs, codes and code prefixes; ``strict`` makes errors of
    warnings; ``deep`` decodes every frame; ``allow_hosts`` are private hosts to let through;
    ``jobs`` is the number of files looked at side by side. What is wrong with a file is a finding,
    never an exception.

    ``isolate`` looks at each file in a worker process: one that crashes its decoder, takes more
    than 400 MB or longer than ``timeout`` seconds (J: 10, and 300 with ``deep``) gets VP105 or
    VP204, and the others go on. As always with processes, a script that asks for it must keep its
    own work under ``if __name__ == "__main__":``. Standard input and URLs are judged in this
    process.

    Raises ValueError for an unknown role or rule or a ``timeout`` that is none, CannotIsolate (a
    RuntimeError) where no process can be started.
    """
    _known_role(role)
    options = Options(
        role=role,
        deep=deep,
        selection=make_selection(select, ignore, strict),
        allowed_hosts=tuple(allow_hosts),
    )
    if timeout is not None and not 0 < timeout < float("inf"):
        raise ValueError(f"a file cannot be given {timeout} seconds")
    items: Iterable[Item]
    if hasattr(source, "given"):
        items = [Item("job", "job", source.given(), "")]
    else:
        items = collect(_sources(source), Skipped())
    entries = check_items(items, options, jobs, isolate=isolate, seconds=timeout)
    return Report(tuple(chain.from_iterable(entries)))


def make_selection(
    select: Iterable[str] | None, ignore: Iterable[str] = (), strict: bool = False
) -> Selection:
    """A selection from names of rules. Raises UnknownRule (a ValueError)."""
    if select is None and not ignore:
        return Selection(strict=strict)
    from vaceprep.rules import every  # noqa: F401  (names are resolved against all rules)

    chosen = None if select is None else resolve(select)
    return Selection(chosen or None, resolve(ignore), strict)
