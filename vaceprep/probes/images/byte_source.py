"""What the readers of structure need of a file."""

from __future__ import annotations

from typing import Protocol


class Source(Protocol):
    """What a reader needs of ``source.Opened``."""

    size: int

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``."""
        ...
