"""What is measured of ``check``, and what is asked of it (issues 2, 8 and 15)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from tests.bench.folders import CLIPS_VERSION, MEDIA_VERSION, made
from tests.bench.measure import (
    Command,
    Cost,
    Spread,
    in_turns,
    often,
    output,
    ratio,
    run,
    run_each,
    warm,
    weigh,
)

MB: Final = 1_000_000
#: What is checked alone, its file, and the most of ``ffprobe``'s time that it may take.
SINGLES: Final = (
    ("one 5 s 1080p H.264 MP4", "single.mp4", 0.7),
    ("one 5 s 1080p HEVC MP4", "single-hevc.mp4", 0.8),
    ("one 5 s 1080p AV1 MP4", "single-av1.mp4", 0.8),
    ("one 1080p JPEG", "photo.jpg", 1.2),
)
NO_YARDSTICK: Final = "skipped: ffprobe is not installed"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``value`` None: skipped, and ``note`` says why."""

    name: str
    value: Spread | None
    #: How the value is written: a ratio, megabytes, a likeness, or yes (1) and no (0).
    unit: Literal["x", "MB", "ssim", "bool"]
    #: The median has to be at most or at least this; both None: for information.
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether the target holds; None where there is none or nothing was measured."""
        if self.value is None or (self.at_most is None and self.at_least is None):
            return None
        low = self.at_least is None or self.value.median >= self.at_least
        return low and (self.at_most is None or self.value.median <= self.at_most)


@dataclass(frozen=True, slots=True)
class Bench:
    """What the rows share."""

    ffprobe: str | None
    ffmpeg: str | None
    quick: bool
    #: Where outputs go.
    scratch: Path

    @property
    def media(self) -> Path:
        """The files that are checked."""
        return made("media", MEDIA_VERSION)

    @property
    def clips(self) -> Path:
        """The files that are prepared."""
        return made("prepare_media", CLIPS_VERSION)

    def rounds(self, full: int) -> int:
        """How often to measure."""
        return max(3, full // 4) if self.quick else full


def vaceprep(*arguments: str) -> list[str]:
    """The installed console script, as users start it."""
    script = Path(sys.executable).with_name("vaceprep")
    start = [str(script)] if os.access(script, os.X_OK) else [sys.executable, "-m", "vaceprep"]
    return [*start, *arguments]


def _yardstick(program: str, file: Path) -> Command:
    form = ["-v", "error", "-show_streams", "-show_format", "-of", "json"]
    return [program, *form, str(file)]


def _wide(values: Sequence[float], unit: str) -> str:
    spread = Spread.of(values)
    return f"{spread.median:.0f} {unit} ({spread.least:.0f} to {spread.greatest:.0f})"


def times(ours: Sequence[Cost], theirs: Sequence[Cost]) -> str:
    both = " against ".join(_wide([c.wall * 1e3 for c in side], "ms") for side in (ours, theirs))
    # On a machine that does other work too, processor time tells more than the clock.
    cpu = Spread.of([a.cpu / b.cpu for a, b in zip(ours, theirs, strict=True)])
    return f"{both}; processor time {cpu.median:.2f}"


def rates(files: int, ours: Sequence[Cost], theirs: Sequence[Cost]) -> str:
    """Both rates in words."""
    both = (_wide([files / c.wall for c in side], "files a second") for side in (ours, theirs))
    return " against ".join(both)


def _seen(files: Sequence[Path]) -> None:
    """Ensure that every file is really read: a fast refusal is no speed."""
    report = json.loads(output(vaceprep("check", "--format", "json", *map(str, files))))
    read = [entry["source"] for entry in report["files"] if entry["facts"] is not None]
    if read != [str(f) for f in files]:
        raise RuntimeError(f"{len(files) - len(read)} of {len(files)} files were not read")


def many(bench: Bench) -> Iterator[Row]:
    """Many files in one call against one ``ffprobe`` a file."""
    files = sorted((bench.media / "mixed").iterdir())
    if bench.quick:
        files = files[: len(files) // 5]
    name = f"check of {len(files)} MP4 files in one call: files a second, over ffprobe's"
    # The target is for the whole set: in a fifth of it the start of Python weighs most.
    least = None if bench.quick else 100
    if bench.ffprobe is None:
        yield Row(name, None, "x", at_least=least, note=NO_YARDSTICK)
        return
    warm(*files)
    _seen(files)
    # In one process: the row below says what isolation costs.
    check = ("check", "--no-isolate", "--format", "json")
    ours, alone, theirs = in_turns(
        [
            partial(often, vaceprep(*check, *map(str, files)), 5),
            partial(often, vaceprep(*check, "-j", "1", *map(str, files)), 5),
            partial(run_each, [_yardstick(bench.ffprobe, f) for f in files]),
        ],
        bench.rounds(5),
        warm=True,
    )
    note = rates(len(files), ours, theirs)
    yield Row(name, ratio(theirs, ours), "x", at_least=least, note=note)
    note = rates(len(files), alone, theirs)
    yield Row(f"{name}, with -j 1", ratio(theirs, alone), "x", note=note)


def isolation(bench: Bench) -> Iterator[Row]:
    """Many files with each in a worker process against the same in one process."""
    files = sorted((bench.media / "mixed").iterdir())
    # Ten times over: what counts is the going rate.
    names = [str(f) for f in (files if bench.quick else files * 10)]
    warm(*files)
    _seen(files)
    check = ("check", "--format", "json")
    apart, plain = in_turns(
        [
            partial(run, vaceprep(*check, "--isolate", *names)),
            partial(run, vaceprep(*check, "--no-isolate", *names)),
        ],
        bench.rounds(5),
    )
    name = f"check --isolate of {len(names)} MP4 files: files a second, over those without"
    least = None if bench.quick else 0.6
    note = rates(len(names), apart, plain)
    yield Row(name, ratio(plain, apart), "x", at_least=least, note=note)


def single(bench: Bench) -> Iterator[Row]:
    """One file, the whole process, against ``ffprobe``."""
    for label, name, most in SINGLES:
        row = f"check of {label}, whole process: time, over ffprobe's"
        file = bench.media / name
        if bench.ffprobe is None:
            yield Row(row, None, "x", at_most=most, note=NO_YARDSTICK)
            continue
        if not file.exists():
            note = "skipped: PyAV has no encoder of this codec"
            yield Row(row, None, "x", at_most=most, note=note)
            continue
        warm(file)
        _seen([file])
        ours, theirs = in_turns(
            [
                partial(run, vaceprep("check", str(file))),
                partial(run, _yardstick(bench.ffprobe, file)),
            ],
            bench.rounds(30),
        )
        yield Row(row, ratio(ours, theirs), "x", at_most=most, note=times(ours, theirs))


def weight(bench: Bench) -> Iterator[Row]:
    """The memory that one file takes, against ``ffprobe``."""
    name = "check of one 5 s 1080p H.264 MP4: peak memory, over ffprobe's"
    if bench.ffprobe is None:
        yield Row(name, None, "x", at_most=0.6, note=NO_YARDSTICK)
        return
    file = bench.media / "single.mp4"
    commands = vaceprep("check", str(file)), _yardstick(bench.ffprobe, file)
    peaks = [[weigh(command) for command in commands] for _ in range(bench.rounds(8))]
    ours, theirs = zip(*peaks, strict=True)
    note = " against ".join(_wide([n / MB for n in side], "MB") for side in (ours, theirs))
    value = Spread.of([one / other for one, other in peaks])
    yield Row(name, value, "x", at_most=0.6, note=note)


def version(bench: Bench) -> Iterator[Row]:
    """The start of the program against the start of Python."""
    ours, theirs = in_turns(
        [partial(run, vaceprep("--version")), partial(run, [sys.executable, "-c", "pass"])],
        bench.rounds(60),
    )
    name = "vaceprep --version: time, over that of python -c pass"
    yield Row(name, ratio(ours, theirs), "x", at_most=4, note=times(ours, theirs))


def length(bench: Bench) -> Iterator[Row]:
    """Two hours against five seconds, and the memory of the two hours."""
    for kind, ending in (("", ""), (" with sound", "-sound")):
        long, short = (bench.media / f"{name}{ending}.mp4" for name in ("long", "short"))
        warm(long, short)
        _seen([long, short])
        ours, theirs = in_turns(
            [partial(run, vaceprep("check", str(file))) for file in (long, short)],
            bench.rounds(20),
        )
        name = f"check of a 2 h MP4{kind}, whole process: time, over a 5 s one's"
        yield Row(name, ratio(ours, theirs), "x", at_most=2.5, note=times(ours, theirs))
        peak, small = (
            Spread.of([weigh(vaceprep("check", str(file))) / MB for _ in range(bench.rounds(5))])
            for file in (long, short)
        )
        note = f"{small.median:.0f} MB for 5 s"
        yield Row(f"check of a 2 h MP4{kind}: peak memory", peak, "MB", at_most=150, note=note)


def _imported(file: Path) -> set[str]:
    """Top-level names of everything that a check of ``file`` imports."""
    # -X importtime sees imports however the process ends, and those of compiled modules.
    command = [sys.executable, "-X", "importtime", "-m", "vaceprep", "check", str(file)]
    lines = output(command, errors=True).splitlines()
    names = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    if "vaceprep.checks.library" not in names:
        raise RuntimeError("the imports of vaceprep were not seen")
    return {name.partition(".")[0] for name in names}


def imports(bench: Bench) -> Iterator[Row]:
    """What a check does not import."""
    image = _imported(bench.media / "still.png")
    videos = [
        (label.removeprefix("one 5 s 1080p "), _imported(bench.media / name))
        for label, name, _ in SINGLES
        if name.endswith(".mp4") and (bench.media / name).exists()
    ]
    every = set().union(*(names for _, names in videos))
    for name, holds in (
        ("an image is checked without importing PyAV", "av" not in image),
        ("a video is checked without importing Pillow", "PIL" not in every),
        *(
            (f"an {kind} is checked without importing PyAV", "av" not in names)
            for kind, names in videos
        ),
        ("neither imports httpx", "httpx" not in image | every),
    ):
        yield Row(name, Spread.of([float(holds)]), "bool", at_least=1)


CHECKS: Final[tuple[Callable[[Bench], Iterator[Row]], ...]] = (
    many,
    isolation,
    single,
    weight,
    version,
    length,
    imports,
)
