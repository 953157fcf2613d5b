"""What the endpoints of one editor share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vaceprep.contract import Role
from vaceprep.editor.background import Background
from vaceprep.editor.kept import Kept
from vaceprep.editor.media import mark_of
from vaceprep.editor.running import GRACE, Rehearsal, Run, Sending
from vaceprep.editor.session import Session
from vaceprep.editor.timeline import Timeline, timeline_of
from vaceprep.limits import Limits
from vaceprep.runs.model import RunOptions


@dataclass
class Editor:
    """One running editor."""

    session: Session
    token: str
    port: int
    #: Called when the page ends the server.
    end: Callable[[], None]
    allow_send: bool = False
    #: Options of each run, as the command line and the configuration set them.
    run: RunOptions = field(default_factory=RunOptions)
    #: Options of ``run`` that come after all others in the command that the page shows.
    run_words: tuple[str, ...] = ()
    #: Starts a sandbox for one run; None: no rehearsal.
    rehearsal: Rehearsal | None = None
    #: The service and where media are published; None: nothing is sent.
    sending: Sending | None = None
    background: Background = field(default_factory=Background)
    pictures: Kept = field(default_factory=Kept)
    timelines: dict[Any, Timeline] = field(default_factory=dict)
    #: The windows that were made, by what they show.
    clips: dict[Any, str] = field(default_factory=dict)
    clips_lock: threading.Lock = field(default_factory=threading.Lock)
    runs: dict[str, Run] = field(default_factory=dict)
    #: Only one mask or picture is taken at a time.
    drafting: threading.Lock = field(default_factory=threading.Lock)
    #: The number of the last state of the job that was sent; only one is looked at at a time.
    latest: int = 0
    reviewing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def limits(self) -> Limits:
        """The limits of media and prompts."""
        return self.run.prepare.limits

    def timeline(self, path: str, role: Role) -> Timeline:
        """The timeline of a video, read once. Raises Refused."""
        key = path, mark_of(path)
        found = self.timelines.get(key)
        if found is None:
            with self.session.media.open(path, role) as read:
                found = timeline_of(read)
            self.timelines[key] = found
        return found

    def stop(self) -> None:
        """Let slow work and runs end soon."""
        self.background.closing.set()
        for run in self.runs.values():
            run.control.stop.set()
            run.control.halt.set()

    def close(self) -> None:
        """Wait for slow work and runs, and delete what was not saved."""
        self.stop()
        for run in self.runs.values():
            if run.thread is not None:
                run.thread.join(GRACE)
        self.background.close()
        self.session.close()
