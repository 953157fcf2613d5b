"""Build the page from the results of a command: one entry per file, jobs with all of theirs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, NamedTuple

from vaceprep.checks.inputs import Item
from vaceprep.checks.library import default_jobs
from vaceprep.checks.report import FileReport
from vaceprep.cost import Cost, total
from vaceprep.job.media import MEDIA_FIELDS
from vaceprep.preparation.report import Prepared
from vaceprep.report.html.entries import checked, grade_of, name_of, ordered, prepared
from vaceprep.report.html.job_drawing import (
    MediaByRole,
    draft_from,
    drawn,
    media_of_prepared,
    media_of_reports,
)
from vaceprep.report.html.model_input import drawn_input, model_of
from vaceprep.report.html.split_drawing import part_rows, seams_of, timeline_of
from vaceprep.report.html.thumbnails import Thumbnails
from vaceprep.report.html.videos import ResultVideos
from vaceprep.report.html.view import Entry, Grade, Group, Page, Row
from vaceprep.report.run import REHEARSED, STAND_IN, status_of
from vaceprep.rules.all import BY_CODE
from vaceprep.rules.draft import Draft, json_text
from vaceprep.runs.model import RunEntry
from vaceprep.version import __version__

#: From worst to best.
GRADES: Final[tuple[Grade, ...]] = ("error", "warning", "advice", "fine")
#: Statuses of a run that are neither good nor bad.
_WAITING = ("running", "interrupted", "unknown")


class Found(NamedTuple):
    """The results for one source: a file's one entry, or a job's several."""

    item: Item | None
    answers: tuple[FileReport, ...] | tuple[Prepared, ...] | tuple[RunEntry]


def page_of(
    command: str,
    found: Sequence[Found],
    path: str,
    *,
    notes: Sequence[str] = (),
    jobs: int | None = None,
    step: Callable[[], None] = lambda: None,
) -> Page:
    """The page of a command's results, to be written to ``path``.

    ``notes`` are sentences about the whole, ``jobs`` the threads that make thumbnails; ``step``
    is called after each source.
    """
    every = [answer for one in found for answer in one.answers]
    files = sum(1 + len(a.prepared) if isinstance(a, RunEntry) else 1 for a in every)
    thumbnails = Thumbnails(files)
    films = ResultVideos(path, thumbnails)

    def made(one: Found) -> Group:
        group = _group(one, thumbnails, films)
        step()
        return group

    with ThreadPoolExecutor(jobs or default_jobs(), thread_name_prefix="vaceprep") as pool:
        try:
            groups = tuple(pool.map(made, found))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    entries = [entry for group in groups for entry in group.entries]
    remarks = [*notes, *_sum(every)]
    if thumbnails.dropped:
        remarks.append(
            "Some preview frames are missing: making them took too long, or there were too many."
        )
    return whole_page(command, groups, _counts(command, every, entries), remarks)


def whole_page(
    command: str,
    groups: Iterable[Group],
    counts: Iterable[tuple[int, str, str]],
    notes: Iterable[str] = (),
) -> Page:
    """The page of these entries, written now. ``notes`` are sentences about the whole."""
    groups = tuple(groups)
    entries = [entry for group in groups for entry in group.entries]
    codes = {f.code for entry in entries for f in entry.findings}
    return Page(
        command=command,
        version=__version__,
        written=time.strftime("%Y-%m-%d %H:%M %Z").strip(),
        counts=tuple(counts),
        groups=groups,
        rules=tuple(BY_CODE[code] for code in sorted(codes) if code in BY_CODE),
        statuses=tuple(dict.fromkeys(entry.status for entry in entries)),
        notes=tuple(notes),
    )


def _counts(
    command: str, every: Iterable[object], entries: Sequence[Entry]
) -> Iterable[tuple[int, str, str]]:
    if command == "check":
        severities = Counter(f.severity.value for e in entries for f in e.findings)
        yield len(entries), "file" if len(entries) == 1 else "files", "plain"
        for word, many in (("error", "errors"), ("warning", "warnings"), ("advice", "advice")):
            number = severities[word]
            yield number, word if number == 1 else many, word if number else "plain"
        return
    grades = {entry.status: entry.grade for entry in reversed(entries)}
    statuses = Counter(
        status_of(answer) if isinstance(answer, RunEntry) else answer.status
        for answer in every
        if isinstance(answer, Prepared | RunEntry)
    )
    for status, number in statuses.items():
        yield number, status, "error" if status == "failed" else grades.get(status, "plain")


def _group(one: Found, thumbnails: Thumbnails, films: ResultVideos) -> Group:
    first = one.answers[0] if one.answers else None
    if isinstance(first, RunEntry):
        return _ran(one.item, first, thumbnails, films)
    if isinstance(first, Prepared):
        answers = [a for a in one.answers if isinstance(a, Prepared)]
        entries = [prepared(answer, thumbnails) for answer in answers]
        if first.role is None:
            made = first.output if first.status in ("prepared", "unchanged") else None
            outputs = made is not None
            media = media_of_prepared(answers, outputs=outputs)
            entries[0] = job_entry(entries[0], draft_from(one.item, made), media, thumbnails)
    else:
        reports = [a for a in one.answers if isinstance(a, FileReport)]
        entries = [checked(report, thumbnails) for report in reports]
        if reports and reports[0].role is None:
            media = media_of_reports(reports)
            entries[0] = _priced(entries[0], reports[0].cost)
            entries[0] = job_entry(entries[0], draft_from(one.item), media, thumbnails)
            entries[0] = whole_of(entries)
    job = entries[0].name if entries and entries[0].role.startswith("job") else None
    return Group(tuple(entries), job)


def whole_of(entries: Sequence[Entry]) -> Entry:
    """The job's own entry with the grade of all: a job is no better than its media."""
    own = entries[0]
    worst = min(entries, key=lambda entry: GRADES.index(entry.grade))
    if worst.grade == own.grade:
        return own
    word = worst.status if worst.grade in ("error", "warning") else own.status
    return replace(own, grade=worst.grade, status=word)


def job_entry(
    entry: Entry, draft: Draft | None, media: MediaByRole, thumbnails: Thumbnails
) -> Entry:
    """The job's own entry with the fields that the job sets, and its drawings."""
    if draft is None:
        return entry
    rows = [
        Row(name.replace("_", " "), _worded(value))
        for name, value in draft.values.items()
        if name not in MEDIA_FIELDS and name != "function"
    ]
    role = f"job, {draft.function}" if draft.function else "job"
    rows = [*entry.rows, *rows]
    return replace(
        entry,
        role=role,
        rows=tuple(rows),
        drawn=drawn(draft, media, thumbnails),
        model=drawn_input(model_of(draft, media), thumbnails),
    )


def _priced(entry: Entry, cost: Cost | None) -> Entry:
    """The job's own entry with what it costs as its first row."""
    return entry if cost is None else replace(entry, rows=(Row("cost", cost.text()), *entry.rows))


def _sum(every: Iterable[object]) -> Iterator[str]:
    """What all jobs cost together, in a sentence, if there are several."""
    costs = [a.cost for a in every if isinstance(a, FileReport | RunEntry) and a.cost is not None]
    in_all = total(costs)
    if in_all is not None and len(costs) > 1:
        yield f"Cost in all of {len(costs):,} jobs: {in_all.text()}."


def _worded(value: object) -> str:
    """A field's value as displayed."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(_worded(part) for part in value)
    return json_text(value)


def _ran(item: Item | None, ran: RunEntry, thumbnails: Thumbnails, films: ResultVideos) -> Group:
    grade: Grade = "fine" if ran.ok else "warning" if ran.status in _WAITING else "error"
    if grade == "fine" and ran.findings:
        grade = grade_of(ran.findings)
    about = f"task {ran.task}" if ran.task else ""
    if ran.task_status:
        about += f" ({ran.task_status})" if about else ran.task_status
    if ran.resumed:
        about += ", picked up again" if about else "picked up again"
    status = status_of(ran)
    if status == REHEARSED:
        about += f", {STAND_IN}" if about else STAND_IN
    own = Entry(
        name=name_of(ran.source),
        role=f"job, {ran.function}" if ran.function else "job",
        status=status,
        grade=grade,
        about=about,
        findings=ordered(ran.findings),
        error=ran.error or "",
        hint=ran.hint or "",
        films=tuple(films.film(video) for video in ran.videos),
    )
    if ran.split is not None:
        own = replace(
            own,
            rows=(*own.rows, *part_rows(ran.split)),
            timeline=timeline_of(ran.split),
            seams=seams_of(ran.split, ran.videos, thumbnails),
        )
    # The prepared files are deleted once sent: show the sources.
    media = media_of_prepared(ran.prepared, outputs=False)
    own = job_entry(_priced(own, ran.cost), draft_from(item), media, thumbnails)
    reported = set(ran.findings)
    entries = [
        prepared(
            replace(made, remaining=tuple(f for f in made.remaining if f not in reported)),
            thumbnails,
            kept=False,
        )
        for made in ran.prepared
        if made.role is not None
    ]
    return Group((own, *entries), own.name)
