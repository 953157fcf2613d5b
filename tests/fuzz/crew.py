"""Workers and the parent that survives them: hands out numbers, notices deaths and hangs.

Simple on purpose, and independent of what it watches.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from tests.fuzz import trace
from tests.paths import ROOT

#: Inputs after which a worker is replaced: what leaks must not be laid at an input's door.
LIFE: Final = 4000
#: Seconds on the clock after which an input is given up; its bound is in processor time, and
#: the machine may be busy with other things.
PATIENCE: Final = {"check": 60.0, "deep": 90.0, "prepare": 300.0}
#: Seconds that a worker may take to load everything.
START: Final = 300.0


class Answer(NamedTuple):
    """What came of one input; ``problem`` as in ``trial.Outcome``, or ``died`` or ``hang``."""

    number: int
    problem: str | None
    detail: str
    codes: tuple[str, ...]
    seconds: float
    megabytes: float
    #: A truncation that took away nothing that is shown.
    fine: bool = False


class _Worker:
    def __init__(self, seed: int, kind: str, scratch: Path, traced: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="worker-", dir=scratch))
        self.log = self.folder.with_name(f"{self.folder.name}.trace") if traced else None
        command = [sys.executable, "-m", "tests.fuzz.worker", str(seed), kind, str(self.folder)]
        if self.log is not None:
            command = [*trace.tracer(), "-o", str(self.log), *command]
        self._noise = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 (closed in end)
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            cwd=ROOT,
            start_new_session=True,
        )
        self.number: int | None = None
        self.tried = 0
        self.ready = False
        self.deadline = time.monotonic() + START

    @property
    def answers(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def hand(self, number: int, patience: float) -> None:
        assert self.process.stdin is not None
        self.number, self.deadline = number, time.monotonic() + patience
        self.tried += 1
        with suppress(BrokenPipeError):
            self.process.stdin.write(b"%d\n" % number)
            self.process.stdin.flush()

    def end(self, *, kill: bool = False) -> str:
        """Take it down, its tracer too; how it ended, and its last words."""
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()
        if kill:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            code = self.process.wait()
        self._noise.seek(0, os.SEEK_END)
        self._noise.seek(max(0, self._noise.tell() - 2000))
        words = self._noise.read().decode("utf-8", "replace").strip()
        self._noise.close()
        self.answers.close()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{how}\n{words}".strip()


class Crew:
    """Workers that try numbers of one run."""

    def __init__(
        self, seed: int, kind: str, jobs: int, scratch: Path, *, traced: bool = False
    ) -> None:
        self._make = partial(_Worker, seed, kind, scratch, traced)
        self._jobs = jobs
        #: Calls that reached outside the inputs.
        self.reaches: list[trace.Reach] = []
        #: Inputs that ran under the tracer.
        self.traced = 0

    def run(self, numbers: Iterator[tuple[int, float]]) -> Iterator[Answer]:
        """Try numbers, each with its patience in seconds, in no order."""
        workers: dict[int, _Worker] = {}
        kept: list[tuple[int, float]] = []
        finished = False
        with selectors.DefaultSelector() as waiting:

            def hire() -> None:
                worker = self._make()
                workers[worker.answers.fileno()] = worker
                waiting.register(worker.answers, selectors.EVENT_READ)

            def dismiss(worker: _Worker, *, kill: bool = False) -> str:
                waiting.unregister(worker.answers)
                del workers[worker.answers.fileno()]
                words = worker.end(kill=kill)
                self._read(worker)
                shutil.rmtree(worker.folder, ignore_errors=True)
                return words

            try:
                for _ in range(self._jobs):
                    hire()
                while workers:
                    soonest = min(w.deadline for w in workers.values())
                    for key, _ in waiting.select(max(0.0, soonest - time.monotonic())):
                        worker = workers[key.fd]
                        line = worker.answers.readline()
                        if line.endswith(b"\n"):
                            if worker.ready:
                                yield _answer(line)
                            worker.ready, worker.number = True, None
                        else:
                            number, words = worker.number, dismiss(worker)
                            if number is None:
                                raise RuntimeError(f"a worker does not start: {words}")
                            yield Answer(number, "died", words, (), 0.0, 0.0)
                            if not finished:
                                hire()
                            continue
                        given = kept.pop() if kept else next(numbers, None)
                        if given is None:
                            finished = True
                            dismiss(worker)
                        elif worker.tried >= LIFE:
                            kept.append(given)
                            dismiss(worker)
                            hire()
                        else:
                            worker.hand(*given)
                    for worker in [w for w in workers.values() if w.deadline < time.monotonic()]:
                        number = worker.number
                        words = dismiss(worker, kill=True)
                        if number is None:
                            raise RuntimeError(f"a worker does not start: {words}")
                        yield Answer(number, "hang", words, (), 0.0, 0.0)
                        if not finished:
                            hire()
            finally:
                for worker in list(workers.values()):
                    dismiss(worker, kill=True)

    def _read(self, worker: _Worker) -> None:
        if worker.log is not None and worker.log.exists():
            self.reaches += trace.outside(worker.log, worker.folder)
            self.traced += worker.tried
            worker.log.unlink()


def _answer(line: bytes) -> Answer:
    said: dict[str, Any] = json.loads(line)
    return Answer(
        said["number"],
        said["problem"],
        said["detail"],
        tuple(said["codes"]),
        said["seconds"],
        said["megabytes"],
        said["fine"],
    )
