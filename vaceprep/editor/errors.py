"""Refusals of the server, each with its HTTP status and one sentence."""

from __future__ import annotations


class BadRequest(Exception):
    """The request cannot be answered; the message is one sentence for the user."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class EditorUnavailable(Exception):
    """The editor cannot start; the message is one sentence that says why."""
