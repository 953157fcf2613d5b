"""How workers are started: from a server that has one thread and has imported what they need.

A plain fork would copy this process with whatever locks its other threads hold; a fresh start
(spawn) costs a third of a second each. Only where there is no such server (Windows) is it used.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

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
