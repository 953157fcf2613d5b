"""Exceptions that several layers share, and the tree of all that the public functions raise.

Public functions raise these, and nothing else of this package::

    Exception
    +-- ProbeError            probe: the file cannot be measured
    +-- ApiError              Client, AsyncClient, run
    |   +-- NotConnected      surely nothing was sent
    |   +-- Rejected          the service refused the request
    |   +-- FateUnknown       whether a task was made is not known
    |   +-- StillRunning      the time to wait is over
    |   +-- ReadFailed        a question about a task kept failing
    +-- LedgerError           run: the ledger cannot be used
    +-- Cancelled             prepare, run: the caller cancelled the work
    +-- RuntimeError
    |   +-- CannotIsolate     no worker process can be started
    +-- ValueError
        +-- BadConfig         a configuration is invalid
        +-- ConfigError       the API key or the service's URL is missing or invalid
        +-- InvalidJob        a job is invalid
        +-- NotConfigured     run: a setting is missing
        +-- NotPublished      a job names a local file where the service needs a URL
        +-- UnknownRule       no rule has this name

Inside the package, the exceptions of this module become entries of a report::

    Exception
    +-- Refused               the work cannot be done
    |   +-- Taken             another file has the name
    |   +-- Damaged           a frame of the source does not decode
    |   +-- Mismatch          the output does not show what the source shows
    +-- CannotCopy            packets cannot be copied: the frames are encoded
"""

from __future__ import annotations


class Refused(Exception):
    """The work cannot be done; the message is one sentence for the user.

    Untrusted text in it (names, metadata) is not yet made printable: the caller does that.
    """


class Taken(Refused):
    """The name is already used by another file."""


class Damaged(Refused):
    """A frame of the source does not decode; ``frames`` is the number decoded before it."""

    def __init__(self, message: str, frames: int) -> None:
        super().__init__(message)
        self.frames = frames


class Mismatch(Refused):
    """The encoded output does not decode, or does not show what its source shows."""


class CannotCopy(Exception):
    """The source's packets cannot be copied, so its frames are encoded; the message is a clause."""


class Cancelled(Exception):
    """The caller cancelled the work; no output remains."""
