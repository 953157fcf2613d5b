"""``run`` for many jobs: each by itself, as many in parallel as the account allows.

The ledger decides what is sent: a job already sent is resumed, and one in state unknown is not
sent again, whatever the results file contains.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from typing import Any

from vaceprep.batch.content import Content, content_now
from vaceprep.batch.results import entries_of
from vaceprep.checks.inputs import Item
from vaceprep.checks.library import spread
from vaceprep.publish.target import Target
from vaceprep.runs.admit import Ready, admit
from vaceprep.runs.model import RunEntry, RunOptions
from vaceprep.runs.runner import Account, Runner

#: A job, its result, and the content that the result describes.
Ran = tuple[Item, RunEntry, Content]


def run_many(
    items: Iterable[Item],
    runner: Runner,
    account: Account,
    target: Target | None,
    options: RunOptions,
) -> Generator[Ran]:
    """Yield each job in order; a refused job costs nothing and does not stop the run."""

    def one(item: Item) -> Ran:
        content = content_now(item)
        ready = admit(item, options, service=account.service, account=account.fingerprint)
        if not isinstance(ready, Ready):
            return item, ready, content
        if target is None and ready.to_publish(options.inline_images):
            error = "it names local files, and the service takes URLs"
            hint = "give --publish TARGET"
            entry = RunEntry(item.source, ready.function, "refused", error=error, hint=hint)
            return item, entry, content
        return item, runner.one(ready), content

    yield from spread(one, items, options.at_once + 1)


def is_home(line: dict[str, Any]) -> bool:
    """Whether every video of an earlier result is on disk; if not, the ledger is read again."""
    jobs = entries_of(line, "jobs")
    return bool(jobs) and all(
        job.get("status") == "downloaded" and _are_there(job.get("videos")) for job in jobs
    )


def _are_there(videos: object) -> bool:
    if not isinstance(videos, list) or not videos:
        return False
    try:
        return all(isinstance(path, str) and os.path.isfile(path) for path in videos)
    except ValueError:
        return False
