"""Start worker processes and set their limits before they read any foreign byte."""

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
#: Python's own switch: do not import from the current folder.
SAFE_PATH: Final = "PYTHONSAFEPATH"
#: Temporary folders that the standard library creates for worker processes.
_folders: Final[set[str]] = set()


class CannotIsolate(RuntimeError):
    """No worker process can be started; the message is one sentence."""

    def __init__(self) -> None:
        super().__init__(
            "worker processes do not start here; a script that isolates must keep its own work "
            'under if __name__ == "__main__":'
        )


def context(modules: Sequence[str]) -> BaseContext:
    """The start method for workers, with modules that are imported once for all of them.

    The fork server starts at once, so that it is ready when it is needed.
    """
    if FORKSERVER not in multiprocessing.get_all_start_methods():
        return _without_server()
    found = multiprocessing.get_context(FORKSERVER)
    # Only the first call has an effect: the server stays.
    found.set_forkserver_preload(list(modules))
    from multiprocessing.forkserver import ensure_running
    from multiprocessing.util import get_temp_dir

    # It holds the server's socket. Python removes it if the process ends normally.
    _folders.add(get_temp_dir())
    try:
        with _sheltered():
            ensure_running()
    except OSError:
        # A socket's path has at most 107 bytes: the temporary folder's may be too long.
        return _without_server()
    return found


def _without_server() -> BaseContext:
    """Start each worker as a new process."""
    os.environ.setdefault(SAFE_PATH, "1")
    return multiprocessing.get_context("spawn")


def clear() -> None:
    """Remove the temporary folder of worker processes, at the end of this process."""
    import shutil

    while _folders:
        shutil.rmtree(_folders.pop(), ignore_errors=True)


@contextmanager
def _sheltered() -> Iterator[None]:
    """Child processes ignore Ctrl-C and import nothing from a foreign folder."""
    # A terminal sends Ctrl-C to all processes; this process ends the others.
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
    """The limits of one worker."""

    #: Bytes of memory beyond the worker's use before its first file.
    memory: int
    #: Bytes of the largest file that it may write.
    output: int
    #: Processors at most: encoders use memory in proportion to them.
    cores: int | None = None


def confine(bounds: Bounds) -> None:
    """Set the limits of this process; skips those that the system does not support.

    Redirects the standard streams to nowhere: C libraries write to them.
    """
    # SIGTERM ends the process at once, even while C code runs.
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
        # Windows has no such limits; the parent limits the time.
        return
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, bounds.output)
    now = _taken()
    if now is not None:
        _lower(resource.RLIMIT_DATA, now + bounds.memory)


def _follow_parent() -> None:
    """End this process when its parent ends, for any reason."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="vaceprep-parent", daemon=True).start()


def _taken() -> int | None:
    """Bytes of private memory of this process; None if unknown."""
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


def limit_cpu_time(seconds: float) -> None:
    """End this process by itself after so many seconds of processor time from now on.

    The parent ends it sooner; this is for C code that cannot be interrupted.
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
