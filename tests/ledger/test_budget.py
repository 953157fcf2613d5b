"""The budget of a day, over all processes, and what was spent by day."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

from tests.ledger.test_store import ABOUT, Clock
from vaceprep.cost import Cost, cost_of
from vaceprep.ledger.row import Row, State
from vaceprep.ledger.spent import BILLED, OPEN, OverBudget, by_day, charge_of, day_of
from vaceprep.ledger.store import Ledger, LedgerError

FULL = cost_of("image_reference", None)
HALF = Fraction(1, 2)
KEPT = (*BILLED, *OPEN)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A clock at noon, where the clock is changed twice a year."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    clock = Clock()
    clock.time = noon(2026, 10, 24)
    yield clock
    monkeypatch.undo()
    time.tzset()


def noon(year: int, month: int, day: int, hour: int = 12) -> float:
    return time.mktime((year, month, day, hour, 0, 0, 0, 0, -1))


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with Ledger(folder=str(tmp_path), now=clock) as opened:
        yield opened


def send(
    ledger: Ledger,
    job: str,
    state: State = "accepted",
    *,
    cost: Cost | None = FULL,
    budget: Fraction | None = None,
    **about: str,
) -> Row:
    row, mine = ledger.claim(job, **{**ABOUT, **about})
    assert mine
    try:
        begun = ledger.start(row.id, {}, at_once=99, per_second=1e6, cost=cost, budget=budget)
    except OverBudget:
        ledger.drop(row.id)
        raise
    assert begun == 0
    if state in ("accepted", *BILLED):
        return ledger.settle(row.id, state, task_id=f"task-{job}")
    return ledger.settle(row.id, state)


def test_a_budget_is_used_up_exactly(ledger: Ledger) -> None:
    send(ledger, "a", budget=Fraction(1))
    send(ledger, "b", budget=Fraction(1))
    with pytest.raises(OverBudget, match=r"1 USD a day: 1\.00 USD of today is taken, .* 0\.50 USD"):
        send(ledger, "c", budget=Fraction(1))
    assert len(ledger.rows()) == 2
    # Without a budget nothing is counted.
    send(ledger, "c")


def test_amounts_are_not_rounded_before_they_are_added(ledger: Ledger) -> None:
    cent = Cost(Fraction(1, 30), Fraction(1, 300), Fraction(1, 30), Fraction(1, 300))
    for number in range(3):
        send(ledger, str(number), cost=cent, budget=Fraction(1, 100))
    with pytest.raises(OverBudget):
        send(ledger, "3", cost=cent, budget=Fraction(1, 100))


def test_an_edit_takes_five_seconds_of_it(ledger: Ledger) -> None:
    send(ledger, "a", cost=cost_of("video_edit", Fraction(1)), budget=HALF)
    with pytest.raises(OverBudget):
        send(ledger, "b", cost=cost_of("video_outpainting", Fraction(1, 100)), budget=HALF)


@pytest.mark.parametrize("state", [s for s in get_args(State) if s != "queued"])
def test_what_may_be_billed_counts_and_the_rest_is_released(ledger: Ledger, state: State) -> None:
    send(ledger, "a", state, budget=HALF)
    taken = ledger.counted_today(ABOUT["service"], ABOUT["account"])
    assert taken == (HALF if state in KEPT else 0)
    if state in KEPT:
        with pytest.raises(OverBudget):
            send(ledger, "b", budget=HALF)
    else:
        send(ledger, "b", budget=HALF)


def test_an_accepted_task_counts_even_if_it_is_forgotten(ledger: Ledger) -> None:
    accepted, lost = send(ledger, "a"), send(ledger, "b", "unknown")
    ledger.settle(accepted.id, "forgotten")
    ledger.settle(lost.id, "forgotten")
    assert ledger.counted_today(ABOUT["service"], ABOUT["account"]) == HALF


def test_what_is_queued_again_is_released(ledger: Ledger) -> None:
    row, _ = ledger.claim("a", **ABOUT)
    assert ledger.start(row.id, {}, at_once=9, per_second=1e6, cost=FULL, budget=HALF) == 0
    ledger.settle(row.id, "queued", sent_at=None)
    send(ledger, "b", budget=HALF)
    with pytest.raises(OverBudget):
        ledger.start(row.id, {}, at_once=9, per_second=1e6, cost=FULL, budget=HALF)


def test_each_account_has_its_own(ledger: Ledger) -> None:
    send(ledger, "a", budget=HALF)
    send(ledger, "b", budget=HALF, account="other")
    send(ledger, "c", budget=HALF, service="https://other.example")
    with pytest.raises(OverBudget):
        send(ledger, "d", budget=HALF, account="other")


def test_a_day_is_a_local_day_of_any_length(ledger: Ledger, clock: Clock) -> None:
    # In the night to 25 October 2026 the clock is set back: that day has 25 hours.
    clock.time = noon(2026, 10, 24, 23)
    send(ledger, "a", budget=HALF)
    clock.time = noon(2026, 10, 25, 0)
    send(ledger, "b", budget=HALF)
    clock.time += 24.5 * 3600
    assert day_of(clock.time) == "2026-10-25"
    with pytest.raises(OverBudget):
        send(ledger, "c", budget=HALF)
    clock.time += 3600
    send(ledger, "c", budget=HALF)
    assert [one.day for one in by_day(ledger.rows())] == ["2026-10-26", "2026-10-25", "2026-10-24"]


def test_a_result_counts_on_the_day_of_sending(ledger: Ledger, clock: Clock) -> None:
    row = send(ledger, "a", budget=HALF)
    clock.time = noon(2026, 10, 25)
    ledger.settle(row.id, "downloaded")
    assert ledger.counted_today(ABOUT["service"], ABOUT["account"]) == 0
    assert [one.day for one in by_day(ledger.rows())] == ["2026-10-24"]


def test_what_was_spent_by_day(ledger: Ledger) -> None:
    send(ledger, "a", "downloaded", cost=cost_of("video_edit", Fraction(16, 5)))
    send(ledger, "b", "finished", cost=cost_of("video_outpainting", Fraction(1, 3)))
    send(ledger, "c", "unknown")
    send(ledger, "d", "failed")
    ledger.foreign("task-e", service=ABOUT["service"], account=ABOUT["account"])
    (one,) = by_day(ledger.rows())
    assert one.to_dict() == {
        "day": "2026-10-24",
        "service": ABOUT["service"],
        "account": ABOUT["account"],
        "tasks": 2,
        "billed": {
            "seconds": 3.53333333,
            "seconds_exact": "53/15",
            "usd": 0.36,
            "most_seconds": 5.33333333,
            "most_usd": 0.54,
        },
        "open_tasks": 1,
        "open": {
            "seconds": 5.0,
            "seconds_exact": "5/1",
            "usd": 0.5,
            "most_seconds": 5.0,
            "most_usd": 0.5,
        },
        "counted_usd": 1.04,
    }


def test_a_time_that_no_calendar_has(ledger: Ledger) -> None:
    row = send(ledger, "a")
    for at in (9e14, -9e14):
        ledger.settle(row.id, "accepted", sent_at=at)
        assert len(by_day(ledger.rows())) == 1


# --- a ledger of an earlier version -----------------------------------------------------------

OLD = """
CREATE TABLE submissions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL, service TEXT NOT NULL, account TEXT NOT NULL,
  function TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL, owner TEXT,
  created_at REAL NOT NULL, updated_at REAL NOT NULL, sent_at REAL, checked_at REAL,
  task_id TEXT, status TEXT, body TEXT, notes TEXT NOT NULL DEFAULT '{}',
  videos TEXT NOT NULL DEFAULT '[]', files TEXT NOT NULL DEFAULT '[]', error TEXT);
CREATE TABLE published (
  target TEXT NOT NULL, key TEXT NOT NULL, url TEXT NOT NULL, at REAL NOT NULL,
  PRIMARY KEY (target, key));
CREATE TABLE pace (
  service TEXT NOT NULL, account TEXT NOT NULL, next REAL NOT NULL,
  PRIMARY KEY (service, account));
PRAGMA user_version=1;
"""


def old_ledger(path: Path, rows: list[tuple[str, str, float]]) -> None:
    with sqlite3.connect(path) as database:
        database.executescript(OLD)
        account = ABOUT["service"], ABOUT["account"]
        for job, state, at in rows:
            function = "video_edit" if job else "task"
            database.execute(
                "INSERT INTO submissions (job, service, account, function, source, state,"
                " created_at, updated_at, sent_at, task_id) VALUES (?,?,?,?,?,?,?,?,?,?)",
                [job, *account, function, "x.json", state, at, at, at, f"task-{job}"],
            )
        database.execute("INSERT INTO published VALUES ('t', 'k', 'https://u', 1)")
    database.close()


def test_an_earlier_ledger_keeps_every_row(tmp_path: Path, clock: Clock) -> None:
    states: list[State] = ["accepted", "downloaded", "unknown", "failed", "forgotten", "expired"]
    path = tmp_path / "ledger.sqlite3"
    old_ledger(
        path, [*((f"j{n}", s, clock.time) for n, s in enumerate(states)), ("", "accepted", 1)]
    )
    for _ in range(2):
        with Ledger(folder=str(tmp_path), now=clock) as ledger:
            rows = ledger.rows()
            assert [row.state for row in rows] == ["accepted", *reversed(states)]
            assert all(row.cost is None for row in rows)
            assert ledger.recall("t", "k") == "https://u"
            # An earlier row counts the most: five of these six may have been billed.
            assert charge_of(rows[-1]) == cost_of("video_edit", None)
            assert charge_of(rows[0]) is None
            assert ledger.counted_today(ABOUT["service"], ABOUT["account"]) == 5 * HALF
    with Ledger(folder=str(tmp_path), now=clock) as ledger:
        assert ledger.standing("j0") is not None
        assert send(ledger, "new").cost == FULL


def test_a_damaged_cost_is_one_sentence(ledger: Ledger, tmp_path: Path) -> None:
    row = send(ledger, "a")
    for cost in (
        '"x"',
        "{}",
        '{"seconds": null, "usd": null, "most_seconds": "5", "most_usd": "-1"}',
    ):
        with sqlite3.connect(tmp_path / "ledger.sqlite3") as database:
            database.execute("UPDATE submissions SET cost = ?", (cost,))
        database.close()
        with pytest.raises(LedgerError, match=f"row {row.id} has an odd cost"):
            ledger.rows()


# --- several processes ------------------------------------------------------------------------

SENDER = """
import sys, time
from fractions import Fraction
from vaceprep.cost import cost_of
from vaceprep.ledger.spent import OverBudget
from vaceprep.ledger.store import Ledger
name = sys.argv[2]
need = Ledger.need_budget
def slowly(self, *given):
    # Whoever does not hold the lock meanwhile is overtaken by the other process.
    need(self, *given)
    time.sleep(0.02)
Ledger.need_budget = slowly
about = dict(service="s", account="a", function="image_reference", source="x", notes={})
sent = 0
with Ledger(folder=sys.argv[1]) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(8):
        row, _ = ledger.claim(f"{name}-{number}", **about)
        try:
            begun = ledger.start(row.id, {}, at_once=999, per_second=1e6,
                cost=cost_of("image_reference", None), budget=Fraction(9, 2))
        except OverBudget:
            ledger.drop(row.id)
            continue
        while begun:
            time.sleep(begun)
            begun = ledger.start(row.id, {}, at_once=999, per_second=1e6,
                cost=cost_of("image_reference", None), budget=Fraction(9, 2))
        # A third of them fails, which releases them.
        state = "failed" if number % 3 == 2 else "accepted"
        ledger.settle(row.id, state, task_id=f"{name}-{number}")
        sent += state == "accepted"
print(sent, flush=True)
"""


def test_two_processes_at_once_never_exceed_it(tmp_path: Path) -> None:
    with Ledger(folder=str(tmp_path)):
        pass
    children = [
        subprocess.Popen(
            [sys.executable, "-c", SENDER, str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TZ": "UTC"},
        )
        for name in ("one", "two")
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    counts = [int(child.communicate(timeout=60)[0]) for child in children]
    assert [child.returncode for child in children] == [0, 0]
    # 4.50 USD are nine tasks of 0.50 USD; each process alone could have sent six.
    assert 8 <= sum(counts) <= 9
    with Ledger(folder=str(tmp_path)) as ledger:
        assert ledger.counted_today("s", "a") == sum(counts) * HALF
