"""What becomes of a task whose process does not come back, and of those beside it."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator

import pytest

from tests.workers.tasks import work
from vaceprep.workers.pool import BATCH, LIFE, Workers
from vaceprep.workers.process import Bounds, context

MB = 10**6
#: Seconds that a task of these tests may take.
SECONDS = 4
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="has no such limit")


@pytest.fixture
def workers() -> Iterator[Workers[str, str]]:
    pool: Workers[str, str] = Workers(
        work, 2, SECONDS, Bounds(100 * MB, MB), context(["vaceprep.workers.pool"])
    )
    yield pool
    pool.close()
    assert not multiprocessing.active_children()


def answers(workers: Workers[str, str], tasks: list[str]) -> list[str | None]:
    tickets = [workers.put(task) for task in tasks]
    return [workers.get(ticket) for ticket in tickets]


def test_many_tasks_come_back_in_order(workers: Workers[str, str]) -> None:
    tasks = [f"echo {number}" for number in range(40 * BATCH)]
    assert answers(workers, tasks) == tasks


FAULTS = {
    "segfault": "crashed",
    "abort": "crashed",
    "kill": "crashed",
    "leave 0": "crashed",
    "leave 3": "crashed",
    "sleep 60": "slow",
    "hang 60": "slow",
    f"take {101 * MB}": "out-of-memory",
}


def test_one_bad_task_costs_itself_alone(workers: Workers[str, str]) -> None:
    tasks = [f"echo {number}" for number in range(10 * len(FAULTS))]
    expected: list[str | None] = list(tasks)
    # Side by side, in front and at the end.
    places = [0, 1, 2, 30, 31, 50, 78, 79]
    for place, bad in zip(places, FAULTS, strict=True):
        tasks[place] = bad
        expected[place] = FAULTS[bad]
    if not sys.platform.startswith("linux"):
        expected[places[-1]] = str(101 * MB)
    assert answers(workers, tasks) == expected


@linux
def test_memory_up_to_the_limit_is_given(workers: Workers[str, str]) -> None:
    inside, beyond = 90 * MB, 101 * MB
    asked = [f"take {inside}", f"take {beyond}", f"take {inside}"]
    assert answers(workers, asked) == [str(inside), "out-of-memory", str(inside)]


@pytest.mark.skipif(os.name != "posix", reason="has no such limit")
def test_no_file_grows_beyond_the_limit(
    workers: Workers[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("out") / "file"
    fits = f"write {path} {MB}"
    assert answers(workers, [fits]) == [fits]
    with pytest.raises(OSError, match="too large"):
        answers(workers, [f"write {path} {MB + 1}"])


def test_a_fault_of_our_own_is_not_swallowed(workers: Workers[str, str]) -> None:
    with pytest.raises(ZeroDivisionError, match="ours"):
        answers(workers, ["raise ours"])


def test_what_workers_say_reaches_nobody(
    workers: Workers[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert answers(workers, ["talk"]) == ["talk"]
    assert capfd.readouterr() == ("", "")


def test_a_worker_makes_room_in_time(workers: Workers[str, str]) -> None:
    seen = {answers(workers, ["pid"])[0] for _ in range(2 * LIFE + 2)}
    assert len(seen) > 2


def test_closing_ends_what_is_at_work() -> None:
    pool: Workers[str, str] = Workers(
        work, 2, 600, Bounds(100 * MB, MB), context(["vaceprep.workers.pool"])
    )
    pid = int(pool.get(pool.put("pid")) or 0)
    for _ in range(8):
        pool.put("hang 600")
    pool.close()
    assert not multiprocessing.active_children()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_workers_end_before_their_semaphores_go(monkeypatch: pytest.MonkeyPatch) -> None:
    from pebble.pool.process import WorkerManager

    living: list[int] = []
    close = WorkerManager.close_channels

    def noted(self: WorkerManager) -> None:
        living.append(len(self.workers))
        close(self)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(WorkerManager, "close_channels", noted)
    workers = Workers(work, 2, 60, Bounds(100 * MB, MB), context(["vaceprep.workers.pool"]))
    try:
        assert answers(workers, ["echo 1"]) == ["echo 1"]
    finally:
        workers.close()
    # One that is just starting would print a traceback otherwise.
    assert living == [0]
