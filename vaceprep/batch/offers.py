"""The output names of tasks on a cluster: the client offers names, and a task takes some of them.

A task is offered a name for each ending that its output may have, since the ending is known only
after measuring. A task that is repeated is offered the same names. Offers of tasks in flight have
no name in common: a source whose names another task may take waits for it, so that each output
has the name that it would have in a run on one machine.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from vaceprep.batch.content import values_of
from vaceprep.checks.inputs import Item, kind_of
from vaceprep.checks.job import MAX_ASSETS
from vaceprep.errors import Refused, Taken
from vaceprep.files.atomic import chain_of
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.formats import ENDINGS
from vaceprep.job.media import media_of, resolve
from vaceprep.preparation.outputs import Outputs, folded
from vaceprep.probes.sniff import sniff

#: The endings of images that ``prepare`` may write; None keeps the name of the source.
IMAGES: Final = (None, *(endings[0] for endings in ENDINGS.values()))
VIDEOS: Final = (None, ".mp4")


class Offer(NamedTuple):
    """The names for the outputs of one source."""

    #: Free paths by source and ending, in order of preference.
    paths: Mapping[tuple[str, str | None], tuple[str, ...]]
    #: Why there are none.
    refused: str | None = None

    @property
    def every(self) -> frozenset[str]:
        """All paths that the task may take."""
        return frozenset(path for some in self.paths.values() for path in some)


class Taking:
    """Takes names from an offer, in the worker: ``preparation.outputs.Names``."""

    def __init__(
        self,
        offer: Offer,
        place: Callable[[str], str] = lambda path: path,
        there: frozenset[str] = frozenset(),
    ) -> None:
        """``place`` returns where a path is written; those that are ``there`` are refused."""
        self._offer, self._place, self._there = offer, place, there
        #: The paths taken so far.
        self.taken: list[str] = []

    def target(self, item: Item, new_ending: str | None) -> str:
        """See ``Outputs``."""
        if self._offer.refused is not None:
            raise Refused(self._offer.refused)
        return self._take(item, new_ending)

    def beside(self, target: str, item: Item, new_ending: str | None) -> str:
        """See ``Outputs``; every offer of a job is for the folder of ``target``."""
        return self._take(item, new_ending)

    def _take(self, item: Item, new_ending: str | None) -> str:
        used = {folded(path) for path in self.taken}
        offered = self._offer.paths.get((item.source, new_ending), ())
        path = next((path for path in offered if folded(path) not in used), None)
        if path is None:
            raise Refused(f"{item.source} changed while it was prepared; run again")
        self.taken.append(path)
        if path in self._there:
            raise Taken(f"{path} exists already; --force writes over it")
        return self._place(path)


class Offers:
    """Offers names to tasks, from the names that ``Outputs`` has left."""

    def __init__(self, names: Outputs) -> None:
        self._names = names
        #: The keys of the paths that tasks in flight may take.
        self._offered: set[str] = set()

    def offer(self, item: Item) -> Offer | None:
        """Return the names for a source with absolute paths.

        None while a task in flight may take one of them. Call it in order of the sources.
        """
        try:
            folder = self._names.folder_of(item)
        except Refused as error:
            return Offer({}, str(error))
        asked = list(_asked(item))
        stems = Counter(_stem(one) for one, _ in asked)
        paths = {
            (one.source, ending): self._names.free(folder, one, ending, stems[_stem(one)])
            for one, endings in asked
            for ending in endings
        }
        offer = Offer(paths)
        keys = self._keys(offer)
        above = {self._names.key(path) for path in chain_of(folder)}
        if not self._offered.isdisjoint(keys | above):
            return None
        self._offered |= keys
        return offer

    def settle(self, offer: Offer, taken: tuple[str, ...]) -> None:
        """Claim what a task took, and offer the rest again."""
        self._offered -= self._keys(offer)
        for path in taken:
            self._names.claim(path)

    def _keys(self, offer: Offer) -> set[str]:
        return {self._names.key(path) for path in offer.every}


def _stem(item: Item) -> str:
    return folded(os.path.splitext(os.path.basename(item.source))[0])


def _asked(item: Item) -> Iterator[tuple[Item, tuple[str | None, ...]]]:
    """What outputs a source may have: items for their names, with the possible endings."""
    if item.kind == "path":
        yield item, _endings(item.source)
    elif item.kind == "job":
        yield item, (None if item.base is None else ".json",)
        values = values_of(item)
        folder = os.path.dirname(item.source if item.base is None else item.base)
        media = [] if isinstance(values, str) else list(media_of(values).values())
        for path in media[:MAX_ASSETS]:
            if path and kind_of(path) == "path":
                asset = resolve(path, folder)
                yield Item(asset, "path"), _endings(asset)


def _endings(path: str) -> tuple[str | None, ...]:
    """The endings that the output of a file may have."""
    try:
        with open_path(path) as opened:
            sniffed = sniff(opened.head)
    except (CannotOpen, OSError):
        return (None,)
    if sniffed.kind == "video":
        return VIDEOS
    # An image with a demuxer may move, and become a video.
    return IMAGES if sniffed.demuxer is None else (*IMAGES, ".mp4")
