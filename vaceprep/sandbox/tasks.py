"""The sandbox's tasks: accept, process one after another, report their status."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final

from vaceprep.checks.bytes import Options
from vaceprep.checks.job import check_mapping
from vaceprep.contract import (
    FIELD_CODE,
    PRICE_PER_SECOND,
    PROVIDER_CODES,
    SERVICE_CODE,
    TASKS_AT_ONCE,
)
from vaceprep.cost import Cost, total
from vaceprep.job.media import media_of, put
from vaceprep.job.model import FIELDS
from vaceprep.limits import CONTRACT, Limits
from vaceprep.rules.catalogue import Severity
from vaceprep.sandbox.bodies import describe
from vaceprep.sandbox.effects import Effects, effects_of
from vaceprep.sandbox.errors import Breach, Stopped
from vaceprep.sandbox.fetch import FETCH_SECONDS, fetch_all


def check_media(
    values: Mapping[str, Any],
    paths: Mapping[str, str],
    limits: Limits = CONTRACT,
    price: Fraction = PRICE_PER_SECOND,
) -> Cost | None:
    """Refuse what the service refuses. ``values`` is the body, ``paths`` are its local media.

    Returns what the task is billed. Raises Breach with every error; warnings pass.
    """
    # Fields beyond the contract were validated with the body.
    local = {name: value for name, value in values.items() if name in FIELDS}
    for at, path in paths.items():
        put(local, at, path)
    entries = check_mapping("body", local, "", Options(limits=limits, price=price))
    errors = [f for e in entries for f in e.findings if f.severity is Severity.ERROR]
    if errors:
        raise Breach("; ".join(describe(finding) for finding in errors))
    return entries[0].cost


#: Renders a result: the body, its media as paths by JSON pointer, the video's path, an event that
#: is set on cancellation, and the effects.
Make = Callable[[Mapping[str, Any], Mapping[str, str], str, threading.Event, Effects], None]
#: The shortest time that a task is pending, as a share of its whole time.
PENDING: Final = 0.1


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _sleep(task: Task, seconds: float) -> None:
    """Wait so long, or until the task must finish."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(task.hurried.wait(), max(0.0, seconds))


@dataclass(eq=False)
class Task:
    """One accepted submission and its result."""

    body: Mapping[str, Any]
    #: SHA-256 of the body's bytes as received.
    body_sha256: str
    #: Number of tasks that were accepted before it.
    number: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "pending"
    error: dict[str, Any] | None = None
    created_at: str = field(default_factory=_now)
    updated_at: str = field(default_factory=_now)
    #: The result, once the task is completed.
    video: str | None = None
    #: What it is billed, once its media are measured: only if it is completed.
    cost: Cost | None = None
    #: Set when the task must not wait for the sandbox's ``seconds`` any longer.
    hurried: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def running(self) -> bool:
        """Whether it has neither completed nor failed."""
        return self.status in ("pending", "running")

    @property
    def billed(self) -> Cost | None:
        """What it was billed: nothing unless it completed."""
        return self.cost if self.status == "completed" else None

    def move(self, status: str) -> None:
        """Change the status."""
        self.status, self.updated_at = status, _now()

    def fail(self, code: int, title: str, detail: str) -> None:
        """End without a result."""
        self.error = {"code": code, "title": title, "detail": detail}
        self.move("failed")

    def info(self) -> dict[str, Any]:
        """The ``task_info`` of a response."""
        info = {
            "id": self.id,
            "status": self.status,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        return info | ({"error": self.error} if self.error else {})

    def summary(self) -> dict[str, Any]:
        """The task in the sandbox's own account."""
        billed = self.billed
        more = {
            "function": self.body.get("function"),
            "prompt": self.body.get("prompt"),
            "billed": None if billed is None else billed.to_dict(),
        }
        return {**self.info(), "body_sha256": self.body_sha256, **more}


class _AskedToFail(Exception):
    """A fault asks for the failure of a task."""


class Tasks:
    """All tasks of one sandbox. Use from its event loop only."""

    def __init__(
        self,
        folder: str,
        make: Make,
        *,
        seconds: float = 0.0,
        fetch_seconds: float = FETCH_SECONDS,
        limits: Limits = CONTRACT,
        allow_hosts: Collection[str] = (),
        price: Fraction = PRICE_PER_SECOND,
        effects: Sequence[str] = (),
    ) -> None:
        """``allow_hosts``: private hosts that media may come from."""
        self.all: dict[str, Task] = {}
        self.rejected = 0
        self._folder = folder
        self._make = make
        self._seconds = seconds
        self._fetch_seconds = fetch_seconds
        self._limits = limits
        self._allow_hosts = allow_hosts
        self._price = price
        self._effects = tuple(effects)
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(TASKS_AT_ONCE, thread_name_prefix="vaceprep-sandbox")
        self._room = asyncio.Semaphore(TASKS_AT_ONCE)
        self._jobs: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """The number of unfinished tasks."""
        return sum(task.running for task in self.all.values())

    @property
    def billed(self) -> Cost | None:
        """What all tasks were billed together; None if nothing."""
        return total(task.billed for task in self.all.values())

    def accept(self, raw: bytes, body: Mapping[str, Any], *, fails: bool = False) -> Task:
        """Create and start a task of a validated body; with ``fails`` it ends in an error."""
        task = Task(body, hashlib.sha256(raw).hexdigest(), len(self.all))
        self.all[task.id] = task
        job = asyncio.get_running_loop().create_task(self._process(task, fails))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return task

    async def close(self) -> None:
        """Cancel running tasks and wait for their end."""
        self._stop.set()
        for job in list(self._jobs):
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)

    async def _process(self, task: Task, fails: bool) -> None:
        begun = time.monotonic()
        await _sleep(task, self._seconds * PENDING)
        async with self._room:
            task.move("running")
            try:
                if fails:
                    raise _AskedToFail("the sandbox was asked to let this task fail")
                video = await self._result(task)
            except _AskedToFail as asked:
                await self._rest(task, begun)
                task.fail(PROVIDER_CODES[0], "Provider Error", str(asked))
            except Breach as breach:
                await self._rest(task, begun)
                task.fail(FIELD_CODE, "Bad Request", str(breach))
            except Exception as error:
                task.fail(
                    SERVICE_CODE, "Internal Error", f"the sandbox failed ({type(error).__name__})"
                )
            else:
                await self._rest(task, begun)
                task.video = video
                task.move("completed")

    async def _rest(self, task: Task, begun: float) -> None:
        """Wait until the task has taken the sandbox's configured time."""
        await _sleep(task, begun + self._seconds - time.monotonic())

    async def _result(self, task: Task) -> str:
        """The path of the finished video. Raises Breach."""
        folder = os.path.join(self._folder, task.id)
        target = f"{folder}.mp4"
        os.mkdir(folder)
        try:
            media = media_of(task.body)
            paths = await fetch_all(
                media, folder, self._fetch_seconds, self._limits, self._allow_hosts
            )
            task.cost = await asyncio.get_running_loop().run_in_executor(
                self._pool, self._work, task, paths, target
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return target

    def _work(self, task: Task, paths: Mapping[str, str], target: str) -> Cost | None:
        """Check the media and make the video; what it is billed."""
        if self._stop.is_set():
            raise Stopped

        cost = check_media(task.body, paths, self._limits, self._price)
        effects = effects_of(self._effects, task.number)
        self._make(task.body, paths, target, self._stop, effects)
        return cost
