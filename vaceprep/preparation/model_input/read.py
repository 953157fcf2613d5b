"""Read a video or a job for ``preview``: its files with their facts, and the check's findings."""

from __future__ import annotations

import os
from typing import Any

from vaceprep.checks.bytes import Options
from vaceprep.checks.inputs import JOB_ENDINGS
from vaceprep.checks.job import check_mapping
from vaceprep.checks.report import FileReport
from vaceprep.errors import Refused
from vaceprep.files.source import is_data_uri, is_url
from vaceprep.job.draft import draft_of
from vaceprep.job.read import JobUnreadable, read_job
from vaceprep.preparation.model_input.assets import Given, ModelInput, input_of
from vaceprep.preparation.read import STDIN, reading, unreadable, video_of
from vaceprep.probes.measure import ending
from vaceprep.records import Record, replace
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.judge import judge


class Preview(Record):
    """What the model takes of a source, and what the check has against it."""

    model: ModelInput
    #: The findings of severity error and warning, each with its file or field.
    findings: tuple[tuple[str, Finding], ...]
    #: The check's own entries: of a job its own first.
    reports: tuple[FileReport, ...]

    def remarks(self) -> list[str]:
        """Return the findings and notes as lines."""
        found = [
            f"{f.severity.value}: {where}: {f.message} ({f.code} {f.rule})"
            for where, f in self.findings
        ]
        return [*found, *self.model.notes]


def preview_of(source: str) -> Preview:
    """Return what the model takes of a job file or of a video. Raises Refused."""
    if source == STDIN:
        raise unreadable(source, "its frames are read twice; name a file")
    if ending(source) in JOB_ENDINGS:
        return _of_job(source)
    with reading(source, "video_url") as read:
        facts = video_of(read)
    found = judge(facts, Asset("video_url", os.path.basename(source)))
    model = input_of(source, None, [Given(source, "video_url", facts)], {})
    if not model.files:
        raise unreadable(source, model.notes[0].partition(": ")[2])
    report = FileReport(source, "video_url", facts, tuple(found))
    return Preview(model, _grave("video_url", found), (report,))


def _of_job(source: str) -> Preview:
    try:
        data = read_job(source)
    except JobUnreadable as error:
        raise Refused(f"{source} cannot be read: {error}") from None
    reports = check_mapping(source, data, os.path.dirname(source), Options())
    return preview_of_reports(source, data, reports)


def preview_of_reports(
    source: str, data: dict[str, Any], reports: tuple[FileReport, ...]
) -> Preview:
    """Return what the model takes of a job that was checked. Raises Refused.

    ``reports`` are its own and those of its media, as ``check_mapping`` returns them.
    """
    draft = draft_of(data)
    own, assets = reports[0], reports[1:]
    given, notes = [], []
    for report in assets:
        if report.role is None:
            continue
        if report.facts is None:
            far = is_url(report.source) and not is_data_uri(report.source)
            reason = "URLs are not read here" if far else "it cannot be read"
            notes.append(f"{report.role}: it is not shown, since {reason}")
        else:
            given.append(Given(report.source, report.role, report.facts))
    findings = _grave("job", own.findings) + tuple(
        found for report in assets for found in _grave(report.role or "job", report.findings)
    )
    model = input_of(source, draft.function, given, draft.values)
    model = replace(model, notes=(*notes, *model.notes))
    if not model.files:
        reasons = "; ".join(Preview(model, findings, reports).remarks())
        raise Refused(f"{source}: nothing of it can be shown: {reasons or 'it names no media'}")
    return Preview(model, findings, reports)


def _grave(where: str, findings: Any) -> tuple[tuple[str, Finding], ...]:
    return tuple((where, f) for f in findings if f.severity is not Severity.ADVICE)


def default_target(source: str) -> str:
    """Return the film's path if none is named: beside the source.

    >>> default_target("shoot/edit.vace.yaml").replace(os.sep, "/")
    'shoot/edit-preview.mp4'
    """
    folder, name = os.path.split(source)
    stem = os.path.splitext(name)[0].removesuffix(".vace") or name
    return os.path.join(folder, f"{stem}-preview.mp4")
