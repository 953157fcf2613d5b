"""Objects of a store as sources: listed as they come, and read by ranges through signed URLs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from vaceprep.batch.check import Checked
from vaceprep.batch.content import Content
from vaceprep.batch.sources import is_store
from vaceprep.collect import Item, Skipped
from vaceprep.contract import RESULT_SECONDS
from vaceprep.probe.route import is_media
from vaceprep.publish.stores import Sign, listing, objects, parse_place, signing
from vaceprep.verdict import FileReport

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
