"""Faults that the sandbox injects on request, to test how a client reacts."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Final, NamedTuple

#: Every fault with its effect; those before acceptance come first.
DESCRIPTIONS: Final = {
    "429": "a submission is refused with 429 and Retry-After",
    "429-bare": "a submission is refused with 429 without Retry-After",
    "503": "a submission is refused with 503 and Retry-After",
    "503-bare": "a submission is refused with 503 without Retry-After",
    "drop-before-accept": "the connection is closed and no task is made",
    "500-after-accept": "a task is made and the answer is 500",
    "drop-after-accept": "a task is made; the connection closes without an answer",
    "slow": "a task is made and the answer comes late",
    "bad-json": "a task is made and the answer is 202 with broken JSON",
    "no-id": "a task is made and the answer is 202 without its id",
    "task-failed": "a task is made and fails",
    "status-500": "a question for a task's status is answered with 500",
    "expired-result": "the result's URL answers 403, as an expired one does",
    "empty-result": "the result has no bytes",
    "html-result": "the result is a page of HTML",
    "half-result": "the result breaks off in its middle",
}
FAULTS: Final = tuple(DESCRIPTIONS)
#: The count that means every time.
ALWAYS: Final = "*"
_COUNT: Final = re.compile(r"[1-9][0-9]{0,8}")


class Fault(NamedTuple):
    """A fault and how many times it happens; None means every time."""

    name: str
    times: int | None = 1


def parse_fault(text: str) -> Fault:
    """``NAME`` or ``NAME:COUNT``, where the count may be ``*``. Raises ValueError."""
    name, colon, count = text.partition(":")
    if name not in DESCRIPTIONS:
        raise ValueError(f"there is no fault {name!r}; faults: {', '.join(FAULTS)}")
    if not colon:
        return Fault(name)
    if count == ALWAYS:
        return Fault(name, None)
    if not _COUNT.fullmatch(count):
        raise ValueError(f"{count!r} is no count of {name}; write a number from 1, or {ALWAYS}")
    return Fault(name, int(count))


class Faults:
    """The faults that are still due. Thread-safe."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._left: dict[str, int | None] = {}
        self._lock = threading.Lock()
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Make a fault due so many more times."""
        with self._lock:
            have, more = self._left.get(fault.name, 0), fault.times
            self._left[fault.name] = None if have is None or more is None else have + more

    def take(self, *names: str) -> str | None:
        """The first of these faults that is due, which is then counted; None: none is due."""
        with self._lock:
            for name in names:
                left = self._left.get(name, 0)
                if left == 0:
                    continue
                if left is not None:
                    self._left[name] = left - 1
                return name
        return None

    def left(self) -> dict[str, int | None]:
        """How often each is still due; None: every time."""
        with self._lock:
            return {name: times for name, times in self._left.items() if times != 0}
