"""``plan`` and ``prepare`` as a library: they neither print nor exit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal, Protocol, TypedDict

from vaceprep.checks.inputs import Given, Item, collect, given, without_content
from vaceprep.checks.library import configured
from vaceprep.contract import ROLES, Role
from vaceprep.errors import Cancelled
from vaceprep.plans.model import Colour, Options
from vaceprep.preparation.file import Work
from vaceprep.preparation.many import prepare_items
from vaceprep.preparation.outputs import fitting, parse_output, skipped_paths
from vaceprep.preparation.report import Prepared, PrepareReport

if TYPE_CHECKING:
    from vaceprep.config.model import Config

Pathish = str | os.PathLike[str]

#: Seconds; int, str and Fraction are exact.
Seconds = Fraction | int | float | str
#: Called with the source as given and the finished share of its work, 0.0 to 1.0.
Progress = Callable[[str, float], None]


def exact_seconds(value: Seconds | None) -> Fraction | None:
    if value is None:
        return None
    if isinstance(value, float):
        # 0.1 means one tenth, not the nearest binary fraction.
        return Fraction(repr(value))
    return Fraction(value)


class Parts(Protocol):
    """One source, or the jobs of the parts of its video."""

    @property
    def items(self) -> tuple[Item, ...]:
        """What is prepared."""

    def fields(self) -> dict[int, dict[str, Options]]:
        """Return the options for single fields of each of them, by its ``id``."""

    def head(self, entries: Sequence[tuple[Prepared, ...]]) -> Prepared | None:
        """Return the entry of the whole, if it has one beside those of the parts."""


#: Returns the parts of each source under a configuration.
Divide = Callable[[Iterable[Item], Work, "Config | None"], Sequence[Parts]]


class PrepareOptions(TypedDict, total=False):
    """The options of ``prepare`` as keyword arguments, described there."""

    start: Seconds | Literal["auto"] | None
    duration: Seconds | None
    only_errors: bool
    fit_720p: bool
    fit_model: bool
    crop_bars: bool
    fps_mode: Literal["repeat", "blend"]
    shape: Literal["pad", "crop"]
    background: Colour | None
    keep_audio: bool
    salvage: bool
    deep: bool
    force: bool
    progress: Progress | None
    cancelled: Callable[[], bool] | None
    isolate: bool
    timeout: float | None
    config: Pathish | Config | None


def prepare(
    source: Given | Iterable[Given],
    output: Pathish | None = None,
    role: Role | None = None,
    *,
    start: Seconds | Literal["auto"] | None = None,
    duration: Seconds | None = None,
    only_errors: bool = False,
    fit_720p: bool = False,
    fit_model: bool = False,
    crop_bars: bool = False,
    fps_mode: Literal["repeat", "blend"] = "repeat",
    shape: Literal["pad", "crop"] = "pad",
    background: Colour | None = None,
    keep_audio: bool = False,
    salvage: bool = False,
    deep: bool = False,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    isolate: bool = False,
    timeout: float | None = None,
    config: Pathish | Config | None = None,
    divide: Divide | None = None,
) -> PrepareReport:
    """Prepare files, folders of them or jobs as new files; sources are never changed.

    A Job or a mapping is a job in the current folder, named ``job.json``. ``output`` is a folder or
    a file; without it, ``prepared/`` beside each source. Times are in seconds. ``progress`` is
    called with the share of each source that is done; as soon as ``cancelled`` returns true,
    Cancelled is raised and the current file is not written. ``config`` is a configuration or its
    file, for roles, limits, hosts and the output folder; without it none is read. The start
    ``"auto"`` begins each long video with its best window. ``fit_model`` makes videos of which the
    model takes every frame and pixel, ``crop_bars`` crops black bars. Encoded output is decoded and
    compared with its source; ``deep`` also decodes copied frames. Errors of files are in entries.
    ``isolate`` prepares each source in a worker process; a source fails whose worker crashes, takes
    more than 1 GB, writes over 512 MiB, or makes no progress for ``timeout`` seconds (J: 120). The
    calling script needs ``if __name__ == "__main__":``. Standard input is prepared here.

    Raises ValueError for an unknown role, an invalid time, ``output`` or configuration; Cancelled;
    CannotIsolate (a RuntimeError) where no process can be started.
    """
    _check_arguments(role, timeout)
    options = Options(
        start=None if start == "auto" else exact_seconds(start),
        best_start=start == "auto",
        duration=exact_seconds(duration),
        only_errors=only_errors,
        fit_720p=fit_720p,
        fit_model=fit_model,
        crop_bars=crop_bars,
        fps_mode=fps_mode,
        shape=shape,
        background=background,
        keep_audio=keep_audio,
        salvage=salvage,
    )
    work, calls = Work(options, role, force, dry_run, deep=deep), _Reporter(progress, cancelled)
    return _prepare(source, output, work, calls, configured(config), isolate, timeout, divide)


def _check_arguments(role: Role | None, timeout: float | None) -> None:
    """Raise ValueError for an unknown role or an invalid timeout."""
    if role is not None and role not in ROLES:
        raise ValueError(f"no field of the request is called {role!r}; roles: {', '.join(ROLES)}")
    if timeout is not None and not 0 < timeout < float("inf"):
        raise ValueError(f"work cannot be given {timeout} seconds")


class _Reporter:
    """Calls the progress and cancellation functions of the caller for the current source."""

    def __init__(self, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._progress = progress
        self._cancelled = cancelled
        self._name = ""

    def __call__(self, done: Fraction) -> None:
        """Report progress. Raises Cancelled."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled("the work was called off")
        if self._progress is not None:
            self._progress(self._name, float(done))

    def each(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items and report the start of each."""
        for item in items:
            self._name = item.source
            self(Fraction(0))
            yield item


def _prepare(
    source: Given | Iterable[Given],
    output: Pathish | None,
    work: Work,
    reporter: _Reporter,
    config: Config | None,
    isolate: bool,
    timeout: float | None,
    divide: Divide | None,
) -> PrepareReport:
    given_items = without_content(given(source, "job.json"), "prepare")
    names = [one.source if isinstance(one, Item) else one for one in given_items]
    folder = None if config is None else config.output
    to = parse_output(folder if output is None else os.fsdecode(output))
    items = fitting(to, collect(given_items, skip=skipped_paths(to, names)))
    work = replace(work, on_progress=reporter, sources=tuple(item.source for item in items))
    sources = None if divide is None else divide(reporter.each(items), work, config)
    if sources is not None:
        items = [item for source in sources for item in source.items]
    own = {key: held for one in sources or () for key, held in one.fields().items()}
    groups = prepare_items(
        reporter.each(items),
        to,
        work,
        configured=lambda _: config,
        isolate=isolate,
        seconds=timeout,
        own_fields=lambda item: own.get(id(item)),
    )
    configs = () if config is None else (config.judging_nothing(),)
    with closing(groups):
        if sources is None:
            return PrepareReport(tuple(chain.from_iterable(groups)), configs)
        files: list[Prepared] = []
        for source_parts in sources:
            mine = list(islice(groups, len(source_parts.items)))
            head = source_parts.head(mine)
            files += ([] if head is None else [head]) + list(chain.from_iterable(mine))
        return PrepareReport(tuple(files), configs)
