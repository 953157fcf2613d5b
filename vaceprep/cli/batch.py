"""``vaceprep batch``: check, prepare or run for many, with results as they come."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli import check, configured, options, outset, prepare, run
from vaceprep.cli.live import Live
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.batch.content import Content
    from vaceprep.batch.going import Holds, Sink, Tally
    from vaceprep.collect import Item
    from vaceprep.remote.web import Web

EPILOG: Final = """\b
Examples:
  vaceprep batch shoot/ -o results.jsonl        one JSON line a file, as they come
  vaceprep batch 'in/**/*.mp4' -o results.jsonl the same again goes on where it was
  vaceprep batch jobs.jsonl -o results.parquet  a manifest with a job a line
  vaceprep batch prepare shoot/ -o made.jsonl --output-dir ready/
  vaceprep batch run jobs.jsonl -o ran.jsonl --publish s3://bucket/vace --yes
  vaceprep batch shoot/ -o results.jsonl --scheduler tcp://10.0.0.5:8786

Exit codes: 0 every source passes or was made; 1 one was not, or the results
could not be written; 2 wrong usage; 130 after Ctrl-C."""

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

#: A result: its source, whether it is well, what it is of, its mark, and its entries.
Made = tuple["Item", bool, "Content", str, dict[str, Any]]
#: From what is left to do to its results.
Work = Callable[[Iterable["Item"]], Generator[Made]]


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


@contextmanager
def _sink(results: str | None) -> Iterator[Sink]:
    """Where results go. Exits with 1 where that fails, with 2 where it cannot be meant."""
    from vaceprep.batch.going import Printed
    from vaceprep.batch.results import Results, ResultsError, ResultsFull

    if results is None:
        yield Printed(options.write)
        return
    packed = results.lower().endswith(".parquet")
    if not packed and not results.lower().endswith((".jsonl", ".ndjson", ".json")):
        raise click.UsageError("results are FILE.jsonl or FILE.parquet.")
    if packed:
        from importlib.util import find_spec

        if find_spec("pyarrow") is None:
            raise click.UsageError("Parquet needs a further package: pip install '.[parquet]'")
        from vaceprep.batch import parquet

        path = parquet.journal_of(results)
    else:
        path = results
    try:
        if packed:
            parquet.unpack(results)
        with Results(path) as file:
            yield file
            file.finish()
        if packed:
            parquet.pack(results)
    except ResultsFull as error:
        options.say(f"vaceprep: {printable(str(error), limit=4000)}")
        raise click.exceptions.Exit(1) from None
    except ResultsError as error:
        raise click.UsageError(printable(str(error), limit=4000)) from None
    except KeyboardInterrupt:
        options.say(f"{printable(path)} has what is done; the same command goes on")
        raise


def _all(
    sources: Sequence[str],
    results: str | None,
    mark_of: Callable[[Item], str],
    work: Work,
    *,
    holds: Holds | None = None,
    outputs: Iterable[str] = (),
) -> int:
    """See to every source; the exit code."""
    from vaceprep.batch.going import Tally, left
    from vaceprep.batch.results import line_of
    from vaceprep.batch.sources import NothingThere, check_sources, items
    from vaceprep.collect import Skipped

    try:
        check_sources(sources)
    except NothingThere as error:
        raise click.UsageError(printable(str(error), limit=4000)) from None
    skipped, tally = Skipped(), Tally()
    own = [path for path in (results, *outputs) if path is not None]
    journals = [f"{path}.journal.jsonl" for path in own]
    skip = frozenset(os.path.realpath(path) for path in (*own, *journals))
    name = click.get_current_context().info_name or "check"
    options.collect_garbage()
    with options.terminable(), _sink(results) as sink, Live(tally, sources) as live:
        fresh = left(items(sources, skipped, skip), sink, mark_of, tally, holds)
        with closing(work(fresh)) as made:
            for item, ok, content, mark, entries in made:
                line = line_of(name, item.source, ok, content, mark, entries)
                sink.add(line)
                tally.count(line)
                live.step()
    note = skipped.sentence()
    if note:
        options.say(note)
    _sum_up(tally, results)
    return int(tally.refused > 0)


def _sum_up(tally: Tally, results: str | None) -> None:
    seen = tally.done + tally.skipped
    parts = [f"{seen:,} source{'' if seen == 1 else 's'}: {tally.refused:,} with errors"]
    if tally.skipped:
        parts.append(f"{tally.skipped:,} were there already")
    line = ", ".join(parts)
    rules = ", ".join(f"{rule} {count:,}" for rule, count in tally.rules.most_common())
    if results is None:
        # Standard output has the results.
        options.say(line)
        return
    options.write(line + "\n")
    if rules:
        options.write(f"{rules}\n")


def _check(**given: Any) -> int:
    """Check many sources."""
    from vaceprep.batch.marks import check_mark
    from vaceprep.isolated import seconds_for
    from vaceprep.look import Options
    from vaceprep.preflight import default_jobs, make_selection, may_be_far, ways
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
    held = configured.Judging(
        configured.finder(given["config_file"], given["no_config"]),
        settings,
        select=bool(given["select"]),
        ignore=bool(given["ignore"]),
        strict=given["strict"] is not None,
    )

    far = not given["no_remote"] and any(map(may_be_far, given["sources"]))
    # Of those below the sources, nobody knows before they are met.
    find = configured.finder(given["config_file"], given["no_config"])
    above = [configured.config_above(find, source) for source in given["sources"]]
    hosts = [*given["allow_host"], *(host for c in above if c for host in c.allow_hosts)]

    def mark_of(item: Item) -> str:
        return check_mark(held.of(item), far and item.kind != "path")

    def work(items: Iterable[Item]) -> Generator[Made]:
        with ways(far, hosts) as web:
            yield from _checked(items, web)

    def _checked(items: Iterable[Item], web: Web | None) -> Generator[Made]:
        from vaceprep.batch.check import check_many

        if given["scheduler"] is not None:
            from vaceprep.batch.cluster import NoCluster, check_on

            checked = check_on(given["scheduler"], items, held.of, far=far)
        else:
            checked = check_many(
                items,
                lambda item: held.of(item)._replace(web=web),
                given["jobs"] or default_jobs(),
                web=web,
                isolate=given["isolate"] is not False,
                seconds=seconds_for(given["deep"], given["timeout"]),
            )
        try:
            for item, files, content in checked:
                entries = {"files": [entry.to_dict() for entry in files]}
                ok = all(entry.ok for entry in files)
                yield item, ok, content, mark_of(item), entries
        except Exception as error:
            if given["scheduler"] is not None and isinstance(error, NoCluster):
                options.say(f"vaceprep: {printable(str(error), limit=4000)}")
                raise click.exceptions.Exit(1) from None
            raise

    return _all(given["sources"], given["results"], mark_of, work)


def _prepare(**given: Any) -> int:
    """Mend many sources."""
    from vaceprep.batch.marks import mark
    from vaceprep.batch.prepare import claimed, prepare_many
    from vaceprep.prepare.mend import Work as Mending
    from vaceprep.prepare.outputs import Outputs, parse_output, walk_skips

    asked, named = prepare.plan_options(
        given["start"],
        given["duration"],
        **{
            name: given[name]
            for name in ("only_errors", "fit_720p", "fps_mode", "pad", "background", "keep_audio")
        },
        salvage=given["salvage"],
    )
    sources, find = given["sources"], configured.finder(given["config_file"], given["no_config"])
    where = given["where"]
    if where is None:
        above = [(source, configured.config_above(find, source)) for source in sources]
        where = configured.the_one((source, None if c is None else c.output) for source, c in above)
    try:
        to = parse_output(where)
        skips = walk_skips(to, sources)
    except ValueError as error:
        raise click.UsageError(printable(str(error))) from None
    if to.kind == "file":
        raise click.UsageError("--output-dir is a folder.")
    mending = Mending(asked, given["role"], given["force"], False, lambda _: None, ())
    names = Outputs(to)

    def mark_of(item: Item) -> str:
        config = configured.config_of(find, item)
        changed = None if config is None else config.to_dict()
        return mark("prepare", [asked, named, given["role"], where, changed])

    def work(items: Iterable[Item]) -> Generator[Made]:
        made = prepare_many(
            items,
            to,
            names,
            mending,
            named,
            lambda item: configured.config_of(find, item),
            isolate=given["isolate"] is not False,
            seconds=given["timeout"],
        )
        for item, files, content in made:
            ok = all(entry.status != "failed" for entry in files)
            entries = {"files": [entry.to_dict() for entry in files]}
            yield item, ok, content, mark_of(item), entries

    return _all(
        sources,
        given["results"],
        mark_of,
        work,
        holds=lambda _, line: claimed(names, line),
        outputs=skips,
    )


def _run(**given: Any) -> int:
    """Take many jobs to finished videos; each new task costs money."""
    from vaceprep.batch.marks import mark
    from vaceprep.batch.run import is_home, run_many

    sources = given["sources"]
    if not (given["yes"] or given["sandbox"]):
        raise click.UsageError(
            "each job that was not sent before costs money, and nobody is asked in a batch: "
            "give --yes, or --sandbox to rehearse."
        )
    find = configured.finder(given["config_file"], given["no_config"])
    config = configured.the_one((s, configured.config_above(find, s)) for s in sources)
    with outset.walking_alone(config, given) as (walk, account, target, asked):
        # Each sandbox is a service of its own, and all of them are one rehearsal.
        service = "sandbox" if given["sandbox"] else account.service
        made_by = mark("run", [service, account.fingerprint, asked])

        def work(items: Iterable[Item]) -> Generator[Made]:
            for item, entry, content in run_many(items, walk, account, target, asked):
                if entry.status == "interrupted":
                    # What was sent is in the ledger; the others were not begun.
                    raise KeyboardInterrupt
                yield item, entry.ok, content, made_by, {"jobs": [entry.to_dict()]}

        return _all(
            sources,
            given["results"],
            lambda _: made_by,
            work,
            holds=lambda _, line: is_home(line),
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
            [_output_dir("Where videos go (here).")],
            run.command,
            *("jobs", "where", "dry_run", "report", "output", "extra"),
        ),
    )
)
