"""Run all rows and print their results: ``python -m tests.truth [WORD...]``.

Words choose the rows whose name has all of them. Exit 1 where a row is wrong that should be
right, or right that is named as wrong.
"""

from __future__ import annotations

import sys
import time

from tests.truth.run import Result, results
from tests.truth.table import NOT_YET, ROWS


def main(words: list[str]) -> int:
    """Print a line for each row; returns the exit code."""
    rows = [row for row in ROWS if all(word in row.name for word in words)]
    counts: dict[str, int] = {}
    bad = False
    width = max((len(row.name) for row in rows), default=0)
    begun = time.process_time()
    for result in results(rows):
        print(_line(result, width), flush=True)
        counts[result.state] = counts.get(result.state, 0) + 1
        bad = bad or (result.state == "wrong") != (result.row.name in NOT_YET)
    told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    print(f"{len(rows)} rows: {told}; {time.process_time() - begun:.0f} s of processor time")
    return 1 if bad else 0


def _line(result: Result, width: int) -> str:
    asked = " ".join((result.row.command, *result.row.options))
    line = f"{result.state:7} {result.row.name:{width}}  {asked}"
    if result.said:
        line += f"\n        {result.said[:400]}"
    if result.row.name in NOT_YET:
        line += f"\n        (not yet: {NOT_YET[result.row.name]})"
    return line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
