"""The exceptions of this room."""

from __future__ import annotations


class Refused(Exception):
    """What was asked for cannot be done; the message is one sentence for a person.

    Foreign text in it (names, metadata) is not made printable yet: whoever prints it does that.
    """


class Taken(Refused):
    """The name is another file's already."""


class Damaged(Refused):
    """A frame of the source does not decode; ``frames`` came out before it."""

    def __init__(self, message: str, frames: int) -> None:
        super().__init__(message)
        self.frames = frames


class Mismatch(Refused):
    """What was encoded does not decode, or does not show what its source shows."""


class CannotCopy(Exception):
    """The source's packets cannot be copied, so its frames are encoded; the message is a clause."""


class Cancelled(Exception):
    """Whoever asked for the work called it off; nothing is left behind."""
