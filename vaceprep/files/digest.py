"""The SHA-256 of a file, and the stamp that tells one state of a file from another."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from typing import Any, Final, NamedTuple, Protocol

from vaceprep.files.source import CannotOpen, open_path

#: Bytes that are read at once.
_PIECE: Final = 1 << 20
#: Seconds for which a clock of a file system may stand still: Linux ticks every 10 ms at most.
_TICK: Final = 0.02
#: The same where stamps are whole seconds (FAT counts by two).
_COARSE_TICK: Final = 2.0


class _File(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Identity(NamedTuple):
    """A file as it stood: any change of its bytes changes one of these. Times in nanoseconds."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def identity(path: str, handle: int | None = None) -> Identity | None:
    """What tells one state of a file from any other; of the open ``handle`` where one is given.

    Waits up to 20 ms for a file that has only just changed, because a change within the same tick
    of the clock would leave no trace. None where there is no regular file, where it is being
    written all the while, or where its stamps are too coarse to tell.
    """
    for _ in range(3):
        try:
            real = os.path.realpath(path)
            status = os.stat(real if handle is None else handle)
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        now = time.time()
        stamps = (status.st_mtime_ns, status.st_ctime_ns)
        age = min((now - s / 1e9 for s in stamps if s / 1e9 <= now), default=_COARSE_TICK)
        if age < _COARSE_TICK and not any(s % 10**9 for s in stamps):
            return None
        if age >= _TICK:
            return Identity(real, status.st_size, *stamps, status.st_ino)
        time.sleep(_TICK - age)
    return None


def sha256_of(file: _File) -> tuple[str, int]:
    """The SHA-256, in hexadecimal, and the number of the bytes from here on. Raises OSError."""
    sha, size = hashlib.sha256(), 0
    while piece := file.read(_PIECE):
        sha.update(piece)
        size += len(piece)
    return sha.hexdigest(), size


def sha256_of_path(path: str) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises CannotOpen or OSError."""
    with open_path(path) as opened:
        return sha256_of(opened)[0]


def digest(path: str) -> dict[str, Any] | None:
    """The SHA-256 and the size in bytes of a file as JSON has them; None where it is unreadable."""
    try:
        with open_path(path) as opened:
            return {"sha256": sha256_of(opened)[0], "bytes": opened.size}
    except (CannotOpen, OSError):
        return None
