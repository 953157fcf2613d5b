"""What is measured of URLs, and what is asked of it (issues 8 and 15)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.measure import Spread, beside, in_turns, output, ratio, run
from tests.bench.rows import MB, NO_YARDSTICK, Bench, Row, times, vaceprep

#: The file: as long as issue 8 says, its index at the end.
GIGABYTES: Final = 2
#: Seconds that a question and a connection take to a server that is neither here nor far away.
NEAR, AWAY = 0.0, 0.02


@contextmanager
def served(folder: Path, delay: float) -> Iterator[Callable[[str], str]]:
    """A server in a process of its own: asks it for a line, ``url`` or ``seen``."""
    with beside("tests.bench.remote_rows", str(folder), str(delay)) as (asking, answering):

        def ask(what: str) -> str:
            asking.write(f"{what}\n")
            asking.flush()
            return answering.readline().strip()

        yield ask


def url(bench: Bench) -> Iterator[Row]:
    """A 2 GB MP4 with its index at the end behind a URL, against ``ffprobe``."""
    folder = bench.scratch / "remote"
    folder.mkdir(parents=True, exist_ok=True)
    # In a process of its own: making it imports what would make every child look large.
    clip = str(bench.media / "single.mp4")
    index = int(output([sys.executable, "-m", "tests.bench.remote_rows", str(folder), "-", clip]))
    name = f"check of a {GIGABYTES} GB MP4 behind a URL, index last"
    for delay, where, most in ((AWAY, "20 ms away", 1.0), (NEAR, "on this machine", 1.9)):
        with served(folder, delay) as ask:
            there = f"{ask('url')}/big.mp4"
            ours = vaceprep("check", there, "--allow-host", "127.0.0.1", "--format", "json")
            report = json.loads(output(ours))
            if report["files"][0]["facts"] is None:
                raise RuntimeError("the URL was not read")
            requests, moved = map(int, ask("seen").split())
            if delay:
                beside = Spread.of([(moved - index) / MB])
                yield Row(f"{name}: moved beside the index", beside, "MB", at_most=0.512 * 1.024)
                yield Row(f"{name}: requests", Spread.of([float(requests)]), "x", at_most=8)
            row = f"{name}, {where}: time, over ffprobe's"
            if bench.ffprobe is None:
                yield Row(row, None, "x", at_most=most, note=NO_YARDSTICK)
                continue
            form = ["-v", "error", "-show_streams", "-show_format", "-of", "json"]
            mine, theirs = in_turns(
                [partial(run, ours), partial(run, [bench.ffprobe, *form, there])],
                bench.rounds(20),
            )
            yield Row(row, ratio(mine, theirs), "x", at_most=most, note=times(mine, theirs))


REMOTE: Final[tuple[Callable[[Bench], Iterator[Row]], ...]] = (url,)


def _serve(folder: Path, delay: float) -> None:
    from tests.net.server import serving

    with serving({"/big.mp4": folder / "big.mp4"}, delay=delay) as site:
        for line in sys.stdin:
            told = f"{len(site.seen)} {site.moved}" if line.strip() == "seen" else site.url
            print(told, flush=True)


def _make(folder: Path, clip: Path) -> None:
    from tests.net.big import sparse

    print(sparse(folder / "big.mp4", GIGABYTES * 10**9, data=clip.read_bytes()))


if __name__ == "__main__":
    if sys.argv[2] == "-":
        _make(Path(sys.argv[1]), Path(sys.argv[3]))
    else:
        _serve(Path(sys.argv[1]), float(sys.argv[2]))
