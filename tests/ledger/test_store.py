"""The ledger: what is written is there after a kill, and no job is claimed twice."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vaceprep.contract import RESULT_SECONDS
from vaceprep.ledger.row import KEPT, UNSETTLED, Row, State
from vaceprep.ledger.store import Ledger, LedgerError

ACCOUNT: dict[str, Any] = {"service": "https://api.example", "account": "abcd"}
ABOUT: dict[str, Any] = {**ACCOUNT, "function": "video_edit", "source": "edit.json", "notes": {}}


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        # Time goes on between any two looks.
        self.time += 0.001
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with Ledger(folder=str(tmp_path), now=clock) as opened:
        yield opened


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Ledger]:
    """One that other processes open too, by the real clock."""
    with Ledger(folder=str(tmp_path)) as opened:
        yield opened


def sent(ledger: Ledger, job: str = "j", state: State = "accepted", **more: Any) -> Row:
    row, mine = ledger.claim(job, **ABOUT)
    assert mine
    assert ledger.start(row.id, {"model": "m"}, at_once=99, per_second=1e6) == 0
    return ledger.settle(row.id, state, **more)


def test_a_row_keeps_what_was_put_in(ledger: Ledger, clock: Clock) -> None:
    row, mine = ledger.claim("job", **{**ABOUT, "notes": {"sound": "clip.mp4"}})
    assert mine
    assert (row.state, row.sent_at, row.body) == ("queued", None, None)
    clock.time += 5
    assert ledger.start(row.id, {"prompt": "ä"}, at_once=2, per_second=2) == 0
    done = ledger.settle(
        row.id, "finished", task_id="t-1", status="completed", videos=["https://v/1.mp4"]
    )
    assert (done.state, done.task_id, done.videos) == ("finished", "t-1", ("https://v/1.mp4",))
    assert done.body == {"prompt": "ä"}
    assert done.notes == {"sound": "clip.mp4"}
    assert done.sent_at is not None
    assert row.created_at + 5 < done.sent_at < clock.time
    assert ledger.row(row.id) == done


def test_it_is_for_its_user_alone(ledger: Ledger) -> None:
    assert stat.S_IMODE(os.stat(ledger.path).st_mode) == 0o600


@pytest.mark.parametrize("state", [*UNSETTLED, *KEPT])
def test_the_same_job_is_not_claimed_twice(ledger: Ledger, state: State) -> None:
    row = sent(ledger, state=state)
    again, mine = ledger.claim("j", **ABOUT)
    assert (again.id, mine) == (row.id, False)
    other, mine = ledger.claim("other", **ABOUT)
    assert (other.id != row.id, mine) == (True, True)


@pytest.mark.parametrize("state", ["failed", "cancelled", "refused", "expired", "forgotten"])
def test_what_came_to_nothing_blocks_nothing(ledger: Ledger, state: State) -> None:
    row = sent(ledger, state=state)
    again, mine = ledger.claim("j", **ABOUT)
    assert (again.id != row.id, mine) == (True, True)


def test_again_makes_another(ledger: Ledger) -> None:
    row = sent(ledger)
    again, mine = ledger.claim("j", **ABOUT, again=True)
    assert (again.id != row.id, mine) == (True, True)


@pytest.mark.parametrize("state", KEPT)
def test_a_day_later_the_service_is_asked_first(ledger: Ledger, clock: Clock, state: State) -> None:
    row = sent(ledger, state=state, task_id="t-1")
    clock.time += RESULT_SECONDS - 5
    assert ledger.standing("j") is not None
    assert ledger.doubtful("j") == []
    clock.time += 5
    assert ledger.standing("j") is None
    assert [r.id for r in ledger.doubtful("j")] == [row.id]


def test_an_unknown_submission_blocks_until_a_person_decides(ledger: Ledger, clock: Clock) -> None:
    row = sent(ledger, state="unknown")
    clock.time += 400 * RESULT_SECONDS
    found, mine = ledger.claim("j", **ABOUT)
    assert (found.id, mine) == (row.id, False)
    ledger.settle(row.id, "forgotten")
    assert ledger.claim("j", **ABOUT)[1]


def test_a_task_that_is_missing_blocks_its_job_and_takes_no_place(ledger: Ledger) -> None:
    row = sent(ledger, state="missing", task_id="t-1")
    assert ledger.claim("j", **ABOUT)[0].id == row.id
    assert ledger.active(**ACCOUNT) == []


def test_a_commit_that_fails_leaves_no_lock_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader in the middle of its work keeps COMMIT from its lock."""
    monkeypatch.setattr("vaceprep.ledger.database._BUSY_SECONDS", 0.05)
    with Ledger(folder=str(tmp_path)) as ledger, Ledger(folder=str(tmp_path)) as other:
        row = sent(ledger)
        reader = sqlite3.connect(ledger.path, isolation_level=None)
        try:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM submissions").fetchone()
            with pytest.raises(LedgerError):
                ledger.settle(row.id, "finished")
        finally:
            reader.close()
        assert other.settle(row.id, "failed").state == "failed"
        assert ledger.settle(row.id, "finished").state == "finished"


def test_a_clock_that_is_set_back_frees_nothing(ledger: Ledger, clock: Clock) -> None:
    row = sent(ledger)
    clock.time -= 10 * RESULT_SECONDS
    found = ledger.standing("j")
    assert found is not None
    assert found.id == row.id
    assert len(ledger.active(**ACCOUNT)) == 1


def test_as_many_tasks_as_are_allowed(ledger: Ledger) -> None:
    sent(ledger, "one")
    sent(ledger, "two", "unknown")
    sent(ledger, "three", "finished")
    row, _ = ledger.claim("four", **ABOUT)
    assert ledger.start(row.id, {}, at_once=1, per_second=1e6) is None
    assert ledger.start(row.id, {}, at_once=2, per_second=1e6) == 0


def test_another_account_has_its_own_tasks(ledger: Ledger) -> None:
    sent(ledger, "one")
    row, _ = ledger.claim("two", **{**ABOUT, "account": "other"})
    assert ledger.start(row.id, {}, at_once=1, per_second=1e6) == 0


def test_as_often_as_is_allowed(ledger: Ledger, clock: Clock) -> None:
    rows = [ledger.claim(str(n), **ABOUT)[0] for n in range(3)]
    assert ledger.start(rows[0].id, {}, at_once=9, per_second=2) == 0
    wait = ledger.start(rows[1].id, {}, at_once=9, per_second=2)
    assert wait == pytest.approx(0.5, abs=0.05)
    clock.time += 0.5
    assert ledger.start(rows[1].id, {}, at_once=9, per_second=2) == 0
    # A clock that was set back holds nobody up for long.
    clock.time -= 100_000
    assert ledger.start(rows[2].id, {}, at_once=9, per_second=2) == 0


def test_nothing_is_started_twice(ledger: Ledger) -> None:
    row = sent(ledger)
    with pytest.raises(LedgerError, match="not waiting"):
        ledger.start(row.id, {}, at_once=9, per_second=9)


def test_a_dropped_row_is_gone_and_a_sent_one_stays(ledger: Ledger) -> None:
    row, _ = ledger.claim("j", **ABOUT)
    ledger.drop(row.id)
    assert ledger.row(row.id) is None
    kept = sent(ledger)
    ledger.drop(kept.id)
    assert ledger.row(kept.id) is not None


def test_a_task_is_found_by_its_id_or_the_beginning_of_it(ledger: Ledger) -> None:
    row = sent(ledger, task_id="3c90c3cc-0d44-4b50")
    sent(ledger, "other", task_id="3c90ffff-0d44-4b50")
    for name in ("3c90c3cc-0d44-4b50", "3c90c3cc"):
        found = ledger.by_task(name)
        assert found is not None
        assert found.id == row.id
    assert ledger.by_task("3c90") is None
    assert ledger.by_task("%") is None
    assert ledger.by_task("______") is None


def test_six_characters_of_a_task_id_are_enough_and_five_are_not(ledger: Ledger) -> None:
    row = sent(ledger, task_id="3c90c3cc-0d44-4b50")
    assert ledger.by_task("3c90c") is None
    found = ledger.by_task("3c90c3")
    assert found is not None
    assert found.id == row.id


def test_what_was_published_is_remembered(ledger: Ledger) -> None:
    assert ledger.recall("s3://b", "k") is None
    ledger.remember("s3://b", "k", "https://one")
    ledger.remember("s3://b", "k", "https://two")
    assert ledger.recall("s3://b", "k") == "https://two"
    assert ledger.recall("s3://c", "k") is None


CHILD = """
import sys, time
from vaceprep.ledger.store import Ledger
ledger = Ledger(folder=sys.argv[1])
about = dict(service="https://api.example", account="abcd", function="f", source="s", notes={})
row, mine = ledger.claim("j", **about)
if sys.argv[2] == "sending" and mine:
    ledger.start(row.id, {"a": 1}, at_once=9, per_second=1e6)
print(row.id, mine, flush=True)
time.sleep(60)
"""


def child(folder: Path, what: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), what], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="kills as Unix does")
@pytest.mark.parametrize(("what", "left"), [("queued", None), ("sending", "unknown")])
def test_a_killed_process_leaves_the_truth(
    shared: Ledger, tmp_path: Path, what: str, left: str | None
) -> None:
    process, said = child(tmp_path, what)
    try:
        assert said == "1 True"
        held, mine = shared.claim("j", **ABOUT)
        # As long as it lives nobody else takes the job up.
        assert (held.id, held.state, mine) == (1, what, False)
        assert shared.is_held(held)
    finally:
        end(process)
    found = shared.standing("j")
    assert (None if found is None else found.state) == left
    assert shared.row(1) is not None


@pytest.mark.skipif(sys.platform == "win32", reason="kills as Unix does")
def test_of_several_processes_one_gets_the_job(tmp_path: Path) -> None:
    children = [child(tmp_path, "sending") for _ in range(4)]
    try:
        assert sorted(said for _, said in children) == ["1 False"] * 3 + ["1 True"]
    finally:
        for process, _ in children:
            end(process)


def test_of_several_threads_one_gets_the_job(ledger: Ledger) -> None:
    got: list[bool] = []
    threads = [
        threading.Thread(target=lambda: got.append(ledger.claim("j", **ABOUT)[1])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 7 + [True]


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").write_bytes(b"nonsense" * 1000)
    with pytest.raises(LedgerError, match="cannot be used"):
        Ledger(folder=str(tmp_path))


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(LedgerError, match="newer"):
        Ledger(folder=str(tmp_path))


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LedgerError, match="cannot be used"):
        Ledger(folder=str(tmp_path / "file" / "below"))
