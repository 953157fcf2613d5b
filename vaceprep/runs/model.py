"""Options, progress and report of a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from vaceprep.checks.report import JSON_VERSION, in_force
from vaceprep.contract import (
    MAX_WAIT_SECONDS,
    POLL_SECONDS,
    PRICE_PER_SECOND,
    SUBMISSIONS_PER_SECOND,
    TASKS_AT_ONCE,
)
from vaceprep.cost import Cost, total
from vaceprep.plans.model import NOTHING_ASKED, Options
from vaceprep.preparation.report import Prepared
from vaceprep.rules.catalogue import Finding
from vaceprep.runs.hints import Hints
from vaceprep.runs.split_model import ExtendRun, Offer, SplitEntry, SplitRun

if TYPE_CHECKING:
    from vaceprep.config.model import Config

Status = Literal[
    "downloaded",
    "accepted",
    "running",
    "planned",
    "refused",
    "failed",
    "cancelled",
    "unknown",
    "interrupted",
]
StepName = Literal["prepare", "upload", "queue", "send", "wait", "download", "join", "note", "end"]

NO_HINTS: Final = Hints()


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of a run. Times in seconds."""

    #: The folder for the videos.
    output: str = "."
    inline_images: bool = False
    #: Send a job again that was sent within the last 24 hours.
    again: bool = False
    #: Wait for the tasks and download the videos.
    wait: bool = True
    poll_interval: float = POLL_SECONDS
    max_wait: float = MAX_WAIT_SECONDS
    #: Tasks of the account at once, and submissions a second, over all processes of the user. G
    at_once: int = TASKS_AT_ONCE
    per_second: float = SUBMISSIONS_PER_SECOND
    restore_audio: bool = False
    #: Private hosts that the user permits.
    allowed_hosts: tuple[str, ...] = ()
    #: Read the URLs of jobs before these are sent.
    remote: bool = True
    prepare: Options = NOTHING_ASKED
    #: Options for single fields of a job, by their names.
    fields: Mapping[str, Options] = field(default_factory=dict)
    #: The commands that hints name.
    hints: Hints = NO_HINTS
    #: US dollars: for a second of output, for the whole call at the most, and for a day of the
    #: account at the most (over all processes of the user).
    price: Fraction = PRICE_PER_SECOND
    max_cost: Fraction | None = None
    budget: Fraction | None = None
    #: Split videos that are too long; None uses one part of each.
    split: SplitRun | None = None
    #: Extend clips step by step; None makes one task of each job.
    extend: ExtendRun | None = None


class Step(NamedTuple):
    """The progress of one job."""

    source: str
    name: StepName
    #: The share of the step that is done, 0 to 1; None if unknown.
    share: Fraction | None = None
    #: The service's own status, or a sentence for a person.
    note: str = ""


OnStep = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class RunEntry:
    """The result of one job."""

    source: str
    function: str | None
    status: Status
    #: Its row in the ledger, and the task's id at the service.
    row: int | None = None
    task: str | None = None
    #: The service's own status.
    task_status: str | None = None
    #: The videos on disk.
    videos: tuple[str, ...] = ()
    #: It was sent before and resumed: nothing was paid for twice.
    resumed: bool = False
    findings: tuple[Finding, ...] = ()
    prepared: tuple[Prepared, ...] = ()
    #: Why it did not finish, and what to do next, each a sentence.
    error: str | None = None
    hint: str | None = None
    #: The parts of the job's media that are used, and other notes on the result.
    notes: tuple[str, ...] = ()
    #: The video was made by the sandbox, not by the model.
    rehearsed: bool = False
    #: What this run causes to be billed, or a dry run would; None if nothing.
    cost: Cost | None = None
    #: The parts of a video that was split.
    split: SplitEntry | None = None
    #: What splitting would make of a video of which one part is used.
    offer: Offer | None = None

    @property
    def ok(self) -> bool:
        """Whether it was completed as requested."""
        return self.status in ("downloaded", "accepted", "planned")

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``jobs`` in the JSON of ``run``."""
        return {
            "source": self.source,
            "function": self.function,
            "status": self.status,
            "row": self.row,
            "task": self.task,
            "task_status": self.task_status,
            "videos": list(self.videos),
            "resumed": self.resumed,
            "findings": [finding.to_dict() for finding in self.findings],
            "prepared": [entry.to_dict() for entry in self.prepared],
            "error": self.error,
            "hint": self.hint,
            "notes": list(self.notes),
            "sandbox": self.rehearsed,
            "cost": None if self.cost is None else self.cost.to_dict(),
            **({} if self.split is None else self.split.to_dict()),
            **({} if self.offer is None else {"split": self.offer.to_dict()}),
        }


@dataclass(frozen=True, slots=True)
class RunReport:
    """The results of one or more jobs, in their order."""

    jobs: tuple[RunEntry, ...]
    #: The configurations whose limits applied.
    configs: tuple[Config, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether each was completed as requested: videos on disk, unless ``wait`` is False."""
        return all(entry.ok for entry in self.jobs)

    @property
    def cost(self) -> Cost | None:
        """What all jobs cost together; None if nothing is billed."""
        return total(entry.cost for entry in self.jobs)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``run``."""
        cost = self.cost
        return {
            "version": JSON_VERSION,
            **in_force(self.configs),
            "cost": None if cost is None else cost.to_dict(),
            "jobs": [entry.to_dict() for entry in self.jobs],
        }


class Interrupted(Exception):
    """The run was cancelled at the end of a step."""


#: Seconds between two checks whether a run was cancelled.
CANCEL_CHECK_SECONDS: Final = 0.2


class Control:
    """Cancellation of a run: ``stop`` at the end of the step, ``halt`` in the middle of it."""

    def __init__(self, cancelled: Callable[[], bool] | None = None) -> None:
        """``cancelled`` returns whether to stop; it is called often."""
        self.stop = threading.Event()
        self.halt = threading.Event()
        self._cancelled = cancelled

    def stopped(self) -> bool:
        """Whether the run ends with this step."""
        if self._cancelled is not None and self._cancelled():
            self.stop.set()
        return self.stop.is_set()

    def halted(self) -> bool:
        """Whether even this step must be aborted."""
        return self.halt.is_set()

    def step(self) -> None:
        """A point between two steps. Raises Interrupted."""
        if self.stopped():
            raise Interrupted

    def sleep(self, seconds: float) -> None:
        """Wait, but only until the run is cancelled."""
        end = time.monotonic() + seconds
        while not self.stopped() and (left := end - time.monotonic()) > 0:
            self.stop.wait(left if self._cancelled is None else min(left, CANCEL_CHECK_SECONDS))
