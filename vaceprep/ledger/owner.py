"""Whether the process that owns a row is alive: it holds a lock, which ends with it.

Process ids are reused and clocks are changed; a lock held by the operating system is reliable.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from filelock import FileLock, Timeout


class Owner:
    """The lock that shows that this process is alive, as long as it is open."""

    def __init__(self, folder: str) -> None:
        """Raises OSError if the folder does not support locks."""
        self._folder = os.path.join(folder, "owners")
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        self.name = secrets.token_hex(16)
        self._lock = self._lock_of(self.name)
        self._lock.acquire(timeout=0)

    def _lock_of(self, name: str) -> FileLock:
        # Any thread of the process may release it.
        return FileLock(os.path.join(self._folder, f"{name}.lock"), thread_local=False)

    def is_alive(self, name: str | None) -> bool:
        """Whether the process of that name is alive."""
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
        # No name is used twice, so the file is not needed any more.
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Release the lock."""
        self._lock.release()
        with contextlib.suppress(OSError):
            Path(self._folder, f"{self.name}.lock").unlink(missing_ok=True)
