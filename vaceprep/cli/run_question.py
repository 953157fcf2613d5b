"""What is said and asked before money is spent."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import click

from vaceprep.cli import options
from vaceprep.cost import rate, total, usd
from vaceprep.report.escape import printable
from vaceprep.wording import decimal

if TYPE_CHECKING:
    from vaceprep.api.settings import Settings
    from vaceprep.publish.target import Target
    from vaceprep.runs.admit import Ready
    from vaceprep.runs.model import RunOptions
    from vaceprep.runs.preconditions import JobsBefore
    from vaceprep.runs.split_group import Group

#: The most jobs whose costs are printed one by one before the question.
MOST_COSTS: Final = 100


def print_remarks(jobs: Sequence[Ready | Group]) -> None:
    """Print which parts are used and which results lack sound, before money is spent.

    Of a video that is split: its timeline, with what each part costs.
    """
    from vaceprep.report.timeline import timeline_lines
    from vaceprep.runs.admit import Ready
    from vaceprep.runs.split_group import planned_parts

    for job in jobs:
        if not isinstance(job, Ready):
            split = job.entry(planned_parts(job))
            for line in timeline_lines(split):
                options.say(line)
        for remark in job.remarks:
            options.say(f"{printable(job.source)}: {printable(remark, limit=4000)}")


def ask(
    jobs_before: JobsBefore,
    settings: Settings,
    target: Target | None,
    run: RunOptions,
    taken: Fraction,
) -> None:
    """Ask once before money is spent. Exits with 2 if there is no terminal to ask on.

    ``taken``: US dollars that today's submissions of the account take of a budget.
    """
    count = len(jobs_before.fresh)
    tasks = f"{count} task{'s' if count > 1 else ''}"
    if not options.is_terminal(sys.stdin):
        raise click.UsageError(
            f"{tasks} would be sent, for {_cost_text(jobs_before)}, and there is no terminal "
            "to ask on: give --yes."
        )
    known = jobs_before.tasks - count
    resumed = f" ({known} more were sent before and are picked up)" if known else ""
    files = sum(len(job.to_publish(run.inline_images)) for job in jobs_before.fresh)
    published = ""
    if target is not None and files:
        named = printable(target.name, limit=1000)
        published = f"Publish {files} file{'s' if files > 1 else ''} to {named}, and send"
    question = (
        f"{published or 'Send'} {tasks} to {settings.base_url}{resumed}? At {rate(run.price)} "
        f"that is {_cost_text(jobs_before)}"
    )
    if run.budget is not None:
        question += f"; {usd(taken)} of today's budget of {decimal(run.budget)} USD is taken"
    _print_costs(jobs_before.fresh)
    if not click.confirm(question, err=True):
        options.say("Nothing was sent.")
        raise click.exceptions.Exit(1)


def _cost_text(jobs_before: JobsBefore) -> str:
    cost = jobs_before.cost
    return "nothing" if cost is None else cost.text()


def _print_costs(jobs: Sequence[Ready]) -> None:
    """Print the cost of each of several jobs; the question has the sum, a timeline the parts."""
    jobs = [job for job in jobs if job.part is None]
    if len(jobs) < 2:
        return
    for job in jobs[:MOST_COSTS]:
        if job.cost is not None:
            options.say(f"{printable(job.source)}: {job.cost.text()}")
    rest = total(job.cost for job in jobs[MOST_COSTS:])
    if rest is not None:
        options.say(f"{len(jobs) - MOST_COSTS:,} more: {rest.text()}")
