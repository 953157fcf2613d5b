"""``vaceprep batch``: check, prepare or run many sources, with results as they come."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import click

from vaceprep.cli import config_options, options
from vaceprep.cli.batch_loop import Made, process
from vaceprep.cli.check import Reading, RuleSelection, check_settings, options_by_item
from vaceprep.cli.option_groups import OptionGroup, group, option, takes
from vaceprep.cli.prepare import Changes, PrepareIsolation
from vaceprep.cli.run_setup import (
    MAX_COST,
    RESTORE_AUDIO,
    RunSettings,
    RunWindow,
    check_sandbox,
    open_runner,
    run_options,
)
from vaceprep.cli.run_split import SplitRunOptions, with_split
from vaceprep.cli.window_options import Window
from vaceprep.contract import PRICE_PER_SECOND, Role

if TYPE_CHECKING:
    from vaceprep.batch.check import Checked
    from vaceprep.batch.sources import Stores
    from vaceprep.checks.bytes import Options
    from vaceprep.checks.inputs import Item
    from vaceprep.net.session import Web

EPILOG: Final = """\b
Examples:
  vaceprep batch shoot/ -o results.jsonl        one JSON line for each file
  vaceprep batch 'in/**/*.mp4' -o out.jsonl    again: what is not done yet
  vaceprep batch jobs.jsonl -o results.parquet  a manifest with a job a line
  vaceprep batch prepare shoot/ -o made.jsonl --output-dir ready/
  vaceprep batch run jobs.jsonl -o ran.jsonl --publish s3://bucket/vace --yes
  vaceprep batch shoot/ -o results.jsonl --scheduler tcp://10.0.0.5:8786

Exit codes: 0 all sources passed (or were prepared, or downloaded); 1 at least
one did not, or the results could not be written; 2 wrong usage; 130 after
Ctrl-C."""

CODES: Final = EPILOG.partition("\n\n")[2]
CHECK: Final = f"""\b
Examples:
  vaceprep batch check shoot/ -o results.jsonl
  vaceprep batch check 'in/**/*.mp4' jobs.jsonl -o results.parquet --strict

{CODES}"""
PREPARE: Final = f"""\b
Examples:
  vaceprep batch prepare shoot/ -o made.jsonl --output-dir ready/
  vaceprep batch prepare shoot/ -o made.jsonl --output-dir s3://bucket/ready \\
      --scheduler tcp://10.0.0.5:8786

{CODES}"""
RUN: Final = f"""\b
Examples:
  vaceprep batch run jobs.jsonl -o ran.jsonl --sandbox   rehearse offline
  vaceprep batch run jobs.jsonl -o ran.jsonl --publish s3://bucket/vace --yes

{CODES}"""


class _Batch(click.Group):
    """A group with a default command, the first."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the default command if none is named."""
        if not args or args[0] not in (*self.commands, "-h", "--help"):
            args = ["check", *args]
        return super().parse_args(ctx, args)


@click.group("batch", cls=_Batch, epilog=EPILOG)
def command() -> None:
    """Check (or prepare, or run) many sources, one result line each, and go on where it ended.

    A source is a file, a folder, a pattern ('in/**/*.mp4'), or a JSON Lines manifest of jobs. What
    is done is read from the results file itself, by path and content.
    """


class BatchOptions(OptionGroup):
    """The sources and the results of each batch command."""

    sources: tuple[str, ...] = options.sources("SOURCE...")
    results: str | None = option(
        "-o",
        "--output",
        metavar="FILE.jsonl|.parquet",
        shell_complete=options.complete_files,
        help="Append results there and go on from what it has; else print them.",
    )
    fresh: bool = option(
        "--fresh",
        is_flag=True,
        help="Believe nothing that the results file has: see to every source anew.",
    )


class BatchCheckOptions(OptionGroup):
    """The command line of ``batch check``."""

    batch: BatchOptions = group(BatchOptions)
    scheduler: str | None = option(
        "--scheduler", metavar="URL", help="Check on this Dask cluster: tcp://host:8786."
    )
    role: Role | None = options.ROLE
    rules: RuleSelection = group(RuleSelection)
    reading: Reading = group(Reading)
    configuration: config_options.Configuration = group(config_options.Configuration)
    jobs: int | None = options.JOBS
    isolation: options.Isolation = group(options.Isolation)


class BatchPrepareOptions(OptionGroup):
    """The command line of ``batch prepare``."""

    batch: BatchOptions = group(BatchOptions)
    where: str | None = options.folder(
        "--output-dir", about="Where outputs go; without it, prepared/ beside each source."
    )
    scheduler: str | None = option(
        "--scheduler",
        metavar="URL",
        help="Prepare on this Dask cluster, whose workers see sources and outputs.",
    )
    role: Role | None = options.ROLE
    window: Window = group(Window)
    changes: Changes = group(Changes)
    isolation: PrepareIsolation = group(PrepareIsolation)
    configuration: config_options.Configuration = group(config_options.Configuration)


class BatchRunOptions(OptionGroup):
    """The command line of ``batch run``."""

    batch: BatchOptions = group(BatchOptions)
    where: str | None = options.folder("--output-dir", about=options.VIDEOS)
    settings: RunSettings = group(RunSettings)
    max_cost: Fraction | None = MAX_COST
    restore_audio: bool = RESTORE_AUDIO
    window: RunWindow = group(RunWindow)
    split: SplitRunOptions = group(SplitRunOptions)
    configuration: config_options.Configuration = group(config_options.Configuration)


@command.command("check", epilog=CHECK)
@takes(BatchCheckOptions)
def check(given: BatchCheckOptions) -> int:
    """Check many sources."""
    sources, reading = given.batch.sources, given.reading
    settings = check_settings(given.role, given.rules, reading)
    find = config_options.finder(given.configuration)
    by_item = options_by_item(settings, given.rules, find)
    # A folder may contain jobs, and these URLs.
    far = not reading.no_remote and any(may_name_urls(source) for source in sources)
    # The configurations below the sources are unknown until their files are found.
    above = [config_options.config_above(find, source) for source in sources]
    stores = _stores(sources, remote=not reading.no_remote)
    hosts = [*reading.allow_host, *(host for c in above if c for host in c.allow_hosts)]
    checker = _Checker(given, settings, by_item, stores, far, hosts)
    return process(given.batch, checker.fingerprint, checker.results, stores=stores)


def may_name_urls(source: str) -> bool:
    """Whether a source may be, or contain, a URL: jobs in a folder do."""
    from vaceprep.checks.library import may_be_far

    return may_be_far(source) or os.path.isdir(source)


class _Checker:
    """Checks the inputs of a batch, on this machine or on a Dask cluster."""

    def __init__(
        self,
        given: BatchCheckOptions,
        settings: Options,
        by_item: config_options.ItemOptions,
        stores: Stores | None,
        far: bool,
        hosts: Sequence[str],
    ) -> None:
        self._given, self._by_item, self._stores = given, by_item, stores
        self._far, self._hosts = far, hosts
        self._settings = settings
        #: The folders without a configuration.
        self._plain: set[str] = set()
        #: The options of the last input, and its fingerprint, by whether URLs are read.
        self._marks: dict[bool, tuple[Options, str]] = {}

    def _own(self, item: Item) -> Options:
        """The options of an input by the command line and its configuration."""
        folder = os.path.dirname(item.source) if item.kind == "path" else None
        if folder in self._plain:
            return self._settings
        own = self._by_item.of(item)
        if folder is not None and own is self._settings:
            self._plain.add(folder)
        return own

    def fingerprint(self, item: Item) -> str:
        """A fingerprint of everything but its content that a result of this input depends on."""
        from vaceprep.batch.resume import check_mark

        own, far = self._own(item), self._far and item.kind != "path"
        known = self._marks.get(far)
        if known is None or known[0] is not own:
            # Hashing options takes longer than comparing their identity.
            known = self._marks[far] = own, check_mark(own, far)
        return known[1]

    def results(self, items: Iterable[Item]) -> Generator[Made]:
        """A result for each input. Exits with 1 if the cluster or a store fails."""
        from vaceprep.checks.library import ways

        stores = self._stores
        store_hosts = () if stores is None else stores.hosts
        if stores is not None:
            items = stores.signed(items)
        with ways(self._far, [*self._hosts, *store_hosts]) as web:
            try:
                for checked in self._checked(items, web):
                    done = checked if stores is None else stores.named(checked)
                    mark = self.fingerprint(done.item)
                    yield done.item, done.ok, done.content, mark, done.entries
            except Exception as error:
                raise failure_of(error) from None

    def _options(self, item: Item, web: Web | None) -> Options:
        """The options of an input; an object may be read from the host of its store."""
        own = self._own(item)
        if item.kind == "path" or (web is None and item.tag is None):
            # A file connects nowhere.
            return own
        own = own._replace(web=web)
        if item.tag is None or self._stores is None:
            return own
        return own._replace(allowed_hosts=(*own.allowed_hosts, *self._stores.hosts))

    def _checked(self, items: Iterable[Item], web: Web | None) -> Iterable[Checked]:
        from vaceprep.checks.isolated import seconds_for
        from vaceprep.checks.library import default_jobs

        given = self._given
        if given.scheduler is not None:
            from vaceprep.batch.cluster_check import check_on

            return check_on(
                given.scheduler, items, lambda item: self._options(item, None), far=self._far
            )
        from vaceprep.batch.check import check_many

        return check_many(
            items,
            lambda item: self._options(item, web),
            given.jobs or default_jobs(),
            web=web,
            isolate=given.isolation.isolate is not False,
            seconds=seconds_for(given.reading.deep, given.isolation.timeout),
        )


def failure_of(error: Exception) -> Exception:
    """The error, with its message for the user if the cluster or a store is unreachable."""
    from vaceprep.batch.cluster import NoCluster
    from vaceprep.publish.target import PublishError

    return options.failure(error) if isinstance(error, NoCluster | PublishError) else error


def _stores(sources: Sequence[str], *, remote: bool) -> Stores | None:
    """The object stores among the sources. Exits with 2 if one is invalid."""
    from vaceprep.batch.sources import is_store

    if not any(map(is_store, sources)):
        return None
    if not remote:
        raise click.UsageError("--no-remote connects nowhere, and a store is elsewhere.")
    from vaceprep.batch.sources import Stores
    from vaceprep.publish.target import PublishError

    with options.usage_errors(ValueError, PublishError):
        return Stores(sources)


@command.command("prepare", epilog=PREPARE)
@takes(BatchPrepareOptions)
def prepare(given: BatchPrepareOptions) -> int:
    """Fix many sources."""
    from vaceprep.cli.batch_prepare import Preparer

    preparer = Preparer(given, config_options.finder(given.configuration))
    return process(
        given.batch,
        preparer.fingerprint,
        preparer.results,
        holds=preparer.holds,
        outputs=preparer.skips,
        wanted="media",
    )


@command.command("run", epilog=RUN)
@takes(BatchRunOptions)
def run(given: BatchRunOptions) -> int:
    """Take many jobs to finished videos; each new task costs money."""

    from vaceprep.batch.resume import mark
    from vaceprep.batch.run import is_home, run_many

    sources, settings = given.batch.sources, given.settings
    if not (settings.yes or settings.sandbox):
        raise click.UsageError(
            "each job that was not sent before costs money, and nobody is asked in a batch: "
            "give --yes, or --sandbox to rehearse."
        )
    find = config_options.finder(given.configuration)
    uses = config_options.EVERY
    config = config_options.the_one(
        (source, config_options.config_above(find, source, uses)) for source in sources
    )
    config = config_options.bounded(config, sources)
    check_sandbox(settings)
    options_of_run, place = run_options(
        config,
        settings,
        where=given.where,
        restore_audio=given.restore_audio,
        window=given.window,
        max_cost=given.max_cost,
    )
    options_of_run = with_split(options_of_run, given.split)
    with open_runner(settings, options_of_run, place) as (runner, account, target, held):
        # All sandboxes count as one service, though each has its own port.
        service = "sandbox" if settings.sandbox else account.service
        hosts = settings.publishing.allow_host if settings.sandbox else held.allowed_hosts
        # What a job costs, or may, is no reason to do it again.
        plain = replace(
            held, allowed_hosts=hosts, price=PRICE_PER_SECOND, budget=None, max_cost=None
        )
        made_by = mark("run", [service, account.fingerprint, plain])

        def results(items: Iterable[Item]) -> Generator[Made]:
            for item, entry, content in run_many(items, runner, account, target, held):
                if entry.status == "interrupted":
                    # The ledger has the jobs that were sent; the others were not started.
                    raise KeyboardInterrupt
                yield item, entry.ok, content, made_by, {"jobs": [entry.to_dict()]}

        return process(
            given.batch,
            lambda _: made_by,
            results,
            holds=lambda _, line: is_home(line),
            wanted="jobs",
        )
