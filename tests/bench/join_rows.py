"""What is measured of ``join``, and what is asked of it (issue 17, "Speed")."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.measure import Command, cpu, in_turns, output, ratio, run, warm
from tests.bench.prepare_rows import NO_YARDSTICK
from tests.bench.rows import Bench, Row, times, vaceprep

#: Results of 5 s that are copied, and that are encoded.
COPIED: Final = 24
ENCODED: Final = 3
#: Seconds of a result, and of the overlap of two.
LENGTH: Final = 5
OVERLAP: Final = 0.5


def _results(bench: Bench, count: int, name: str, size: str) -> list[Path]:
    """Results as the service makes them, at 30 FPS. All show the same."""
    if bench.ffmpeg is None:
        raise RuntimeError("ffmpeg is not installed")
    folder = bench.scratch / name
    folder.mkdir(exist_ok=True)
    first = folder / "1.mp4"
    encoder = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-pix_fmt", "yuv420p"]
    source = ["-i", str(bench.clips / "hd.mp4"), "-vf", f"scale={size}", "-r", "30"]
    command = [bench.ffmpeg, "-nostdin", "-y", "-v", "error", *source, *encoder, str(first)]
    subprocess.run(command, check=True)
    for number in range(2, count + 1):
        shutil.copyfile(first, folder / f"{number}.mp4")
    return [folder / f"{number}.mp4" for number in range(1, count + 1)]


def _joined(command: Command, *, copied: bool) -> None:
    """Ensure that it does what is measured."""
    done = json.loads(output([*command, "--format", "json"]))
    if done["copied"] is not copied:
        raise RuntimeError(f"copied is {done['copied']}: {done['notes']}")


def copying(bench: Bench) -> Iterator[Row]:
    """Results joined at shot cuts, against ``ffmpeg -f concat -c copy``."""
    name = f"join of {COPIED} results of 5 s by copying, whole process: time, over ffmpeg's"
    if bench.ffmpeg is None:
        yield Row(name, None, "x", at_most=2, note=NO_YARDSTICK)
        return
    files = _results(bench, COPIED, "copied", "1280:720")
    names = bench.scratch / "copied" / "names.txt"
    names.write_text("".join(f"file {file.name}\n" for file in files))
    target = str(bench.scratch / "copied.mp4")
    ours = vaceprep("join", "--force", *map(str, files), "-o", target)
    theirs = [bench.ffmpeg, "-nostdin", "-y", "-v", "error", "-f", "concat", "-i", str(names)]
    theirs += ["-c", "copy", str(bench.scratch / "concat.mp4")]
    _joined(ours, copied=True)
    warm(*files)
    made, joined = in_turns([partial(run, ours), partial(run, theirs)], bench.rounds(12))
    yield Row(name, ratio(made, joined), "x", at_most=2, note=times(made, joined))


def blending(bench: Bench) -> Iterator[Row]:
    """Results that overlap, against ``ffmpeg`` with the same cross-fades and the same encoder."""
    name = f"join of {ENCODED} results of 5 s with cross-fades: processor time, over ffmpeg's"
    if bench.ffmpeg is None:
        yield Row(name, None, "x", at_most=1.1, note=NO_YARDSTICK)
        return
    files = _results(bench, ENCODED, "encoded", "640:360")
    step = LENGTH - OVERLAP
    end = step * (ENCODED - 1) + LENGTH
    for number, file in enumerate(files):
        part = {
            "source": "absent.mp4",
            "index": number + 1,
            "count": ENCODED,
            "start": f"{round(2 * number * step)}/2",
            "end": f"{round(2 * (number * step + LENGTH))}/2",
            "overlap": "1/2" if number else "0",
            "after_cut": False,
            "window": ["0", str(round(end))],
        }
        file.with_suffix(".json").write_text(json.dumps({"file": file.name, "part": part}))
    target = str(bench.scratch / "encoded.mp4")
    ours = vaceprep("join", "--force", "--no-match", *map(str, files), "-o", target)
    fades, last = [], "0"
    for number in range(1, ENCODED):
        fade = f"xfade=duration={OVERLAP}:offset={number * step:g}"
        fades.append(f"[{last}][{number}]{fade}[f{number}]")
        last = f"f{number}"
    theirs = [bench.ffmpeg, "-nostdin", "-y", "-v", "error"]
    theirs += [word for file in files for word in ("-i", str(file))]
    theirs += ["-filter_complex", ";".join(fades), "-map", f"[{last}]", "-c:v", "libx264"]
    theirs += ["-preset", "medium", "-crf", "18", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    theirs.append(str(bench.scratch / "xfade.mp4"))
    _joined(ours, copied=False)
    warm(*files)
    sides = [partial(run, ours), partial(run, theirs)]
    made, joined = in_turns(sides, bench.rounds(4), warm=True)
    yield Row(name, ratio(made, joined, cpu), "x", at_most=1.1, note=times(made, joined))


JOINS: Final[tuple[Callable[[Bench], Iterator[Row]], ...]] = (copying, blending)
