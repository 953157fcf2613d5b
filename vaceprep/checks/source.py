"""Open, measure and check one source. Errors are returned as values."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple

from vaceprep.checks.bytes import Options, probe_opened, report_on
from vaceprep.checks.inputs import Item
from vaceprep.checks.report import FileReport
from vaceprep.contract import DEFAULT_IMAGE_ROLE, REMOTE_AT_ONCE, Role
from vaceprep.facts import Facts, Unreached, Unreadable
from vaceprep.files.source import CannotOpen, Opened, open_data_uri, open_path, open_stdin
from vaceprep.probes.measure import default_role
from vaceprep.rules.catalogue import Finding

if TYPE_CHECKING:
    from vaceprep.net.blocks import Part


def opening(item: Item) -> AbstractContextManager[Opened]:
    """The bytes of one source that is not a URL."""
    if item.kind == "stdin":
        return open_stdin()
    if item.kind == "data":
        return open_data_uri(item.source)
    if item.content is not None:
        return item.content.open()
    return open_path(item.source, item.root)


def name_of(item: Item) -> str | None:
    """The file name of one source, to compare with its content; None if it has none."""
    if item.content is not None:
        return item.content.name and os.path.basename(item.content.name)
    return os.path.basename(item.source) if item.kind == "path" else None


def probe_item(item: Item, options: Options) -> tuple[Role, Facts | Unreadable]:
    """The role and facts of one source."""
    if item.kind == "url":
        return _probe_url(item, options)
    name = name_of(item)
    try:
        with opening(item) as opened:
            return probe_opened(opened, name, options)
    except CannotOpen as error:
        return options.role or default_role(None, name), error.fact


def _probe_url(item: Item, options: Options) -> tuple[Role, Facts | Unreadable]:
    role = url_role(item.source, options.role)
    findings = _judge_url(item.source, role, options)
    if findings or options.web is None:
        message = findings[0].message if findings else "URLs are not asked for"
        return role, Unreadable("unavailable", message, None)
    from vaceprep.checks.url import probe_url

    far = probe_url(item.source, options, options.web)
    if isinstance(far.facts, Unreached):
        return far.role, Unreadable("unavailable", far.facts.message, None)
    return far.role, far.facts


def url_role(url: str, role: Role | None) -> Role:
    """The role of a URL: the given one, or the one for the ending of its path."""
    return role or default_role(None, url.partition("?")[0].partition("#")[0])


def _judge_url(url: str, role: Role, options: Options) -> list[Finding]:
    from vaceprep.rules.url import judge_url

    return judge_url(url, role, options.allowed_hosts)


def check_item(item: Item, options: Options) -> FileReport:
    """The report of all rules on one source."""
    if item.kind == "url":
        report = judged_by_text(item, options)
        if report is not None or options.web is None:
            return report or FileReport(item.source, options.role, None, ())
        from vaceprep.checks.url import probe_url, report_far

        return report_far(item.source, probe_url(item.source, options, options.web), options)
    if item.kind == "data":
        # Only image fields accept bytes in place of a URL.
        role = options.role or DEFAULT_IMAGE_ROLE
        options = options._replace(role=role)
        findings = _judge_url(item.source, role, options)
        if findings:
            return FileReport(item.source, role, None, options.selection.apply(findings))
    role, facts = probe_item(item, options)
    return report_on(item.source, role, facts, name_of(item), options)


def judged_by_text(item: Item, options: Options) -> FileReport | None:
    """The report on a URL that is invalid or already known; None if it must be fetched."""
    role = url_role(item.source, options.role)
    if options.known is not None and (item.source, role) in options.known:
        return options.known[item.source, role]
    findings = _judge_url(item.source, role, options)
    if findings or options.web is None:
        return FileReport(item.source, role, None, options.selection.apply(findings))
    return None


class FileCheck(NamedTuple):
    """One source to check, here or in a worker."""

    item: Item
    options: Options
    #: The fetched part of a URL, for a worker.
    part: Part | None = None

    @property
    def far(self) -> bool:
        """Whether it is a URL that may be fetched."""
        return self.item.kind == "url" and self.options.web is not None


def look_at(look: FileCheck) -> FileReport:
    """``check_item`` for a worker, which passes one argument."""
    return check_item(look.item, look.options)


class SourceCheck(NamedTuple):
    """The checks needed for one source, and how to build its report from them.

    ``answer`` takes the reports on ``looks``, in their order.
    """

    looks: tuple[FileCheck, ...]
    answer: Callable[[Sequence[FileReport]], tuple[FileReport, ...]]

    def at_once(self) -> tuple[FileReport, ...]:
        """Run the checks in this process and build the report; URLs are fetched in parallel."""
        if sum(look.far for look in self.looks) < 2:
            return self.answer([look_at(look) for look in self.looks])
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(REMOTE_AT_ONCE, thread_name_prefix="vaceprep-url") as pool:
            waiting = [pool.submit(look_at, look) if look.far else None for look in self.looks]
            try:
                return self.answer(
                    [
                        look_at(look) if future is None else future.result()
                        for look, future in zip(self.looks, waiting, strict=True)
                    ]
                )
            except BaseException:
                # Close the session so that pending requests do not block the exit.
                for look in self.looks:
                    if look.options.web is not None:
                        look.options.web.close()
                raise
