"""``check`` for many sources: the entries of each source with the content that they describe."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from vaceprep.batch.content import Content, content_of, job_content
from vaceprep.batch.results import Packed, pack
from vaceprep.checks.bytes import Options
from vaceprep.checks.inputs import Item
from vaceprep.checks.isolated import each_isolated, report_of
from vaceprep.checks.library import spread
from vaceprep.checks.report import FileReport
from vaceprep.checks.source import FileCheck, SourceCheck, look_at

if TYPE_CHECKING:
    from vaceprep.net.session import Web
    from vaceprep.workers.faults import Fault


class Lone(FileCheck):
    """The check of a source outside a job: only its own line needs the report."""


class Alone(NamedTuple):
    """A report packed for its line: the worker writes the JSON, since there are more workers."""

    packed: Packed
    ok: bool


class Seen(NamedTuple):
    """The report of a check, and the content that was read."""

    report: FileReport | Alone
    content: Content = Content()


class Checked(NamedTuple):
    """A source with its entries."""

    item: Item
    files: tuple[FileReport | Alone, ...]
    content: Content

    @property
    def ok(self) -> bool:
        """Whether no finding prevents a submission."""
        return all(entry.ok for entry in self.files)

    @property
    def entries(self) -> dict[str, Any] | Packed:
        """The entries as its line contains them."""
        first = self.files[0]
        if isinstance(first, Alone):
            return first.packed
        return {"files": [e.to_dict() for e in self.files if isinstance(e, FileReport)]}


def alone(report: FileReport) -> Alone:
    """Return the report as its line contains it."""
    return Alone(pack([report.to_dict()]), report.ok)


def renamed(entry: FileReport | Alone, source: str) -> FileReport | Alone:
    """Return the entry under another name, packed or not."""
    if isinstance(entry, FileReport):
        return replace(entry, source=source)
    text = json.dumps({**json.loads(entry.packed.text), "source": source}, allow_nan=False)
    return entry._replace(packed=entry.packed._replace(text=text))


def see(look: FileCheck) -> Seen:
    """Check a source and read its content, in a worker."""
    content = Content()
    if look.item.kind == "path":
        content = content_of(look.item.source, look.item.root)
    report = look_at(look)
    return Seen(alone(report) if isinstance(look, Lone) else report, content)


def _seen(look: FileCheck, result: Seen | Fault | None, seconds: float) -> Seen:
    if isinstance(result, Seen):
        return result
    report = report_of(look, result, seconds)
    path = look.item.kind == "path"
    return Seen(report, content_of(look.item.source, look.item.root) if path else Content())


def ask(item: Item, options: Options) -> SourceCheck:
    """The checks needed for one source."""
    if item.kind == "job":
        from vaceprep.checks.job import ask_job_item

        return ask_job_item(item, options)
    return SourceCheck((Lone(item, options),), tuple)


def whole(item: Item, checks: SourceCheck, seen: list[Seen], folder: str = "") -> Checked:
    """The entries of a source from the results of its checks; see ``job_content``."""
    if item.kind != "job":
        return Checked(item, (seen[0].report,), seen[0].content)
    files = checks.answer([one.report for one in seen if isinstance(one.report, FileReport)])
    looks = zip(checks.looks, seen, strict=True)
    known = {look.item.source: one.content for look, one in looks}
    return Checked(item, files, job_content(item, known, folder))


def check_one(item: Item, options: Options, *, packed: bool = True, folder: str = "") -> Checked:
    """Check one source in this process; if not ``packed``, its entries are reports.

    The content of a job omits the prefix ``folder`` of its media.
    """
    checks = ask(item, options)
    looks = checks.looks if packed else [FileCheck(*look) for look in checks.looks]
    return whole(item, checks, [see(look) for look in looks], folder)


def check_many(
    items: Iterable[Item],
    options_of: Callable[[Item], Options],
    jobs: int,
    *,
    isolate: bool,
    seconds: float,
    web: Web | None = None,
) -> Generator[Checked]:
    """Yield each source in order, a few checked ahead; ``web`` is the network session for URLs.

    Raises CannotIsolate.
    """
    if not isolate:

        def one(item: Item) -> Checked:
            return check_one(item, options_of(item))

        yield from spread(one, items, jobs, web)
        return
    for item, checks, seen in each_isolated(
        items, options_of, jobs, seconds, see, _seen, Seen, ask
    ):
        yield whole(item, checks, seen)
