"""Process many sources: write results to a file as they come, and print a summary at the end."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli import options
from vaceprep.cli.progress import Line, Row, clock
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.batch.content import Content
    from vaceprep.batch.results import Packed
    from vaceprep.batch.resume import Holds, Sink, Tally
    from vaceprep.batch.sources import Stores
    from vaceprep.checks.inputs import Item, Wanted
    from vaceprep.cli.batch import BatchOptions

#: Seconds between two updates of the line, and before the first.
PAUSE: Final = 0.2
#: The most rules that the line names.
NAMED: Final = 3


def line_of(tally: Tally, seconds: float, total: int | None) -> str:
    """The progress line: the count, the rate, the time left, and the most frequent rules."""
    rate = tally.done / seconds if seconds > 0 else 0.0
    seen = tally.done + tally.skipped
    parts = [f"{seen:,} of {total:,}" if total is not None else f"{seen:,}"]
    if tally.skipped:
        parts.append(f"{tally.skipped:,} already done")
    parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
    if total is not None and rate > 0:
        parts.append(f"{clock(max(0, total - seen) / rate)} left")
    parts.append(f"{tally.refused:,} with errors")
    parts += [f"{rule} {count:,}" for rule, count in tally.rules.most_common(NAMED)]
    return "  ".join(parts)


class Live:
    """The progress line while the ``with`` block runs; nothing if standard error is no terminal."""

    def __init__(self, tally: Tally, sources: Sequence[str]) -> None:
        self._moves = options.moves(sys.stderr)
        self._start = self._drawn = time.monotonic()
        self._total: int | None = None
        self._line = Line(lambda: Row(line_of(tally, time.monotonic() - self._start, self._total)))
        if self._moves:
            # Counting a large tree may take long, so it runs in the background.
            counting = threading.Thread(target=self._count, args=(list(sources),), daemon=True)
            counting.start()

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def step(self) -> None:
        """Update the line, if it is due."""
        now = time.monotonic()
        if self._moves and now - self._drawn >= PAUSE:
            self._drawn = now
            self._line.draw()

    def _count(self, sources: list[str]) -> None:
        total = sum(map(_members, sources))
        self._total = total


def _members(source: str) -> int:
    """An estimate of a source's number of results; opens no file but manifests."""
    from vaceprep.batch.sources import is_pattern, matches
    from vaceprep.checks.inputs import MANIFEST_ENDING
    from vaceprep.probes.measure import is_media

    try:
        if is_pattern(source):
            return sum(1 for _ in matches(source))
        if os.path.isdir(source):
            return sum(
                not name.startswith(".") and is_media(b"", name)
                for _, _, files in os.walk(source)
                for name in files
            )
        if source.lower().endswith(MANIFEST_ENDING):
            with open(source, "rb") as file:
                return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
    except (OSError, ValueError):
        return 0
    return 1


#: A result: its source, whether it is ok, its content, its mark, and its entries.
Made = tuple["Item", bool, "Content", str, "dict[str, Any] | Packed"]
#: A function from the remaining sources to their results.
Work = Callable[[Iterable["Item"]], Generator[Made]]


@contextmanager
def _sink(given: BatchOptions) -> Iterator[Sink]:
    """The destination of results. Exits with 1 if it fails, with 2 if it is invalid."""
    from vaceprep.batch.results import Results, ResultsError, ResultsFull, check_place
    from vaceprep.batch.resume import Printed

    results, sources = given.results, given.sources
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
        with Results(path, sources, fresh=given.fresh) as file:
            yield file
            file.finish()
        if packed:
            parquet.pack(results)
    except ResultsFull as error:
        raise options.failure(error) from None
    except ResultsError as error:
        raise click.UsageError(printable(str(error), limit=4000)) from None
    except KeyboardInterrupt:
        options.say(f"{printable(path)} has what is done; the same command goes on")
        raise


def process(
    given: BatchOptions,
    mark_of: Callable[[Item], str],
    work: Work,
    *,
    holds: Holds | None = None,
    outputs: Iterable[str] = (),
    stores: Stores | None = None,
    wanted: Wanted = "all",
) -> int:
    """Write a result for each source without one, and print the summary; the exit code."""
    from vaceprep.batch.results import line_of
    from vaceprep.batch.resume import Tally, left
    from vaceprep.batch.sources import NothingThere, check_sources, is_store, items
    from vaceprep.checks.inputs import Skipped

    sources, results = given.sources, given.results
    if stores is None and any(map(is_store, sources)):
        raise click.UsageError("objects of a store are checked; download them for anything else.")
    with options.usage_errors(NothingThere):
        check_sources(sources)
    skipped, tally = Skipped(), Tally()
    own = [path for path in (results, *outputs) if path is not None]
    journals = [f"{path}.journal.jsonl" for path in own]
    skip = frozenset(os.path.realpath(path) for path in (*own, *journals))
    name = click.get_current_context().info_name or "check"
    options.collect_garbage()
    with options.terminable(), _sink(given) as sink, Live(tally, sources) as live:
        found = items(sources, skipped, skip, None if stores is None else stores.items, wanted)
        fresh = left(found, sink, mark_of, tally, holds)
        with closing(work(fresh)) as made:
            for item, ok, content, mark, entries in made:
                line = line_of(name, item.source, ok, content, mark, entries)
                sink.add(line)
                tally.count(line)
                live.step()
    options.say_skipped(skipped)
    _sum_up(tally, results)
    return int(tally.refused > 0)


def _sum_up(tally: Tally, results: str | None) -> None:
    seen = tally.done + tally.skipped
    parts = [f"{seen:,} source{'' if seen == 1 else 's'}: {tally.refused:,} with errors"]
    if tally.skipped:
        parts.append(f"{tally.skipped:,} already done")
    line = ", ".join(parts)
    rules = ", ".join(f"{rule} {count:,}" for rule, count in tally.rules.most_common())
    if results is None:
        # Standard output contains the results.
        options.say(line)
        return
    options.write_lines([line, rules] if rules else [line])
