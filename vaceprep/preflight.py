"""``probe`` and ``check`` for any number of sources: one bad file never stops the others."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
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


def spread(work: Callable[[Item], T], items: Iterable[Item], jobs: int) -> Iterator[T]:
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
        from vaceprep.jobcheck import check_job_item

        return check_job_item(item, options)
    return (check_item(item, options),)


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
) -> Report:
    """Check one source or several: files, folders (walked), job files, URLs; or a Job.

    ``select`` and ``ignore`` take slugs, codes and code prefixes; ``strict`` makes errors of
    warnings; ``deep`` decodes every frame; ``allow_hosts`` are private hosts to let through;
    ``jobs`` is the number of threads. What is wrong with a file is a finding, never an exception.

    Raises ValueError for an unknown role or rule.
    """
    _known_role(role)
    options = Options(
        role=role,
        deep=deep,
        selection=make_selection(select, ignore, strict),
        allowed_hosts=tuple(allow_hosts),
    )
    if hasattr(source, "given"):
        from vaceprep.jobcheck import check_mapping

        return Report(check_mapping("job", source.given(), "", options))
    items = collect(_sources(source), Skipped())
    return Report(
        tuple(chain.from_iterable(spread(lambda i: check_entry(i, options), items, jobs)))
    )


def make_selection(
    select: Iterable[str] | None, ignore: Iterable[str] = (), strict: bool = False
) -> Selection:
    """A selection from names of rules. Raises UnknownRule (a ValueError)."""
    if select is None and not ignore:
        return Selection(strict=strict)
    from vaceprep.rules import every  # noqa: F401  (names are resolved against all rules)

    chosen = None if select is None else resolve(select)
    return Selection(chosen or None, resolve(ignore), strict)
