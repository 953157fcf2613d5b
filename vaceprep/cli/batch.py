"""``vaceprep batch``: check, prepare or run for many, with results as they come."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli import check, config_options, options, prepare, run, run_setup
from vaceprep.cli.batch_loop import Made, see_to
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.batch.sources import Stores
    from vaceprep.checks.inputs import Item
    from vaceprep.checks.source import Options
    from vaceprep.net.session import Web

EPILOG: Final = """\b
Examples:
  vaceprep batch shoot/ -o results.jsonl        one JSON line a file, as they come
  vaceprep batch 'in/**/*.mp4' -o results.jsonl the same again goes on where it was
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

{CODES}"""
RUN: Final = f"""\b
Examples:
  vaceprep batch run jobs.jsonl -o ran.jsonl --sandbox   rehearse offline
  vaceprep batch run jobs.jsonl -o ran.jsonl --publish s3://bucket/vace --yes

{CODES}"""


class _Batch(click.Group):
    """A group whose first command is meant where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        if not args or args[0] not in (*self.commands, "-h", "--help"):
            args = ["check", *args]
        return super().parse_args(ctx, args)


@click.group("batch", cls=_Batch, epilog=EPILOG)
def command() -> None:
    """Check (or prepare, or run) many sources, one result line each, and go on where it ended.

    A source is a file, a folder, a pattern ('in/**/*.mp4'), or a JSON Lines manifest of jobs. What
    is done is read from the results file itself, by path and content.
    """


def _params(
    own: Sequence[click.Parameter], other: click.Command, *without: str
) -> list[click.Parameter]:
    """The arguments that all three share, ``own`` ones, and another command's but ``without``."""
    shared = [parameter for parameter in other.params if parameter.name not in without]
    return [
        click.Argument(
            ["sources"],
            nargs=-1,
            required=True,
            metavar="SOURCE...",
            shell_complete=options.complete_files,
        ),
        click.Option(
            ["-o", "--output", "results"],
            metavar="FILE.jsonl|.parquet",
            shell_complete=options.complete_files,
            help="Append results there and go on from what it has; else print them.",
        ),
        click.Option(
            ["--fresh"],
            is_flag=True,
            help="Believe nothing that the results file has: see to every source anew.",
        ),
        *own,
        *shared,
    ]


def _output_dir(words: str) -> click.Option:
    return click.Option(
        ["--output-dir", "where"],
        metavar="DIR",
        shell_complete=options.complete_folders,
        help=words,
    )


def _check(**given: Any) -> int:
    """Check many sources."""
    from vaceprep.batch.resume import check_mark
    from vaceprep.checks.isolated import seconds_for
    from vaceprep.checks.library import default_jobs, make_selection, may_be_far, ways
    from vaceprep.checks.source import Options
    from vaceprep.rules.catalogue import UnknownRule

    try:
        selection = make_selection(given["select"] or None, given["ignore"], bool(given["strict"]))
    except UnknownRule as error:
        raise click.UsageError(str(error)) from None
    settings = Options(
        role=given["role"],
        deep=given["deep"],
        selection=selection,
        allowed_hosts=given["allow_host"],
    )
    find = config_options.finder(given["config_file"], given["no_config"])
    held = config_options.Judging(
        find,
        settings,
        select=bool(given["select"]),
        ignore=bool(given["ignore"]),
        strict=given["strict"] is not None,
    )

    # A folder may hold jobs, and these URLs.
    far = not given["no_remote"] and any(
        may_be_far(source) or os.path.isdir(source) for source in given["sources"]
    )
    # Of those below the sources, nobody knows before they are met.
    above = [config_options.config_above(find, source) for source in given["sources"]]
    stores = _stores(given["sources"], remote=not given["no_remote"])
    hosts = [*given["allow_host"], *(host for c in above if c for host in c.allow_hosts)]
    hosts += stores.hosts if stores is not None else ()

    def mark_of(item: Item) -> str:
        return check_mark(held.of(item), far and item.kind != "path")

    def work(items: Iterable[Item]) -> Generator[Made]:
        with ways(far, hosts) as web:
            yield from _checked(items, web)

    def options_of(item: Item, web: Web | None) -> Options:
        asked = held.of(item)._replace(web=web)
        if item.tag is None or stores is None:
            return asked
        return asked._replace(allowed_hosts=(*asked.allowed_hosts, *stores.hosts))

    def _checked(items: Iterable[Item], web: Web | None) -> Generator[Made]:
        from vaceprep.batch.check import check_many

        named = None
        if stores is not None:
            from vaceprep.batch.sources import Named

            named = Named(stores)
            items = named.signed(items)
        if given["scheduler"] is not None:
            from vaceprep.batch.cluster import check_on

            checked = check_on(
                given["scheduler"], items, lambda item: options_of(item, None), far=far
            )
        else:
            checked = check_many(
                items,
                lambda item: options_of(item, web),
                given["jobs"] or default_jobs(),
                web=web,
                isolate=given["isolate"] is not False,
                seconds=seconds_for(given["deep"], given["timeout"]),
            )
        try:
            for one in checked:
                done = one if named is None else named.named(one)
                yield done.item, done.ok, done.content, mark_of(done.item), done.entries
        except Exception as error:
            if _is_told(error):
                options.say(f"vaceprep: {printable(str(error), limit=4000)}")
                raise click.exceptions.Exit(1) from None
            raise

    return see_to(given["sources"], given["results"], mark_of, work, stores=stores)


def _is_told(error: Exception) -> bool:
    """Whether its message is for a person: a cluster or a store that is gone."""
    from vaceprep.batch.cluster import NoCluster
    from vaceprep.publish.target import PublishError

    return isinstance(error, NoCluster | PublishError)


def _stores(sources: Sequence[str], *, remote: bool) -> Stores | None:
    """The object stores among the sources. Exits with 2 where one cannot be meant."""
    from vaceprep.batch.sources import is_store

    if not any(map(is_store, sources)):
        return None
    if not remote:
        raise click.UsageError("--no-remote connects nowhere, and a store is elsewhere.")
    from vaceprep.batch.sources import Stores
    from vaceprep.publish.target import PublishError

    try:
        return Stores(sources)
    except (ValueError, PublishError) as error:
        raise click.UsageError(printable(str(error), limit=4000)) from None


def _prepare(**given: Any) -> int:
    """Fix many sources."""
    from vaceprep.batch.prepare import claimed, prepare_many
    from vaceprep.batch.resume import mark
    from vaceprep.preparation.file import Work as PrepareWork
    from vaceprep.preparation.outputs import Outputs, parse_output, walk_skips

    asked, named = prepare.plan_options(
        given["start"],
        given["duration"],
        **{
            name: given[name]
            for name in ("only_errors", "fit_720p", "fps_mode", "pad", "background", "keep_audio")
        },
        salvage=given["salvage"],
    )
    sources, find = (
        given["sources"],
        config_options.finder(given["config_file"], given["no_config"]),
    )
    where = given["where"]
    if where is None:
        where = config_options.output_of(find, sources)
    try:
        to = parse_output(where)
        skips = walk_skips(to, sources)
    except ValueError as error:
        raise click.UsageError(printable(str(error))) from None
    if to.kind == "file":
        raise click.UsageError("--output-dir is a folder.")
    prepare_work = PrepareWork(
        asked, given["role"], given["force"], False, lambda _: None, (), deep=given["deep"]
    )
    names = Outputs(to)

    def mark_of(item: Item) -> str:
        config = config_options.config_of(find, item)
        changed = None if config is None else config.to_dict()
        # What was made without --deep does not count with it.
        deep = ["deep"] * given["deep"]
        return mark("prepare", [asked, named, given["role"], where, changed, *deep])

    def work(items: Iterable[Item]) -> Generator[Made]:
        made = prepare_many(
            items,
            to,
            names,
            prepare_work,
            named,
            lambda item: config_options.config_of(find, item),
            isolate=given["isolate"] is not False,
            seconds=given["timeout"],
        )
        for item, files, content in made:
            ok = all(entry.status != "failed" for entry in files)
            entries = {"files": [entry.to_dict() for entry in files]}
            yield item, ok, content, mark_of(item), entries

    return see_to(
        sources,
        given["results"],
        mark_of,
        work,
        holds=lambda _, line: claimed(names, line),
        outputs=skips,
        wanted="media",
    )


def _run(**given: Any) -> int:
    """Take many jobs to finished videos; each new task costs money."""
    from dataclasses import replace

    from vaceprep.batch.resume import mark
    from vaceprep.batch.run import is_home, run_many

    sources = given["sources"]
    if not (given["yes"] or given["sandbox"]):
        raise click.UsageError(
            "each job that was not sent before costs money, and nobody is asked in a batch: "
            "give --yes, or --sandbox to rehearse."
        )
    find = config_options.finder(given["config_file"], given["no_config"])
    uses = config_options.EVERY
    config = config_options.the_one(
        (s, config_options.config_above(find, s, uses)) for s in sources
    )
    config = config_options.bounded(config, sources)
    with run_setup.walking_alone(config, given) as (walk, account, target, asked):
        # Each sandbox is a service of its own, and all of them are one rehearsal.
        service = "sandbox" if given["sandbox"] else account.service
        # The sandbox's port is another one each time.
        alike = replace(asked, allowed_hosts=given["allow_host"]) if given["sandbox"] else asked
        made_by = mark("run", [service, account.fingerprint, alike])

        def work(items: Iterable[Item]) -> Generator[Made]:
            for item, entry, content in run_many(items, walk, account, target, asked):
                if entry.status == "interrupted":
                    # What was sent is in the ledger; the others were not begun.
                    raise KeyboardInterrupt
                yield item, entry.ok, content, made_by, {"jobs": [entry.to_dict()]}

        return see_to(
            sources,
            given["results"],
            lambda _: made_by,
            work,
            holds=lambda _, line: is_home(line),
            wanted="jobs",
        )


command.add_command(
    click.Command(
        "check",
        callback=_check,
        help=_check.__doc__,
        epilog=CHECK,
        params=_params(
            [
                click.Option(
                    ["--scheduler"],
                    metavar="URL",
                    help="Check on this Dask cluster: tcp://host:8786.",
                )
            ],
            check.command,
            *("sources", "advice", "output", "output_file", "report"),
        ),
    )
)
command.add_command(
    click.Command(
        "prepare",
        callback=_prepare,
        help=_prepare.__doc__,
        epilog=PREPARE,
        params=_params(
            [_output_dir("Where outputs go; without it, prepared/ beside each source.")],
            prepare.command,
            *("sources", "where", "dry_run", "report", "output"),
        ),
    )
)
command.add_command(
    click.Command(
        "run",
        callback=_run,
        help=_run.__doc__,
        epilog=RUN,
        params=_params(
            [_output_dir("Folder for the videos (default: the current folder).")],
            run.command,
            *("jobs", "where", "dry_run", "report", "output", "extra"),
        ),
    )
)
