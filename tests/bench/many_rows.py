"""What is measured of many files: other tools, cores, and a million lines (issues 8 and 15)."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.machine import cores
from tests.bench.measure import Cost, Spread, in_turns, often, ratio, run, run_each, warm
from tests.bench.rows import MB, Bench, Row, rates, vaceprep

#: By module: what each library is called, and how many times its rate is asked for.
NAMES: Final = {"pymediainfo": ("pymediainfo", 4.0), "cv2": ("OpenCV", 9.0)}
#: How often a batch reads the mixed set.
TIMES: Final = 30
#: Lines of the manifest, and in a quick run.
LINES: Final = 1_000_000
FEW_LINES: Final = 20_000
JOB: Final = {"function": "video_repainting", "control_condition": "depth", "prompt_extend": False}


def _mixed(bench: Bench) -> list[Path]:
    files = sorted((bench.media / "mixed").iterdir())
    warm(*files)
    return files[: len(files) // 5] if bench.quick else files


def libraries(bench: Bench) -> Iterator[Row]:
    """Many files in one process against other libraries on the same files in one process."""
    files = [str(file) for file in _mixed(bench)]
    here = [name for name in NAMES if importlib.util.find_spec(name) is not None]
    ours, *theirs = in_turns(
        [
            partial(often, vaceprep("check", "--no-isolate", "--format", "json", *files), 3),
            *(
                partial(run, [sys.executable, "-m", "tests.bench.others", name, *files])
                for name in here
            ),
        ],
        bench.rounds(7),
    )
    costs = dict(zip(here, theirs, strict=True))
    for module, (name, target) in NAMES.items():
        least = None if bench.quick else target
        text = f"check of {len(files)} MP4 files in one call: files a second, over {name}'s"
        if module not in costs:
            yield Row(text, None, "x", at_least=least, note=f"skipped: {name} is not installed")
            continue
        note = rates(len(files), ours, costs[module])
        yield Row(text, ratio(costs[module], ours), "x", at_least=least, note=note)


def mediainfo(bench: Bench) -> Iterator[Row]:
    """Many files in one call against one ``mediainfo`` a file."""
    files = _mixed(bench)
    name = f"check of {len(files)} MP4 files in one call: files a second, over mediainfo's"
    program = shutil.which("mediainfo")
    if program is None:
        yield Row(name, None, "x", note="skipped: mediainfo is not installed")
        return
    ours, theirs = in_turns(
        [
            partial(run, vaceprep("check", "--no-isolate", "--format", "json", *map(str, files))),
            partial(run_each, [[program, "--Output=JSON", str(file)] for file in files]),
        ],
        bench.rounds(5),
    )
    yield Row(name, ratio(theirs, ours), "x", note=rates(len(files), ours, theirs))


def links(bench: Bench) -> Path:
    """A folder with the mixed set so many times that the start of processes weighs little."""
    folder = bench.scratch / "links"
    if not folder.exists():
        folder.mkdir()
        for file in _mixed(bench):
            for number in range(1 if bench.quick else TIMES):
                (folder / f"{number}-{file.name}").symlink_to(file)
    return folder


def batch(bench: Bench, *options: str) -> Cost:
    """A batch of all these files; raises RuntimeError where a line is missing."""
    results = bench.scratch / "results.jsonl"
    results.unlink(missing_ok=True)
    folder = links(bench)
    cost = run(vaceprep("batch", str(folder / "*"), "-o", str(results), *options))
    with results.open("rb") as file:
        lines = sum(1 for _ in file)
    if lines < len(list(folder.iterdir())):
        raise RuntimeError(f"a batch {options} wrote {lines} lines")
    return cost


def scaling(bench: Bench) -> Iterator[Row]:
    """A batch on as many worker processes as there are cores against a batch on one."""
    count = cores()
    made = len(list(links(bench).iterdir()))
    one, all_ = in_turns(
        [partial(batch, bench, "-j", str(jobs)) for jobs in (1, count)], bench.rounds(5)
    )
    name = f"batch of {made} MP4 files on {count} processes: files a second, over those on one"
    least = None if bench.quick else 0.85 * count
    yield Row(name, ratio(one, all_), "x", at_least=least, note=rates(made, all_, one))


def manifest(bench: Bench, lines: int) -> Path:
    """A manifest with a job on each line."""
    path = bench.scratch / f"{lines}.jsonl"
    with path.open("w", encoding="ascii") as file:
        for number in range(lines):
            url = f"https://example.com/{number}.mp4"
            file.write(json.dumps({**JOB, "prompt": f"scene {number}", "video_url": url}) + "\n")
    return path


def millions(bench: Bench) -> Iterator[Row]:
    """The memory of a batch over a manifest of a million lines, and of going on after it."""
    lines = FEW_LINES if bench.quick else LINES
    path, results = manifest(bench, lines), bench.scratch / "million.jsonl"
    command = vaceprep("batch", str(path), "-o", str(results), "--no-remote")
    for name in ("first", "second time, with all of it there"):
        cost = run(command)
        yield Row(
            f"batch of a manifest of {lines:,} lines, {name}: peak memory",
            Spread.of([cost.peak_bytes / MB]),
            "MB",
            at_most=300,
            note=f"{lines / cost.wall:,.0f} lines a second",
        )


MANY: Final[Sequence[Callable[[Bench], Iterator[Row]]]] = (
    libraries,
    mediainfo,
    scaling,
    millions,
)
