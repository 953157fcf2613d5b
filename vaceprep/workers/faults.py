"""The death of a worker as a fact about the file that it processed."""

from __future__ import annotations

from typing import Literal

from vaceprep.contract import BYTES_PER_MEGABYTE
from vaceprep.facts import Unreadable

#: How a worker failed on its file.
Fault = Literal["crashed", "slow", "out-of-memory"]


def crashed(size: int | None) -> Unreadable:
    """The process died on the file."""
    return Unreadable("crashed", "the decoder crashed", size)


def slow(seconds: float, size: int | None) -> Unreadable:
    """The process had to be stopped."""
    return Unreadable("too-slow", f"it took longer than {seconds:g} s", size)


def stalled(seconds: float, size: int | None) -> Unreadable:
    """The process had to be stopped because it made no progress."""
    return Unreadable("too-slow", f"it made no progress for {seconds:g} s", size)


def out_of_memory(memory: int, size: int | None) -> Unreadable:
    """The process needed more memory than allowed, in bytes."""
    allowed = memory // BYTES_PER_MEGABYTE
    return Unreadable("too-large", f"it takes more than the {allowed} MB that are allowed", size)
