"""The exceptions of a running task."""

from __future__ import annotations


class Breach(Exception):
    """Media that violate the contract: the task fails, and the message says why."""


class Stopped(Exception):
    """The sandbox is closing; the task must end."""
