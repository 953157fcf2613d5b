"""Conditions of a run: good jobs, a key, and a target to publish to."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from vaceprep.api.client import Client
from vaceprep.api.model import Rejected
from vaceprep.api.settings import Settings
from vaceprep.checks.inputs import STDIN, Item, Skipped, collect
from vaceprep.contract import KEY_VARIABLE
from vaceprep.cost import Cost, total
from vaceprep.files.source import CannotOpen, open_stdin
from vaceprep.job.read import JobUnreadable, read_opened
from vaceprep.ledger.row import Row
from vaceprep.ledger.spent import OverBudget
from vaceprep.ledger.store import Ledger
from vaceprep.plans.chain import CannotExtend
from vaceprep.publish.target import PublishError, Target, ready
from vaceprep.runs.admit import Ready
from vaceprep.runs.carry_style import in_sequence
from vaceprep.runs.earlier_parts import earlier
from vaceprep.runs.extend_chain import chain_job
from vaceprep.runs.model import Control, OnStep, RunEntry, RunOptions
from vaceprep.runs.runner import Account, Runner
from vaceprep.runs.spending import over_cap
from vaceprep.runs.split_group import Group, WrongSplit, planned_parts, split_job
from vaceprep.runs.stage import sweep

#: The name for a job from standard input.
STDIN_NAME = "stdin.json"


class NotConfigured(ValueError):
    """Something must be set first; the message says what. Nothing was prepared or sent."""


def items_of(sources: Iterable[str]) -> list[Item]:
    """The jobs of the given sources. Raises ValueError for a source that is not a job."""
    items = []
    for item in _found(sources):
        if item.source == STDIN:
            items.append(_from_stdin())
        elif item.kind == "job":
            items.append(item)
        else:
            raise ValueError(
                f"{item.source} is not a job file (.json, .yaml, .yml, .toml or a .jsonl "
                "manifest); to make one: vaceprep init FUNCTION"
            )
    return items


def _found(sources: Iterable[str]) -> Iterator[Item]:
    """Each source; the jobs of a folder. Raises ValueError for a folder without jobs."""
    for source in sources:
        count = 0
        for item in collect([source], Skipped(), wanted="jobs"):
            count += 1
            yield item
        if not count:
            raise ValueError(
                f"there is no job in {source}: in a folder, a job is a file NAME.vace.yaml (.json, "
                ".yml, .toml), or one with a function; to make one: vaceprep init FUNCTION"
            )


def _from_stdin() -> Item:
    job: dict[str, object] | JobUnreadable
    try:
        with open_stdin() as opened:
            job = read_opened(opened)
    except JobUnreadable as error:
        job = error
    except CannotOpen as error:
        job = JobUnreadable(error.fact.message)
    # Named like a file, so that its results have a name.
    return Item(STDIN_NAME, "job", job, STDIN_NAME)


def account_of(settings: Settings) -> Account:
    """The account that pays. Raises NotConfigured if there is no key."""
    if settings.key is None:
        raise NotConfigured(
            f"there is no key: set {KEY_VARIABLE} in the environment or in a .env file here, or "
            "give --api-key-file FILE"
        )
    return Account(settings.base_url, settings.key.fingerprint())


@dataclass(frozen=True, slots=True)
class JobsBefore:
    """All jobs of a run before it starts: good ones and others, in order."""

    jobs: tuple[Ready | Group | RunEntry, ...]
    #: Those that would be sent now: neither refused nor sent before.
    fresh: tuple[Ready, ...]

    @property
    def ready(self) -> list[Ready | Group]:
        """The good ones."""
        return [job for job in self.jobs if not isinstance(job, RunEntry)]

    @property
    def groups(self) -> list[Group]:
        """Those whose video is split."""
        return [job for job in self.jobs if isinstance(job, Group)]

    @property
    def tasks(self) -> int:
        """The number of tasks of all good ones: a part is one."""
        return sum(len(job.parts) if isinstance(job, Group) else 1 for job in self.ready)

    @property
    def cost(self) -> Cost | None:
        """What the fresh ones cost together; None if there is none."""
        return total(job.cost for job in self.fresh)

    def refused(self, reason: str) -> tuple[RunEntry, ...]:
        """The results of all jobs where none of the good ones is sent."""
        return self.merged([refused_entry(job, reason) for job in self.ready])

    def planned(self) -> tuple[RunEntry, ...]:
        """The results of all jobs where nothing is sent because a plan was asked for."""
        # A job that is given twice is sent once.
        sent = {id(job) for job in self.fresh}
        return self.merged([planned_entry(job, sent) for job in self.ready])

    def merged(self, entries: Sequence[RunEntry]) -> tuple[RunEntry, ...]:
        """The results of all jobs, given the results of the good ones."""
        rest = iter(entries)
        return tuple(job if isinstance(job, RunEntry) else next(rest) for job in self.jobs)


def planned_entry(job: Ready | Group, sent: Collection[int]) -> RunEntry:
    """The result of a good job in a dry run; ``sent``: ids of the jobs that would be sent."""
    entry = RunEntry(job.source, job.function, "planned", notes=job.remarks)
    if isinstance(job, Ready):
        cost = job.cost if id(job) in sent else None
        return replace(entry, prepared=job.planned, cost=cost, offer=job.offer)
    cost = total(part.cost for part in job.parts if id(part) in sent)
    return replace(entry, cost=cost, split=job.entry(planned_parts(job)))


def refused_entry(job: Ready | Group, reason: str) -> RunEntry:
    """The result of a good job that is not sent."""
    entry = RunEntry(job.source, job.function, "refused", notes=job.remarks, error=reason)
    if isinstance(job, Ready):
        return replace(entry, offer=job.offer)
    return replace(entry, split=job.entry(planned_parts(job)))


def assess(
    items: Sequence[Item], options: RunOptions, account: Account, ledger: Ledger
) -> JobsBefore:
    """Read and plan every job, and find which were sent before; writes and sends nothing.

    Raises NotConfigured for a job that cannot be split as asked.
    """

    jobs = [assessed(item, options, account, ledger) for item in items]
    return before_run(jobs, ledger, options)


def is_fresh(identity: str, ledger: Ledger, options: RunOptions) -> bool:
    """Whether a job would be sent now: it was not sent before, or it is to be sent again."""
    return options.again or ledger.standing(identity) is None


def before_run(
    jobs: Sequence[Ready | Group | RunEntry], ledger: Ledger, options: RunOptions
) -> JobsBefore:
    """Find which of the jobs would be sent now."""
    ready: list[Ready] = []
    for job in jobs:
        if isinstance(job, Group):
            ready += job.fresh
        elif isinstance(job, Ready) and is_fresh(job.identity, ledger, options):
            ready.append(job)
    return JobsBefore(tuple(jobs), once(ready, options))


def assessed(
    item: Item, options: RunOptions, account: Account, ledger: Ledger
) -> Ready | Group | RunEntry:
    """One job, read and planned. Raises NotConfigured if it cannot be split as asked."""
    try:
        job = _grouped(item, options, account, ledger)
    except (CannotExtend, WrongSplit) as error:
        raise NotConfigured(f"{item.source}: {error}") from None
    if not isinstance(job, Group):
        return job
    if job.choice.carry_style:
        job = in_sequence(job, ledger, account, again=options.again)
    try:
        ledger.need_budget(account.service, account.fingerprint, job.cost, options.budget)
    except OverBudget as error:
        return refused_entry(job, str(error))
    return job


def _grouped(
    item: Item, options: RunOptions, account: Account, ledger: Ledger
) -> Ready | Group | RunEntry:
    """One job with its parts. Raises CannotExtend, WrongSplit."""

    def row_of(part: Ready) -> Row | None:
        return None if options.again else earlier(ledger, part)

    if options.extend is not None:
        return chain_job(
            item,
            options,
            service=account.service,
            account=account.fingerprint,
            is_new=lambda name: is_fresh(name, ledger, options),
            row_of=row_of,
            rehearsed=ledger.rehearsal,
        )
    return split_job(
        item,
        options,
        service=account.service,
        account=account.fingerprint,
        is_new=lambda name: is_fresh(name, ledger, options),
        is_fresh=lambda part: options.again or earlier(ledger, part) is None,
    )


def planned_jobs(items: Sequence[Item], options: RunOptions) -> JobsBefore:
    """Every job as planned, without a ledger: each would be sent. Raises NotConfigured."""
    jobs: list[Ready | Group | RunEntry] = []
    for item in items:
        try:
            one = split_job if options.extend is None else chain_job
            jobs.append(one(item, options))
        except (CannotExtend, WrongSplit) as error:
            raise NotConfigured(f"{item.source}: {error}") from None
    ready: list[Ready] = []
    for job in jobs:
        ready += job.fresh if isinstance(job, Group) else [job] if isinstance(job, Ready) else []
    return JobsBefore(tuple(jobs), once(ready, options))


def once(jobs: Iterable[Ready], options: RunOptions) -> tuple[Ready, ...]:
    """The jobs, each once: a job that is given twice is sent once, unless ``again``."""
    found: dict[str, Ready] = {}
    for job in jobs:
        found.setdefault(f"{len(found)}" if options.again else job.identity, job)
    return tuple(found.values())


def refused_by_cap(jobs_before: JobsBefore, options: RunOptions) -> str | None:
    """Why the whole call is refused, in a sentence; None if ``max_cost`` covers it."""
    return over_cap(jobs_before.cost, options.max_cost)


def need_target(jobs_before: JobsBefore, target: Target | None, options: RunOptions) -> None:
    """Raises NotConfigured if local media have no target to be published to."""
    for job in jobs_before.fresh:
        local = job.to_publish(options.inline_images)
        if local and target is not None:
            try:
                ready(target)
            except PublishError as error:
                raise NotConfigured(str(error)) from None
            return
        if local:
            raise NotConfigured(
                f"{local[0][1:]} of {job.source} is a local file, and the service takes URLs: "
                "give --publish TARGET (s3://bucket/prefix, a web folder with --public-base, or "
                "https://host/{key})"
                + ("" if options.inline_images else "; images alone go with --inline-images")
            )


def check_key(client: Client, settings: Settings) -> None:
    """Read a task that cannot exist. Raises NotConfigured if the key is refused, ApiError."""
    try:
        client.check_key()
    except Rejected as error:
        raise NotConfigured(
            f"{settings.base_url} refuses the key from {settings.key_origin}: {error}"
        ) from None


@contextmanager
def runner_of(
    settings: Settings,
    account: Account,
    ledger: Ledger,
    target: Target | None,
    options: RunOptions,
    control: Control,
    on_step: OnStep,
) -> Iterator[Runner]:
    """A runner with its client; first removes what earlier runs left behind.

    Raises NotConfigured if the videos could not be written.
    """
    sweep(os.path.dirname(ledger.path))
    if options.wait:
        need_folder(options.output)
    with Client(settings, sleep=control.sleep) as client:
        yield Runner(ledger, client, account, target, options, control, on_step)


def need_folder(folder: str) -> None:
    """Check that videos can be written, before paying for them. Raises NotConfigured."""
    reason = "no permission to write there"
    try:
        os.makedirs(folder, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return
    except OSError as error:
        reason = error.strerror or str(error)
    raise NotConfigured(f"videos cannot be written to {folder}: {reason}; give -o DIR")
