"""The limits that a worker process lays on itself, once, before it sees any foreign byte."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

FORKSERVER: Final = "forkserver"
#: Python's own switch: do not import from where one happens to be.
SAFE_PATH: Final = "PYTHONSAFEPATH"
#: Temporary folders that the standard library made for worker processes.
_folders: Final[set[str]] = set()


class CannotIsolate(RuntimeError):
    """No worker process can be started here; the message is one sentence."""

    def __init__(self) -> None:
        super().__init__(
            "worker processes do not start here; a script that isolates must keep its own work "
            'under if __name__ == "__main__":'
        )


def context(modules: Sequence[str]) -> BaseContext:
    """How to start workers, with modules that are imported once for all of them.

    The server begins at once, so that it gets ready while this process does other things.
    """
    if FORKSERVER not in multiprocessing.get_all_start_methods():
        return _without_server()
    found = multiprocessing.get_context(FORKSERVER)
    # Heard at the first time alone: the server stays.
    found.set_forkserver_preload(list(modules))
    from multiprocessing.forkserver import ensure_running
    from multiprocessing.util import get_temp_dir

    # The server's socket lies in it. Python removes it where a process ends in the usual way.
    _folders.add(get_temp_dir())
    try:
        with _sheltered():
            ensure_running()
    except OSError:
        # The path of a socket has 107 bytes at most: the temporary folder's may be too long.
        return _without_server()
    return found


def _without_server() -> BaseContext:
    """Each worker is started anew, whenever one is due."""
    os.environ.setdefault(SAFE_PATH, "1")
    return multiprocessing.get_context("spawn")


def clear() -> None:
    """Remove the temporary folder of worker processes, at the very end of this process."""
    import shutil

    while _folders:
        shutil.rmtree(_folders.pop(), ignore_errors=True)


@contextmanager
def _sheltered() -> Iterator[None]:
    """What is started hears no Ctrl-C, and imports nothing from a stranger's folder."""
    # A terminal sends it to all processes; this one ends the others.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before


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
