"""``probe`` and ``check`` for any number of sources: one bad file never stops the others."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain, islice
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from vaceprep.checks.bytes import Options
from vaceprep.checks.inputs import (
    JOB_ENDINGS,
    MANIFEST_ENDING,
    Given,
    Item,
    collect,
    given,
    is_one,
    kind_of,
)
from vaceprep.checks.report import FileReport, Report
from vaceprep.checks.source import check_item, look_at, probe_item
from vaceprep.contract import REMOTE_AT_ONCE, ROLES, Role
from vaceprep.facts import Facts, Unreadable
from vaceprep.formats import VIDEO_ENDINGS
from vaceprep.probes.measure import ending
from vaceprep.records import replace
from vaceprep.rules.catalogue import Severity
from vaceprep.rules.judge import GATES, Selection

if TYPE_CHECKING:
    from concurrent.futures import Future

    from vaceprep.config.model import Config
    from vaceprep.files.content import Bytes, Readable
    from vaceprep.net.session import Web

#: Files waiting for each worker: enough to keep it busy, few enough to keep memory steady.
AHEAD: Final = 4

Pathish = str | os.PathLike[str]
T = TypeVar("T")


class ProbeError(Exception):
    """A file whose facts cannot be read; the message is one sentence, ``reason`` a short word."""

    def __init__(self, source: str, fact: Unreadable) -> None:
        super().__init__(f"{source} cannot be read: {fact.message}")
        self.source = source
        self.reason = fact.reason
        self.fact = fact

    def __reduce__(self) -> tuple[type[ProbeError], tuple[str, Unreadable]]:
        return type(self), (self.source, self.fact)


def spread(
    work: Callable[[Item], T], items: Iterable[Item], jobs: int, web: Web | None = None
) -> Generator[T]:
    """Yield the results of ``work`` on the items, in order, from ``jobs`` threads.

    With ``web``, the network session, up to REMOTE_AT_ONCE URLs are fetched beside them. Closes it
    if the caller stops early, which ends the pending requests.
    """
    gate = BoundedSemaphore(max(jobs, 1))

    def gated(item: Item) -> T:
        if web is None or item.kind == "url":
            return work(item)
        with gate:
            return work(item)

    threads = jobs if web is None else max(jobs, REMOTE_AT_ONCE)
    queue = iter(items)
    start = list(islice(queue, 2))
    if threads <= 1 or len(start) < 2:
        yield from map(gated, chain(start, queue))
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads, thread_name_prefix="vaceprep") as pool:
        waiting: deque[Future[T]] = deque(pool.submit(gated, item) for item in start)
        try:
            for item in queue:
                waiting.append(pool.submit(gated, item))
                if len(waiting) >= threads * AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            if web is not None:
                web.close()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def default_jobs() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def threads_for(items: Iterable[Item], *, deep: bool) -> int:
    """The number of threads that speed up checking these items in one process.

    Reading a video's headers holds Python's GIL; images and ``deep`` decode, which releases it.
    """
    quick = all(i.kind == "path" and ending(i.source) in VIDEO_ENDINGS for i in items)
    return 1 if quick and not deep else default_jobs()


def check_entry(item: Item, options: Options) -> tuple[FileReport, ...]:
    """The entries of one source: one for a file; for a job its own and one for each asset."""
    if item.kind in ("job", "stdin"):
        from vaceprep.checks.job import ask_job_item

        return ask_job_item(item, options).at_once()
    return (check_item(item, options),)


def check_items(
    items: Iterable[Item],
    options_of: Callable[[Item], Options],
    jobs: int,
    *,
    isolate: bool = False,
    seconds: float | None = None,
    deep: bool = False,
    web: Web | None = None,
) -> Generator[tuple[FileReport, ...]]:
    """The entries of each source, in order; ``options_of`` gives the options of each.

    ``web`` is the network session, if some of the sources may be URLs to fetch.

    With ``isolate`` a worker process checks each file, for ``seconds`` at most (None: the default,
    which depends on ``deep``). Raises CannotIsolate if no worker process can be started.
    """
    if not isolate:
        return spread(lambda item: check_entry(item, options_of(item)), items, jobs, web)
    from vaceprep.checks.isolated import each_isolated, report_of, seconds_for

    allowed = seconds_for(deep, seconds)
    found = each_isolated(
        items, options_of, jobs, allowed, look_at, report_of, lambda report: report, deep=deep
    )
    return (needed.answer(reports) for _, needed, reports in found)


def _known_role(role: str | None) -> None:
    if role is not None and role not in ROLES:
        raise ValueError(f"no field of the request is called {role!r}; roles: {', '.join(ROLES)}")


def probe(
    path: Pathish | Bytes | Readable,
    role: Role | None = None,
    *,
    deep: bool = False,
    allow_hosts: Collection[str] = (),
) -> Facts:
    """Measure one file, the content of a URL, bytes, or a binary file object.

    ``role`` is the request's field that the file is for; it decides whether an animated image
    is measured as a video. ``deep`` decodes every frame of a video. ``allow_hosts`` are private
    hosts that a URL may lead to.

    Raises ProbeError if the facts cannot be read, ValueError for an unknown role.
    """
    _known_role(role)
    (one,) = given(path) if is_one(path) else (None,)
    if one is None or (isinstance(one, Item) and one.kind == "job"):
        raise TypeError("probe takes one path, URL, file object or bytes")
    source = one.source if isinstance(one, Item) else one
    if isinstance(one, str) and os.path.isdir(source):
        raise ProbeError(source, Unreadable("folder", "it is a folder", None))
    item = one if isinstance(one, Item) else Item(source, kind_of(source))
    with ways(item.kind == "url", allow_hosts) as web:
        options = Options(role=role, deep=deep, allowed_hosts=tuple(allow_hosts), web=web)
        _, facts = probe_item(item, options)
    if isinstance(facts, Unreadable):
        raise ProbeError(source, facts)
    return facts


def ways(wanted: bool, allow_hosts: Collection[str]) -> AbstractContextManager[Web | None]:
    """The network session while URLs are read; None if no URL is fetched."""
    if not wanted:
        return nullcontext()
    from vaceprep.net.session import Web

    return Web(allow_hosts)


def check(
    source: Given | Iterable[Given],
    role: Role | None = None,
    *,
    select: str | Iterable[str] | None = None,
    ignore: str | Iterable[str] = (),
    strict: bool | None = None,
    deep: bool = False,
    allow_hosts: Collection[str] = (),
    remote: bool = True,
    jobs: int = 1,
    isolate: bool = False,
    timeout: float | None = None,
    config: Pathish | Config | None = None,
) -> Report:
    """Check one source or several: files, folders, job files, URLs, jobs, bytes.

    Bytes and binary file objects are media. A file object is read from its first byte, and its
    position is restored; its name is reported and compared with the content, and never opened. A
    mapping is a job like a Job: its local paths are read, so check the paths of a mapping from an
    untrusted source before you pass it.

    ``select`` and ``ignore`` take slugs, codes and code prefixes, one or several; ``strict`` turns
    warnings into errors; ``deep`` decodes every frame; ``allow_hosts`` are private hosts that URLs
    may name; ``remote`` False connects nowhere and checks URLs by their text alone. ``jobs`` is
    the number of files checked in parallel, beside up to 8 URLs. ``config`` is a configuration or
    the path of its file, used for arguments not given here; without it no file is read. An error
    in a file is a finding, never an exception.

    ``isolate`` checks each file in a worker process; a file gets VP105 or VP204 if its worker
    crashes, takes more than 400 MB or longer than ``timeout`` seconds (J: 10, and 300 with
    ``deep``). The calling script needs ``if __name__ == "__main__":``. This process checks standard
    input and fetches URLs, which does not count towards the time; workers measure them.

    Raises ValueError for an unknown role or rule, an invalid configuration or ``timeout``,
    CannotIsolate (a RuntimeError) if no process can be started.
    """
    _known_role(role)
    select = [select] if isinstance(select, str) else select
    ignore = [ignore] if isinstance(ignore, str) else ignore
    held = configured(config)
    if held is not None:
        named = {"select": select is not None, "ignore": bool(ignore)}
        held = held.overridden(**named, strict=strict is not None)
    selection = make_selection(select, ignore, bool(strict))
    hosts = tuple(allow_hosts)
    options = Options(role=role, deep=deep, selection=selection, allowed_hosts=hosts)
    run = _Run(jobs, isolate, timeout, remote)
    return _check(given(source), under(options, held), held, run)


class _Run(NamedTuple):
    """How to check files: how many at once, whether in workers, whether over the network."""

    jobs: int
    isolate: bool
    #: Time limit in seconds for one file in a worker.
    timeout: float | None
    remote: bool


def _check(named: list[str | Item], options: Options, config: Config | None, run: _Run) -> Report:
    if run.timeout is not None and not 0 < run.timeout < float("inf"):
        raise ValueError(f"a file cannot be given {run.timeout} seconds")
    if any(isinstance(one, str) and os.path.isdir(one) for one in named):
        # Only reading the folders' files shows whether there are jobs, and URLs in them.
        named = list(collect(named, wanted="all"))
    remote = run.remote and any(
        one.kind in ("job", "url", "stdin") if isinstance(one, Item) else may_be_far(one)
        for one in named
    )
    with ways(remote, options.allowed_hosts) as web, handed_on(named, run.isolate) as items:
        entries = check_items(
            items,
            lambda item: for_item(item, options._replace(web=web), config),
            run.jobs,
            isolate=run.isolate,
            seconds=run.timeout,
            deep=options.deep,
            web=web,
        )
        configs = () if config is None else (config,)
        if all(isinstance(one, Item) for one in named):
            whole = [one for one in named if isinstance(one, Item)]
            return Report(tuple(reported_once(whole, entries)), configs)
        return Report(tuple(chain.from_iterable(entries)), configs)


def reported_once(
    items: Iterable[Item], groups: Iterable[tuple[FileReport, ...]]
) -> Iterator[FileReport]:
    """All entries but those of a job's media that repeat the findings of the folder's own entry.

    A folder contains both a job and its media: each file is reported once, unless the job's entry
    has further findings.
    """
    found = list(zip(items, groups, strict=True))
    alone = {
        (os.path.abspath(entry.source), entry.role): entry.findings
        for item, entries in found
        if item.kind == "path"
        for entry in entries
    }
    for item, entries in found:
        for entry in entries:
            if item.kind == "job" and item.root is not None and entry.role is not None:
                plain = tuple(replace(finding, pointer=None) for finding in entry.findings)
                if alone.get((os.path.abspath(entry.source), entry.role)) == plain:
                    continue
            yield entry


@contextmanager
def handed_on(named: Sequence[str | Item], isolate: bool) -> Iterator[Iterator[Item]]:
    """The single sources; for worker processes, the caller's bytes are copied to files."""
    if not isolate or not any(isinstance(one, Item) and one.content for one in named):
        yield collect(named)
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="vaceprep-") as folder:
        yield collect(
            one._replace(content=one.content.spooled(os.path.join(folder, str(number))))
            if isinstance(one, Item) and one.content
            else one
            for number, one in enumerate(named)
        )


def configured(config: Pathish | Config | None) -> Config | None:
    """The configuration passed to a library call. Raises BadConfig (a ValueError)."""
    if config is None or not isinstance(config, (str, bytes, os.PathLike)):
        return config
    from vaceprep.config.find import read_config

    return read_config(os.fsdecode(config))


def may_be_far(source: str) -> bool:
    """Whether a source may be a URL, or a job that contains URLs."""
    return kind_of(source) in ("url", "stdin") or source.lower().endswith(
        (*JOB_ENDINGS, MANIFEST_ENDING)
    )


def make_selection(
    select: Iterable[str] | None,
    ignore: Iterable[str] = (),
    strict: bool = False,
    severity: Sequence[tuple[str, str]] = (),
    origin: str = "",
) -> Selection:
    """The selection for rule names. Raises UnknownRule (a ValueError)."""
    if select is None and not ignore and not severity:
        return Selection(strict=strict)
    from vaceprep.rules.names import resolve, weights_of

    chosen = None if select is None else resolve(select)
    weights = weights_of(((name, Severity(weight)) for name, weight in severity), GATES)
    return Selection(chosen or None, resolve(ignore), strict, tuple(weights.items()), origin)


def under(options: Options, config: Config | None) -> Options:
    """The options with the rules, hosts and limits of a configuration.

    Values already set in the options take precedence.
    """
    if config is None:
        return options
    own = options.selection
    its = make_selection(
        config.select, config.ignore, bool(config.strict), config.severity, config.path
    )
    return options._replace(
        selection=its._replace(
            select=its.select if own.select is None else own.select,
            ignore=own.ignore or its.ignore,
            strict=own.strict or its.strict,
        ),
        allowed_hosts=options.allowed_hosts or config.allow_hosts,
        limits=config.limits,
        price=options.price if config.price is None else config.price,
    )


def for_item(item: Item, options: Options, config: Config | None) -> Options:
    """The options for one source, with the role that the configuration's globs give its file."""
    if config is None or options.role is not None or item.kind != "path":
        return options
    return options._replace(role=config.role_of(item.source))
