"""Iterate over any number of sources: folders, patterns, manifests and single files."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from vaceprep.batch.check import Checked, renamed
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
from vaceprep.contract import RESULT_SECONDS
from vaceprep.probes.measure import is_media
from vaceprep.publish.credentials import Sign, listing, objects, parse_place, signing

#: A key that is signed only to get the host of a store.
_ANY: Final = "any"


class Stores:
    """The stores of one run, each by its prefix.

    Raises ValueError for an invalid prefix, PublishError if there are no credentials.
    """

    def __init__(self, sources: Iterable[str]) -> None:
        self._signs: dict[str, Sign] = {}
        self._lists: dict[str, Callable[[], Iterator[tuple[str, str]]]] = {}
        #: The items that were signed, by their URLs, until their results come.
        self._items: dict[str, Item] = {}
        hosts = []
        for source in filter(is_store, sources):
            place = parse_place(source)
            store = objects(place)
            self._signs[base_of(source)] = sign = signing(store, place.cloud)
            self._lists[source] = partial(listing, store, place.cloud)
            hosts.append(urlsplit(sign("GET", _ANY, 60)).netloc)
        #: The user named these stores, so their hosts are allowed.
        self.hosts = tuple(dict.fromkeys(hosts))

    def items(self, source: str, skipped: Skipped) -> Iterator[Item]:
        """The media below a prefix, selected by name ending. Raises PublishError."""
        base = base_of(source)
        for key, tag in self._lists[source]():
            name = key.rpartition("/")[2]
            if name.startswith("."):
                skipped.hidden += 1
            elif is_media(b"", name):
                yield Item(f"{base}/{key}", "url", tag=tag)
            else:
                skipped.other += 1

    def signed(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items with readable URLs."""
        for item in items:
            read = self._signed(item)
            if read is not item:
                self._items[read.source] = item
            yield read

    def named(self, checked: Checked) -> Checked:
        """A result that was read by a signed URL, under the object's own name."""
        item = self._items.pop(checked.item.source, None)
        if item is None:
            return checked
        files = tuple(renamed(entry, item.source) for entry in checked.files)
        return Checked(item, files, Content(f"tag:{item.tag}", item.tag))

    def _signed(self, item: Item) -> Item:
        """The item with a URL that is readable for a day, longer than reading any file takes."""
        for base, sign in self._signs.items():
            if item.tag is not None and item.source.startswith(f"{base}/"):
                key = item.source[len(base) + 1 :]
                return item._replace(source=sign("GET", key, RESULT_SECONDS))
        return item


def base_of(store: str) -> str:
    """A prefix of a store without its settings: the beginning of all names below it."""
    return store.partition("?")[0].rstrip("/")


#: Schemes of object stores.
CLOUDS: Final = ("s3", "gs", "az")
#: The characters that make a name a pattern.
MAGIC: Final = "*?["


class NothingThere(ValueError):
    """An invalid source; the message is one sentence."""


def is_store(source: str) -> bool:
    """Whether a source is a prefix of an object store."""
    scheme, there, _ = source.partition("://")
    return bool(there) and scheme.lower() in CLOUDS


def is_pattern(source: str) -> bool:
    """Whether a name is a pattern: it has a wildcard and is not itself a file."""
    if kind_of(source) != "path" or os.path.lexists(source):
        return False
    return any(sign in source for sign in MAGIC)


def check_sources(sources: Sequence[str]) -> None:
    """Check before any work that each source exists. Raises NothingThere."""
    for source in sources:
        if kind_of(source) in ("stdin", "data"):
            raise NothingThere("batch reads files, folders, patterns and manifests; see check")
        if is_pattern(source) and next(matches(source), None) is None:
            raise NothingThere(f"nothing is called {source}")


def matches(pattern: str) -> Iterator[str]:
    """The paths that match a pattern."""
    return glob.iglob(pattern, recursive=True)


def items(
    sources: Sequence[str],
    skipped: Skipped,
    skip: frozenset[str] = frozenset(),
    stores: Callable[[str, Skipped], Iterator[Item]] | None = None,
    wanted: Wanted = "all",
) -> Iterator[Item]:
    """Every single source; keeps no list of those already yielded.

    ``stores`` lists the objects below a prefix of a store. ``skip`` are real paths that are left
    out of folders: results and outputs. ``wanted`` selects what is taken from folders and patterns.
    """
    # Resolve a path only if its base name matches one of these.
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
