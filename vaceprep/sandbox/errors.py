"""The exceptions of a task at work."""

from __future__ import annotations


class Breach(Exception):
    """Media that break the contract: the task fails, and the message says why."""


class Stopped(Exception):
    """The sandbox is being closed; nobody waits for the task any more."""
