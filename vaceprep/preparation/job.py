"""Prepare a job: every local asset under its role, and a new job file that names them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from vaceprep.checks.bytes import Options as Look
from vaceprep.checks.inputs import JOB_ENDINGS, JOB_MARK, Item
from vaceprep.checks.job import check_mapping
from vaceprep.contract import FIRST_MASK_FRAME, VIDEO_ROLES
from vaceprep.errors import Refused
from vaceprep.files.atomic import check_target, placing
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.job.draft import draft_of
from vaceprep.job.media import media_of, put
from vaceprep.job.read import JobUnreadable, read_job
from vaceprep.job.text import Value, rewrite
from vaceprep.plans.model import Edit, Options, errors
from vaceprep.preparation.file import Work
from vaceprep.preparation.job_assets import Assets, Maker, open_assets
from vaceprep.preparation.job_links import MASK_FRAME, Stop, make_all
from vaceprep.preparation.job_values import additions
from vaceprep.preparation.outputs import Names
from vaceprep.preparation.report import Prepared
from vaceprep.rules import codes
from vaceprep.rules.advice_job import advise
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.draft import Draft
from vaceprep.rules.job import judge_job
from vaceprep.rules.job_media import Together, judge_together
from vaceprep.wording import listed

#: The video that follows ``video_url`` and has no window of its own.
MASK_VIDEO: Final = "mask_video_url"
#: Edits that renumber the frames of a video.
MOVING: Final = ("cut", "frame-rate", "retime")


def prepare_job(
    item: Item, names: Names, work: Work, fields: Mapping[str, Options]
) -> tuple[Prepared, ...]:
    """Return the entries of a job: its own first, then one for each asset in field order.

    ``fields`` are options for single fields; ``--start`` and ``--duration`` of ``work`` apply to
    ``video_url`` alone. If the job cannot become valid, nothing is written; if one asset fails, the
    others are written and the job file is not. Raises only Cancelled.
    """
    failed = Prepared(item.source, None, None, "failed")
    try:
        data = item.job if item.job is not None else read_job(item.source)
        if isinstance(data, JobUnreadable):
            raise data
    except JobUnreadable as error:
        return (replace(failed, remaining=tuple(judge_job(Draft(broken=str(error))))),)
    draft = draft_of(data, work.options.limits)
    own = tuple(judge_job(draft))
    failed = replace(failed, remaining=own)
    if errors(own):
        return (failed,)
    if work.options.best_start:
        message = "the start auto is for videos; give a job's start as a time (see vaceprep pick)"
        return (replace(failed, error=message),)
    try:
        target = names.target(item, _ending(item))
    except Refused as error:
        return (replace(failed, error=str(error)),)
    source = item.source if item.base is None else item.base
    with ExitStack() as stack:
        assets = open_assets(draft, os.path.dirname(source), work, fields, stack, item.part)
        media = [piece.item.source for piece in assets.pieces]
        work = replace(work, sources=tuple({*work.sources, source, *media}))
        job = _Job(item, data, draft, target, assets, work)
        try:
            _look_first(job, fields)
            maker = Maker(work, names, target, len(assets.pieces))
            frame = make_all(draft, assets, maker, work.options)
        except Stop as stop:
            remaining = _unique((*own, *stop.findings))
            entry = replace(failed, error=str(stop) or None, remaining=remaining)
            return (entry, *assets.entries())
    try:
        entry = _finished(job, failed, frame)
    except Refused as error:
        entry = replace(failed, error=str(error))
    return (entry, *assets.entries())


def _ending(item: Item) -> str | None:
    """Return the ending of the new job's name; None to keep its own name."""
    if item.base is None:
        return None
    name, last = os.path.splitext(item.base)
    if not item.part or last.lower() not in JOB_ENDINGS:
        return ".json"
    return f"{JOB_MARK}{last}" if name.endswith(JOB_MARK) else last


@dataclass(frozen=True, slots=True)
class _Job:
    """One job as given, and its media."""

    item: Item
    data: Mapping[str, Any]
    draft: Draft
    #: The path of the new job file.
    target: str
    assets: Assets
    work: Work

    @property
    def folder(self) -> str:
        """The folder to which the paths in the new job are relative."""
        return os.path.dirname(self.target)


def _unique(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))


def _look_first(job: _Job, fields: Mapping[str, Options]) -> None:
    """Raise Stop for errors that prepare cannot fix, before anything is written."""
    options = job.work.options
    local = {piece.role for piece in job.assets.pieces}
    cut = dict.fromkeys(name for name in fields if name not in local)
    if options.start is not None or options.duration is not None:
        if "/video_url" in job.assets.urls:
            cut["video_url"] = None
        elif "video_url" not in local:
            raise Stop(_no_video(job))
    for name in cut:
        # Otherwise the user would notice the missing cut only in the finished video.
        why = "since URLs stay as they are" if f"/{name}" in job.assets.urls else "it has none"
        raise Stop(f"--start and --duration cannot be applied to its {name}: {why}")
    refused = [at[1:] for at, entry in job.assets.urls.items() if errors(entry.remaining)]
    if refused:
        raise Stop(f"{listed(refused)} cannot be fixed, since URLs stay as they are")
    found = judge_together(Together(job.draft, job.assets.facts()))
    hopeless = errors([f for f in found if f.code == codes.MASK_FRAME_ID])
    if hopeless:
        raise Stop("", hopeless)


def _no_video(job: _Job) -> str:
    """Explain why a window without a field cannot be applied, and what to write instead."""
    reason = "--start and --duration without a field mean video_url, and the job has none"
    at = [*(piece.role for piece in job.assets.pieces), *(at[1:] for at in job.assets.urls)]
    clips = [name for name in dict.fromkeys(at) if name in VIDEO_ROLES and name != MASK_VIDEO]
    if not clips:
        return f"{reason}; leave them out: nothing in it has a length"
    option = "--duration" if job.work.options.start is None else "--start"
    return f"{reason}; name the clip: " + " or ".join(f"{option} {name}=S" for name in clips)


def _finished(job: _Job, failed: Prepared, frame: int | None) -> Prepared:
    """Return the entry of a job whose media are finished. Raises Refused."""
    lost = [p for p in job.assets.pieces if p.entry is None or not p.entry.ok]
    if lost:
        names = listed([f"{p.role} ({p.item.source})" for p in lost])
        raise Refused(f"{names} cannot be prepared, so no job file is written")
    added = tuple(additions(job.draft, job.assets.facts_after(), job.work.options, frame))
    values, changes = _new_values(job, frame)
    edits = (*_edits(job, changes), *(addition.edit for addition in added))
    values |= {addition.name: addition.value for addition in added}
    changes |= {f"/{addition.name}": addition.value for addition in added}
    entry = replace(
        failed,
        output=job.target,
        plan=edits,
        lossless=all(p.entry is not None and p.entry.lossless for p in job.assets.pieces),
    )
    findings = _judged(job, values)
    grave = errors(findings)
    if grave:
        own = _unique((*failed.remaining, *grave))
        return replace(failed, remaining=own, error="what came out would not pass as a job")
    remaining = tuple(f for f in findings if _is_own(f, job))
    data, note = _bytes(job, values, changes)
    if note is not None:
        entry = replace(entry, plan=(*edits, Edit("adjust", (), note)))
    if job.work.dry_run:
        return replace(entry, status="planned", remaining=remaining)
    reused = _written(job, data)
    return replace(
        entry,
        status="prepared" if changes else "unchanged",
        remaining=remaining,
        reused=reused,
    )


def _is_own(finding: Finding, job: _Job) -> bool:
    """Whether a finding concerns the job itself and not one of its files."""
    return finding.pointer not in job.assets.order or finding.code.startswith("VP4")


def _new_values(job: _Job, frame: int | None) -> tuple[dict[str, Any], dict[str, Value]]:
    """Return the new job's values, and the changed ones by JSON pointer."""
    values = dict(job.data)
    changes: dict[str, Value] = {}
    before = media_of(job.draft.values)
    for piece in job.assets.pieces:
        name = os.path.basename("" if piece.entry is None else piece.entry.output or "")
        if name == "-":
            # A bare "-" would mean standard input. No name looks like a URL: colons were replaced.
            name = f"./{name}"
        for at in piece.pointers:
            if before[at] != name:
                put(values, at, name)
                changes[at] = name
    if frame is not None:
        values[MASK_FRAME] = frame
        changes[f"/{MASK_FRAME}"] = frame
    return values, changes


def _edits(job: _Job, changes: Mapping[str, Value]) -> tuple[Edit, ...]:
    """Return one edit for each changed value."""
    edits = []
    for at, value in changes.items():
        piece = job.assets.at(at)
        video = job.assets.of("video_url")
        about = piece or video
        made = () if about is None or about.entry is None else about.entry.plan
        if piece is None:
            reasons = [
                r for edit in made if edit.edit in ("cut", "frame-rate") for r in edit.reason
            ]
            old = job.draft.values.get(MASK_FRAME, f"absent, which means {FIRST_MASK_FRAME}")
            fitted = video is not None and video.options.fit_model
            same = "the picture at its time" if fitted else "the same picture"
            text = f"{at[1:]} is now {value} (it was {old}): {same}"
        else:
            reasons = [reason for edit in made for reason in edit.reason]
            text = f"{at[1:]} is now {value}"
        edits.append(Edit("adjust", tuple(dict.fromkeys(reasons)), text))
    return tuple(edits)


def _judged(job: _Job, values: Mapping[str, Any]) -> list[Finding]:
    """Return the findings of ``check`` on the new job; for a dry run, on the predicted media."""
    if not job.work.dry_run:
        limits = job.work.options.limits
        look = Look(allowed_hosts=job.work.allowed_hosts, known=job.work.known, limits=limits)
        reports = check_mapping(job.target, values, job.folder, look)
        known = {f for entry in job.assets.urls.values() for f in entry.remaining}
        return [f for r in reports for f in r.findings if replace(f, pointer=None) not in known]
    draft = draft_of(values, job.work.options.limits)
    together = Together(draft, job.assets.facts_after())
    return [*judge_job(draft), *judge_together(together), *advise(together)]


def _bytes(
    job: _Job, values: Mapping[str, Any], changes: Mapping[str, Value]
) -> tuple[bytes, str | None]:
    """Return the content of the new job file. Raises Refused."""
    own = None
    if job.item.base is None:
        with suppress(CannotOpen, OSError), open_path(job.item.source) as opened:
            own = opened.read()
    if own is not None and not changes:
        return own, None
    ending = os.path.splitext(job.target)[1].lower()
    old = None if own is None else own.decode("utf-8-sig", "replace")
    text, note = rewrite(values, ending, old, changes)
    try:
        return text.encode(), note
    except UnicodeEncodeError:
        raise Refused("a file's name is no text that a job file can hold") from None


def _written(job: _Job, data: bytes) -> bool:
    """Write the new job file. Return whether it already existed unchanged. Raises Refused."""
    work, target = job.work, job.target
    if not work.force and os.path.isfile(target):
        check_target(target, force=True, sources=work.sources)
        # A file that cannot be read counts as another file and is not overwritten.
        with suppress(CannotOpen, OSError), open_path(target) as opened:
            if opened.size == len(data) and opened.read() == data:
                return True
    force = work.force or target in work.own
    with placing(target, force=force, sources=work.sources, make_folder=True) as place:
        place.fill(data)
        place.commit()
    return False
