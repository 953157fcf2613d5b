"""Signal handling of commands: Ctrl-C, termination (SIGTERM), a closed terminal (SIGHUP).

Shared by all commands. The exit code is 130; ``run`` and ``task``, which may have spent
money, end with 143 after SIGTERM and 129 after SIGHUP.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from vaceprep.cli import streams

if TYPE_CHECKING:
    from vaceprep.runs.model import Control

INTERRUPTED: Final = 130
#: Signals that end a command; some platforms lack SIGHUP.
ENDING: Final = tuple(
    found for name in ("SIGTERM", "SIGHUP") if (found := getattr(signal, name, None)) is not None
)
#: Seconds that a run has after such a signal to complete its current step.
GRACE: Final = 8.0
_state: Final[dict[str, Any]] = {"received": None, "watched": False}

Handler = Callable[[int, FrameType | None], object]


def exit_code() -> int:
    """The exit code of a command that a signal ended."""
    received = _state["received"]
    return INTERRUPTED if received is None else 128 + int(received)


def interrupted() -> int:
    """Print that the command was interrupted; its exit code."""
    streams.say("vaceprep: interrupted")
    return exit_code()


def ended_by_signal() -> bool:
    """Whether SIGTERM or SIGHUP came."""
    return _state["received"] is not None


@contextmanager
def _handling(numbers: tuple[int, ...], handler: Handler) -> Iterator[None]:
    """Handle signals, except those that the parent process ignores (nohup)."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may set handlers.
        yield
        return
    before = {}
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def terminable(*, own_code: bool = False) -> Iterator[None]:
    """SIGTERM and SIGHUP end the work like Ctrl-C: no partial output remains.

    ``own_code``: each with its own exit code.
    """

    def handle(number: int, _: FrameType | None) -> None:
        _state["received"] = number if own_code else None
        raise KeyboardInterrupt

    if _state["watched"]:
        # A run is active and has its own handlers.
        yield
        return
    _state["received"] = None
    with _handling(ENDING, handle):
        yield


@contextmanager
def interruptible(control: Control, *, sandbox: bool = False) -> Iterator[None]:
    """Ctrl-C once: finish the step. Twice: abort the step. Three times: exit at once.

    SIGTERM and SIGHUP abort the step; a pending request has ``GRACE`` seconds for its answer, after
    which its row in the ledger counts as unknown. ``sandbox``: the rows are in the sandbox's
    ledger.
    """
    counted = {"n": 0}

    def handle(*_: object) -> None:
        counted["n"] += 1
        if counted["n"] == 1:
            control.stop.set()
            _say_now("finishing this step; Ctrl-C again gives it up")
        elif counted["n"] == 2:
            control.halt.set()
        else:
            os._exit(INTERRUPTED)

    def end(number: int, _: FrameType | None) -> None:
        if _state["received"] is not None:
            return
        _state["received"] = number
        control.stop.set()
        control.halt.set()
        _say_now("ending; what was sent stays in the ledger")
        timer = threading.Timer(GRACE, _give_up, [number, sandbox])
        timer.daemon = True
        timer.start()
        timers.append(timer)

    timers: list[threading.Timer] = []
    _state["received"] = None
    watched, _state["watched"] = _state["watched"], True
    try:
        with _handling((signal.SIGINT,), handle), _handling(ENDING, end):
            yield
    finally:
        _state["watched"] = watched
        for timer in timers:
            timer.cancel()


def _give_up(number: int, sandbox: bool) -> None:
    command = "vaceprep task list --sandbox" if sandbox else "vaceprep task list"
    _say_now(f"no answer came in time; {command} shows what was sent and how to resume")
    os._exit(128 + number)


def _say_now(text: str) -> None:
    # Written directly: a signal may interrupt any print.
    begin = "\r\x1b[2Kvaceprep: " if streams.moves(sys.stderr) else ""
    with suppress(OSError):
        os.write(2, f"{begin}{text}\n".encode())
