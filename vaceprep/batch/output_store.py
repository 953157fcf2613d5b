"""Outputs in an object store: the client names and signs, and a worker uploads what it verified.

Workers have no credentials: they get a URL for each name that they may write.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Final, NamedTuple

from vaceprep.batch.sources import base_of
from vaceprep.contract import PRESIGNED_SECONDS
from vaceprep.files.source import CannotOpen
from vaceprep.preparation.report import Prepared
from vaceprep.publish.credentials import Place, listing, objects, parse_place, signing
from vaceprep.publish.object_store import ObjectTarget
from vaceprep.publish.target import PublishError, asset_of

#: Attempts to upload an output, and seconds before the second one.
TRIES: Final = 4
PAUSE: Final = 1.0


class Slots(NamedTuple):
    """The names in a store that one task may write."""

    place: Place
    #: The prefix of all names.
    base: str
    #: A signed URL by name.
    urls: Mapping[str, str]
    #: Names of objects that are there and may not be overwritten.
    there: frozenset[str]

    def upload(self, folder: str, entry: Prepared) -> Prepared:
        """Upload the output of an entry from ``folder``. Return the entry with its name there."""
        if entry.output is None or not entry.ok:
            return entry
        below = os.path.relpath(entry.output, folder).replace(os.sep, "/")
        name = f"{self.base}/{below}"
        try:
            self._upload(entry.output, self.urls[name])
        except (PublishError, CannotOpen, OSError) as error:
            return replace(entry, status="failed", output=None, error=str(error))
        return replace(entry, output=name)

    def _upload(self, path: str, url: str) -> None:
        asset, target = asset_of(path), ObjectTarget(self.place)
        for left in reversed(range(TRIES)):
            try:
                target.upload(url, asset)
                return
            except PublishError as error:
                if not (left and error.transient):
                    raise
            time.sleep(PAUSE * 2 ** (TRIES - 1 - left))


class OutputStore:
    """The store that ``--output-dir`` names, for the client of a cluster.

    Raises ValueError for an invalid prefix, PublishError if there are no credentials.
    """

    def __init__(self, where: str) -> None:
        self._place = parse_place(where)
        self._store = objects(self._place)
        self._sign = signing(self._store, self._place.cloud)
        self.base = base_of(where)

    @cached_property
    def _names(self) -> frozenset[str]:
        found = listing(self._store, self._place.cloud)
        return frozenset(f"{self.base}/{name}" for name, _ in found)

    def has(self, name: str) -> bool:
        """Whether an object had this name when the store was first asked. Raises PublishError."""
        return name in self._names

    def slots(self, names: Iterable[str], may: frozenset[str], *, force: bool) -> Slots:
        """The slots of a task that may take ``names`` and overwrite those that it ``may``."""
        every = sorted(names)
        there = () if force else (name for name in every if name not in may and self.has(name))
        at = len(self.base) + 1
        urls = {name: self._sign("PUT", name[at:], PRESIGNED_SECONDS) for name in every}
        return Slots(self._place, self.base, urls, frozenset(there))
