"""What must be there before a run begins: jobs that are good, a key, and a place to publish."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from vaceprep.api.client import Client
from vaceprep.api.model import Rejected
from vaceprep.api.settings import Settings
from vaceprep.checks.inputs import STDIN, Item, Skipped, collect
from vaceprep.contract import KEY_VARIABLE
from vaceprep.files.source import CannotOpen, open_stdin
from vaceprep.job.read import JobUnreadable, read_opened
from vaceprep.ledger.store import Ledger
from vaceprep.publish.target import PublishError, Target, ready
from vaceprep.runs.admit import Ready, examine
from vaceprep.runs.model import TASK_PRICE, Control, RunEntry, RunOptions, Tell
from vaceprep.runs.runner import Account, Walk
from vaceprep.runs.stage import sweep

#: What standard input is called.
STDIN_NAME = "stdin.json"


class NotConfigured(ValueError):
    """Something must be set first; the message says what. Nothing was prepared or sent."""


def items_of(sources: Iterable[str]) -> list[Item]:
    """The jobs behind what was named. Raises ValueError for what is no job."""
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
    """Each source; of a folder its jobs. Raises ValueError for a folder without any."""
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
    # Named as a file, so that what comes of it has a name.
    return Item(STDIN_NAME, "job", job, STDIN_NAME)


def account_of(settings: Settings) -> Account:
    """Who pays. Raises NotConfigured where there is no key."""
    if settings.key is None:
        raise NotConfigured(
            f"there is no key: set {KEY_VARIABLE} in the environment or in a .env file here, or "
            "give --api-key-file FILE"
        )
    return Account(settings.base_url, settings.key.fingerprint())


@dataclass(frozen=True, slots=True)
class Outset:
    """All jobs of a run as they stand before it: good ones and others, in order."""

    jobs: tuple[Ready | RunEntry, ...]
    #: Those that would be sent now: neither refused nor sent before.
    fresh: tuple[Ready, ...]

    @property
    def ready(self) -> list[Ready]:
        """The good ones."""
        return [job for job in self.jobs if isinstance(job, Ready)]

    @property
    def cost(self) -> str:
        """What the fresh ones cost at the most, by the list."""
        return f"{float(TASK_PRICE * len(self.fresh)):.2f} USD"

    def merged(self, entries: Sequence[RunEntry]) -> tuple[RunEntry, ...]:
        """What became of all jobs, given what became of the good ones."""
        rest = iter(entries)
        return tuple(next(rest) if isinstance(job, Ready) else job for job in self.jobs)


def look_at(items: Sequence[Item], options: RunOptions, account: Account, ledger: Ledger) -> Outset:
    """Read and plan every job, and tell which were sent before; nothing is written or sent."""

    def is_new(identity: str) -> bool:
        return options.again or ledger.standing(identity) is None

    jobs = tuple(
        examine(item, options, service=account.service, account=account.fingerprint, is_new=is_new)
        for item in items
    )
    fresh: dict[str, Ready] = {}
    for job in jobs:
        if isinstance(job, Ready) and is_new(job.identity):
            key = job.identity if not options.again else f"{len(fresh)}"
            fresh.setdefault(key, job)
    return Outset(jobs, tuple(fresh.values()))


def need_target(outset: Outset, target: Target | None, options: RunOptions) -> None:
    """Raises NotConfigured where local media have no place to be published."""
    for job in outset.fresh:
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
    """Ask for a task that cannot exist. Raises NotConfigured where the key is refused, ApiError."""
    try:
        client.check_key()
    except Rejected as error:
        raise NotConfigured(
            f"{settings.base_url} refuses the key from {settings.key_origin}: {error}"
        ) from None


@contextmanager
def walking(
    settings: Settings,
    account: Account,
    ledger: Ledger,
    target: Target | None,
    options: RunOptions,
    control: Control,
    tell: Tell,
) -> Iterator[Walk]:
    """A walk with its client, and what earlier runs left behind swept away.

    Raises NotConfigured where the videos could not be written.
    """
    sweep(os.path.dirname(ledger.path))
    if options.wait:
        need_folder(options.output)
    with Client(settings, sleep=control.sleep) as client:
        yield Walk(ledger, client, account, target, options, control, tell)


def need_folder(folder: str) -> None:
    """Before anything is paid for, see that its video can be written. Raises NotConfigured."""
    said = "no permission to write there"
    try:
        os.makedirs(folder, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return
    except OSError as error:
        said = error.strerror or str(error)
    raise NotConfigured(f"videos cannot be written to {folder}: {said}; give -o DIR")
