"""What ``prepare`` answers on one source: immutable, and as JSON that scripts stand on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from vaceprep.checks.report import JSON_VERSION, in_force
from vaceprep.contract import Role
from vaceprep.facts import Facts
from vaceprep.plans.model import Edit
from vaceprep.rules.catalogue import Finding

if TYPE_CHECKING:
    from vaceprep.config.model import Config

Status = Literal["unchanged", "prepared", "planned", "failed"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One source, as it was given, and what became of it.

    ``remaining`` are the findings that stay; ``error`` says in a sentence why it failed where no
    rule does. ``after`` is what came out or, for a plan, what will.
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
    #: The output was there already, made of the same source with the same options.
    reused: bool = False
    #: The start and the length of the stretch of a video that is kept, in seconds.
    window: tuple[Fraction, Fraction] | None = None

    @property
    def ok(self) -> bool:
        """Whether the output is there, or will be."""
        return self.status != "failed"

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``files`` in the JSON of ``prepare``."""
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


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over all sources."""

    prepared: int
    unchanged: int
    failed: int
    planned: int


@dataclass(frozen=True, slots=True)
class PrepareReport:
    """The answer on one or more sources."""

    files: tuple[Prepared, ...]
    #: The configurations whose limits they were held to.
    configs: tuple[Config, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether none failed."""
        return all(entry.ok for entry in self.files)

    @property
    def summary(self) -> Summary:
        """How many came to what."""
        return summarise(self.files)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``prepare``."""
        return {
            "version": JSON_VERSION,
            **in_force(self.configs),
            "files": [entry.to_dict() for entry in self.files],
        }


def summarise(files: tuple[Prepared, ...] | list[Prepared]) -> Summary:
    """Counts over entries; a job counts as one beside its media."""
    counts = dict.fromkeys(("prepared", "unchanged", "failed", "planned"), 0)
    for entry in files:
        counts[entry.status] += 1
    return Summary(**counts)
