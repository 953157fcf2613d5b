"""Run the job: rehearsed in a sandbox, or sent to the service, by the code of ``run``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from vaceprep.runs.hints import Hints
from vaceprep.runs.model import Control, RunEntry, RunOptions, Step
from vaceprep.runs.split_offer import SPLIT, WHOLE
from vaceprep.runs.used_parts import ANOTHER_PART

if TYPE_CHECKING:
    from vaceprep.api.settings import Settings
    from vaceprep.checks.inputs import Item
    from vaceprep.publish.target import Target

#: Starts a sandbox that ends with the stack; its service, its target, and the options of a run.
Rehearsal = Callable[[ExitStack, RunOptions], "tuple[Settings, Target, RunOptions]"]
Kind = Literal["rehearse", "send"]
#: The steps of a run in their order; each takes an equal share of the bar.
STEPS: Final = ("prepare", "upload", "queue", "send", "wait", "download")
#: The box of the page for ``--split``.
WHOLE_VIDEO: Final = "the box “Use the whole video” above"
#: Seconds between two polls of a sandbox task, which ends quickly.
REHEARSAL_POLL: Final = 0.25
#: Seconds that a run has to end when the editor ends.
GRACE: Final = 8.0


class Sending(NamedTuple):
    """The service that jobs are sent to, and where media are published."""

    settings: Settings
    target: Target | None


@dataclass
class Run:
    """One run, and what is known of it so far."""

    kind: Kind
    control: Control = field(default_factory=Control)
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    share: float = 0.0
    entry: RunEntry | None = None
    error: str | None = None
    done: bool = False
    thread: threading.Thread | None = field(default=None, repr=False)

    def on_step(self, step: Step) -> None:
        """Take a step of the runner into account; may be called from any thread."""
        if step.name == "note":
            self.notes.append(step.note)
        if step.name not in STEPS:
            return
        share = None if step.share is None else float(step.share)
        self.steps[step.name] = {"name": step.name, "share": share, "note": step.note}
        begun = STEPS.index(step.name)
        self.share = max(self.share, float((begun + Fraction(step.share or 0)) / len(STEPS)))

    @property
    def video(self) -> str | None:
        """The path of the finished video."""
        return self.entry.videos[0] if self.entry is not None and self.entry.videos else None

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``api/run`` without the address of the video."""
        entry = self.entry
        failed = self.error is not None or (entry is not None and not entry.ok)
        state = "running" if not self.done else "failed" if failed else "done"
        error = self.error
        if error is None and entry is not None and not entry.ok:
            words = [entry.error or "", *(f.message for f in entry.findings)]
            error = "; ".join(filter(None, words)) or entry.status
        return {
            "kind": self.kind,
            "state": state,
            "steps": list(self.steps.values()),
            "share": 1.0 if state == "done" else round(self.share, 3),
            "error": error,
            "hint": None if entry is None else entry.hint,
            "notes": [*self.notes, *(() if entry is None else map(on_page, entry.notes))],
            "cost": None if entry is None or entry.cost is None else entry.cost.to_dict(),
        }


def on_page(note: str) -> str:
    """A note on the result with what the page offers in place of an option of the command."""
    note = note.partition(ANOTHER_PART)[0]
    return note.replace(f"{WHOLE}{SPLIT} makes", f"{WHOLE}{WHOLE_VIDEO} makes")


def start(run: Run, work: Callable[[], RunEntry]) -> None:
    """Do the work of a run in a thread of its own."""

    def body() -> None:
        try:
            run.entry = work()
        except Exception as error:
            # A thread has no caller: without this the page would ask for ever.
            run.error = str(getattr(error, "message", "") or error) or type(error).__name__
        finally:
            run.done = True

    run.thread = threading.Thread(target=body, name="vaceprep-edit-run", daemon=True)
    run.thread.start()


def rehearse(run: Run, item: Item, options: RunOptions, rehearsal: Rehearsal) -> RunEntry:
    """Run a job in a sandbox of its own."""
    from vaceprep.ledger.store import SANDBOX

    options = replace(
        options, poll_interval=REHEARSAL_POLL, hints=Hints(sandbox=True, own_service=True)
    )
    with ExitStack() as stack:
        settings, target, options = rehearsal(stack, options)
        return _one(run, item, options, settings, target, SANDBOX)


def send(run: Run, item: Item, options: RunOptions, to: Sending) -> RunEntry:
    """Send a job to the service, and wait for its video."""
    from vaceprep.ledger.store import PAID

    return _one(run, item, options, to.settings, to.target, PAID)


def _one(
    run: Run,
    item: Item,
    options: RunOptions,
    settings: Settings,
    target: Target | None,
    file_name: str,
) -> RunEntry:
    """One job to its video, as ``run`` does it after its question."""
    from vaceprep.runs.library import run_items

    (entry,) = run_items(file_name, [item], settings, target, options, run.control, run.on_step)
    return entry
