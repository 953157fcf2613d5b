"""The SHA-256 of a file, and the stamp that identifies one state of a file."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from typing import Any, Final, NamedTuple, Protocol

from vaceprep.files.source import CannotOpen, open_path

#: Bytes per read.
_PIECE: Final = 1 << 20
#: Resolution in seconds of a file system's clock: Linux ticks every 10 ms at most.
_TICK: Final = 0.02
#: The same for timestamps in whole seconds (FAT has steps of two).
_COARSE_TICK: Final = 2.0


class _File(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Identity(NamedTuple):
    """One state of a file: any change of its bytes changes a field. Times in nanoseconds."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def identity(path: str, handle: int | None = None) -> Identity | None:
    """The stamp that identifies one state of a file; of the open ``handle`` if given.

    Waits up to 20 ms if the file has just changed, because a change within the same clock tick
    would leave the stamp the same. None if it is not a regular file, if it is being written all
    the time, or if its timestamps are too coarse.
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
    """The SHA-256 (hexadecimal) and number of the remaining bytes. Raises OSError."""
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
    """The SHA-256 and the size in bytes of a file, for JSON; None if it is unreadable."""
    try:
        with open_path(path) as opened:
            return {"sha256": sha256_of(opened)[0], "bytes": opened.size}
    except (CannotOpen, OSError):
        return None
