"""``vaceprep check``: would the service accept it, why not, how to fix it."""

from __future__ import annotations

from contextlib import closing, nullcontext
from itertools import chain
from typing import TYPE_CHECKING

import click

from vaceprep.cli import check_output, config_options, html_report, options
from vaceprep.contract import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaceprep.checks.report import FileReport
    from vaceprep.report.formats import Format

EPILOG = """\b
Examples:
  vaceprep check clip.mp4
  vaceprep check --role first_clip_url clip.mp4
  vaceprep check https://example.com/clip.mp4
  vaceprep check shoot/ --ignore video-dimensions --strict
  vaceprep check --format json shoot/ | jq '.files[] | select(.findings != [])'
  vaceprep check shoot/ --output-file vaceprep.sarif   for code scanning; .xml for JUnit

Exit codes: 0 nothing stops a submission; 1 a finding of severity error; 2 wrong usage."""


def _say_undecoded(files: Sequence[FileReport]) -> None:
    """Videos behind URLs that are too large to be fetched whole."""
    from vaceprep.cli.streams import REMARK
    from vaceprep.contract import REMOTE_BYTES
    from vaceprep.facts import VideoFacts
    from vaceprep.files.source import is_url
    from vaceprep.report.escape import printable

    for entry in files:
        facts = entry.facts
        if is_url(entry.source) and isinstance(facts, VideoFacts) and facts.decoded is None:
            name = printable(entry.source, limit=REMARK)
            options.say(f"{name}: not decoded; {REMOTE_BYTES:,} bytes at most are fetched of a URL")


@click.command("check", epilog=EPILOG)
@options.sources
@options.role
@click.option(
    "--select",
    multiple=True,
    metavar="RULES",
    shell_complete=options.complete_rules,
    help="Report only these rules.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="RULES",
    shell_complete=options.complete_rules,
    help="Do not report these rules.",
)
@click.option("--strict/--no-strict", default=None, help="Warnings count as errors.")
@click.option("--advice", is_flag=True, help="Show advice too (JSON always has it).")
@options.deep
@click.option("--no-remote", is_flag=True, help="Connect nowhere: judge URLs by their text.")
@options.allow_host
@html_report.report
@config_options.options
@check_output.form_options
@options.jobs
@options.isolate
@options.timeout("Seconds that one isolated file may take: 10 without it, 300 with --deep.")
def command(
    sources: tuple[str, ...],
    role: Role | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    strict: bool | None,
    advice: bool,
    deep: bool,
    no_remote: bool,
    allow_host: tuple[str, ...],
    report: str | None,
    config_file: str | None,
    no_config: bool,
    output: Format | None,
    output_file: str | None,
    jobs: int | None,
    isolate: bool | None,
    timeout: float | None,
) -> int:
    """Check videos and images, folders of them, URLs, or standard input (-).

    RULES are slugs (video-fps), codes (VP103) or the beginning of codes (VP1), joined by commas.
    """
    from vaceprep.checks.inputs import Skipped, collect
    from vaceprep.checks.library import (
        check_items,
        default_jobs,
        make_selection,
        may_be_far,
        said_once,
        threads_for,
        ways,
    )
    from vaceprep.checks.report import summarise
    from vaceprep.checks.source import Options
    from vaceprep.rules.catalogue import UnknownRule

    try:
        selection = make_selection(select or None, ignore, bool(strict))
    except UnknownRule as error:
        raise click.UsageError(str(error)) from None
    html_report.ready(report, sources)
    settings = Options(role=role, deep=deep, selection=selection, allowed_hosts=allow_host)
    skipped = Skipped()
    own = html_report.skipped(report) | html_report.skipped(output_file)
    items = list(collect(sources, skipped, own, "all"))
    note = skipped.sentence()
    if note:
        options.say(note)
    if not items:
        options.say("no video or image was found, and no job")
    held = config_options.Judging(
        config_options.finder(config_file, no_config),
        settings,
        select=bool(select),
        ignore=bool(ignore),
        strict=strict is not None,
    )
    held.settle(items)
    check_output.check_output_file(output_file, (item.source for item in items))
    groups: list[tuple[FileReport, ...]] = []
    options.collect_garbage()
    apart = options.apart(isolate, items)
    jobs_found = any(item.kind == "job" for item in items)
    far = not no_remote and (jobs_found or any(map(may_be_far, sources)))
    # Alone, nothing of it is left behind however it ends.
    ending = options.terminable() if apart or far or report or output_file else nullcontext()
    with ways(far, held.hosts) as web, ending:
        work = check_items(
            items,
            lambda item: held.of(item)._replace(web=web),
            jobs or (default_jobs() if apart else threads_for(items, deep=deep)),
            isolate=apart,
            seconds=timeout,
            deep=deep,
            web=web,
        )
        with options.progress(len(items), "checking") as step, closing(work):
            for entries in work:
                groups.append(entries)
                step()
    files = list(said_once(items, groups)) if jobs_found else list(chain.from_iterable(groups))
    if deep:
        _say_undecoded(files)
    code = check_output.show(
        files,
        summarise(files),
        output=output,
        output_file=output_file,
        advice=advice,
        configs=held.configs,
        given=sources,
    )
    told = html_report.written(report, "check", items, groups, sources, jobs=jobs)
    return code if told else 1
