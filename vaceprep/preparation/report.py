"""The report of ``prepare``: immutable, and as JSON with stable keys for scripts."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from vaceprep.checks.report import JSON_VERSION, in_force
from vaceprep.contract import Role
from vaceprep.facts import Facts
from vaceprep.plans.model import Edit
from vaceprep.records import Record
from vaceprep.rules.catalogue import Finding

if TYPE_CHECKING:
    from vaceprep.config.model import Config

Status = Literal["unchanged", "prepared", "planned", "failed"]


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
