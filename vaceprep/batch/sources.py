"""Sources without end, one at a time: folders, patterns, manifests and single files."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from vaceprep.batch.check import Checked
from vaceprep.batch.content import Content
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
from vaceprep.checks.report import FileReport
from vaceprep.contract import RESULT_SECONDS
from vaceprep.probes.measure import is_media
from vaceprep.publish.credentials import Sign, listing, objects, parse_place, signing

#: A key that is signed to learn at which host a store is.
_ANY: Final = "any"


class Stores:
    """The stores of one run, each by the prefix that names it.

    Raises ValueError for a prefix that cannot be meant, PublishError where there are no
    credentials.
    """

    def __init__(self, sources: Iterable[str]) -> None:
        self._signs: dict[str, Sign] = {}
        self._lists: dict[str, Callable[[], Iterator[tuple[str, str]]]] = {}
        hosts = []
        for source in filter(is_store, sources):
            place = parse_place(source)
            store = objects(place)
            self._signs[_base(source)] = sign = signing(store, place.cloud)
            self._lists[source] = partial(listing, store, place.cloud)
            hosts.append(urlsplit(sign("GET", _ANY, 60)).netloc)
        #: Whoever names a store vouches for its host.
        self.hosts = tuple(dict.fromkeys(hosts))

    def items(self, source: str, skipped: Skipped) -> Iterator[Item]:
        """The media below a prefix, by the ending of their names. Raises PublishError."""
        base = _base(source)
        for key, tag in self._lists[source]():
            name = key.rpartition("/")[2]
            if name.startswith("."):
                skipped.hidden += 1
            elif is_media(b"", name):
                yield Item(f"{base}/{key}", "url", tag=tag)
            else:
                skipped.other += 1

    def signed(self, item: Item) -> Item:
        """The item by a URL that can be read for a day, which is longer than any run of a file."""
        for base, sign in self._signs.items():
            if item.tag is not None and item.source.startswith(f"{base}/"):
                key = item.source[len(base) + 1 :]
                return item._replace(source=sign("GET", key, RESULT_SECONDS))
        return item


def _base(source: str) -> str:
    return source.partition("?")[0].rstrip("/")


class Named:
    """Gives results the names of their objects, whatever URL they were read by."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._items: dict[str, Item] = {}

    def signed(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items to be read."""
        for item in items:
            read = self._stores.signed(item)
            if read is not item:
                self._items[read.source] = item
            yield read

    def named(self, checked: Checked) -> Checked:
        """The result under the object's own name."""
        item = self._items.pop(checked.item.source, None)
        if item is None:
            return checked
        files = tuple(
            replace(entry, source=item.source)
            for entry in checked.files
            if isinstance(entry, FileReport)
        )
        return Checked(item, files, Content(f"tag:{item.tag}", item.tag))


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
