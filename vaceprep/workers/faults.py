"""What it means that a worker did not come back, as a fact about the file it was at."""

from __future__ import annotations

from typing import Literal

from vaceprep.contract import BYTES_PER_MEGABYTE
from vaceprep.facts import Unreadable

#: How a worker fails its file.
Fault = Literal["crashed", "slow", "hungry"]


def crashed(size: int | None) -> Unreadable:
    """The process ended in the middle of the file."""
    return Unreadable("crashed", "the decoder crashed", size)


def slow(seconds: float, size: int | None) -> Unreadable:
    """It had to be stopped."""
    return Unreadable("too-slow", f"it took longer than {seconds:g} s", size)


def stalled(seconds: float, size: int | None) -> Unreadable:
    """It had to be stopped, since it came no further."""
    return Unreadable("too-slow", f"it made no progress for {seconds:g} s", size)


def hungry(memory: int, size: int | None) -> Unreadable:
    """It asked for more memory than it may have, in bytes."""
    allowed = memory // BYTES_PER_MEGABYTE
    return Unreadable("too-large", f"it takes more than the {allowed} MB that are allowed", size)
