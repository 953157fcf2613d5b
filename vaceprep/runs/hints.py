"""The commands that a hint names, with all options that they need. Pure."""

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
    """How a user continues on the command line."""

    #: The rows are those of the sandbox's ledger.
    sandbox: bool = False
    #: Options of ``task wait`` given for this run, such as the folder for videos.
    options: tuple[str, ...] = ()
    #: The service is the command's own sandbox, which ends with the command, its tasks too.
    own_service: bool = False

    def _command(self, name: str, *words: str | int | None, end: tuple[str, ...] = ()) -> str:
        own = [shlex.quote(str(word)) for word in words if word is not None]
        # A word that begins with a hyphen would be read as an option.
        own = ["--", *own] if any(word.startswith("-") for word in own) else own
        flags = ["--sandbox"] if self.sandbox else []
        rest = [shlex.quote(word) for word in end]
        options = [*flags, *rest]
        parts = [*options, *own] if own[:1] == ["--"] else [*own, *options]
        return " ".join(["vaceprep", "task", name, *parts])

    def wait(self, task: str | int | None) -> str:
        """Wait for a task, named by its id or its row, and download its video."""
        return self._command("wait", task, end=self.options)

    def accepted(self, task: str | int | None) -> str:
        """How to get the video of a task that the command does not wait for."""
        return REHEARSAL_ENDED if self.own_service else self.wait(task)

    def later(self, task: str | int | None) -> str:
        """What happens to a task that the command leaves unfinished, and how to resume."""
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
        """Mark a row as never accepted; ``yes``: even if its task was accepted."""
        return self._command("forget", row, end=("--yes",) if yes else ())

    def unknown(self, row: int) -> str:
        """What a user can do about a submission whose response was lost."""
        return (
            f"look into your account: if the task is there, {self.adopt(row)}; "
            f"if not, {self.forget(row)}"
        )
