"""``prepare`` on a Dask cluster: one source in each task.

Workers write into a folder that all machines have under the same path, or into an object store. The
worker that makes an output verifies it, and names it when it is whole.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from vaceprep.batch.cluster import NoCluster, connected, placed, refused
from vaceprep.batch.content import Content, content_now
from vaceprep.batch.handed import Handed
from vaceprep.batch.offers import Offer, Offers, Taking
from vaceprep.batch.output_store import Slots
from vaceprep.batch.prepare import Place
from vaceprep.batch.results import Packed, pack
from vaceprep.checks.inputs import Item
from vaceprep.errors import Refused
from vaceprep.files.atomic import placing_in
from vaceprep.plans.model import Options
from vaceprep.preparation.file import Work
from vaceprep.preparation.many import prepare_item, request
from vaceprep.preparation.outputs import Output, Outputs
from vaceprep.preparation.report import Prepared
from vaceprep.preparation.worker import failed, silent

if TYPE_CHECKING:
    from vaceprep.config.model import Config


class Asked(NamedTuple):
    """One task: a source, how to prepare it, and the names of its outputs."""

    item: Item
    #: The current folder of the client.
    here: str
    #: The beginning of outputs' paths that the client does not show.
    hidden: str
    work: Work
    fields: dict[str, Options]
    offer: Offer
    #: The names in an object store.
    slots: Slots | None
    #: A file in the output folder: a worker that does not see it would write elsewhere.
    seen: str | None


class Done(NamedTuple):
    """What a worker made of one source."""

    entries: Packed
    ok: bool
    content: Content
    #: The paths of the outputs.
    taken: tuple[str, ...]


#: A source, whether it is ok, its content, and its entries.
Result = tuple[Item, bool, Content, Packed]


def prepare_on(
    scheduler: str,
    items: Iterable[Item],
    place: Place,
    names: Outputs,
    work: Work,
    fields: dict[str, Options],
    configured: Callable[[Item], Config | None],
    results: str | None,
) -> Generator[Result]:
    """Yield each source in order of completion. Raises NoCluster, PublishError.

    ``names`` gives absolute paths; ``results`` is the results file.
    """
    here = os.getcwd()
    offers, queue = Offers(names), iter(items)
    shown = place.output.kind == "folder" and os.path.isabs(place.output.path)
    held: list[Item] = []
    with (
        Handed(results, place.exists) as handed,
        _marked(place.whole(here) if place.store is None else None) as seen,
        connected(scheduler) as cluster,
    ):

        def following() -> Asked | None:
            item = held.pop() if held else next(queue, None)
            if item is None:
                return None
            moved, folder = placed(item, here)
            offer = offers.offer(moved)
            if offer is None:
                held.append(item)
                return None
            own = handed.give(offer.every)
            held_work, held_fields = request(
                replace(work, own=own, on_progress=silent), item, configured(item), fields
            )
            slots = None
            if place.store is not None:
                slots = place.store.slots(offer.every, own, force=work.force)
            elif seen is not None:
                # A part file that is a day old is removed.
                os.utime(seen)
            beside = folder if place.output.kind == "beside" else os.path.join(here, "")
            hidden = "" if shown or slots is not None else beside
            return Asked(item, here, hidden, held_work, held_fields, offer, slots, seen)

        for task, (done, failure) in cluster.each(prepare_there, following):
            if failure is None:
                offers.settle(task.offer, done.taken)
                yield task.item, done.ok, done.content, done.entries
            elif cluster.killed(failure):
                offers.settle(task.offer, ())
                crashed = failed(task.item, task.work.role, "crashed", 0)
                yield task.item, False, content_now(task.item), pack([crashed.to_dict()])
            else:
                raise refused(failure, task.item.source)
            # The result is written: from now on the outputs are files like any other.
            handed.take_back(task.work.own)


@contextmanager
def _marked(output: Output | None) -> Iterator[str | None]:
    """The path of an empty file in the output folder. Raises NoCluster."""
    if output is None or output.kind != "folder":
        yield None
        return
    try:
        with placing_in(output.path, make_folder=True) as place:
            yield place.path
    except Refused as error:
        raise NoCluster(str(error)) from None


def prepare_there(asked: Asked) -> Done:
    """Prepare the source of one task, in the worker that runs it. Raises NoCluster."""
    if asked.seen is not None and not os.path.isfile(asked.seen):
        raise NoCluster(
            f"the worker on {socket.gethostname()} does not see the output folder "
            f"{os.path.dirname(asked.seen)}: mount it there under the same path, or name with "
            "--output-dir a folder that all workers see, or an object store (s3://bucket/prefix)"
        )
    item, folder = placed(asked.item, asked.here)
    content = content_now(item, folder)
    entries, taken = _stored(asked, item) if asked.slots else _made(asked, item, asked.work)

    def named(entry: Prepared) -> Prepared:
        output, error = entry.output, entry.error
        return replace(
            entry,
            source=entry.source.removeprefix(folder),
            output=None if output is None else output.removeprefix(asked.hidden),
            error=None if error is None else error.replace(asked.hidden or "\0", ""),
        )

    files = [named(entry) for entry in entries]
    packed = pack([entry.to_dict() for entry in files])
    return Done(packed, all(entry.ok for entry in files), content, taken)


#: The entries of a source, and the names that its outputs took.
Made = tuple[tuple[Prepared, ...], tuple[str, ...]]


def _made(asked: Asked, item: Item, work: Work, names: Taking | None = None) -> Made:
    names = names or Taking(asked.offer)
    try:
        entries = prepare_item(item, names, work, asked.fields)
    except MemoryError:
        entries = (failed(item, work.role, "out-of-memory", 0),)
    return entries, tuple(names.taken)


def _stored(asked: Asked, item: Item) -> Made:
    """Prepare a source in a temporary folder, and upload the outputs."""
    slots = asked.slots
    if slots is None:
        raise AssertionError
    with tempfile.TemporaryDirectory(prefix="vaceprep-", ignore_cleanup_errors=True) as folder:

        def place(name: str) -> str:
            return os.path.join(folder, *name[len(slots.base) + 1 :].split("/"))

        names = Taking(asked.offer, place, slots.there)
        entries, taken = _made(asked, item, replace(asked.work, moved=True), names)
        own, *media = entries
        # The file of a job comes last: it names the others.
        media = [slots.upload(folder, entry) for entry in media]
        lost = next((entry for entry in media if entry.error), None)
        if own.output is not None and lost is not None:
            own = replace(own, status="failed", output=None, error=lost.error)
        return (slots.upload(folder, own), *media), taken
