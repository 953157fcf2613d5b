"""``prepare`` for any number of sources: one failure does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from vaceprep.checks.inputs import Item
from vaceprep.plans.model import Options
from vaceprep.preparation.file import Work, prepare_file
from vaceprep.preparation.outputs import Names, Output, Outputs
from vaceprep.preparation.report import Prepared

if TYPE_CHECKING:
    from vaceprep.config.model import Config


def prepare_items(
    items: Iterable[Item],
    output: Output,
    work: Work,
    fields: dict[str, Options] | None = None,
    configured: Callable[[Item], Config | None] = lambda _: None,
    *,
    isolate: bool = False,
    seconds: float | None = None,
    names: Outputs | None = None,
    begun: Callable[[Item], None] = lambda _: None,
    own_fields: Callable[[Item], dict[str, Options] | None] = lambda _: None,
) -> Generator[tuple[Prepared, ...]]:
    """Yield the entries of each source in order: one for a file, several for a job.

    ``fields`` are options for single fields of jobs, by field name; ``configured`` returns the
    configuration of each source. With ``isolate`` each source is prepared in a worker process,
    which may take ``seconds`` without progress (None: the default). ``names`` holds the names
    already given out; ``begun`` is called with each source before its progress is reported.
    ``own_fields`` returns the ``fields`` of one source where it has its own.
    """
    names = Outputs(output) if names is None else names

    def request_of(item: Item) -> tuple[Work, dict[str, Options]]:
        own = own_fields(item)
        return request(work, item, configured(item), (fields or {}) if own is None else own)

    if isolate:
        from vaceprep.preparation.parallel import ParallelPreparation

        def here(item: Item) -> tuple[Prepared, ...]:
            return prepare_item(item, names, *request_of(item))

        parallel = ParallelPreparation(prepare_item, names, request_of, seconds)
        yield from parallel.each(items, here, begun)
        return
    for item in items:
        begun(item)
        yield prepare_item(item, names, *request_of(item))


def prepare_item(
    item: Item, names: Names, work: Work, fields: dict[str, Options]
) -> tuple[Prepared, ...]:
    """Return the entries of one source."""
    if item.kind == "job":
        from vaceprep.preparation.job import prepare_job

        return prepare_job(item, names, work, fields)
    return (prepare_file(item, partial(names.target, item), work),)


def request(
    work: Work, item: Item, config: Config | None, fields: dict[str, Options]
) -> tuple[Work, dict[str, Options]]:
    """Return the work on one source and the options for fields, both under its configuration."""
    held = under(work, item, config)
    limits = held.options.limits
    return held, {name: replace(o, limits=limits) for name, o in fields.items()}


def under(work: Work, item: Item, config: Config | None) -> Work:
    """Return the work on one source, with unset values taken from its configuration."""
    if config is None:
        return work
    role = config.role_of(item.source) if item.kind == "path" else None
    return replace(
        work,
        options=replace(work.options, limits=config.limits),
        role=work.role or role,
        allowed_hosts=work.allowed_hosts or config.allow_hosts,
    )
