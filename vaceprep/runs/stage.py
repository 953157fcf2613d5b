"""Turn a job into the body of the request: prepare its media and publish them."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from fractions import Fraction
from typing import Any, Final

from vaceprep.contract import IMAGE_ROLES, Role
from vaceprep.errors import Cancelled
from vaceprep.files.digest import sha256_of_path
from vaceprep.files.source import CannotOpen, is_data_uri
from vaceprep.job.media import media_of, put, role_of
from vaceprep.job.model import Job
from vaceprep.preparation.file import Work
from vaceprep.preparation.job import prepare_job
from vaceprep.preparation.outputs import Output, Outputs
from vaceprep.preparation.report import Prepared
from vaceprep.publish.publish import Known, data_uri, publish
from vaceprep.publish.target import Target, asset_of
from vaceprep.runs.admit import Ready
from vaceprep.runs.model import Control, Interrupted, OnStep, RunOptions, Step

#: Seconds after which the prepared media of an abandoned run are removed.
LEFT_AGE: Final = 2 * 24 * 60 * 60


class NotPrepared(Exception):
    """The media could not be prepared; ``entries`` say why."""

    def __init__(self, entries: tuple[Prepared, ...]) -> None:
        reason = [e.error for e in entries if e.error]
        super().__init__("; ".join(dict.fromkeys(reason)) or "its media cannot be prepared")
        self.entries = entries


class Changed(Exception):
    """A medium changed after the job was read."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} was changed after the run began; run the job again")


def work_folder(state: str, identity: str) -> str:
    """The folder for a job's prepared media until the job is sent."""
    return os.path.join(state, "work", identity[:32])


def clear(folder: str) -> None:
    """Remove the prepared media of a job; no errors."""
    shutil.rmtree(folder, ignore_errors=True)


def sweep(state: str) -> None:
    """Remove what abandoned runs left behind; no errors."""
    parent = os.path.join(state, "work")
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            with suppress(OSError):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > LEFT_AGE:
                    clear(entry.path)


def prepare(
    ready: Ready, folder: str, options: RunOptions, control: Control, on_step: OnStep
) -> tuple[Job, tuple[Prepared, ...]]:
    """The job with its media prepared in ``folder``, and the changes.

    Raises NotPrepared, Changed, Interrupted.
    """

    def report_progress(share: Fraction) -> None:
        if control.halted():
            raise Cancelled
        on_step(Step(ready.source, "prepare", share))

    hosts = options.allowed_hosts
    # Decode everything before it is paid for, copied or not.
    work = Work(
        ready.prepare,
        on_progress=report_progress,
        allowed_hosts=hosts,
        known=ready.known,
        deep=True,
    )
    begun = os.path.isdir(folder)
    try:
        # Reuses what an earlier run made if it is the same.
        entries = prepare_job(ready.item, Outputs(Output("folder", folder)), work, ready.fields)
        if begun and not all(entry.ok for entry in entries):
            clear(folder)
            entries = prepare_job(ready.item, Outputs(Output("folder", folder)), work, ready.fields)
    except Cancelled:
        raise Interrupted from None
    target = entries[0].output
    if target is None or not all(entry.ok for entry in entries):
        raise NotPrepared(entries)
    _hold(ready)
    return Job.from_file(target, limits=options.prepare.limits), entries


def _hold(ready: Ready) -> None:
    """Compare each medium with the hash recorded when the job was read. Raises Changed."""
    for path, admitted in ready.sources.items():
        try:
            same = sha256_of_path(path) == admitted
        except (CannotOpen, OSError):
            same = False
        if not same:
            raise Changed(path)


def publish_media(
    ready: Ready,
    job: Job,
    target: Target | None,
    known: Known,
    options: RunOptions,
    control: Control,
    on_step: OnStep,
) -> Job:
    """The job with a public URL for each of its media. Raises PublishError, Interrupted."""
    urls: dict[str, str] = {}
    local = job.local_paths()
    for number, (at, path) in enumerate(local.items()):
        control.step()
        role = role_of(at)
        asset = asset_of(path)
        if options.inline_images and role in IMAGE_ROLES:
            uri = data_uri(asset)
            most = options.prepare.limits.inline_characters
            if len(uri) <= most:
                urls[at] = uri
                continue
            if target is None:
                raise NeedsTarget(role, f"has {len(uri):,} characters inline, of at most {most:,}")
        if target is None:
            raise NeedsTarget(role, "is a local file, and the service takes URLs")
        report_progress = _progress_of(ready.source, on_step, number, len(local), asset.size)
        report_progress(0)
        try:
            published = publish(
                asset,
                target,
                known=known,
                allow_hosts=options.allowed_hosts,
                tell=report_progress,
                cancelled=control.halted,
                max_wait=options.max_wait,
            )
        except Cancelled:
            raise Interrupted from None
        urls[at] = published.url
    return job.replaced(urls)


class NeedsTarget(Exception):
    """A local file needs a public URL, and there is no target to publish to."""

    def __init__(self, role: Role, reason: str) -> None:
        super().__init__(f"{role} {reason}: give --publish TARGET")


def _progress_of(
    source: str, on_step: OnStep, number: int, count: int, size: int
) -> Callable[[int], None]:
    def report_progress(sent: int) -> None:
        share = Fraction(min(sent, size), size) if size else Fraction(1)
        on_step(Step(source, "upload", (number + share) / count))

    return report_progress


def shortened(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body for the ledger: a ``data:`` URI becomes its type, length and SHA-256."""
    short = dict(body)
    for at, value in media_of(body).items():
        if is_data_uri(value):
            head = value.partition(",")[0]
            sha = hashlib.sha256(value.encode()).hexdigest()
            put(short, at, f"{head},... ({len(value)} characters, sha256 {sha})")
    return short
