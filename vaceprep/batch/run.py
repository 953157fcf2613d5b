"""``run`` for many jobs: each by itself, as many in parallel as the account allows.

The ledger decides what is sent: a job already sent is resumed, and one in state unknown is not
sent again, whatever the results file contains. With ``max_cost``, all jobs are read and planned
before the first is sent, because it covers their sum.
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
from vaceprep.runs.admit import Ready
from vaceprep.runs.model import RunEntry, RunOptions
from vaceprep.runs.preconditions import NotConfigured, assessed, before_run, refused_by_cap
from vaceprep.runs.runner import Account, Runner
from vaceprep.runs.split_group import Group
from vaceprep.runs.split_run import run_all

#: A job, its result, and the content that the result describes.
Ran = tuple[Item, RunEntry, Content]
#: The same before it is run: ready, or the result that refuses it.
Planned = tuple[Item, Ready | Group | RunEntry, Content]


def run_many(
    items: Iterable[Item],
    runner: Runner,
    account: Account,
    target: Target | None,
    options: RunOptions,
) -> Generator[Ran]:
    """Yield each job in order; a refused job costs nothing and does not stop the run.

    If the jobs together can cost more than ``max_cost``, all of them are refused.
    """

    def planned(item: Item) -> Planned:
        content = content_now(item)
        try:
            job = assessed(item, options, account, runner.ledger)
        except NotConfigured as error:
            return item, RunEntry(item.source, None, "refused", error=str(error)), content
        if isinstance(job, RunEntry) or target is not None:
            return item, job, content
        parts = job.parts if isinstance(job, Group) else [job]
        if any(part.to_publish(options.inline_images) for part in parts):
            reason = "it names local files, and the service takes URLs"
            hint = "give --publish TARGET"
            job = RunEntry(item.source, job.function, "refused", error=reason, hint=hint)
        return item, job, content

    def ran(item: Item, job: Ready | Group | RunEntry, content: Content) -> Ran:
        if isinstance(job, RunEntry):
            return item, job, content
        (entry,) = run_all(runner, [job])
        return item, entry, content

    at_once = options.at_once + 1
    if options.max_cost is None:
        yield from spread(lambda item: ran(*planned(item)), items, at_once)
        return
    plans = {plan[0].source: plan for plan in spread(planned, items, at_once)}
    before = before_run([job for _, job, _ in plans.values()], runner.ledger, options)
    refusal = refused_by_cap(before, options)
    if refusal is None:
        each = [item for item, _, _ in plans.values()]
        yield from spread(lambda item: ran(*plans[item.source]), each, at_once)
        return
    for (item, _, content), entry in zip(plans.values(), before.refused(refusal), strict=True):
        yield item, entry, content


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
