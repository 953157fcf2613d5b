"""The interface that the structure readers need of a file."""

from __future__ import annotations

from typing import Protocol


class Source(Protocol):
    """The part of ``source.Opened`` that a reader uses."""

    size: int

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``."""
        ...
