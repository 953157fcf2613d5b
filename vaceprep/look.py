"""One source: open it, measure it, judge it. Errors are values here."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from vaceprep.collect import Item
from vaceprep.contract import CHECK_PIXEL_MEMORY, DEFAULT_IMAGE_ROLE, MAX_IMAGE_PIXELS, Role
from vaceprep.facts import Facts, Unreadable
from vaceprep.limits import CONTRACT, Limits
from vaceprep.probe.route import default_role, measure
from vaceprep.probe.sniff import sniff
from vaceprep.rules.catalogue import Asset, Finding
from vaceprep.rules.judge import Selection, judge
from vaceprep.source import CannotOpen, Opened, open_data_uri, open_path, open_stdin
from vaceprep.verdict import FileReport


class Options(NamedTuple):
    """How to look at files."""

    role: Role | None = None
    deep: bool = False
    selection: Selection = Selection()
    allowed_hosts: Collection[str] = ()
    max_pixels: int = MAX_IMAGE_PIXELS
    #: Bytes that an image's pixels may take; None: whatever they take.
    memory: int | None = CHECK_PIXEL_MEMORY
    limits: Limits = CONTRACT


def _opening(item: Item) -> AbstractContextManager[Opened]:
    if item.kind == "stdin":
        return open_stdin()
    if item.kind == "data":
        return open_data_uri(item.source)
    return open_path(item.source, item.root)


def _name(item: Item) -> str | None:
    return os.path.basename(item.source) if item.kind == "path" else None


def probe_opened(
    opened: Opened, name: str | None, options: Options
) -> tuple[Role, Facts | Unreadable]:
    """The role and facts of bytes that are open; a read that fails is a fact too."""
    sniffed = sniff(opened.head)
    role = options.role or default_role(sniffed, name)
    try:
        facts = measure(
            opened,
            role,
            sniffed,
            deep=options.deep,
            max_pixels=options.max_pixels,
            memory=options.memory,
            limits=options.limits,
        )
    except OSError as error:
        reason = f"reading it fails ({error.strerror or error})"
        return role, Unreadable("unavailable", reason, opened.size)
    return role, facts


def probe_item(item: Item, options: Options) -> tuple[Role, Facts | Unreadable]:
    """The role and facts of one source that is no URL."""
    name = _name(item)
    try:
        with _opening(item) as opened:
            return probe_opened(opened, name, options)
    except CannotOpen as error:
        return options.role or default_role(None, name), error.fact


def url_role(url: str, role: Role | None) -> Role:
    """The role of a URL: the one given, or by the ending of its path."""
    return role or default_role(None, url.partition("?")[0].partition("#")[0])


def _judge_url(url: str, role: Role, options: Options) -> list[Finding]:
    from vaceprep.rules.url import judge_url

    return judge_url(url, role, options.allowed_hosts)


def check_item(item: Item, options: Options) -> FileReport:
    """Everything the rules say of one source."""
    if item.kind == "url":
        role = url_role(item.source, options.role)
        findings = _judge_url(item.source, role, options)
        return FileReport(item.source, role, None, options.selection.apply(findings))
    if item.kind == "data":
        # Only image fields take bytes in place of a URL.
        role = options.role or DEFAULT_IMAGE_ROLE
        options = options._replace(role=role)
        findings = _judge_url(item.source, role, options)
        if findings:
            return FileReport(item.source, role, None, options.selection.apply(findings))
    role, facts = probe_item(item, options)
    return report_on(item.source, role, facts, _name(item), options)


class Look(NamedTuple):
    """One source to be looked at, by whoever does it."""

    item: Item
    options: Options


def look_at(look: Look) -> FileReport:
    """The same as ``check_item``, for a worker that takes one argument."""
    return check_item(look.item, look.options)


class Asked(NamedTuple):
    """What has to be looked at for one source, and what is said once that is done.

    ``answer`` takes the reports on ``looks``, in their order.
    """

    looks: tuple[Look, ...]
    answer: Callable[[Sequence[FileReport]], tuple[FileReport, ...]]

    def at_once(self) -> tuple[FileReport, ...]:
        """Look and answer here and now."""
        return self.answer([look_at(look) for look in self.looks])


def report_on(
    source: str, role: Role, facts: Facts | Unreadable, name: str | None, options: Options
) -> FileReport:
    """The verdict on measured facts."""
    findings = judge(facts, Asset(role, name, options.limits))
    known = None if isinstance(facts, Unreadable) else facts
    return FileReport(source, role, known, options.selection.apply(findings))
