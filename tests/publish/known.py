"""A memory of what was published, and what is given to a target by default."""

from __future__ import annotations


class Memory:
    """As the ledger keeps it."""

    def __init__(self) -> None:
        self.urls: dict[tuple[str, str], str] = {}

    def recall(self, target: str, key: str) -> str | None:
        return self.urls.get((target, key))

    def remember(self, target: str, key: str, url: str) -> None:
        self.urls[target, key] = url


def untold(_: int) -> None:
    """Nobody listens."""


def never() -> bool:
    """Nobody calls it off."""
    return False
