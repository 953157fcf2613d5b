"""What a batch on a Dask cluster of this machine costs, beside one on processes (issue 15).

As a program, ``python -m tests.bench.cluster_rows WORKERS FOLDER``: a scheduler and its workers;
prints their address, and ends when its input does.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.bench.many_rows import batch, links
from tests.bench.measure import beside, in_turns, ratio
from tests.bench.rows import Bench, Row, rates

WORKERS: Final = 2


@contextmanager
def _cluster(folder: Path) -> Iterator[str]:
    """The address of a scheduler; each worker is a process with one thread."""
    folder.mkdir(exist_ok=True)
    with beside("tests.bench.cluster_rows", str(WORKERS), str(folder)) as (_, answers):
        yield answers.readline().strip()


def cluster(bench: Bench) -> Iterator[Row]:
    """A batch on a cluster that waits for it against a batch on as many processes."""
    files = links(bench)
    made = len(list(files.iterdir()))
    label = f"batch check --scheduler of {made} MP4 files with {WORKERS} workers here"
    name = f"{label}: files a second, over those on {WORKERS} processes"
    least = None if bench.quick else 0.8
    if importlib.util.find_spec("distributed") is None:
        yield Row(name, None, "x", at_least=least, note="skipped: distributed is not installed")
        return
    with _cluster(bench.scratch / "dask") as address:
        far, here = in_turns(
            [
                partial(batch, bench, "--scheduler", address),
                partial(batch, bench, "-j", str(WORKERS)),
            ],
            bench.rounds(5),
        )
    yield Row(name, ratio(here, far), "x", at_least=least, note=rates(made, far, here))


CLUSTER: Final[tuple[Callable[[Bench], Iterator[Row]], ...]] = (cluster,)


def main() -> None:
    """Run a cluster until the input ends."""
    dask: Any = importlib.import_module("distributed")
    workers, folder = int(sys.argv[1]), sys.argv[2]
    with dask.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        local_directory=folder,
    ) as made:
        print(made.scheduler_address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
