"""Faults by points: the process is killed at the points of a run and started again.

Without a fault it is killed at each point that a run passes (``tests.runs.killed``), with each
fault at those around sending and at a quarter of the others, which differs from fault to fault.

The service's own account is the yardstick: each job is accepted at most once, each accepted task
has a row, and each task whose id reached us ends on disk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import started
from tests.runs.conftest import TOKEN, environment, job_of, service_flags
from vaceprep.ledger.row import Row
from vaceprep.ledger.store import Ledger
from vaceprep.sandbox.server import Sandbox

#: Each fault, with whether the task's id can reach us where nobody is killed.
FAULTS = {
    "none": True,
    "429": True,
    "429-bare": True,
    "503": True,
    "503-bare": False,
    "500-after-accept": False,
    "drop-before-accept": False,
    "drop-after-accept": False,
    "slow": True,
    "bad-json": False,
    "no-id": False,
    "status-500:3": True,
    "expired-result": True,
    "half-result": True,
    "empty-result": True,
    "html-result": True,
}
#: Killed at these with each fault: around what is paid for, and amid the download.
ALWAYS = (
    "after ledger start",
    "before POST wan2.1-vace-plus/generation",
    "after POST wan2.1-vace-plus/generation",
    "before ledger settle",
    "after ledger settle",
    "body GET videos/*",
)
#: Of the other points, every so many is tried with one fault.
STRIDE = 4
#: Runs before the one that is killed: their question about the key meets the fault.
BEFORE = {"status-500:3": 1}
#: Runs after a kill until a job has come to its end.
RUNS = 4
#: Seconds after which a run hangs.
PATIENCE = 120.0
#: Settled for good, or for the user to decide.
ENDS = ("downloaded", "unknown", "refused", "failed")

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="kills as Unix does"),
]


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with one job, and the service it goes to."""

    folder: Path
    box: Sandbox

    def run(self, kill_at: str = "") -> bool:
        """Whether it came to its end: it was not killed at the point ``kill_at``."""
        flags = [*service_flags(self.box), "--yes", "-o", "out", "--max-wait", "60"]
        done = started.completed(
            ["run", "job.json", *flags],
            cwd=self.folder,
            env=environment(self.folder, POINTS=str(self.folder / "points"), KILL_AT=kill_at),
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            module="tests.runs.killed",
        )
        with open(self.folder / "said", "a", encoding="utf-8") as said:
            said.write(done.stdout + done.stderr)
        killed = done.returncode < 0
        assert not killed or kill_at, "a signal that nobody sent"
        return not killed

    def points(self) -> list[str]:
        """The points that the runs passed, each once, in the order in which they first did."""
        return list(dict.fromkeys((self.folder / "points").read_text().splitlines()))

    def rows(self) -> list[Row]:
        """The ledger after the kill, as the next process sees it."""
        with Ledger(folder=str(self.folder / "state")) as ledger:
            return ledger.rows()

    def tasks(self, prompt: str) -> list[str]:
        """The tasks that the service accepted for the job, by its own account."""
        return [t["id"] for t in self.box.account()["tasks"] if t["prompt"] == prompt]


def hold(place: Place, prompt: str) -> None:
    """What must be true at any moment."""
    accepted = place.tasks(prompt)
    rows = place.rows()
    # Never more than one task for a job, and no accepted task without a row.
    assert len(accepted) <= 1
    told = {row.task_id for row in rows}
    for task in accepted:
        assert task in told or "unknown" in {row.state for row in rows}
    for row in rows:
        assert row.task_id is None or row.task_id in accepted


def settle(place: Place, prompt: str) -> Row:
    """Run again until the job has come to its end."""
    for _ in range(RUNS):
        place.run()
        hold(place, prompt)
        newest = place.rows()[0]
        if newest.state in ENDS:
            return newest
    raise AssertionError(f"it never comes to an end: {place.rows()}")


def check_end(place: Place, prompt: str, last: Row) -> None:
    """A task whose id reached us is on disk; every other stands as unknown."""
    accepted = place.tasks(prompt)
    videos = list((place.folder / "out").glob("*.mp4"))
    if last.state == "downloaded":
        assert [last.task_id] == accepted
        assert len(videos) == 1
        assert [os.path.samefile(path, videos[0]) for path in last.files] == [True]
        kept = json.loads(videos[0].with_suffix(".json").read_text())
        assert kept["task"]["id"] == last.task_id
    else:
        assert last.state == "unknown", last
        assert last.task_id is None
        assert not videos
    # Once more: it costs nothing more.
    place.run()
    hold(place, prompt)
    for path in place.folder.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


def chosen(fault: str, points: list[str]) -> list[str]:
    """Of the points that a run passes, those to be killed at with this fault."""
    if fault == "none":
        return points
    others = [point for point in points if point not in ALWAYS]
    first = list(FAULTS).index(fault) % STRIDE
    return [*(point for point in ALWAYS if point in points), *others[first::STRIDE]]


@pytest.mark.parametrize("fault", FAULTS)
def test_killed_at_a_point_and_started_again(fault: str, small: Path, tmp_path: Path) -> None:
    ended = []
    killed = []
    with Sandbox(slow_seconds=0.5) as box:

        def place_for(prompt: str) -> Place:
            folder = tmp_path / prompt
            folder.mkdir()
            (folder / "job.json").write_text(json.dumps(job_of(small, prompt=prompt)))
            if fault != "none":
                box.add_fault(fault)
            place = Place(folder, box)
            for _ in range(BEFORE.get(fault, 0)):
                assert place.run()
                assert not place.rows()
            return place

        place = place_for("undisturbed")
        assert place.run()
        points = chosen(fault, place.points())
        last = settle(place, "undisturbed")
        assert (last.state == "downloaded") == FAULTS[fault], last
        check_end(place, "undisturbed", last)
        for number, point in enumerate(points):
            prompt = f"killed {number}"
            place = place_for(prompt)
            if not place.run(point):
                killed.append(point)
            hold(place, prompt)
            last = settle(place, prompt)
            check_end(place, prompt, last)
            ended.append(last.state)
    # What a run passes after it polled depends on when the task is done; all else is passed again.
    assert set(points) & set(ALWAYS[:3]) <= set(killed)
    assert len(killed) >= len(points) // 2
    if FAULTS[fault]:
        assert "downloaded" in ended
