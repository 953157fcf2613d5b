"""A worker process that prepares a source at a time, and asks this one for names.

Where it does not come back, its part files and empty folders are removed here. A job is prepared by
one worker as a whole.
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
from vaceprep.preparation.file import Work
from vaceprep.preparation.outputs import Names
from vaceprep.preparation.report import Prepared
from vaceprep.probes.measure import default_role
from vaceprep.probes.sniff import sniff
from vaceprep.rules.catalogue import Asset
from vaceprep.rules.judge import judge
from vaceprep.workers import faults
from vaceprep.workers.process import Bounds, CannotIsolate, confine

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

PrepareJob = Callable[[Item, Names, Work, dict[str, Options]], tuple[Prepared, ...]]
#: What the workers' server imports once for all of them.
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
#: Sources after which a worker makes room for a fresh one.
LIFE: Final = 50
#: Seconds between two words on how far the work is.
PAUSE: Final = 0.05


def silent(_: Fraction) -> None:
    """Nobody is told: a function that can be sent."""


class _Asking:
    """Names, asked of the process that hands them out."""

    def __init__(self, channel: Connection) -> None:
        self._channel = channel

    def target(self, item: Item, new_ending: str | None) -> str:
        """As ``Outputs`` has it."""
        return self._ask("target", item, new_ending)

    def beside(self, target: str, item: Item, new_ending: str | None) -> str:
        """As ``Outputs`` has it."""
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
    """The worker's life: a source comes, its entries go."""
    # The server that workers come from was started when the environment may have been another.
    os.environ.clear()
    os.environ.update(environment)
    confine(bounds)
    mark(own)
    names = _Asking(channel)
    channel.send(("ready",))
    told = 0.0

    def tell(share: Fraction) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= PAUSE:
            told = now
            channel.send(("tell", share))

    while (sent := channel.recv()) is not None:
        item, work, fields, cores = sent
        _keep_to(cores)
        try:
            answer: tuple[str, Any] = (
                "done",
                prepare_file(item, names, replace(work, tell=tell), fields),
            )
        except MemoryError:
            answer = "fault", "out-of-memory"
        except Exception as error:
            answer = "raised", error
        channel.send(answer)


def _keep_to(cores: Collection[int]) -> None:
    """Use these processors alone: decoders and encoders start as many threads as there are."""
    if cores and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, cores)


@dataclass(slots=True)
class Worker:
    """One worker process, seen from outside."""

    process: BaseProcess
    channel: Connection
    own: str
    #: Which of those that work side by side it is.
    place: int = 0
    done: int = 0
    #: Folders of the names that it got for the source at work, and those that were not there.
    folders: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    def end(self) -> None:
        """Stop it, whatever it does, and remove what it leaves half-made, but no folder."""
        self.process.kill()
        self.process.join()
        self.channel.close()
        state = records()
        for folder in (*self.folders, *([] if state is None else [state])):
            clear(folder, self.own)

    def named(self, path: str) -> None:
        """It may write there."""
        folder = os.path.dirname(path)
        self.folders.add(folder)
        for above in chain_of(os.path.abspath(folder)):
            if os.path.isdir(above):
                break
            self.missing.add(above)


def begin(how: BaseContext, prepare_file: PrepareJob) -> Worker:
    """A new worker. Raises CannotIsolate."""
    ours, theirs = how.Pipe()
    own = new_mark()
    bounds = Bounds(PREPARE_MEMORY, PREPARE_OUTPUT, PREPARE_CORES)
    arguments = (theirs, prepare_file, bounds, own, dict(os.environ))
    process: BaseProcess = how.Process(  # type: ignore[attr-defined]
        target=_serve, args=arguments, name="vaceprep-worker", daemon=True
    )
    process.start()
    # So that the end of the worker is the end of the line.
    theirs.close()
    worker = Worker(process, ours, own)
    try:
        # What it says first is that it is there.
        ours.recv()
    except (EOFError, ConnectionError):
        raise CannotIsolate from None
    return worker


def failed(item: Item, role: Role | None, fault: str, seconds: float) -> Prepared:
    """The entry of a source whose worker did not come back."""
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
    role = role or default_role(None, item.source)
    found = tuple(judge(fact, Asset(role, None)))
    return Prepared(item.source, None, role, "failed", remaining=found)
