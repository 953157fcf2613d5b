"""What other processes do, as Linux tells it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def _stat(pid: int) -> list[str] | None:
    """State, parent, group, session and so on; None where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def of_session(session: int) -> list[int]:
    """Processes of a session that are not dead."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    found = {pid: _stat(pid) for pid in pids}
    return [p for p, s in found.items() if s and int(s[3]) == session and s[0] not in "ZX"]


def parent(pid: int) -> int:
    """The process that started it; 0 where it is gone."""
    found = _stat(pid)
    return int(found[1]) if found else 0


def cpu_ticks(pid: int) -> int:
    """How much it has computed."""
    found = _stat(pid)
    return int(found[11]) + int(found[12]) if found else 0


def wait_for(look: Callable[[], T], seconds: float = 30) -> T:
    """The first true answer, or the last one."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def busy_worker(session: int, main: int) -> int:
    """The worker that decodes: a grandchild that computes; 0 while there is none."""
    for pid in of_session(session):
        if parent(parent(pid)) == main and cpu_ticks(pid) > 20:
            return pid
    return 0
