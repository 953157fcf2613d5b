"""Whether the process behind a row still lives: told by a lock that dies with it.

Process numbers are used again, and clocks are set; a lock held by the system is neither.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from filelock import FileLock, Timeout


class Owner:
    """This process's claim to be alive, for as long as it is open."""

    def __init__(self, folder: str) -> None:
        """Raises OSError where the folder takes no lock."""
        self._folder = os.path.join(folder, "owners")
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        self.name = secrets.token_hex(16)
        self._lock = self._lock_of(self.name)
        self._lock.acquire(timeout=0)

    def _lock_of(self, name: str) -> FileLock:
        # Released by any thread of the process that holds it.
        return FileLock(os.path.join(self._folder, f"{name}.lock"), thread_local=False)

    def is_alive(self, name: str | None) -> bool:
        """Whether the process of that name is still there."""
        if name is None or not name.isalnum():
            return False
        if name == self.name:
            return True
        path = Path(self._folder, f"{name}.lock")
        if not path.exists():
            return False
        lock = self._lock_of(name)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        # Nobody takes a name twice, so nothing is lost with the file.
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Let go."""
        self._lock.release()
        with contextlib.suppress(OSError):
            Path(self._folder, f"{self.name}.lock").unlink(missing_ok=True)
