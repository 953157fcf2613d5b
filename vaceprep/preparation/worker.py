"""A worker process that prepares one source at a time and requests names from its parent.

If a worker dies, the parent removes its part files and empty folders. One worker prepares a whole
job.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from vaceprep.checks.inputs import Item
from vaceprep.contract import (
    PREPARE_CORES,
    PREPARE_MEMORY,
    PREPARE_OUTPUT,
    Role,
)
from vaceprep.files.atomic import chain_of, clear, mark, new_mark
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.plans.model import Options
from vaceprep.preparation.cache import records
from vaceprep.preparation.file import Work, unopened
from vaceprep.preparation.outputs import Names
from vaceprep.preparation.report import Prepared
from vaceprep.probes.measure import default_role
from vaceprep.probes.sniff import sniff
from vaceprep.workers import faults
from vaceprep.workers.process import Bounds, CannotIsolate, confine

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

PrepareJob = Callable[[Item, Names, Work, dict[str, Options]], tuple[Prepared, ...]]
#: Modules that the forkserver imports once for all workers.
MODULES: Final = (
    "vaceprep.preparation.worker",
    "vaceprep.preparation.many",
    "vaceprep.probes.video",
    "vaceprep.probes.image",
    "vaceprep.plans.video",
    "vaceprep.rules.video_packaging",
    "vaceprep.rules.video_picture",
    "vaceprep.rules.video",
    "vaceprep.rules.image",
    "PIL.Image",
)
#: Sources after which a worker is replaced.
LIFE: Final = 50
#: Seconds between two progress messages.
PAUSE: Final = 0.05


def silent(_: Fraction) -> None:
    """Ignore progress. Unlike a lambda, this function can be pickled."""


class _Asking:
    """Requests names from the parent process."""

    def __init__(self, channel: Connection) -> None:
        self._channel = channel

    def target(self, item: Item, new_ending: str | None) -> str:
        """See ``Outputs``."""
        return self._ask("target", item, new_ending)

    def beside(self, target: str, item: Item, new_ending: str | None) -> str:
        """See ``Outputs``."""
        return self._ask("beside", target, item, new_ending)

    def _ask(self, *question: Any) -> str:
        self._channel.send(question)
        answer = self._channel.recv()
        if isinstance(answer, Exception):
            raise answer
        return str(answer)


def _serve(
    channel: Connection,
    prepare_file: PrepareJob,
    bounds: Bounds,
    own: str,
    environment: dict[str, str],
) -> None:
    """The main loop of a worker: receive a source, send its entries."""
    # The environment may have changed since the forkserver started.
    os.environ.clear()
    os.environ.update(environment)
    confine(bounds)
    mark(own)
    names = _Asking(channel)
    channel.send(("ready",))
    sent_at = 0.0

    def on_progress(share: Fraction) -> None:
        nonlocal sent_at
        now = time.monotonic()
        if now - sent_at >= PAUSE:
            sent_at = now
            channel.send(("progress", share))

    while (sent := channel.recv()) is not None:
        item, work, fields, cores = sent
        _keep_to(cores)
        try:
            answer: tuple[str, Any] = (
                "done",
                prepare_file(item, names, replace(work, on_progress=on_progress), fields),
            )
        except MemoryError:
            answer = "fault", "out-of-memory"
        except Exception as error:
            answer = "raised", error
        channel.send(answer)


def _keep_to(cores: Collection[int]) -> None:
    """Limit this process to these processors: codecs start one thread per processor."""
    if cores and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, cores)


@dataclass(slots=True)
class Worker:
    """One worker process, as its parent sees it."""

    process: BaseProcess
    channel: Connection
    own: str
    #: Its number among the parallel workers.
    place: int = 0
    done: int = 0
    #: Folders of the current source's names, and those of them that did not exist.
    folders: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    def end(self) -> None:
        """Kill the worker and remove its part files, but no folders."""
        self.process.kill()
        self.process.join()
        self.channel.close()
        state = records()
        for folder in (*self.folders, *([] if state is None else [state])):
            clear(folder, self.own)

    def named(self, path: str) -> None:
        """Note that the worker may write to ``path``."""
        folder = os.path.dirname(path)
        self.folders.add(folder)
        for above in chain_of(os.path.abspath(folder)):
            if os.path.isdir(above):
                break
            self.missing.add(above)


def begin(how: BaseContext, prepare_file: PrepareJob) -> Worker:
    """Start a new worker. Raises CannotIsolate."""
    ours, theirs = how.Pipe()
    own = new_mark()
    bounds = Bounds(PREPARE_MEMORY, PREPARE_OUTPUT, PREPARE_CORES)
    arguments = (theirs, prepare_file, bounds, own, dict(os.environ))
    process: BaseProcess = how.Process(  # type: ignore[attr-defined]
        target=_serve, args=arguments, name="vaceprep-worker", daemon=True
    )
    process.start()
    # Close our copy, so that the pipe ends when the worker ends.
    theirs.close()
    worker = Worker(process, ours, own)
    try:
        # The first message says that the worker is ready.
        ours.recv()
    except (EOFError, ConnectionError):
        raise CannotIsolate from None
    return worker


def failed(item: Item, role: Role | None, fault: str, seconds: float) -> Prepared:
    """Return the entry of a source whose worker died or was stopped."""
    size = None
    if item.kind == "path":
        with contextlib.suppress(CannotOpen, OSError), open_path(item.source) as opened:
            size = opened.size
            role = role or default_role(sniff(opened.head), item.source)
    if fault == "slow":
        fact = faults.stalled(seconds, size)
    elif fault == "out-of-memory":
        fact = faults.out_of_memory(PREPARE_MEMORY, size)
    else:
        fact = faults.crashed(size)
    if item.kind == "job":
        error = f"one of its media cannot be prepared: {fact.message}"
        return Prepared(item.source, None, None, "failed", error=error)
    return unopened(item, fact, role)
