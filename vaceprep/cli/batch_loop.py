"""Seeing to many sources: results as they come, into a file, and a sum at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click

from vaceprep.cli import options
from vaceprep.cli.live import Live
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.batch.content import Content
    from vaceprep.batch.objects import Stores
    from vaceprep.batch.results import Packed
    from vaceprep.batch.resume import Holds, Sink, Tally
    from vaceprep.checks.inputs import Item, Wanted

#: A result: its source, whether it is well, what it is of, its mark, and its entries.
Made = tuple["Item", bool, "Content", str, "dict[str, Any] | Packed"]
#: From what is left to do to its results.
Work = Callable[[Iterable["Item"]], Generator[Made]]


@contextmanager
def _sink(results: str | None, sources: Sequence[str], fresh: bool) -> Iterator[Sink]:
    """Where results go. Exits with 1 where that fails, with 2 where it cannot be meant."""
    from vaceprep.batch.results import Results, ResultsError, ResultsFull, check_place
    from vaceprep.batch.resume import Printed

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
            check_place(results, sources)
            parquet.unpack(results)
        with Results(path, sources, fresh=fresh) as file:
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


def see_to(
    sources: Sequence[str],
    results: str | None,
    mark_of: Callable[[Item], str],
    work: Work,
    *,
    holds: Holds | None = None,
    outputs: Iterable[str] = (),
    stores: Stores | None = None,
    wanted: Wanted = "all",
) -> int:
    """See to every source; the exit code."""
    from vaceprep.batch.results import line_of
    from vaceprep.batch.resume import Tally, left
    from vaceprep.batch.sources import NothingThere, check_sources, is_store, items
    from vaceprep.checks.inputs import Skipped

    if stores is None and any(map(is_store, sources)):
        raise click.UsageError("objects of a store are checked; download them for anything else.")
    try:
        check_sources(sources)
    except NothingThere as error:
        raise click.UsageError(printable(str(error), limit=4000)) from None
    skipped, tally = Skipped(), Tally()
    own = [path for path in (results, *outputs) if path is not None]
    journals = [f"{path}.journal.jsonl" for path in own]
    skip = frozenset(os.path.realpath(path) for path in (*own, *journals))
    context = click.get_current_context()
    name, anew = context.info_name or "check", bool(context.params.get("fresh"))
    options.collect_garbage()
    with options.terminable(), _sink(results, sources, anew) as sink, Live(tally, sources) as live:
        found = items(sources, skipped, skip, None if stores is None else stores.items, wanted)
        fresh = left(found, sink, mark_of, tally, holds)
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
