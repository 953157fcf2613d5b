"""``prepare`` for many sources: output names are those of an uninterrupted run."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from vaceprep.batch.content import Content, content_now
from vaceprep.batch.results import entries_of
from vaceprep.checks.inputs import Item
from vaceprep.plans.model import Options
from vaceprep.preparation.file import Work
from vaceprep.preparation.many import prepare_items
from vaceprep.preparation.outputs import Output, Outputs
from vaceprep.preparation.report import Prepared

if TYPE_CHECKING:
    from vaceprep.batch.output_store import OutputStore
    from vaceprep.config.model import Config


#: A source with its entries, and the content that they were made from.
PreparedItem = tuple[Item, tuple[Prepared, ...], Content]


class Place(NamedTuple):
    """Where the outputs of a run go: a folder, a store, or beside each source."""

    output: Output
    store: OutputStore | None = None

    def exists(self, path: str) -> bool:
        """Whether there is an output of this name. Raises PublishError."""
        return os.path.lexists(path) if self.store is None else self.store.has(path)

    def whole(self, here: str) -> Output:
        """The output with an absolute path, for workers that have other current folders."""
        if self.output.kind != "folder" or self.store is not None:
            return self.output
        return Output("folder", os.path.join(here, self.output.path))


def prepare_many(
    items: Iterable[Item],
    output: Output,
    names: Outputs,
    work: Work,
    fields: dict[str, Options],
    configured: Callable[[Item], Config | None],
    *,
    isolate: bool,
    seconds: float | None,
) -> Generator[PreparedItem]:
    """Yield each source in order. ``names`` has the names taken by earlier results."""
    waiting: deque[tuple[Item, Content]] = deque()

    def noted() -> Iterator[Item]:
        for item in items:
            waiting.append((item, content_now(item)))
            yield item

    groups = prepare_items(
        noted(), output, work, fields, configured, isolate=isolate, seconds=seconds, names=names
    )
    for files in groups:
        item, content = waiting.popleft()
        yield item, files, content


def is_file(path: str) -> bool:
    """Whether a path is that of a file."""
    try:
        return os.path.isfile(path)
    except ValueError:
        return False


def claimed(names: Outputs, line: dict[str, Any], exists: Callable[[str], bool] = is_file) -> bool:
    """Claim the output names of an earlier result; whether all of its outputs still exist.

    A failure that no rule explains (a full disk, say) is tried again.
    """
    entries = entries_of(line, "files")
    outputs = [path for entry in entries if isinstance(path := entry.get("output"), str) and path]
    made = all(map(exists, outputs)) and not any(entry.get("error") for entry in entries)
    if made:
        for path in outputs:
            names.claim(path)
    return made
