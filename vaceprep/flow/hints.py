"""The commands that a hint names, with every option that they need. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hints:
    """How a user goes on from here by the command line."""

    #: The rows are those of the sandbox's ledger.
    sandbox: bool = False
    #: Options of ``task wait`` that were given for this run: where videos go and the like.
    options: tuple[str, ...] = ()

    def _command(self, name: str, *words: str | int | None, end: tuple[str, ...] = ()) -> str:
        own = [shlex.quote(str(word)) for word in words if word is not None]
        # What begins with a hyphen would be taken for an option.
        own = ["--", *own] if any(word.startswith("-") for word in own) else own
        flags = ["--sandbox"] if self.sandbox else []
        rest = [shlex.quote(word) for word in end]
        options = [*flags, *rest]
        parts = [*options, *own] if own[:1] == ["--"] else [*own, *options]
        return " ".join(["vaceprep", "task", name, *parts])

    def wait(self, task: str | int | None) -> str:
        """Wait for a task, named by its id or its row, and download its video as asked here."""
        return self._command("wait", task, end=self.options)

    def adopt(self, row: int, task: str = "TASK_ID") -> str:
        """Record which task a row is."""
        return self._command("adopt", row, task)

    def forget(self, row: int, *, yes: bool = False) -> str:
        """Set a row aside; ``yes``: even one whose task was accepted."""
        return self._command("forget", row, end=("--yes",) if yes else ())

    def unknown(self, row: int) -> str:
        """What a person can do about a submission of unknown fate."""
        return (
            f"look into your account: if the task is there, {self.adopt(row)}; "
            f"if not, {self.forget(row)}"
        )
