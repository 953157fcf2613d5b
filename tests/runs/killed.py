"""``vaceprep`` as a process that kills itself at a named point of a run.

``KILL_AT`` names the point, ``POINTS`` the file to which every point is written as it is passed.
Points are the writes of the ledger, the requests, the first bytes of an answer's body, and the
naming of files; each of them before and after. Pauses are short: faults count requests, not time.
"""

from __future__ import annotations

import functools
import os
import re
import runpy
import signal
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from vaceprep.ledger.store import Ledger
from vaceprep.runs.model import Control

#: Methods of the ledger that write.
WRITES = ("claim", "start", "settle", "checked", "remember", "_insert", "_update")
#: How a file gets its name.
NAMINGS = ("link", "replace", "rename")
#: Seconds of the longest pause.
PAUSE = 0.05
#: Parts of a path that differ from run to run: ids and digests.
VARYING = re.compile(r"[^/]*[0-9a-f]{8}[^/]*")


def passed(point: str) -> None:
    """Write the point down, and kill the process if it is the one to be killed at."""
    with open(os.environ["POINTS"], "a", encoding="utf-8") as out:
        out.write(point + "\n")
    if point == os.environ.get("KILL_AT"):
        os.kill(os.getpid(), signal.SIGKILL)


def around(owner: Any, name: str, label: Callable[..., str]) -> None:
    """Let a function pass one point before and another after its work."""
    work = getattr(owner, name)

    @functools.wraps(work)
    def wrapped(*given: Any, **more: Any) -> Any:
        point = label(*given, **more)
        passed(f"before {point}")
        result = work(*given, **more)
        passed(f"after {point}")
        return result

    setattr(owner, name, wrapped)


def named(request: httpx.Request) -> str:
    """A request without what differs from run to run."""
    end = "/".join(request.url.path.split("/")[-2:])
    return f"{request.method} {VARYING.sub('*', end)}"


def set_points() -> None:
    """Put the points into the modules of this process."""
    for name in WRITES:
        around(Ledger, name, lambda *_, name=name, **__: f"ledger {name}")
    for name in NAMINGS:
        around(os, name, lambda *_, name=name, **__: f"os.{name}")
    around(httpx.Client, "send", lambda _, request, **__: named(request))
    pieces = httpx.Response.iter_raw

    def iter_raw(response: httpx.Response, chunk_size: int | None = None) -> Iterator[bytes]:
        for piece in pieces(response, chunk_size):
            passed(f"body {named(response.request)}")
            yield piece

    setattr(httpx.Response, "iter_raw", iter_raw)  # noqa: B010 (mypy takes no method)
    sleep = Control.sleep

    def short(control: Control, seconds: float) -> None:
        sleep(control, min(seconds, PAUSE))

    setattr(Control, "sleep", short)  # noqa: B010


if __name__ == "__main__":
    set_points()
    runpy.run_module("vaceprep", run_name="__main__", alter_sys=True)
