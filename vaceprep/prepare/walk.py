"""``prepare`` for any number of sources: one failure stops nothing."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from functools import partial

from vaceprep.collect import Item
from vaceprep.plan.model import Options
from vaceprep.prepare.entry import Prepared
from vaceprep.prepare.mend import Work, mend
from vaceprep.prepare.outputs import Names, Output, Outputs


def prepare_items(
    items: Iterable[Item],
    output: Output,
    work: Work,
    fields: dict[str, Options] | None = None,
    *,
    isolate: bool = False,
    seconds: float | None = None,
) -> Generator[tuple[Prepared, ...]]:
    """The entries of each source in order: one for a file, several for a job.

    ``fields`` are options for single fields of jobs, by the field's name. With ``isolate`` each
    source is prepared in a worker process, for ``seconds`` without progress at most (None: as long
    as it may be by default).
    """
    names = Outputs(output)
    if isolate:
        from vaceprep.prepare.isolated import Isolated, mend_isolated

        here = partial(mend_item, names=names, work=work, fields=fields or {})
        isolated = Isolated(mend_item, names, work, fields or {}, seconds)
        yield from mend_isolated(items, isolated, here)
        return
    for item in items:
        yield mend_item(item, names, work, fields or {})


def mend_item(
    item: Item, names: Names, work: Work, fields: dict[str, Options]
) -> tuple[Prepared, ...]:
    """The entries of one source."""
    if item.kind == "job":
        from vaceprep.prepare.jobs import mend_job

        return mend_job(item, names, work, fields)
    return (mend(item, partial(names.target, item), work),)
