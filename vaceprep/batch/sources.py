"""Sources without end, one at a time: folders, patterns, manifests and single files."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from vaceprep.checks.inputs import (
    JOB_ENDINGS,
    MANIFEST_ENDING,
    Item,
    Skipped,
    Wanted,
    collect,
    counts,
    kind_of,
)

#: Schemes of object stores.
CLOUDS: Final = ("s3", "gs", "az")
#: What makes a pattern of a name.
MAGIC: Final = "*?["


class NothingThere(ValueError):
    """A source that cannot be meant; the message is one sentence."""


def is_store(source: str) -> bool:
    """Whether a source is a prefix of an object store."""
    scheme, there, _ = source.partition("://")
    return bool(there) and scheme.lower() in CLOUDS


def is_pattern(source: str) -> bool:
    """Whether a name stands for others: it has a wildcard and is no file itself."""
    if kind_of(source) != "path" or os.path.lexists(source):
        return False
    return any(sign in source for sign in MAGIC)


def check_sources(sources: Sequence[str]) -> None:
    """See before any work that each source is there. Raises NothingThere."""
    for source in sources:
        if kind_of(source) in ("stdin", "data"):
            raise NothingThere("batch reads files, folders, patterns and manifests; see check")
        if is_pattern(source) and next(matches(source), None) is None:
            raise NothingThere(f"nothing is called {source}")


def matches(pattern: str) -> Iterator[str]:
    """The paths that a pattern stands for."""
    return glob.iglob(pattern, recursive=True)


def items(
    sources: Sequence[str],
    skipped: Skipped,
    skip: frozenset[str] = frozenset(),
    stores: Callable[[str, Skipped], Iterator[Item]] | None = None,
    wanted: Wanted = "all",
) -> Iterator[Item]:
    """Every single source; nothing is kept of those that went by.

    ``stores`` lists the objects below a prefix of a store. ``skip`` are real paths that are left
    out of folders: results and outputs. ``wanted`` says what is taken of folders and patterns.
    """
    # Where a name is another's, there is nothing to resolve.
    names = {os.path.basename(path) for path in skip}
    for source in sources:
        if stores is not None and is_store(source):
            yield from stores(source, skipped)
            continue
        if not is_pattern(source):
            yield from collect([source], skipped, skip, wanted)
            continue
        for path in matches(source):
            name = os.path.basename(path)
            if os.path.isdir(path) or (name in names and os.path.realpath(path) in skip):
                continue
            if path.lower().endswith((*JOB_ENDINGS, MANIFEST_ENDING)):
                yield from collect([path], skipped)
            elif wanted == "jobs":
                continue
            elif counts(path, name):
                yield Item(path, "path")
            else:
                skipped.other += 1
