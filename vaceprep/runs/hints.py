"""The commands that a hint names, with every option that they need. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

#: Hint for a task whose sandbox ends with the command.
REHEARSAL_ENDED: Final = (
    "the rehearsal ended with the command; to rehearse again, run the same command again"
)


@dataclass(frozen=True, slots=True)
class Hints:
    """How a user goes on from here by the command line."""

    #: The rows are those of the sandbox's ledger.
    sandbox: bool = False
    #: Options of ``task wait`` that were given for this run: where videos go and the like.
    options: tuple[str, ...] = ()
    #: The service is the command's own sandbox: it and its tasks end with the command.
    own_service: bool = False

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

    def accepted(self, task: str | int | None) -> str:
        """How to get the video of a task that the command does not wait for."""
        return REHEARSAL_ENDED if self.own_service else self.wait(task)

    def later(self, task: str | int | None) -> str:
        """What becomes of a task that the command leaves before its end, and how to go on."""
        if self.own_service:
            return REHEARSAL_ENDED
        return f"it goes on at the service; to go on here: {self.wait(task)}"

    def kept(self, task: str | int | None) -> str:
        """How to get the video of a finished task that could not be downloaded."""
        if self.own_service:
            return REHEARSAL_ENDED
        return f"the task is kept for 24 hours; to go on: {self.wait(task)}"

    def list(self) -> str:
        """Show all rows."""
        return self._command("list")

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
