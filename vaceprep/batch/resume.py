"""Resume: which sources are still to do, and the counts of those that are done."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from fractions import Fraction
from typing import Any

from vaceprep.batch.content import content_now, stamp_now
from vaceprep.batch.results import Line, Results
from vaceprep.batch.results_index import Done
from vaceprep.checks.bytes import Options
from vaceprep.checks.inputs import Item
from vaceprep.preparation.cache import fingerprint


def _plain(value: Any) -> Any:
    """Convert to JSON values that are the same in every process."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value


def mark(command: str, requested: Any) -> str:
    """Half of the SHA-256 of a command, its options and vaceprep's version."""
    return fingerprint({"command": command, "asked": _plain(requested)})[:32]


@functools.lru_cache(maxsize=256)
def check_mark(options: Options, far: bool) -> str:
    """The mark of a check, whose options may differ between sources; ``far``: URLs are read."""
    return mark("check", [options, far])


@dataclass(slots=True)
class Tally:
    """Counts of the results so far."""

    done: int = 0
    skipped: int = 0
    refused: int = 0
    rules: Counter[str] = field(default_factory=Counter)

    def count(self, line: Line) -> None:
        """Count a result."""
        self.done += 1
        self.refused += not line.ok
        self.rules.update(line.rules)


#: Whether an earlier result with the same content and options is still valid.
Holds = Callable[[Item, dict[str, Any]], bool]


def left(
    items: Iterable[Item],
    sink: Sink,
    mark_of: Callable[[Item], str],
    tally: Tally,
    holds: Holds | None = None,
) -> Iterator[Item]:
    """The items without a result, each once."""
    for item in items:
        if not sink.first_time(item.source):
            continue
        done = sink.known(item.source)
        if done is not None and _stands(item, done, mark_of(item)):
            line = sink.line(done) if holds is not None else None
            if line is None or holds is None or holds(item, line):
                tally.skipped += 1
                tally.refused += not done.ok
                continue
        yield item


def _stands(item: Item, done: Done, mark: str) -> bool:
    if done.made_by != mark:
        return False
    stamp = stamp_now(item)
    if stamp is not None and stamp == done.stamp:
        return True
    return content_now(item).digest == done.content


class Printed:
    """Results on standard output, without any earlier results."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._seen: set[int] = set()

    def known(self, _: str) -> Done | None:
        """Always None."""
        return None

    def first_time(self, source: str) -> bool:
        """Keeps a number for each name, since there may be many."""
        key = hash(source)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def line(self, done: Done) -> dict[str, Any]:
        """Raises: there are no earlier results."""
        raise LookupError(done)

    def add(self, line: Line) -> None:
        """Print it."""
        self._write(f"{line.text}\n")


#: The destination of results.
Sink = Results | Printed
