"""The results of ``check``: immutable, picklable, with a stable JSON form for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from vaceprep.contract import Role
from vaceprep.facts import Facts
from vaceprep.records import Record
from vaceprep.rules.catalogue import Finding, Severity

if TYPE_CHECKING:
    from vaceprep.config.model import Config
    from vaceprep.cost import Cost

#: Version of the JSON; it changes if a key changes its meaning or is removed.
JSON_VERSION = 1


def measured(facts: Facts | None) -> dict[str, Any]:
    """Return the key ``facts`` of a JSON entry; for a video also ``reader``: what measured it."""
    if facts is None:
        return {"facts": None}
    reader = {"reader": facts.reader} if facts.kind == "video" else {}
    return {"facts": facts.to_dict(), **reader}


class FileReport(Record):
    """One file, as given, with its role, facts (None: unreadable) and findings."""

    source: str
    role: Role | None
    facts: Facts | None
    findings: tuple[Finding, ...]
    #: Of a job's own entry: what the job costs as it is; None if its function is unknown.
    cost: Cost | None = None

    @property
    def ok(self) -> bool:
        """Whether no finding prevents a submission."""
        return not any(f.severity is Severity.ERROR for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``files`` in the JSON of ``check``."""
        cost = {} if self.cost is None else {"cost": self.cost.to_dict()}
        return {
            "source": self.source,
            "role": self.role,
            **measured(self.facts),
            "findings": [f.to_dict() for f in self.findings],
            **cost,
        }


class Summary(Record):
    """Counts over all files."""

    checked: int
    errors: int
    warnings: int
    advice: int
    #: What all jobs cost together; None without a job.
    cost: Cost | None = None

    def to_dict(self) -> dict[str, object]:
        """The ``summary`` of the JSON; the key ``cost`` only with a job."""
        cost = {} if self.cost is None else {"cost": self.cost.to_dict()}
        return {name: value for name, value in self.to_values().items() if name != "cost"} | cost


class Report(Record):
    """The result for one or more files."""

    files: tuple[FileReport, ...]
    #: The configurations that were used.
    configs: tuple[Config, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no file has a finding of severity error."""
        return all(f.ok for f in self.files)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of all files."""
        return tuple(finding for f in self.files for finding in f.findings)

    @property
    def summary(self) -> Summary:
        """The numbers of files and findings."""
        return summarise(self.files)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``check``."""
        return {
            "version": JSON_VERSION,
            "summary": self.summary.to_dict(),
            **in_force(self.configs),
            "files": [f.to_dict() for f in self.files],
        }


def summarise(files: Iterable[FileReport]) -> Summary:
    """Count files and findings."""
    entries = tuple(files)
    costs = [entry.cost for entry in entries if entry.cost is not None]
    counts = Counter(f.severity for entry in entries for f in entry.findings)
    return Summary(
        checked=len(entries),
        errors=counts[Severity.ERROR],
        warnings=counts[Severity.WARNING],
        advice=counts[Severity.ADVICE],
        cost=_together(costs) if costs else None,
    )


def _together(costs: Iterable[Cost]) -> Cost | None:
    # Most checks are of files, which have no cost.
    from vaceprep.cost import total

    return total(costs)


def in_force(configs: Iterable[Config]) -> dict[str, Any]:
    """The key ``config`` of a report; empty without a configuration."""
    used = [config.to_dict() for config in configs]
    return {"config": used} if used else {}
