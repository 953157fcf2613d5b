"""Slow work in threads of its own: started once, asked for until it is done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vaceprep.errors import Cancelled, Refused

#: Does the work; is given a function to call with the share done, which may raise Cancelled.
Work = Callable[[Callable[[float], None]], Any]


@dataclass
class Task:
    """One piece of work, and its result once it is done."""

    done: bool = False
    share: float = 0.0
    result: Any = None
    #: Why it failed, in a sentence.
    error: str | None = None
    thread: threading.Thread | None = field(default=None, repr=False)


class Background:
    """Work by key. A key whose work is running or done is not started again."""

    def __init__(self) -> None:
        self._tasks: dict[Any, Task] = {}
        self._lock = threading.Lock()
        #: Set when the editor ends.
        self.closing = threading.Event()

    def task(self, key: Any, work: Work) -> Task:
        """The task of a key, started if it is new."""
        with self._lock:
            task = self._tasks.get(key)
            if task is None:
                self._tasks[key] = task = Task()
                task.thread = threading.Thread(
                    target=self._run, args=(task, work), name="vaceprep-edit-work", daemon=True
                )
                if not self.closing.is_set():
                    task.thread.start()
            return task

    def check(self) -> None:
        """Raise Cancelled if the editor ends."""
        if self.closing.is_set():
            raise Cancelled("the editor ends")

    def close(self) -> None:
        """End all work at its next report of progress, and wait for it."""
        self.closing.set()
        with self._lock:
            threads = [task.thread for task in self._tasks.values() if task.thread is not None]
        for thread in threads:
            if thread.ident is not None:
                thread.join()

    def _run(self, task: Task, work: Work) -> None:
        def step(share: float) -> None:
            self.check()
            task.share = share

        try:
            task.result = work(step)
            task.share = 1.0
        except Cancelled:
            task.error = "the editor ends"
        except Refused as error:
            task.error = str(error)
        except Exception as error:
            # A thread has no caller: without this the page would ask for ever.
            task.error = f"it failed ({type(error).__name__})"
        finally:
            task.done = True
