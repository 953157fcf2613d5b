"""Read and plan each job before anything is sent, and identify it among all others."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from tempfile import gettempdir
from typing import Any, Final

from vaceprep.checks.bytes import Options as Look
from vaceprep.checks.inputs import Item
from vaceprep.checks.report import FileReport
from vaceprep.contract import IMAGE_ROLES, Function, Role
from vaceprep.cost import INPUT, Cost
from vaceprep.files.digest import sha256_of_path
from vaceprep.files.source import CannotOpen, is_url
from vaceprep.job.media import media_of, role_of
from vaceprep.job.model import InvalidJob, Job
from vaceprep.job.read import JobUnreadable, read_job
from vaceprep.ledger.job_id import identity
from vaceprep.limits import CONTRACT, Limits
from vaceprep.parts.pieces import PART
from vaceprep.plans.model import NOTHING_ASKED, Options
from vaceprep.preparation.file import Work
from vaceprep.preparation.job import prepare_job
from vaceprep.preparation.outputs import Output, Outputs
from vaceprep.preparation.report import Prepared
from vaceprep.rules.catalogue import Severity
from vaceprep.runs.model import RunEntry, RunOptions
from vaceprep.runs.part_note import KEY, PartNote
from vaceprep.runs.spending import cost_after
from vaceprep.runs.split_model import Offer
from vaceprep.runs.split_offer import offer_of, offer_text
from vaceprep.runs.used_parts import sound_source, used_parts

#: Findings about URLs, by URL and role.
Known = Mapping[tuple[str, Role], FileReport]
#: The part of a job file's name before its ending, so that hooks find it.
MARK: Final = ".vace"


@dataclass(frozen=True, slots=True)
class Ready:
    """A job that can be prepared to pass the check."""

    item: Item
    job: Job
    function: Function
    #: See ``ledger.job_id``.
    identity: str
    #: The planned changes of the job and its media; the job's own entry first.
    planned: tuple[Prepared, ...]
    #: What a later run needs to know about the job.
    notes: Mapping[str, Any]
    #: Findings from reading its URLs.
    known: Known = field(default_factory=dict)
    #: The SHA-256 of each local medium as it was read, by its path.
    sources: Mapping[str, str] = field(default_factory=dict)
    #: Sentences: the parts of its media that are used, and results without sound.
    remarks: tuple[str, ...] = ()
    #: What it costs, by its planned media.
    cost: Cost | None = None
    #: Options for its media, and for single fields by their names.
    prepare: Options = NOTHING_ASKED
    fields: Mapping[str, Options] = field(default_factory=dict)
    #: It is a part of a split video.
    part: PartNote | None = None
    #: It is sent again though its result is there: see ``runs.redo``.
    redo: bool = False
    #: What splitting would make of its video.
    offer: Offer | None = None

    @property
    def source(self) -> str:
        """The job as given."""
        return self.item.source

    def to_publish(self, inline_images: bool) -> list[str]:
        """Pointers of the fields whose media need a public URL."""
        return [
            at
            for at in self.job.local_paths()
            if not (inline_images and role_of(at) in IMAGE_ROLES)
        ]


@dataclass(frozen=True, slots=True)
class PartOf:
    """What distinguishes a part of a split video from a job that the user wrote."""

    note: PartNote
    #: The seed is the split's and not the job's: it is no part of the identity.
    seeded: bool
    #: Hashes for the identity in place of a file's own, by JSON pointer: of a result whose last
    #: frame is the part's reference, because another library may write the frame in other bytes.
    carried: Mapping[str, str] = field(default_factory=dict)


def admit(
    item: Item,
    options: RunOptions,
    *,
    service: str,
    account: str,
    is_new: Callable[[str], bool] = lambda _: True,
    part: PartOf | None = None,
    hashed: dict[str, str] | None = None,
) -> Ready | RunEntry:
    """The job, or why it cannot be sent; writes nothing.

    Reads its URLs only if ``is_new`` returns True for its identity: media that the service has
    already fetched may be gone. ``hashed`` keeps the hashes of files for the next call, by path.
    """
    known: Known = {}
    job_error: Exception | None = None
    found: tuple[Job, str] | None = None
    sources: dict[str, str] = {}
    key = ""
    item = admitted(item)
    try:
        job = job_of(item, options.prepare.limits)
        local = job.local_paths()
        hashed = {} if hashed is None else hashed
        for path in local.values():
            if path not in hashed:
                hashed[path] = sha256_of_path(path)
            sources[path] = hashed[path]
        hashes = {at: sources[path] for at, path in local.items()}
        values = job.given()
        if part is not None:
            hashes |= part.carried
            values = {k: v for k, v in values.items() if k != "seed" or not part.seeded}
        name = identity(service, account, values, hashes, options.prepare, options.fields)
        if part is not None:
            key = identity("", "", values, hashes, options.prepare, options.fields)
        found = job, name
        if options.remote and is_new(name):
            known = _url_findings(job, options)
    except (InvalidJob, JobUnreadable, CannotOpen, OSError) as error:
        # The plan's error goes first: it names each medium.
        job_error = error
    planned = planned_media(item, options, known)
    if not planned[0].ok:
        return _refused(item, planned)
    if isinstance(job_error, InvalidJob):
        return RunEntry(item.source, None, "refused", findings=job_error.findings, prepared=planned)
    if found is None:
        return RunEntry(item.source, None, "refused", prepared=planned, error=str(job_error))
    ready = _ready(item, options, *found, planned, known, sources)
    if part is None:
        return ready
    notes = {**ready.notes, PART: part.note.to_dict(), KEY: key}
    return replace(ready, remarks=(), offer=None, notes=notes, part=part.note)


def planned_media(item: Item, options: RunOptions, known: Known) -> tuple[Prepared, ...]:
    """The planned changes of the job and its media; the job's own entry first."""
    # A plan needs names only; the folder of the outputs does not matter.
    names = Outputs(Output("folder", os.path.join(gettempdir(), "vaceprep-plan")))
    work = Work(options.prepare, dry_run=True, allowed_hosts=options.allowed_hosts, known=known)
    return tuple(
        replace(entry, output=None) for entry in prepare_job(item, names, work, options.fields)
    )


def _ready(
    item: Item,
    options: RunOptions,
    job: Job,
    name: str,
    planned: tuple[Prepared, ...],
    known: Known,
    sources: Mapping[str, str],
) -> Ready:
    function: Function = job.given()["function"]
    sound, silent = sound_source(job, planned, sources, search=options.restore_audio)
    notes: dict[str, Any] = {"stem": stem_of(item)} | ({"sound": sound} if sound else {})
    remarks = used_parts(planned)
    own = options.fields.get(INPUT, options.prepare)
    offer = offer_of(function, planned, own, options.prepare.limits, options.price)
    if offer is not None:
        remarks = (*remarks, offer_text(offer))
    if options.restore_audio and silent is not None:
        remarks = (*remarks, silent)
    return Ready(
        item=item,
        job=job,
        function=function,
        identity=name,
        planned=planned,
        notes=notes,
        known=known,
        sources=sources,
        remarks=remarks,
        cost=cost_after(function, planned, options.price),
        prepare=options.prepare,
        fields=options.fields,
        offer=offer,
    )


def admitted(item: Item) -> Item:
    """The job with the values read now: a later edit makes another job."""
    if item.job is not None:
        return item
    try:
        values: Any = read_job(item.source)
    except JobUnreadable as error:
        values = error
    return item._replace(job=values, base=item.source)


def _url_findings(job: Job, options: RunOptions) -> Known:
    """Findings about the job's URLs, after reading each of them."""
    if not any(map(is_url, media_of(job.given()).values())):
        return {}
    from vaceprep.checks.job import look_at_urls
    from vaceprep.net.session import Web

    with Web(options.allowed_hosts) as web:
        limits = options.prepare.limits
        look = Look(allowed_hosts=options.allowed_hosts, limits=limits, web=web)
        return look_at_urls(job.given(), look)


def _refused(item: Item, planned: tuple[Prepared, ...]) -> RunEntry:
    # A URL is not changed and has its own errors.
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
    """The job of a file, or of a line of a manifest. Raises InvalidJob or JobUnreadable."""
    if item.job is None:
        return Job.from_file(item.source, limits=limits)
    if isinstance(item.job, JobUnreadable):
        raise item.job
    return Job.from_dict(item.job, base=os.path.dirname(item.base or ""), limits=limits)


def stem_of(item: Item) -> str:
    """The stem of the results' names: the job file's name without its ending."""
    stem = os.path.splitext(os.path.basename(item.base or item.source))[0]
    # edit.vace.yaml has the stem edit: .vace only marks job files.
    stem = stem.removesuffix(MARK) or "job"
    if item.base is None:
        return stem
    # jobs.jsonl:3 is jobs-3, and its first part, jobs.jsonl:3#part-01, is jobs-3-part-01.
    line = item.source[len(item.base) :].strip(":#").replace("#", "-")
    return f"{stem}-{line}" if line else stem
