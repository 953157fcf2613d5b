"""``plan`` and ``prepare`` as a library: nothing prints, nothing exits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Literal, TypedDict

from vaceprep.checks.inputs import Given, Item, expanded, given, without_content
from vaceprep.checks.library import configured
from vaceprep.contract import ROLES, Role
from vaceprep.errors import Cancelled
from vaceprep.plans.model import Colour, Options
from vaceprep.preparation.file import Work
from vaceprep.preparation.many import prepare_items
from vaceprep.preparation.outputs import fitting, parse_output, walk_skips
from vaceprep.preparation.report import PrepareReport

if TYPE_CHECKING:
    from vaceprep.config.model import Config

Pathish = str | os.PathLike[str]

#: Seconds, exact where they are given so.
Seconds = Fraction | int | float | str
#: Called with the source as it was given and the share of its work that is done, 0.0 to 1.0.
Progress = Callable[[str, float], None]


def _seconds(value: Seconds | None) -> Fraction | None:
    if value is None:
        return None
    if isinstance(value, float):
        # 0.1 means a tenth, not the nearest binary fraction.
        return Fraction(repr(value))
    return Fraction(value)


class PrepareOptions(TypedDict, total=False):
    """The options of ``prepare``, for those who hand them on; what each means is said there."""

    start: Seconds | None
    duration: Seconds | None
    only_errors: bool
    fit_720p: bool
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
    start: Seconds | None = None,
    duration: Seconds | None = None,
    only_errors: bool = False,
    fit_720p: bool = False,
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
) -> PrepareReport:
    """Fix files, folders of them or jobs, into new files; sources are never changed.

    A Job or a mapping is a job in the current folder, called ``job.json``.
    ``output`` is a folder or a file; without it, ``prepared/`` beside each source. Times are
    seconds. ``progress`` is told how far each source is; ``cancelled`` is asked all along, and
    where it says yes, Cancelled is raised and the file at work is left out. ``config`` is a
    configuration or its file, for the roles, limits, hosts and the output folder that it names;
    without it none is read. Whatever is encoded is decoded again and compared with its source;
    ``deep`` decodes every frame of what is only copied, too. What is wrong with a file is in its
    entry, never an exception.

    ``isolate`` prepares each source in a worker process: one that crashes its decoder, takes more
    than 1 GB, writes a file over 512 MiB, or makes no progress for ``timeout`` seconds (J: 120)
    fails, and the others go on. As always with processes, a script that asks for it must keep its
    own work under ``if __name__ == "__main__":``. Standard input is prepared in this process.

    Raises ValueError for an unknown role, a time that is none, an ``output`` or a configuration
    that cannot be meant; Cancelled; CannotIsolate (a RuntimeError) where no process can be started.
    """
    if role is not None and role not in ROLES:
        raise ValueError(f"no field of the request is called {role!r}; roles: {', '.join(ROLES)}")
    if timeout is not None and not 0 < timeout < float("inf"):
        raise ValueError(f"work cannot be given {timeout} seconds")
    named = without_content(given(source, "job.json"), "prepare")
    names = [one.source if isinstance(one, Item) else one for one in named]
    options = Options(
        start=_seconds(start),
        duration=_seconds(duration),
        only_errors=only_errors,
        fit_720p=fit_720p,
        fps_mode=fps_mode,
        shape=shape,
        background=background,
        keep_audio=keep_audio,
        salvage=salvage,
    )
    at = {"name": ""}

    def tell(done: Fraction) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled("the work was called off")
        if progress is not None:
            progress(at["name"], float(done))

    held = configured(config)
    folder = None if held is None else held.output
    to = parse_output(folder if output is None else os.fsdecode(output))
    items = list(fitting(to, list(expanded(named, walk_skips(to, names)))))
    sources_named = tuple(i.source for i in items)
    work = Work(options, role, force, dry_run, tell, sources_named, deep=deep)

    def announced() -> Iterator[Item]:
        for item in items:
            at["name"] = item.source
            tell(Fraction(0))
            yield item

    groups = prepare_items(
        announced(), to, work, configured=lambda _: held, isolate=isolate, seconds=timeout
    )
    left = () if held is None else (held.judging_nothing(),)
    with closing(groups):
        return PrepareReport(tuple(chain.from_iterable(groups)), left)
