"""``vaceprep run``: from a job to the finished video on disk, paid only once."""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli import config_options, html_report, options, service, signals
from vaceprep.cli.extend_options import EXTEND_TO, with_extension
from vaceprep.cli.option_groups import OptionGroup, group, option, takes
from vaceprep.cli.progress import waiting
from vaceprep.cli.run_question import ask, print_remarks
from vaceprep.cli.run_setup import (
    MAX_COST,
    RESTORE_AUDIO,
    RunSettings,
    RunWindow,
    check_sandbox,
    in_own_sandbox,
    nothing_sent,
    run_options,
    target_of,
)
from vaceprep.cli.run_split import SplitRunOptions, with_split, write_cut_file
from vaceprep.report.text import config_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaceprep.api.settings import Settings
    from vaceprep.checks.inputs import Item
    from vaceprep.config.model import Config
    from vaceprep.publish.target import Target
    from vaceprep.runs.model import RunEntry, RunOptions

EPILOG: Final = """\b
Examples:
  vaceprep run edit.vace.yaml --publish s3://bucket/vace
  vaceprep run edit.vace.yaml --publish /var/www/m --public-base https://a.b/m
  vaceprep run jobs.jsonl --publish 'https://host/in/{key}' --yes -o results/
  vaceprep run edit.vace.yaml --start 12 --restore-audio
  vaceprep run edit.vace.yaml --split      a long video in parts, joined again
  vaceprep run edit.vace.yaml --sandbox    rehearse offline: no key, no cost
  vaceprep run edit.vace.yaml --dry-run    show the plan; send nothing

Each accepted task costs money. The same job within 24 hours is picked up, not sent again.

Exit codes: 0 every video is on disk (--no-wait: every task accepted); 1 something was refused,
failed, or is unknown; 2 something must be set first; 130 after Ctrl-C, 143 after SIGTERM, 129
after SIGHUP."""


class RunCommand(OptionGroup):
    """The command line of ``run``."""

    jobs: tuple[str, ...] = options.sources("JOB|-...")
    settings: RunSettings = group(RunSettings)
    where: str | None = options.folder("-o", "--output", about=options.VIDEOS)
    dry_run: bool = option(
        "--dry-run", is_flag=True, help="Check and plan; send and write nothing."
    )
    max_cost: Fraction | None = MAX_COST
    restore_audio: bool = RESTORE_AUDIO
    window: RunWindow = group(RunWindow)
    split: SplitRunOptions = group(SplitRunOptions)
    extend_to: Fraction | None = EXTEND_TO
    extra: tuple[str, ...] = options.EXTRA
    report: str | None = html_report.REPORT
    configuration: config_options.Configuration = group(config_options.Configuration)
    output: str = options.FORMAT


@click.command("run", epilog=EPILOG)
@takes(RunCommand)
def command(given: RunCommand) -> int:
    """Check jobs, fix and publish their media, submit each once, wait, download the videos.

    A job file is .json, .yaml, .yml or .toml, or a .jsonl manifest with a job a line.
    """
    # Before any file is read: reading and planning may take long.
    click.get_current_context().with_resource(signals.terminable(own_code=True))
    settings = given.settings
    check_sandbox(settings)
    added = options.extras(given.extra)
    items = _items(given.jobs, added)
    find = config_options.finder(given.configuration)
    config: Config | None = config_options.the_one(
        (item.source, config_options.config_of(find, item, config_options.EVERY)) for item in items
    )
    config = config_options.bounded(config, [item.base or item.source for item in items])
    shown = () if config is None else (config.judging_nothing(),)
    run, place = run_options(
        config,
        settings,
        where=given.where,
        restore_audio=given.restore_audio,
        window=given.window,
        max_cost=given.max_cost,
        show_target=not given.dry_run,
    )
    extends = given.extend_to is not None
    run = with_split(run, given.split, len(items), dry_run=given.dry_run, extends=extends)
    run = with_extension(run, given.extend_to, match=not given.split.no_match)
    html_report.ready(given.report, given.jobs)
    options.collect_garbage()
    if given.dry_run:
        entries = _planned(items, run, given.split)
    elif settings.sandbox:
        entries = in_sandbox(items, run, settings.fault, list(added), settings.effect)
    else:
        at = service.settings_of(settings.account)
        entries = _run(items, at, target_of(place), run, sandbox=False, yes=settings.yes)
    show_entries(entries, given.output, shown)
    reported = html_report.written(
        given.report, "run", items, [(entry,) for entry in entries], given.jobs
    )
    return code_of(entries) or int(not reported)


def code_of(entries: Sequence[RunEntry]) -> int:
    """The exit code of a run."""
    if any(entry.status == "interrupted" for entry in entries) or signals.ended_by_signal():
        return signals.exit_code()
    return int(not all(entry.ok for entry in entries))


def in_sandbox(
    items: Sequence[Item],
    run: RunOptions,
    faults: Sequence[str] = (),
    extra_fields: Sequence[str] = (),
    effects: Sequence[str] = (),
) -> list[RunEntry]:
    """Run the jobs in their own sandbox. Exits with 2 if it cannot start."""
    with ExitStack() as stack:
        settings, target, run = in_own_sandbox(stack, faults, extra_fields, run, effects)
        return _run(items, settings, target, run, sandbox=True, yes=True)


def _items(jobs: Sequence[str], added: dict[str, Any]) -> list[Item]:
    from vaceprep.runs.preconditions import items_of

    with options.usage_errors(ValueError, limit=400):
        items = items_of(jobs)
    return [_with_extra(item, added) for item in items] if added else items


def _with_extra(item: Item, added: dict[str, Any]) -> Item:
    """The job with added fields; an unreadable job is kept, so that the rules report it."""
    from vaceprep.job.read import JobUnreadable, read_job

    try:
        values = read_job(item.source) if item.job is None else item.job
    except JobUnreadable:
        return item
    if isinstance(values, JobUnreadable):
        return item
    return item._replace(job=options.with_extra(values, added), base=item.base or item.source)


def _run(
    items: Sequence[Item],
    settings: Settings,
    target: Target | None,
    run: RunOptions,
    *,
    sandbox: bool,
    yes: bool,
) -> list[RunEntry]:
    """Check, ask, publish and run jobs.

    Exits with 2 if a setting is missing, with 1 if nothing could be sent.
    """
    from vaceprep.ledger.store import PAID, SANDBOX, Ledger
    from vaceprep.runs.model import Control
    from vaceprep.runs.preconditions import (
        account_of,
        assess,
        check_key,
        need_target,
        refused_by_cap,
        runner_of,
    )
    from vaceprep.runs.split_run import run_all

    with nothing_sent(), ExitStack() as stack:
        account = account_of(settings)
        ledger = stack.enter_context(Ledger(SANDBOX if sandbox else PAID))
        with waiting(planning(len(items))):
            jobs_before = assess(items, run, account, ledger)
        if not jobs_before.ready:
            return list(jobs_before.merged([]))
        refusal = refused_by_cap(jobs_before, run)
        if refusal is not None:
            return list(jobs_before.refused(refusal))
        need_target(jobs_before, target, run)
        print_remarks(jobs_before.ready)
        if jobs_before.fresh and not yes:
            taken = ledger.counted_today(account.service, account.fingerprint)
            ask(jobs_before, settings, target, run, taken)
        control = Control()
        display = service.Display(jobs_before.tasks)
        stack.callback(display.close)
        stack.enter_context(signals.interruptible(control, sandbox=sandbox))
        runner = stack.enter_context(
            runner_of(settings, account, ledger, target, run, control, display.show)
        )
        check_key(runner.client, settings)
        return list(jobs_before.merged(run_all(runner, jobs_before.ready)))


def _planned(items: Sequence[Item], run: RunOptions, split: SplitRunOptions) -> list[RunEntry]:
    """The entries of a dry run, which needs neither a key nor a ledger."""
    from vaceprep.runs.preconditions import NotConfigured, planned_jobs, refused_by_cap

    with options.usage_errors(NotConfigured), waiting(planning(len(items))):
        before = planned_jobs(items, run)
    write_cut_file(split, before.groups)
    refusal = refused_by_cap(before, run)
    if refusal is not None:
        return list(before.refused(refusal))
    return list(before.planned())


def planning(count: int) -> str:
    """The progress text before any question or request."""
    return f"planning {count:,} job{'' if count == 1 else 's'}"


def show_entries(
    entries: Sequence[RunEntry], output: str, configs: tuple[Config, ...] = ()
) -> None:
    """Print the results of the jobs, and the configuration used."""
    if output == "json":
        import json

        from vaceprep.runs.model import RunReport

        options.write(json.dumps(RunReport(tuple(entries), configs).to_dict(), indent=1) + "\n")
        return
    from vaceprep.report import run

    style = options.style()
    for entry in entries:
        options.write_lines(run.run_lines(entry, style))
    options.write_lines((*config_lines(configs, style), run.run_summary(entries, style)))
