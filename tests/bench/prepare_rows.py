"""What is measured of ``prepare``, and what is asked of it (issue 4, "Quality and speed")."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from tests.bench import yardstick
from tests.bench.measure import (
    Command,
    Cost,
    Spread,
    cpu,
    in_turns,
    often,
    output,
    peak,
    ratio,
    run,
    warm,
)
from tests.bench.rows import MB, Bench, Row, times, vaceprep
from tests.bench.yardstick import Case

NO_YARDSTICK: Final = "skipped: ffmpeg is not installed"
#: Copies that one process prepares in a row.
COPIES: Final = 20
#: Seconds into the long file: one minute before its end, and on a keyframe.
LATE: Final = 119 * 60
#: Past a keyframe, so that packets cannot be copied.
PAST: Final = 0.48


def _prepare(source: Path, target: Path, *options: str) -> Command:
    """Make it anew, whatever is there."""
    return vaceprep("prepare", "--force", *options, str(source), "-o", str(target))


def _entry(command: Command) -> dict[str, Any]:
    """What ``prepare`` did for its one file; a fast refusal is no speed."""
    report = json.loads(output([*command, "--format", "json"]))
    entry: dict[str, Any] = report["files"][0]
    if entry["status"] != "prepared":
        raise RuntimeError(f"{entry['source']}: {entry['status']}: {entry}")
    return entry


def _made(command: Command, *, lossless: bool) -> None:
    entry = _entry(command)
    if entry["lossless"] is not lossless:
        raise RuntimeError(f"{entry['source']}: lossless is {entry['lossless']}: {entry['plan']}")


def _in_one_process(folder: Path, files: Sequence[Path]) -> Cost:
    """The middle one of many files in one process."""
    command = [sys.executable, "-m", "tests.bench.inprocess", str(folder), *map(str, files)]
    took = json.loads(output(command))
    walls, cpus = zip(*took, strict=True)
    return Cost(statistics.median(walls), statistics.median(cpus), 0)


def lossless(bench: Bench) -> Iterator[Row]:
    """Packets copied, against ``ffmpeg`` encoding the same five seconds."""
    for kind, name in (("MOV", "hd.mov"), ("20 s H.264", "twenty.mp4")):
        label = f"prepare of a 1080p {kind} without re-encoding: ffmpeg's re-encoding time, over"
        each, whole = f"{label} ours in one process", f"{label} ours as a whole process"
        if bench.ffmpeg is None:
            yield Row(each, None, "x", at_least=50, note=NO_YARDSTICK)
            yield Row(whole, None, "x", at_least=20, note=NO_YARDSTICK)
            continue
        source = bench.clips / name
        folder = bench.scratch / "copies"
        folder.mkdir(exist_ok=True)
        copies = [folder / f"{number}{source.suffix}" for number in range(COPIES)]
        for copy in copies:
            shutil.copyfile(source, copy)
        warm(source, *copies)
        command = _prepare(source, bench.scratch / "lossless.mp4")
        _made(command, lossless=True)
        case = Case(source, 5)
        theirs = yardstick.encode(bench.ffmpeg, case, bench.scratch / "ffmpeg.mp4", yardstick.PLAIN)
        one, process, encoded = in_turns(
            [
                partial(_in_one_process, bench.scratch / "copied", copies),
                partial(run, command),
                partial(run, theirs),
            ],
            bench.rounds(3),
            warm=True,
        )
        yield Row(each, ratio(encoded, one), "x", at_least=50, note=times(one, encoded))
        yield Row(whole, ratio(encoded, process), "x", at_least=20, note=times(process, encoded))


@dataclass(frozen=True, slots=True)
class _Encoding:
    """One way of re-encoding."""

    label: str
    file: str
    options: tuple[str, ...] = ()
    size: tuple[int, int] | None = None

    def case(self, bench: Bench) -> Case:
        return Case(bench.clips / self.file, 2 if bench.quick else 5, self.size)

    def ours(self, bench: Bench, target: str) -> Command:
        seconds = str(self.case(bench).seconds)
        options = ("--duration", seconds, *self.options)
        return _prepare(bench.clips / self.file, bench.scratch / target, *options)


UHD: Final = _Encoding("4K to 2000x1124", "uhd.mp4", size=(2000, 1124))
ENCODINGS: Final = (
    _Encoding("1080p HEVC", "hevc.mp4"),
    _Encoding("1080p to 720p", "hd.mp4", ("--fit-720p",), (1280, 720)),
    UHD,
)


@cache
def _output(bench: Bench, what: _Encoding) -> Path:
    """What ours makes, once a run: the quality is that of the file that is made in turns too."""
    warm(what.case(bench).file)
    target = bench.scratch / f"ours-{what.file}"
    _made(what.ours(bench, target.name), lossless=False)
    return target


@cache
def _encoded(bench: Bench, what: _Encoding) -> tuple[list[Cost], list[Cost]]:
    """Ours and those of ``ffmpeg`` with the same settings."""
    case = what.case(bench)
    command = what.ours(bench, _output(bench, what).name)
    target = bench.scratch / "theirs.mp4"
    program = bench.ffmpeg or ""
    theirs = yardstick.encode(program, case, target, yardstick.same(case))
    sides = [partial(run, command), partial(run, theirs)]
    ours, others = in_turns(sides, bench.rounds(3), warm=True)
    return ours, others


def _peaks(*sides: Sequence[Cost]) -> str:
    return " against ".join(f"{Spread.of([peak(c) / MB for c in s]).median:.0f} MB" for s in sides)


def reencode(bench: Bench) -> Iterator[Row]:
    """Frames encoded anew, against ``ffmpeg`` with the same settings, filters and window."""
    for what in ENCODINGS:
        name = f"prepare of {what.label}"
        work, time = f"{name}: processor time, over ffmpeg's", f"{name}: time, over ffmpeg's"
        if bench.ffmpeg is None:
            yield Row(work, None, "x", at_most=1.05, note=NO_YARDSTICK)
            yield Row(time, None, "x", at_most=1.15, note=NO_YARDSTICK)
            continue
        ours, theirs = _encoded(bench, what)
        yield Row(work, ratio(ours, theirs, cpu), "x", at_most=1.05)
        yield Row(time, ratio(ours, theirs), "x", at_most=1.15, note=times(ours, theirs))


def memory(bench: Bench) -> Iterator[Row]:
    """The peak for 4K, against ``ffmpeg``'s and against that for half the window."""
    name = f"prepare of {UHD.label}: peak memory, over"
    if bench.ffmpeg is None:
        yield Row(f"{name} ffmpeg's", None, "x", at_most=1.3, note=NO_YARDSTICK)
        return
    ours, theirs = _encoded(bench, UHD)
    value = ratio(ours, theirs, peak)
    yield Row(f"{name} ffmpeg's", value, "x", at_most=1.3, note=_peaks(ours, theirs))
    if bench.quick:
        # Two seconds do not fill what the encoder looks ahead.
        return
    half = _prepare(bench.clips / UHD.file, bench.scratch / "half.mp4", "--duration", "2.5")
    short = [run(half) for _ in ours]
    value = ratio(ours, short, peak)
    yield Row(f"{name} that for half of it", value, "x", at_most=1.1, note=_peaks(ours, short))


def quality(bench: Bench) -> Iterator[Row]:
    """Likeness to the source and bytes, against ``ffmpeg -crf 18 -preset medium``."""
    for what in ENCODINGS:
        label = f"prepare of {what.label}: "
        alike, size = f"{label}SSIM, above ffmpeg's", f"{label}bytes, over ffmpeg's"
        if bench.ffmpeg is None:
            yield Row(alike, None, "ssim", at_least=-0.0005, note=NO_YARDSTICK)
            yield Row(size, None, "x", at_most=1.1, note=NO_YARDSTICK)
            continue
        case = what.case(bench)
        ours, theirs = _output(bench, what), bench.scratch / "plain.mp4"
        run(yardstick.encode(bench.ffmpeg, case, theirs, yardstick.PLAIN))
        one, other = (yardstick.similarity(bench.ffmpeg, case, made) for made in (ours, theirs))
        note = f"{one:.5f} against {other:.5f}"
        yield Row(alike, Spread.of([one - other]), "ssim", at_least=-0.0005, note=note)
        sizes = [made.stat().st_size for made in (ours, theirs)]
        note = " against ".join(f"{size / MB:.2f} MB" for size in sizes)
        yield Row(size, Spread.of([sizes[0] / sizes[1]]), "x", at_most=1.1, note=note)


def window(bench: Bench) -> Iterator[Row]:
    """The last minute of two hours against their first, and against one minute alone."""
    hours, minute = bench.clips / "hours.mp4", bench.clips / "minute.mp4"
    warm(hours, minute)
    for kind, options, past, rounds in (
        ("copied", (), 0.0, 10),
        ("re-encoded", ("--fit-720p",), PAST, 4),
    ):
        commands = [
            _prepare(file, bench.scratch / "window.mp4", "--start", str(start + past), *options)
            for file, start in ((hours, LATE), (hours, 0), (minute, 0))
        ]
        for command in commands:
            _made(command, lossless=kind == "copied")
        sides = [partial(run, command) for command in commands]
        late, early, alone = in_turns(sides, bench.rounds(rounds), warm=True)
        name = f"prepare of a window at 1 h 59 min of 2 h, {kind}: "
        value = ratio(late, early)
        yield Row(f"{name}time, over one at 0 s", value, "x", at_most=1.3, note=times(late, early))
        value = ratio(late, alone)
        yield Row(f"{name}time, over one of a 1 min file", value, "x", note=times(late, alone))
        value = ratio(late, alone, peak)
        note = _peaks(late, alone)
        name += "peak memory, over one of a 1 min file"
        yield Row(name, value, "x", at_most=None if kind == "copied" else 1.3, note=note)
        if kind == "copied":
            most = Spread.of([peak(c) / MB for c in late])
            yield Row(name.partition(", over")[0], most, "MB", at_most=150)


def again(bench: Bench) -> Iterator[Row]:
    """The second time, nothing is done."""
    for kind, file, least, rounds in (
        ("re-encoding", "hevc.mp4", 10.0, 3),
        ("copying", "hd.mov", None, 7),
    ):
        target = bench.scratch / f"again-{kind}.mp4"
        first = _prepare(bench.clips / file, target)
        second = vaceprep("prepare", str(bench.clips / file), "-o", str(target))
        checks = vaceprep("check", str(bench.clips / file))
        _entry(first)
        before = target.stat()
        after = (_entry(second), target.stat())[1]
        same = (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
        sides = [partial(run, first), partial(often, second, 3), partial(often, checks, 3)]
        full, none, looked = in_turns(sides, bench.rounds(rounds), warm=True)
        name = f"prepare a second time, after {kind}: "
        yield Row(f"{name}nothing is written", Spread.of([float(same)]), "bool", at_least=1)
        value = ratio(full, none)
        yield Row(f"{name}the first time's time, over", value, "x", at_least=least)
        value = ratio(none, looked)
        yield Row(f"{name}time, over that of check", value, "x", at_most=2)


PREPARES: Final[tuple[Callable[[Bench], Iterator[Row]], ...]] = (
    lossless,
    reencode,
    memory,
    quality,
    window,
    again,
)
