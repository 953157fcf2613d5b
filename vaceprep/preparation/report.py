"""The report of ``prepare``: immutable, and as JSON with stable keys for scripts."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from vaceprep.checks.report import JSON_VERSION, in_force
from vaceprep.contract import Role
from vaceprep.cost import Cost
from vaceprep.facts import Facts, exact, shown
from vaceprep.plans.model import Edit
from vaceprep.records import Record
from vaceprep.rules.catalogue import Finding

if TYPE_CHECKING:
    from vaceprep.config.model import Config

Status = Literal["unchanged", "prepared", "planned", "failed"]


class PreparedPart(Record):
    """One part of a job's video that is split. Times are in seconds of the whole video."""

    index: int
    start: Fraction
    end: Fraction
    #: The first and the last presented frame, from 1.
    frames: tuple[int, int]
    #: Seconds at its start that the part before has too.
    overlap: Fraction
    #: Whether a shot cut divides it from the part before.
    after_cut: bool
    #: Its mask, in a few words; None without a mask of its own.
    mask: str | None = None
    #: What it costs by its length.
    cost: Cost | None = None
    #: The job of the part; None where it is not written, or failed.
    output: str | None = None
    status: Status = "planned"

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of ``parts`` in the JSON of ``prepare``."""
        return {
            "index": self.index,
            "from": shown(self.start),
            "to": shown(self.end),
            "from_exact": exact(self.start),
            "to_exact": exact(self.end),
            "frames": list(self.frames),
            "overlap": shown(self.overlap),
            "after_cut": self.after_cut,
            "mask": self.mask,
            "cost": None if self.cost is None else self.cost.to_dict(),
            "output": self.output,
            "status": self.status,
        }


class PreparedSplit(Record):
    """The parts of a job's video, and the shot cuts in the part of it that is used."""

    cuts: tuple[Fraction, ...]
    parts: tuple[PreparedPart, ...]
    #: What all parts cost together.
    cost: Cost | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the keys of a split in the JSON of ``prepare``."""
        return {
            "cuts": [shown(cut) for cut in self.cuts],
            "parts": [part.to_dict() for part in self.parts],
            "cost": None if self.cost is None else self.cost.to_dict(),
        }


class Prepared(Record):
    """One source as given, and the result of its preparation.

    ``remaining`` are the findings that are not fixed; ``error`` is a sentence that says why it
    failed where no rule does. ``after`` is the output, measured or, in a plan, predicted.
    """

    source: str
    output: str | None
    role: Role | None
    status: Status
    plan: tuple[Edit, ...] = ()
    lossless: bool = True
    before: Facts | None = None
    after: Facts | None = None
    remaining: tuple[Finding, ...] = ()
    error: str | None = None
    #: The output existed already, made from the same source with the same options.
    reused: bool = False
    #: The start and length of the kept part of a video, in seconds.
    window: tuple[Fraction, Fraction] | None = None
    #: Of a job whose video is split: its parts. Each has entries of its own.
    split: PreparedSplit | None = None

    @property
    def ok(self) -> bool:
        """Whether the output exists or, in a plan, will."""
        return self.status != "failed"

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of ``files`` in the JSON of ``prepare``."""
        return {
            "source": self.source,
            "output": self.output,
            "role": self.role,
            "status": self.status,
            "plan": [edit.to_dict() for edit in self.plan],
            "lossless": self.lossless,
            "before": None if self.before is None else self.before.to_dict(),
            "after": None if self.after is None else self.after.to_dict(),
            "remaining": [finding.to_dict() for finding in self.remaining],
            "error": self.error,
            "reused": self.reused,
            **({} if self.split is None else self.split.to_dict()),
        }


class Summary(Record):
    """Number of sources by status."""

    prepared: int
    unchanged: int
    failed: int
    planned: int


class PrepareReport(Record):
    """The report on one or more sources."""

    files: tuple[Prepared, ...]
    #: The configurations whose limits applied.
    configs: tuple[Config, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no source failed."""
        return all(entry.ok for entry in self.files)

    @property
    def summary(self) -> Summary:
        """The number of sources by status."""
        return summarise(self.files)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON of ``prepare``."""
        return {
            "version": JSON_VERSION,
            **in_force(self.configs),
            "files": [entry.to_dict() for entry in self.files],
        }


def summarise(files: tuple[Prepared, ...] | list[Prepared]) -> Summary:
    """Count entries by status; a job counts as one in addition to its media."""
    counts = dict.fromkeys(("prepared", "unchanged", "failed", "planned"), 0)
    for entry in files:
        counts[entry.status] += 1
    return Summary(**counts)
