"""The retry policy: how often work is tried, how long each pause is, what ends it at once."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from vaceprep.errors import Cancelled
from vaceprep.net.retry import pause, retried


class Busy(Exception):
    def __init__(self, wait: float | None = 0.0) -> None:
        super().__init__(wait)
        self.wait = wait


class Work:
    """Fails with these errors, one after the other, and then returns how often it was called."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = errors
        self.calls = 0
        self.pauses: list[float] = []

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= len(self.errors):
            raise self.errors[self.calls - 1]
        return self.calls

    def retried(self, tries: int, first: float = 2.0) -> int:
        return retried(
            self,
            tries,
            lambda error: error.wait if isinstance(error, Busy) else None,
            self.pauses.append,
            first,
        )


def test_pauses_double_up_to_a_minute() -> None:
    work = Work(*(Busy() for _ in range(7)))
    assert work.retried(8) == 8
    assert work.pauses == [2, 4, 8, 16, 32, 60, 60]


def test_a_server_s_longer_wait_counts_and_its_shorter_one_does_not() -> None:
    work = Work(Busy(9), Busy(1), Busy(70))
    assert work.retried(4) == 4
    assert work.pauses == [9, 4, 70]


@pytest.mark.parametrize("tries", [1, 2, 3])
def test_the_last_error_is_raised_after_so_many_attempts(tries: int) -> None:
    errors = [Busy(n) for n in range(5)]
    work = Work(*errors)
    with pytest.raises(Busy) as raised:
        work.retried(tries, 0.5)
    assert raised.value is errors[tries - 1]
    assert (work.calls, work.pauses) == (tries, [0.5, 1.0][: tries - 1])


@pytest.mark.parametrize("error", [Busy(None), OSError(), KeyboardInterrupt(), SystemExit()])
@pytest.mark.parametrize("before", [(), (Busy(),)])
def test_any_other_error_is_raised_at_once(before: tuple[Busy, ...], error: BaseException) -> None:
    work = Work(*before, error)
    with pytest.raises(type(error)):
        work.retried(5)
    assert work.calls == len(before) + 1


def test_no_attempt_is_no_policy() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Work().retried(0)


def test_a_pause_ends_when_the_work_is_called_off(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[float] = []
    with monkeypatch.context() as patched:
        patched.setattr(time, "sleep", steps.append)
        with pytest.raises(Cancelled, match="the download was called off"):
            pause(60, lambda: len(steps) == 3, "the download")
    # It asks ten times a second, however long the pause is.
    assert steps == [0.1, 0.1, 0.1]
    pause(0.01, lambda: False, "the download")


def test_work_that_succeeds_does_not_load_tenacity() -> None:
    code = (
        "import sys; from vaceprep.net.retry import retried; "
        "retried(lambda: 1, 3, lambda error: None, print); sys.exit('tenacity' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
