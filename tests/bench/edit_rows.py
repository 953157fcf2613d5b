"""What is measured of ``edit``, and what is asked of it (issue 18, "Speed")."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urljoin

from tests.bench.folders import EDIT_VERSION, made
from tests.bench.measure import ENVIRONMENT, RSS_UNIT, Cost, in_turns, ratio, warm
from tests.bench.rows import Bench, Row, times

#: Height of the frame that the page shows first, and pictures of the strip that are seen at once.
HEIGHT: Final = 540
SEEN: Final = {"count": 12, "height": 72}


def _opened(file: Path) -> Cost:
    """From the command to the state, the strip's list and the first frame on the page."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "vaceprep", "edit", "--no-open", "--format", "json", str(file)]
    with subprocess.Popen(
        command,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        if process.stdout is None:
            raise RuntimeError("the editor has no output")
        address = json.loads(process.stdout.readline())["address"]
        video = {"field": "video_url"}
        frame = {**video, "index": 0, "height": HEIGHT}
        for path, query in (
            ("", {}),
            ("api/state", {}),
            ("api/strip", {**video, **SEEN}),
            ("api/frame", frame),
        ):
            with urllib.request.urlopen(f"{urljoin(address, path)}?{urlencode(query)}") as answer:
                answer.read()
        took = time.perf_counter() - begun
        ending = urllib.request.Request(urljoin(address, "api/quit"), method="POST")
        with urllib.request.urlopen(ending) as answer:
            answer.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * RSS_UNIT)


def opening(bench: Bench) -> Iterator[Row]:
    """A source of two hours against one of five seconds."""
    folder = made("edit_media", EDIT_VERSION)
    long, short = folder / "long.mp4", folder / "short.mp4"
    warm(long, short)
    ours, theirs = in_turns([partial(_opened, file) for file in (long, short)], bench.rounds(6))
    name = "edit of a 2 h 4K MP4, until its first frame is on the page: time, over a 5 s one's"
    yield Row(name, ratio(ours, theirs), "x", at_most=1.5, note=times(ours, theirs))


EDITS: Final[tuple[Callable[[Bench], Iterator[Row]], ...]] = (opening,)
