"""``python -m tests.bench``: measures, prints one table, exits with 1 where a target is missed."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.bench import cost, machine, table
from tests.bench.cluster_rows import CLUSTER
from tests.bench.edit_rows import EDITS
from tests.bench.join_rows import JOINS
from tests.bench.many_rows import MANY
from tests.bench.measure import ENVIRONMENT
from tests.bench.prepare_rows import PREPARES
from tests.bench.preview_rows import PREVIEWS
from tests.bench.remote_rows import REMOTE
from tests.bench.rows import CHECKS, Bench, Row


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


BENCHES: Final = (*CHECKS, *MANY, *CLUSTER, *REMOTE, *PREPARES, *PREVIEWS, *EDITS, *JOINS)


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sets, fewer rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--markdown", action="store_true", help="print the table of docs/performance.md"
    )
    names = [bench.__name__ for bench in BENCHES]
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw cost against size there (.svg, .png)"
    )
    asked = parser.parse_args()
    if not hasattr(os, "posix_spawn") or not hasattr(os, "wait4"):
        _say("the benchmarks need a POSIX system (posix_spawn, wait4)")
        return 2
    rows: list[Row] = []
    took: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="vaceprep-bench-") as scratch:
        # What is remembered here is nobody's own.
        ENVIRONMENT["VACEPREP_STATE_DIR"] = str(Path(scratch, "state"))
        ffprobe, ffmpeg = shutil.which("ffprobe"), shutil.which("ffmpeg")
        for name, found in (("ffprobe", ffprobe), ("ffmpeg", ffmpeg)):
            if found is None:
                _say(f"{name} is not installed: the rows that it is the yardstick of are skipped")
        bench = Bench(ffprobe, ffmpeg, asked.quick, Path(scratch))
        wanted = [m for m in BENCHES if asked.only is None or m.__name__ in asked.only]
        start = time.monotonic()
        if set(wanted) & {*PREPARES, *PREVIEWS, *JOINS} and ffmpeg is not None:
            _ = bench.clips
        if set(wanted) - {*PREPARES, *PREVIEWS, *EDITS, *JOINS}:
            _ = bench.media
        took["media"] = time.monotonic() - start
        for measure in wanted:
            _say(f"measuring: {measure.__name__}")
            start = time.monotonic()
            rows += measure(bench)
            took[measure.__name__] = time.monotonic() - start
        curves: list[cost.Curve] = []
        if asked.plot:
            _say("measuring: cost against size")
            curves = list(cost.curves(bench))
            cost.draw(curves, asked.plot)
    named = machine.describe()
    show = table.markdown if asked.markdown else table.text
    print("\n".join([*show(rows, machine.sentence(named)), table.costs(took)]))
    if asked.json:
        figures = table.to_json(rows, named, took, quick=asked.quick)
        if curves:
            figures["curves"] = cost.to_json(curves)
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return int(any(row.passed is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
