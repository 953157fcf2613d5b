"""What a check costs against the size of what is checked: curves, and a picture of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench.many_rows import manifest
from tests.bench.measure import Cost, Spread, output, run
from tests.bench.rows import MB, Bench, vaceprep

MAKE: Final = """
import sys
from pathlib import Path
from tests.media import Hand
Path(sys.argv[2]).write_bytes(Hand(frames=int(sys.argv[1]), index_first=True).data())
"""

#: Seconds of a clip at 25 frames a second.
SECONDS: Final = (5, 60, 600, 3600, 7200)
#: Files of the mixed set.
COUNTS: Final = (1, 10, 100, 200)
LINES: Final = (1000, 10_000, 100_000)


@dataclass(frozen=True, slots=True)
class Point:
    """One size, with the time in seconds and the peak memory in megabytes."""

    size: float
    seconds: Spread
    megabytes: float


@dataclass(frozen=True, slots=True)
class Curve:
    """What is varied, and its points."""

    name: str
    unit: str
    points: tuple[Point, ...]


def _point(size: float, costs: Sequence[Cost]) -> Point:
    wall = Spread.of([cost.wall for cost in costs])
    return Point(size, wall, max(cost.peak_bytes for cost in costs) / MB)


def _times(bench: Bench, command: Sequence[str], rounds: int) -> list[Cost]:
    run(command)
    return [run(command) for _ in range(bench.rounds(rounds))]


def curves(bench: Bench) -> Iterator[Curve]:
    """Time and memory over clip length, resolution, number of files and manifest length."""
    points = []
    for seconds in SECONDS:
        path = bench.scratch / f"{seconds}.mp4"
        # In a process of its own: this one must stay small, see media.py.
        output([sys.executable, "-c", MAKE, str(25 * seconds), str(path)])
        points.append(_point(seconds, _times(bench, vaceprep("check", str(path)), 10)))
    yield Curve("length of the clip", "s", tuple(points))
    by_height: dict[int, Path] = {}
    for file, height in _heights(bench):
        by_height.setdefault(height, file)
    yield Curve(
        "height of the picture",
        "px",
        tuple(
            _point(height, _times(bench, vaceprep("check", str(file)), 10))
            for height, file in sorted(by_height.items())
        ),
    )
    files = [str(file) for file in sorted((bench.media / "mixed").iterdir())]
    points = []
    for count in COUNTS:
        command = vaceprep("check", "--no-isolate", *files[:count])
        points.append(_point(count, _times(bench, command, 6)))
    yield Curve("files in one call", "files", tuple(points))
    points = []
    for lines in LINES[:2] if bench.quick else LINES:
        path, results = manifest(bench, lines), bench.scratch / f"cost-{lines}.jsonl"
        command = vaceprep("batch", str(path), "-o", str(results), "--no-remote")
        results.unlink(missing_ok=True)
        points.append(_point(lines, [run(command)]))
    yield Curve("lines of a manifest", "lines", tuple(points))


def _heights(bench: Bench) -> Iterator[tuple[Path, int]]:
    files = sorted((bench.media / "mixed").iterdir())
    told = json.loads(output(vaceprep("probe", "--format", "json", *map(str, files))))
    for file, entry in zip(files, told["files"], strict=True):
        if entry["facts"] is not None:
            yield file, int(entry["facts"]["height"])


def to_json(found: Sequence[Curve]) -> list[dict[str, Any]]:
    """The curves, for scripts."""
    return [
        {
            "name": curve.name,
            "unit": curve.unit,
            "points": [
                {
                    "size": point.size,
                    "seconds": point.seconds.median,
                    "least": point.seconds.least,
                    "greatest": point.seconds.greatest,
                    "megabytes": point.megabytes,
                }
                for point in curve.points
            ],
        }
        for curve in found
    ]


def draw(found: Sequence[Curve], target: Path) -> None:
    """One panel a curve: time on the left, memory on the right. Needs matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
    figure.suptitle("vaceprep check: whole process, time and peak memory")
    for curve, panel in zip(found, panels.flat, strict=False):
        sizes = [point.size for point in curve.points]
        medians = [point.seconds.median for point in curve.points]
        low = [p.seconds.median - p.seconds.least for p in curve.points]
        high = [p.seconds.greatest - p.seconds.median for p in curve.points]
        panel.errorbar(sizes, medians, yerr=[low, high], color="tab:blue", marker="o", capsize=3)
        panel.set_xscale("log")
        panel.set_xlabel(f"{curve.name} ({curve.unit})")
        panel.set_ylabel("seconds", color="tab:blue")
        panel.set_ylim(0, 1.25 * max(m + h for m, h in zip(medians, high, strict=True)))
        if max(medians) > 10 * min(medians):
            panel.set_yscale("log")
            panel.set_ylim(auto=True)
        memory = panel.twinx()
        memory.plot(
            sizes, [p.megabytes for p in curve.points], color="tab:orange", marker="s", ls="--"
        )
        memory.set_ylabel("megabytes", color="tab:orange")
        memory.set_ylim(0, 160)
        panel.grid(visible=True, which="major", alpha=0.3)
    figure.savefig(target)
    plt.close(figure)
