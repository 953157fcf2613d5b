"""``check`` for many: the entries of each source with the content that they are of."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from vaceprep.batch.content import Content, content_of, job_content
from vaceprep.collect import Item
from vaceprep.isolated import each_isolated, report_of
from vaceprep.look import Asked, Look, Options, look_at
from vaceprep.preflight import spread, spread_far
from vaceprep.verdict import FileReport

if TYPE_CHECKING:
    from vaceprep.isolate.faults import Fault
    from vaceprep.remote.web import Web


class Seen(NamedTuple):
    """What a look came to, and the bytes that it was of."""

    report: FileReport
    content: Content


class Checked(NamedTuple):
    """A source with its entries."""

    item: Item
    files: tuple[FileReport, ...]
    content: Content


def see(look: Look) -> Seen:
    """Look at a source and read its content: for a worker."""
    content = Content()
    if look.item.kind == "path":
        content = content_of(look.item.source, look.item.root)
    return Seen(look_at(look), content)


def _told(look: Look, result: Seen | Fault | None, seconds: float) -> Seen:
    if isinstance(result, Seen):
        return result
    report = report_of(look, result, seconds)
    path = look.item.kind == "path"
    return Seen(report, content_of(look.item.source, look.item.root) if path else Content())


def _far(report: FileReport) -> Seen:
    return Seen(report, Content())


def ask(item: Item, options: Options) -> Asked:
    """What has to be looked at for one source."""
    if item.kind == "job":
        from vaceprep.jobcheck import ask_job_item

        return ask_job_item(item, options)
    return Asked((Look(item, options),), tuple)


def whole(item: Item, asked: Asked, seen: list[Seen]) -> Checked:
    """The entries of a source whose looks were taken."""
    files = asked.answer([one.report for one in seen])
    if item.kind == "job":
        looks = zip(asked.looks, seen, strict=True)
        known = {look.item.source: one.content for look, one in looks}
        return Checked(item, files, job_content(item, known))
    return Checked(item, files, seen[0].content if seen else Content())


def check_one(item: Item, options: Options) -> Checked:
    """One source, here and now."""
    asked = ask(item, options)
    return whole(item, asked, [see(look) for look in asked.looks])


def _one(asked: Callable[[Item], Options], item: Item) -> Checked:
    return check_one(item, asked(item))


def check_many(
    items: Iterable[Item],
    asked: Callable[[Item], Options],
    jobs: int,
    *,
    isolate: bool,
    seconds: float,
    web: Web | None = None,
) -> Generator[Checked]:
    """Each source in order, a few ahead at most; ``web`` is the way to URLs.

    Raises CannotIsolate.
    """
    if not isolate:
        work = partial(_one, asked)
        yield from (
            spread(work, items, jobs) if web is None else spread_far(work, items, jobs, web)
        )
        return
    for item, said, seen in each_isolated(items, asked, jobs, seconds, see, _told, _far):
        yield whole(item, said, seen)
