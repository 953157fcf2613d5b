"""Check a whole job: its fields, each of its media, and its media against each other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from vaceprep.checks.bytes import Options, probe_opened, report_on
from vaceprep.checks.inputs import Item, kind_of
from vaceprep.checks.report import FileReport
from vaceprep.checks.source import FileCheck, SourceCheck
from vaceprep.contract import Role
from vaceprep.cost import cost_with
from vaceprep.facts import Facts
from vaceprep.files.source import CannotOpen, open_stdin
from vaceprep.job.draft import draft_of
from vaceprep.job.media import media_of, resolve, role_of
from vaceprep.job.model import FIELDS
from vaceprep.job.read import JobUnreadable, read_job, read_opened
from vaceprep.probes.measure import default_role
from vaceprep.rules.advice_job import advise
from vaceprep.rules.draft import Draft, pointer
from vaceprep.rules.job import judge_job
from vaceprep.rules.job_media import Together, judge_together

#: The most reference images of one job that are checked.
MAX_ASSETS: Final = 16


def _known(*reports: FileReport) -> SourceCheck:
    return SourceCheck((), lambda _: reports)


def ask_job_item(item: Item, options: Options) -> SourceCheck:
    """The checks needed for a job file, a manifest line or standard input."""
    if item.kind == "stdin":
        return _stdin(item, options)
    try:
        data = item.job if item.job is not None else read_job(item.source)
        if isinstance(data, JobUnreadable):
            raise data
    except JobUnreadable as error:
        return _known(_broken(item.source, error, options))
    folder = os.path.dirname(item.base if item.base is not None else item.source)
    return ask_mapping(item.source, data, folder, options)


def _broken(source: str, error: JobUnreadable, options: Options) -> FileReport:
    findings = judge_job(Draft(broken=str(error)))
    return FileReport(source, None, None, options.selection.apply(findings))


def _stdin(item: Item, options: Options) -> SourceCheck:
    """Standard input is a job if it begins like a JSON mapping, else media."""
    try:
        with open_stdin() as opened:
            if opened.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
                try:
                    return ask_mapping(item.source, read_opened(opened), "", options)
                except JobUnreadable as error:
                    return _known(_broken(item.source, error, options))
            role, facts = probe_opened(opened, None, options)
    except CannotOpen as error:
        # Standard input cannot be read a second time.
        role, facts = options.role or default_role(None, None), error.fact
    return _known(report_on(item.source, role, facts, None, options))


def check_mapping(
    source: str, data: Mapping[str, Any], folder: str, options: Options
) -> tuple[FileReport, ...]:
    """The entries of a job: its own first, then one for each asset in the order of the fields.

    Relative paths are relative to ``folder``.
    """
    return ask_mapping(source, data, folder, options).at_once()


def ask_mapping(source: str, data: Mapping[str, Any], folder: str, options: Options) -> SourceCheck:
    """The checks needed for a job; its media are not checked yet."""
    draft = draft_of(data, options.limits)
    looks: dict[str, FileCheck] = {}
    wrong = {pointer(*e.path) for e in draft.errors if len(e.path) > 1 or e.kind == "type"}
    for at, value in list(media_of(draft.values).items())[:MAX_ASSETS]:
        if at in wrong:
            # VP403 reports the value; no file has such a name.
            continue
        role = role_of(at)
        if draft.function is not None and draft.function not in FIELDS[role]:
            # VP408 reports the field; its file does not matter.
            continue
        path = resolve(value, folder)
        looks[at] = FileCheck(Item(path, kind_of(path)), options._replace(role=role))

    def answer(reports: Sequence[FileReport]) -> tuple[FileReport, ...]:
        return _together(source, draft, dict(zip(looks, reports, strict=True)), options)

    return SourceCheck(tuple(looks.values()), answer)


def look_at_urls(data: Mapping[str, Any], options: Options) -> dict[tuple[str, Role], FileReport]:
    """The reports on a job's URLs, by URL and role."""
    needed = ask_mapping("job", data, "", options)
    far = tuple(look for look in needed.looks if look.far)
    found = SourceCheck(far, tuple).at_once()
    return {(e.source, e.role): e for e in found if e.role is not None}


def _together(
    source: str, draft: Draft, reports: Mapping[str, FileReport], options: Options
) -> tuple[FileReport, ...]:
    """The entries of a job from the reports on its media, by JSON pointer."""
    assets = {
        at: replace(e, findings=tuple(replace(finding, pointer=at) for finding in e.findings))
        for at, e in reports.items()
    }
    facts: dict[str, Facts] = {at: e.facts for at, e in assets.items() if e.facts is not None}
    own = judge_job(draft)
    together = Together(draft, facts)
    for finding in (*judge_together(together), *advise(together)):
        entry_of = assets.get(finding.pointer or "")
        if entry_of is not None and finding.code.startswith("VP3"):
            added = options.selection.apply([finding])
            assets[str(finding.pointer)] = replace(entry_of, findings=entry_of.findings + added)
        else:
            own.append(finding)
    cost = cost_with(draft.function, facts, options.price)
    job = FileReport(source, None, None, options.selection.apply(own), cost)
    return (job, *assets.values())
