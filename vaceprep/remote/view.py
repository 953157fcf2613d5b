"""A place in bytes that are read by offset: what a file object does beside reading."""

from __future__ import annotations

import os
from typing import Final

_LINE: Final = 4096


class View:
    """A seekable read-only file over ``bytes_at``."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._at = 0

    def bytes_at(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` up to ``end``, both within the file. Raises OSError."""
        raise NotImplementedError

    def seekable(self) -> bool:
        """Always true."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to another place; never fails, and nothing is fetched for it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """The place."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Bytes from the place on: all where ``size`` is negative. Raises OSError."""
        start = self._at
        end = self.size if size is None or size < 0 else min(start + size, self.size)
        if end <= start:
            return b""
        data = self.bytes_at(start, end)
        self._at = start + len(data)
        return data

    def readline(self, size: int = -1) -> bytes:
        """Bytes up to the end of a line. Raises OSError."""
        start, line = self._at, b""
        while size < 0 or len(line) < size:
            piece = self.read(_LINE if size < 0 else min(_LINE, size - len(line)))
            found = piece.find(b"\n") + 1
            line += piece[:found] if found else piece
            if found or not piece:
                break
        self._at = start + len(line)
        return line
