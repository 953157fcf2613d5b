"""The one exception of this room."""

from __future__ import annotations


class Refused(Exception):
    """What was asked for cannot be done; the message is one sentence for a person.

    Foreign text in it (names, metadata) is not made printable yet: whoever prints it does that.
    """
