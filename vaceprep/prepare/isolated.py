"""``prepare`` with each source in a worker process, which asks this one for names.

There is one worker at a time, so names go out in the order of the sources, as without it. Where it
does not come back, its part files and empty folders are removed here, and the next one gets a
new worker. A job is prepared by one worker as a whole.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from vaceprep.collect import Item
from vaceprep.contract import (
    PREPARE_CORES,
    PREPARE_MEMORY,
    PREPARE_OUTPUT,
    PREPARE_STALL_SECONDS,
    Role,
)
from vaceprep.isolate import faults
from vaceprep.isolate.bounds import Bounds, confine
from vaceprep.isolate.start import CannotIsolate, context
from vaceprep.plan.model import Options
from vaceprep.prepare.entry import Prepared
from vaceprep.prepare.made import records
from vaceprep.prepare.mend import Work
from vaceprep.prepare.outputs import Names, Outputs
from vaceprep.prepare.parts import clear, mark, new_mark
from vaceprep.prepare.place import chain_of
from vaceprep.probe.route import default_role
from vaceprep.probe.sniff import sniff
from vaceprep.rules.catalogue import Asset
from vaceprep.rules.judge import judge
from vaceprep.source import CannotOpen, open_path

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

Mend = Callable[[Item, Names, Work, dict[str, Options]], tuple[Prepared, ...]]
#: What the workers' server imports once for all of them.
MODULES: Final = (
    "vaceprep.prepare.isolated",
    "vaceprep.prepare.walk",
    "vaceprep.probe.video",
    "vaceprep.probe.image",
    "vaceprep.plan.video",
    "vaceprep.rules.packaging",
    "vaceprep.rules.picture",
    "vaceprep.rules.video",
    "vaceprep.rules.image",
    "PIL.Image",
)
#: Sources after which a worker makes room for a fresh one.
LIFE: Final = 50
#: Seconds between two words on how far the work is.
PAUSE: Final = 0.05


def _silent(_: Fraction) -> None:
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
    channel: Connection, mend: Mend, bounds: Bounds, own: str, environment: dict[str, str]
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
        item, work, fields = sent
        try:
            answer: tuple[str, Any] = "done", mend(item, names, replace(work, tell=tell), fields)
        except MemoryError:
            answer = "fault", "hungry"
        except Exception as error:
            answer = "raised", error
        channel.send(answer)


@dataclass(slots=True)
class _Worker:
    """One worker process, seen from outside."""

    process: BaseProcess
    channel: Connection
    own: str
    done: int = 0
    #: Folders of the names that it got for the source at work, and those that were not there.
    folders: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    def end(self) -> None:
        """Stop it, whatever it does, and remove what it leaves half-made."""
        self.process.kill()
        self.process.join()
        self.channel.close()
        state = records()
        for folder in (*self.folders, *([] if state is None else [state])):
            clear(folder, self.own)
        for folder in sorted(self.missing, key=len, reverse=True):
            # With something in it, it stays.
            with contextlib.suppress(OSError, ValueError):
                os.rmdir(folder)

    def named(self, path: str) -> None:
        """It may write there."""
        folder = os.path.dirname(path)
        self.folders.add(folder)
        for above in chain_of(os.path.abspath(folder)):
            if os.path.isdir(above):
                break
            self.missing.add(above)


class Isolated:
    """``mend`` on sources, each in a worker process; ``seconds`` without progress are the limit.

    To be closed: then no process is left, and nothing half-made.
    """

    def __init__(
        self,
        mend: Mend,
        names: Outputs,
        asked: Callable[[Item], tuple[Work, dict[str, Options]]],
        seconds: float | None = None,
    ) -> None:
        """``asked`` gives the work on each source, and the options for single fields of a job."""
        self._mend = mend
        self._names = names
        self._asked = asked
        self._seconds = PREPARE_STALL_SECONDS if seconds is None else seconds
        self._how: BaseContext = context(MODULES)
        self._worker: _Worker | None = None

    def close(self) -> None:
        """End the worker, in the middle of its work too."""
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.end()

    def mend(self, item: Item) -> tuple[Prepared, ...]:
        """The entries of one source. Raises CannotIsolate, and what telling raises."""
        worker = self._started()
        worker.folders.clear()
        worker.missing.clear()
        work, fields = self._asked(item)
        try:
            worker.channel.send((item, replace(work, tell=_silent), fields))
            while worker.channel.poll(self._seconds):
                kind, *rest = worker.channel.recv()
                if kind == "tell":
                    work.tell(rest[0])
                elif kind == "done":
                    worker.done += 1
                    work.tell(Fraction(1))
                    entries: tuple[Prepared, ...] = rest[0]
                    return entries
                elif kind == "fault":
                    fault = rest[0]
                    break
                elif kind == "raised":
                    raise rest[0]
                else:
                    worker.channel.send(self._name(worker, kind, rest))
            else:
                fault = "slow"
        except (EOFError, ConnectionError):
            fault = "crashed"
        except BaseException:
            self.close()
            raise
        self.close()
        return (self._failed(item, work.role, fault),)

    def _name(self, worker: _Worker, kind: str, asked: list[Any]) -> str | Exception:
        try:
            path: str = getattr(self._names, kind)(*asked)
        except Exception as error:
            return error
        worker.named(path)
        return path

    def _started(self) -> _Worker:
        if self._worker is not None and self._worker.done >= LIFE:
            self.close()
        if self._worker is None:
            ours, theirs = self._how.Pipe()
            own = new_mark()
            bounds = Bounds(PREPARE_MEMORY, PREPARE_OUTPUT, PREPARE_CORES)
            arguments = (theirs, self._mend, bounds, own, dict(os.environ))
            process: BaseProcess = self._how.Process(  # type: ignore[attr-defined]
                target=_serve, args=arguments, name="vaceprep-worker", daemon=True
            )
            process.start()
            # So that the end of the worker is the end of the line.
            theirs.close()
            self._worker = _Worker(process, ours, own)
            try:
                # What it says first is that it is there.
                ours.recv()
            except (EOFError, ConnectionError):
                raise CannotIsolate from None
        return self._worker

    def _failed(self, item: Item, role: Role | None, fault: str) -> Prepared:
        size = None
        if item.kind == "path":
            with contextlib.suppress(CannotOpen, OSError), open_path(item.source) as opened:
                size = opened.size
                role = role or default_role(sniff(opened.head), item.source)
        if fault == "slow":
            fact = faults.stalled(self._seconds, size)
        elif fault == "hungry":
            fact = faults.hungry(PREPARE_MEMORY, size)
        else:
            fact = faults.crashed(size)
        if item.kind == "job":
            error = f"one of its media cannot be prepared: {fact.message}"
            return Prepared(item.source, None, None, "failed", error=error)
        role = role or default_role(None, item.source)
        found = tuple(judge(fact, Asset(role, None)))
        return Prepared(item.source, None, role, "failed", remaining=found)


def mend_isolated(
    items: Iterable[Item], isolated: Isolated, here: Callable[[Item], tuple[Prepared, ...]]
) -> Generator[tuple[Prepared, ...]]:
    """The entries of each source in order; standard input and URLs are seen to ``here``."""
    try:
        for item in items:
            apart = item.kind not in ("stdin", "url")
            yield isolated.mend(item) if apart else here(item)
    finally:
        isolated.close()
