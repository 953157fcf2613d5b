"""What a run found, as a table and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.crew import Answer

#: MiB of resident memory that ``check`` may take at most, on any input.
MEGABYTES = 400


@dataclass
class Figures:
    """Counts over a run; every offence is one of ``offences``."""

    seed: int
    inputs: int = 0
    truncations: int = 0
    traced: int | None = None
    seconds: float = 0.0
    #: Highest resident size of a check, and the input that took it.
    megabytes: float = 0.0
    at: str = ""
    slowest: float = 0.0
    works: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    connects: int = 0
    reads: int = 0
    #: Truncations that are fine, and that are findings.
    fine: int = 0
    found: int = 0
    offences: list[dict[str, Any]] = field(default_factory=list)

    def add(self, answer: Answer, name: str, work: str) -> str | None:
        """Count one answer; what is wrong with it, memory included."""
        self.works[work] += 1
        self.slowest = max(self.slowest, answer.seconds)
        problem = answer.problem
        # prepare may take more: it holds what it writes.
        if work != "prepare" and answer.megabytes > self.megabytes:
            self.megabytes, self.at = answer.megabytes, name
        if problem is None and work != "prepare" and answer.megabytes > MEGABYTES:
            problem = "memory"
        if problem is not None:
            self.problems[problem] += 1
        # libtiff says on stderr what it then raises too; Pillow gives no way to silence it.
        return None if problem == "noise" else problem

    @property
    def ok(self) -> bool:
        """Whether every promise held."""
        return not self.offences and not self.connects and not self.reads

    def rows(self) -> list[tuple[str, str, str]]:
        """What is counted, how much, and how much may be."""
        lost, slow = self.problems["died"], self.problems["hang"] + self.problems["slow"]
        rate = (self.inputs + self.truncations) / self.seconds if self.seconds else 0.0
        deep, made = self.works["deep"], self.works["prepare"]
        outside = "not traced (no strace)" if self.traced is None else f"{self.reads:,}"
        joined = "not traced (no strace)" if self.traced is None else f"{self.connects:,}"
        return [
            ("mutated inputs", f"{self.inputs:,}", ""),
            ("of them with --deep, prepared", f"{deep:,}, {made:,}", ""),
            ("truncations", f"{self.truncations:,}", ""),
            ("of them fine, a finding", f"{self.fine:,}, {self.found:,}", ""),
            ("truncations that passed in silence", f"{self.problems['silent']:,}", "0"),
            ("crashes of the parent", "0", "0"),
            ("crashes of a worker (inside a decoder)", f"{lost:,}", "0"),
            ("hangs, or over the time for one file", f"{slow:,}", "0"),
            ("tracebacks", f"{self.problems['traceback']:,}", "0"),
            ("broken promises", f"{self.problems['promise']:,}", "0"),
            ("inputs at which a C library talked", f"{self.problems['noise']:,}", ""),
            ("inputs under strace", f"{self.traced or 0:,}", ""),
            ("reads outside the file", outside, "0"),
            ("connections, sockets, programs started", joined, "0"),
            ("inputs over the memory bound", f"{self.problems['memory']:,}", "0"),
            ("peak memory of a check", f"{self.megabytes:.0f} MiB", f"{MEGABYTES} MiB"),
            ("slowest input, processor time", f"{self.slowest:.1f} s", ""),
            ("rate", f"{rate:.0f} a second", ""),
        ]

    def table(self) -> str:
        """The figures as text."""
        rows = [("", "found", "allowed"), *self.rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [
            f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}".rstrip() for a, b, c in rows
        ]
        lines.append(f"seed {self.seed}; the most memory: {self.at or 'none'}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return {
            "version": 1,
            "seed": self.seed,
            "inputs": self.inputs,
            "truncations": self.truncations,
            "truncations_fine": self.fine,
            "truncations_found": self.found,
            "deep": self.works["deep"],
            "prepared": self.works["prepare"],
            "parent_crashes": 0,
            "worker_crashes": self.problems["died"],
            "hangs": self.problems["hang"],
            "slow": self.problems["slow"],
            "tracebacks": self.problems["traceback"],
            "promises_broken": self.problems["promise"],
            "noise": self.problems["noise"],
            "silent_truncations": self.problems["silent"],
            "over_memory": self.problems["memory"],
            "traced": self.traced,
            "reads_outside": None if self.traced is None else self.reads,
            "connections": None if self.traced is None else self.connects,
            "peak_megabytes": round(self.megabytes, 1),
            "slowest_seconds": round(self.slowest, 2),
            "seconds": round(self.seconds, 1),
            "offences": self.offences,
            "ok": self.ok,
        }
