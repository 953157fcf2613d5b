"""The one retry policy: attempts, growing pauses, ``Retry-After``. Built on tenacity.

It never sends a task again: ``api.steps.create`` and ``runs.submit`` decide whether the service
certainly did not accept one, and use only ``backoff``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from vaceprep.contract import BACKOFF_SECONDS
from vaceprep.errors import Cancelled

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

T = TypeVar("T")
#: Seconds that the server asks to wait after an error, 0 if it gives none; None if a retry would
#: fail with the same error.
Wait = Callable[[BaseException], float | None]
#: Seconds between two checks for cancellation.
_STEP: Final = 0.1


def backoff(number: int, first: float = BACKOFF_SECONDS[0]) -> float:
    """Seconds before the attempt after ``number`` failed ones: ``first``, doubled up to 60. J"""
    return min(first * 2.0 ** min(number - 1, 60), BACKOFF_SECONDS[1])


def retrying(
    tries: int, wait: Wait, sleep: Callable[[float], None], first: float = BACKOFF_SECONDS[0]
) -> Retrying:
    """At most ``tries`` attempts; the pause is the longer of ``backoff`` and ``wait``.

    Re-raises the last error unchanged. Raises ValueError if ``tries`` is below 1.
    """
    from tenacity import Retrying, retry_if_exception, stop_after_attempt

    if tries < 1:
        raise ValueError("tries must be at least 1")

    def pause(state: RetryCallState) -> float:
        error = state.outcome and state.outcome.exception()
        return max(backoff(state.attempt_number, first), (error and wait(error)) or 0.0)

    return Retrying(
        stop=stop_after_attempt(tries),
        retry=retry_if_exception(lambda error: wait(error) is not None),
        wait=pause,
        sleep=sleep,
        reraise=True,
    )


def retried(
    work: Callable[[], T],
    tries: int,
    wait: Wait,
    sleep: Callable[[float], None],
    first: float = BACKOFF_SECONDS[0],
) -> T:
    """The result of ``work``, retried as by ``retrying``; a failure imports tenacity."""
    try:
        if tries > 0:
            return work()
    except Exception as error:
        if tries == 1 or wait(error) is None:
            raise
        failed = [error]

    def attempt() -> T:
        # The first attempt was made above.
        if failed:
            raise failed.pop()
        return work()

    return retrying(tries, wait, sleep, first)(attempt)


def pause(seconds: float, cancelled: Callable[[], bool], what: str) -> None:
    """Wait. Raises Cancelled, with ``what`` in the message, as soon as ``cancelled`` is true."""
    end = time.monotonic() + seconds
    while True:
        if cancelled():
            raise Cancelled(f"{what} was called off")
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, _STEP))
