"""Whole processes measured side by side: A B A B, so that what slows the machine slows both."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.paths import ROOT

#: What children see. Settings of Python's own would measure the user's shell: without written
#: byte code, every start compiles the package anew.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VACEPREP"))}
#: ``ru_maxrss`` counts KiB on Linux and bytes on macOS.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024

Command = Sequence[str]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took; several processes in a row are summed."""

    wall: float
    cpu: float
    peak_bytes: int


def run(command: Command) -> Cost:
    """Run one process to its end, output to the null device.

    Raises RuntimeError where it ends other than by 0 or 1 (``check``: a finding).
    """
    null = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    start = time.perf_counter()
    child = os.posix_spawn(command[0], list(command), ENVIRONMENT, file_actions=null)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):
        raise RuntimeError(f"{command[:4]} ended with {code}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * RSS_UNIT)


def run_each(commands: Sequence[Command]) -> Cost:
    """Run processes one after the other."""
    costs = [run(command) for command in commands]
    return Cost(
        sum(c.wall for c in costs), sum(c.cpu for c in costs), max(c.peak_bytes for c in costs)
    )


def output(command: Command, *, errors: bool = False) -> str:
    """What a process prints; with ``errors`` on standard error. For looking, not for timing."""
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{command[:4]} ended with {done.returncode}: {done.stderr[-300:]}")
    return done.stderr if errors else done.stdout


#: Starts a process and prints its peak, in as few modules as Python allows.
_WEIGH = """
import os, sys
null = [(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_RDWR, 0) for n in (0, 1, 2)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=null)
print(os.wait4(child, 0)[2].ru_maxrss)
"""


def weigh(command: Command) -> float:
    """The peak memory of a process in bytes, where it may be less than that of this process.

    Linux counts the peak of the parent as that of a child: a process of 8 MB starts this one.
    """
    return int(output([sys.executable, "-I", "-S", "-c", _WEIGH, *command])) * RSS_UNIT


@contextmanager
def beside(module: str, *arguments: str) -> Iterator[tuple[IO[str], IO[str]]]:
    """A module of the benchmarks in a process of its own, which ends when its input does.

    Its input and its output.
    """
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError(f"{module} has no streams")
        try:
            yield process.stdin, process.stdout
        finally:
            process.stdin.close()
            process.wait(60)


def warm(*files: Path) -> None:
    """Read files once, so that all runs find them in the page cache."""
    for name in files:
        with name.open("rb") as file:
            # By pieces: Linux counts the largest that this process has ever been as the least
            # peak of every child that it starts.
            while file.read(1 << 20):
                pass


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some runs, with the least and the greatest."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


def often(command: Command, times: int) -> Cost:
    """The mean of some runs in a row: what is short is measured as exactly as what is long."""
    costs = [run(command) for _ in range(times)]
    return Cost(
        sum(c.wall for c in costs) / times,
        sum(c.cpu for c in costs) / times,
        max(c.peak_bytes for c in costs),
    )


def in_turns(
    sides: Sequence[Callable[[], Cost]], rounds: int, *, warm: bool = False
) -> list[list[Cost]]:
    """Run A B A B; the costs of each side, after one unmeasured round that fills caches.

    ``warm``: the caches are full, or weigh nothing beside what is measured.
    """
    for side in () if warm else sides:
        side()
    costs: list[list[Cost]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, kept in zip(sides, costs, strict=True):
            kept.append(side())
    return costs


def wall(cost: Cost) -> float:
    """The seconds on the clock."""
    return cost.wall


def cpu(cost: Cost) -> float:
    """The seconds of all processors."""
    return cost.cpu


def peak(cost: Cost) -> float:
    """The most memory at any moment, in bytes."""
    return float(cost.peak_bytes)


def ratio(
    above: Sequence[Cost], below: Sequence[Cost], of: Callable[[Cost], float] = wall
) -> Spread:
    """One side over the other, round by round: what slows a round slows both sides."""
    return Spread.of([of(a) / of(b) for a, b in zip(above, below, strict=True)])
