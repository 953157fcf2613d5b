"""``batch prepare``: on this machine, or on a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from vaceprep.cli import config_options, options
from vaceprep.cli.batch_loop import Made
from vaceprep.cli.prepare import plan_options

if TYPE_CHECKING:
    from vaceprep.batch.prepare import Place
    from vaceprep.checks.inputs import Item
    from vaceprep.cli.batch import BatchPrepareOptions
    from vaceprep.config.find import Finder


class Preparer:
    """Prepares the sources of a batch."""

    def __init__(self, given: BatchPrepareOptions, find: Finder) -> None:
        """Exits with 2 if the place of the outputs is invalid."""
        from vaceprep.preparation.file import Work
        from vaceprep.preparation.outputs import Outputs

        self._given, self._find = given, find
        self._plan, self._by_field = plan_options(given.window, given.changes)
        sources = given.batch.sources
        self._where = config_options.output_of(find, given.where, sources)
        #: ``skips`` are real paths that are not used as sources.
        self._place, self.skips = _outputs(self._where, sources, given.scheduler is not None)
        self._work = Work(self._plan, given.role, given.changes.force, deep=given.changes.deep)
        far = given.scheduler is not None
        self._names = Outputs(self._place.whole(os.getcwd()) if far else self._place.output)

    def fingerprint(self, item: Item) -> str:
        """A fingerprint of everything but its content that a result of this source depends on."""
        from vaceprep.batch.resume import mark

        config = config_options.config_of(self._find, item)
        changed = None if config is None else config.to_dict()
        # A result without --deep is not valid for a run with it.
        deep = ["deep"] * self._given.changes.deep
        asked = [self._plan, self._by_field, self._given.role, self._where, changed, *deep]
        return mark("prepare", asked)

    def holds(self, _: Item, line: dict[str, Any]) -> bool:
        """Whether all outputs of an earlier result still exist. Exits with 1 if a store fails."""
        from vaceprep.batch.prepare import claimed
        from vaceprep.cli.batch import failure_of

        store = self._place.store
        if store is None:
            return claimed(self._names, line)
        try:
            return claimed(self._names, line, store.has)
        except Exception as error:
            raise failure_of(error) from None

    def results(self, items: Iterable[Item]) -> Generator[Made]:
        """A result for each source. Exits with 1 if the cluster or a store fails."""
        if self._given.scheduler is None:
            yield from self._here(items)
            return
        from vaceprep.batch.cluster_prepare import prepare_on
        from vaceprep.cli.batch import failure_of

        try:
            for item, ok, content, entries in prepare_on(
                self._given.scheduler,
                items,
                self._place,
                self._names,
                self._work,
                self._by_field,
                lambda item: config_options.config_of(self._find, item),
                self._given.batch.results,
            ):
                yield item, ok, content, self.fingerprint(item), entries
        except Exception as error:
            raise failure_of(error) from None

    def _here(self, items: Iterable[Item]) -> Generator[Made]:
        from vaceprep.batch.prepare import prepare_many

        isolation = self._given.isolation
        prepared = prepare_many(
            items,
            self._place.output,
            self._names,
            self._work,
            self._by_field,
            lambda item: config_options.config_of(self._find, item),
            isolate=isolation.isolate is not False,
            seconds=isolation.timeout,
        )
        for item, files, content in prepared:
            ok = all(entry.status != "failed" for entry in files)
            entries = {"files": [entry.to_dict() for entry in files]}
            yield item, ok, content, self.fingerprint(item), entries


def _outputs(where: str | None, sources: Sequence[str], far: bool) -> tuple[Place, frozenset[str]]:
    """Where outputs go, and the real paths that are not used as sources."""
    from vaceprep.batch.prepare import Place
    from vaceprep.batch.sources import is_store
    from vaceprep.preparation.outputs import Output, parse_output, skipped_paths

    if where is not None and is_store(where):
        if not far:
            raise click.UsageError(
                "outputs go to an object store from a cluster: give --scheduler, or name a folder."
            )
        from vaceprep.batch.output_store import OutputStore
        from vaceprep.publish.target import PublishError

        with options.usage_errors(ValueError, PublishError):
            store = OutputStore(where)
        return Place(Output("folder", store.base), store), frozenset()
    with options.usage_errors(ValueError, limit=400):
        to = parse_output(where)
        skips = skipped_paths(to, sources)
    if to.kind == "file":
        raise click.UsageError("--output-dir is a folder.")
    return Place(to), skips
