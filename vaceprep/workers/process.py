"""The limits that a worker process lays on itself, once, before it sees any foreign byte."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import threading
from typing import NamedTuple


class Bounds(NamedTuple):
    """What one worker may take."""

    #: Bytes of memory beyond what the worker takes before its first file.
    memory: int
    #: Bytes of the largest file that it may write.
    output: int
    #: Processors at most: encoders take memory by their number.
    cores: int | None = None


def confine(bounds: Bounds) -> None:
    """Lay the limits on this process; where the system has none of a kind, that one is left out.

    Its standard streams lead nowhere from here on: C libraries write to them as they like.
    """
    # A polite kill ends it at once, though C code may be running.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _follow_parent()
    if bounds.cores is not None and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: bounds.cores])
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    if null > 2:
        os.close(null)
    try:
        import resource
    except ImportError:
        # Windows has no such limits; time is limited from outside.
        return
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, bounds.output)
    now = _taken()
    if now is not None:
        _lower(resource.RLIMIT_DATA, now + bounds.memory)


def _follow_parent() -> None:
    """End when the process that asked for the work is no more, however it went."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="vaceprep-parent", daemon=True).start()


def _taken() -> int | None:
    """Bytes of private memory that this process has asked for; None where nothing tells."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _lower(kind: int, limit: int) -> None:
    import resource

    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY or hard > limit:
            resource.setrlimit(kind, (limit, limit))


def outlive(seconds: float) -> None:
    """Let this process end by itself after so many seconds of computing, from now on.

    Whoever started it ends it sooner; this is for C code that lets nobody in and is left alone.
    """
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(OSError, ValueError):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        limit = math.ceil(usage.ru_utime + usage.ru_stime + seconds)
        if hard == resource.RLIM_INFINITY or limit <= hard:
            resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
