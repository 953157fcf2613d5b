"""``prepare`` for any number of sources: one failure stops nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vaceprep.collect import Item
from vaceprep.plan.model import Options
from vaceprep.prepare.entry import Prepared
from vaceprep.prepare.mend import Work, mend
from vaceprep.prepare.outputs import Output, Outputs


def prepare_items(
    items: Iterable[Item], output: Output, work: Work, fields: dict[str, Options] | None = None
) -> Iterator[tuple[Prepared, ...]]:
    """The entries of each source in order: one for a file, several for a job.

    ``fields`` are options for single fields of jobs, by the field's name.
    """
    names = Outputs(output)
    for item in items:
        if item.kind == "job":
            from vaceprep.prepare.jobs import mend_job

            yield mend_job(item, names, work, fields or {})
            continue

        def target(ending: str | None, item: Item = item) -> str:
            return names.target(item, ending)

        yield (mend(item, target, work),)
