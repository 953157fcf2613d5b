"""Each job before anything is done for it: read, planned, and told from all others."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from tempfile import gettempdir
from typing import Any, Final

from vaceprep.checks.inputs import Item
from vaceprep.checks.report import FileReport
from vaceprep.checks.source import Options as Look
from vaceprep.contract import IMAGE_ROLES, Function, Role
from vaceprep.files.digest import sha256_of_path
from vaceprep.files.source import CannotOpen, is_url
from vaceprep.job.model import InvalidJob, Job, media_of, role_of
from vaceprep.job.read import JobUnreadable, read_job
from vaceprep.ledger.job_id import identity
from vaceprep.limits import CONTRACT, Limits
from vaceprep.preparation.file import Work
from vaceprep.preparation.job import mend_job
from vaceprep.preparation.outputs import Output, Outputs
from vaceprep.preparation.report import Prepared
from vaceprep.rules.catalogue import Severity
from vaceprep.runs.model import RunEntry, RunOptions
from vaceprep.runs.used_parts import sound_source, used_parts

#: What is said of URLs under their roles.
Known = Mapping[tuple[str, Role], FileReport]
#: What stands before the ending of a job file, so that hooks find it.
MARK: Final = ".vace"


@dataclass(frozen=True, slots=True)
class Ready:
    """A job that can become one that is accepted."""

    item: Item
    job: Job
    function: Function
    #: See ``ledger.identity``.
    identity: str
    #: What will be done to it and its media; its own entry first.
    planned: tuple[Prepared, ...]
    #: What a later run needs to know of it.
    notes: Mapping[str, Any]
    #: What was found by asking for its URLs.
    known: Known = field(default_factory=dict)
    #: The SHA-256 of each local medium as it was read, by its path.
    sources: Mapping[str, str] = field(default_factory=dict)
    #: What of its media is used, and where its result will have no sound: a sentence each.
    remarks: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The job as it was named."""
        return self.item.source

    def to_publish(self, inline_images: bool) -> list[str]:
        """The fields' pointers whose media need a public URL."""
        return [
            at
            for at in self.job.local_paths()
            if not (inline_images and role_of(at) in IMAGE_ROLES)
        ]


def examine(
    item: Item,
    options: RunOptions,
    *,
    service: str,
    account: str,
    is_new: Callable[[str], bool] = lambda _: True,
) -> Ready | RunEntry:
    """The job, or why it is none that could be sent; nothing is written.

    Its URLs are asked for where ``is_new`` says of its identity that it was not sent before: what
    the service has fetched already may be gone by now.
    """
    known: Known = {}
    told: Exception | None = None
    found: tuple[Job, str] | None = None
    sources: dict[str, str] = {}
    item = admitted(item)
    try:
        job = job_of(item, options.prepare.limits)
        local = job.local_paths()
        for path in local.values():
            if path not in sources:
                sources[path] = sha256_of_path(path)
        hashes = {at: sources[path] for at, path in local.items()}
        name = identity(service, account, job.given(), hashes, options.prepare, options.fields)
        found = job, name
        if options.remote and is_new(name):
            known = _asked(job, options)
    except (InvalidJob, JobUnreadable, CannotOpen, OSError) as error:
        # What a plan says of it comes first: it names each of its media.
        told = error
    # Only names are thought of: where the outputs would go does not matter.
    names = Outputs(Output("folder", os.path.join(gettempdir(), "vaceprep-plan")))
    work = Work(options.prepare, dry_run=True, allowed_hosts=options.allowed_hosts, known=known)
    planned = tuple(
        replace(entry, output=None) for entry in mend_job(item, names, work, options.fields)
    )
    if not planned[0].ok:
        return _refused(item, planned)
    if isinstance(told, InvalidJob):
        return RunEntry(item.source, None, "refused", findings=told.findings, prepared=planned)
    if found is None:
        return RunEntry(item.source, None, "refused", prepared=planned, error=str(told))
    job, name = found
    function: Function = job.given()["function"]
    sound, silent = sound_source(job, planned, sources, search=options.restore_audio)
    notes: dict[str, Any] = {"stem": stem_of(item)} | ({"sound": sound} if sound else {})
    remarks = used_parts(planned)
    if options.restore_audio and silent is not None:
        remarks = (*remarks, silent)
    return Ready(item, job, function, name, planned, notes, known, sources, remarks)


def admitted(item: Item) -> Item:
    """The job with its values as they are read now: what is edited later is another job."""
    if item.job is not None:
        return item
    try:
        values: Any = read_job(item.source)
    except JobUnreadable as error:
        values = error
    return item._replace(job=values, base=item.source)


def _asked(job: Job, options: RunOptions) -> Known:
    """What is said of the job's URLs, each of them asked for."""
    if not any(map(is_url, media_of(job.given()).values())):
        return {}
    from vaceprep.checks.job import look_at_urls
    from vaceprep.net.session import Web

    with Web(options.allowed_hosts) as web:
        limits = options.prepare.limits
        look = Look(allowed_hosts=options.allowed_hosts, limits=limits, web=web)
        return look_at_urls(job.given(), look)


def _refused(item: Item, planned: tuple[Prepared, ...]) -> RunEntry:
    # A URL stays as it is and has its own errors.
    grave = [f for e in planned for f in e.remaining if f.severity is Severity.ERROR or not e.ok]
    findings = tuple(dict.fromkeys(grave))
    errors = [entry.error for entry in planned if entry.error]
    return RunEntry(
        item.source,
        None,
        "refused",
        findings=findings,
        prepared=planned,
        error="; ".join(dict.fromkeys(errors)) or None,
    )


def job_of(item: Item, limits: Limits = CONTRACT) -> Job:
    """The job of a file, or of a manifest's line. Raises InvalidJob or JobUnreadable."""
    if item.job is None:
        return Job.from_file(item.source, limits=limits)
    if isinstance(item.job, JobUnreadable):
        raise item.job
    return Job.from_dict(item.job, base=os.path.dirname(item.base or ""), limits=limits)


def stem_of(item: Item) -> str:
    """What the results of a job are called after: its file's name without the ending."""
    stem = os.path.splitext(os.path.basename(item.base or item.source))[0]
    # edit.vace.yaml is called edit: .vace is the way to tell job files from others.
    stem = stem.removesuffix(MARK) or "job"
    if item.base is None:
        return stem
    line = item.source[len(item.base) :].strip(":")
    return f"{stem}-{line}" if line else stem
