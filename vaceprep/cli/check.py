"""``vaceprep check``: whether the service would accept a file, why not, and how to fix it."""

from __future__ import annotations

from contextlib import closing, nullcontext
from itertools import chain
from typing import TYPE_CHECKING, Any

from vaceprep.checks.report import FileReport, summarise
from vaceprep.cli import check_output, config_options, html_report, options
from vaceprep.cli.option_groups import OptionGroup, group, option, takes
from vaceprep.cli.streams import REMARK
from vaceprep.contract import REMOTE_BYTES, Role
from vaceprep.facts import VideoFacts
from vaceprep.files.source import is_url
from vaceprep.report.escape import printable
from vaceprep.rules.catalogue import UnknownRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from vaceprep.checks.bytes import Options
    from vaceprep.checks.inputs import Item
    from vaceprep.config.find import Finder

EPILOG = """\b
Examples:
  vaceprep check clip.mp4
  vaceprep check --role first_clip_url clip.mp4
  vaceprep check https://example.com/clip.mp4
  vaceprep check shoot/ --ignore video-dimensions --strict
  vaceprep check --format json shoot/ |
      jq '.files[] | select(.findings != [])'
  vaceprep check shoot/ --output-file found.sarif   code scanning; .xml: JUnit

Exit codes: 0 nothing stops a submission; 1 a finding of severity error; 2 wrong usage."""


def _say_undecoded(files: Sequence[FileReport]) -> None:
    """Print which videos behind URLs are too large to fetch whole."""

    for entry in files:
        facts = entry.facts
        if is_url(entry.source) and isinstance(facts, VideoFacts) and facts.decoded is None:
            name = printable(entry.source, limit=REMARK)
            options.say(f"{name}: not decoded; {REMOTE_BYTES:,} bytes at most are fetched of a URL")


def _rules(name: str, about: str) -> Any:
    """An option with names of rules."""
    return option(
        name,
        multiple=True,
        metavar="RULES",
        shell_complete=options.complete_rules,
        help=about,
    )


class RuleSelection(OptionGroup):
    """Which rules are reported, and whether warnings count as errors."""

    select: tuple[str, ...] = _rules("--select", "Report only these rules.")
    ignore: tuple[str, ...] = _rules("--ignore", "Do not report these rules.")
    strict: bool | None = option(
        "--strict/--no-strict", default=None, help="Warnings count as errors."
    )


class Reading(OptionGroup):
    """How much of the media is read, and from which hosts."""

    deep: bool = options.DEEP
    no_remote: bool = option(
        "--no-remote", is_flag=True, help="Connect nowhere: judge URLs by their text."
    )
    allow_host: tuple[str, ...] = options.ALLOW_HOST


class CheckOptions(OptionGroup):
    """The command line of ``check``."""

    sources: tuple[str, ...] = options.SOURCES
    role: Role | None = options.ROLE
    rules: RuleSelection = group(RuleSelection)
    advice: bool = option("--advice", is_flag=True, help="Show advice too (JSON always has it).")
    reading: Reading = group(Reading)
    report: str | None = html_report.REPORT
    configuration: config_options.Configuration = group(config_options.Configuration)
    form: check_output.OutputForm = group(check_output.OutputForm)
    jobs: int | None = options.JOBS
    isolation: options.Isolation = group(options.Isolation)


def check_settings(role: Role | None, rules: RuleSelection, reading: Reading) -> Options:
    """The options of a check from the command line. Exits with 2 for an unknown rule."""
    from vaceprep.checks.bytes import Options
    from vaceprep.checks.library import make_selection

    with options.usage_errors(UnknownRule, limit=REMARK):
        selection = make_selection(rules.select or None, rules.ignore, bool(rules.strict))
    return Options(
        role=role, deep=reading.deep, selection=selection, allowed_hosts=reading.allow_host
    )


def options_by_item(
    settings: Options, rules: RuleSelection, find: Finder
) -> config_options.ItemOptions:
    """The options of each source: from the command line, then from its configuration."""
    return config_options.ItemOptions(
        find,
        settings,
        select=bool(rules.select),
        ignore=bool(rules.ignore),
        strict=rules.strict is not None,
    )


def make_command() -> click.Command:
    """The command, made where click parses its arguments."""
    import click

    return click.command("check", epilog=EPILOG)(takes(CheckOptions)(check))


def check(given: CheckOptions) -> int:
    """Check videos and images, folders of them, URLs, or standard input (-).

    RULES are slugs (video-fps), codes (VP103) or the beginning of codes (VP1), joined by commas.
    """
    from vaceprep.checks.library import reported_once

    settings = check_settings(given.role, given.rules, given.reading)
    html_report.ready(given.report, given.sources)
    items = _items(given)
    find = config_options.finder(given.configuration)
    by_item = options_by_item(settings, given.rules, find)
    by_item.settle(items)
    check_output.check_output_file(given.form.output_file, (item.source for item in items))
    groups = _check(items, by_item, given)
    if any(item.kind == "job" for item in items):
        files = list(reported_once(items, groups))
    else:
        files = list(chain.from_iterable(groups))
    if given.reading.deep:
        _say_undecoded(files)
    code = check_output.show(
        files,
        summarise(files),
        form=given.form,
        advice=given.advice,
        configs=by_item.configs,
        given=given.sources,
    )
    reported = html_report.written(
        given.report, "check", items, groups, given.sources, jobs=given.jobs
    )
    return code if reported else 1


def _items(given: CheckOptions) -> list[Item]:
    """The inputs that the sources expand to; prints what was skipped, and if none is left."""
    from vaceprep.checks.inputs import Skipped, collect

    skipped = Skipped()
    own = html_report.skipped(given.report) | html_report.skipped(given.form.output_file)
    items = list(collect(given.sources, skipped, own, "all"))
    options.say_skipped(skipped)
    if not items:
        options.say("no video or image was found, and no job")
    return items


def _check(
    items: list[Item], by_item: config_options.ItemOptions, given: CheckOptions
) -> list[tuple[FileReport, ...]]:
    """The reports of each input, with a progress line on a terminal."""
    from vaceprep.checks.library import check_items, default_jobs, may_be_far, threads_for, ways

    groups: list[tuple[FileReport, ...]] = []
    options.collect_garbage()
    deep = given.reading.deep
    apart = options.apart(given.isolation.isolate, items)
    has_jobs = any(item.kind == "job" for item in items)
    far = not given.reading.no_remote and (has_jobs or any(map(may_be_far, given.sources)))
    leaves_files = apart or far or given.report or given.form.output_file
    # Otherwise a signal may end the process at once: it has no files or workers to clean up.
    ending = options.terminable() if leaves_files else nullcontext()
    with ways(far, by_item.hosts) as web, ending:
        work = check_items(
            items,
            lambda item: by_item.of(item)._replace(web=web),
            given.jobs or (default_jobs() if apart else threads_for(items, deep=deep)),
            isolate=apart,
            seconds=given.isolation.timeout,
            deep=deep,
            web=web,
        )
        with options.progress(len(items), "checking") as step, closing(work):
            for entries in work:
                groups.append(entries)
                step()
    return groups
