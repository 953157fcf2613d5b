"""Faults by moments: the process is killed at random points and started again, 208 times.

The service's own account is the yardstick: each job is accepted at most once, each accepted task
has a row, and each task whose id reached us ends on disk.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

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
#: Kills of each fault: with 16 faults 208 in all.
KILLS = 13
#: Runs after a kill until a job has come to its end.
RUNS = 4
#: The longest that a run goes on before it is killed, over how long an undisturbed one takes.
SPREAD = 1.1
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

    @property
    def command(self) -> list[str]:
        """The same command each time."""
        flags = [*service_flags(self.box), "--yes", "-o", "out", "--max-wait", "60"]
        return [sys.executable, "-m", "vaceprep", "run", "job.json", *flags]

    def run(self, kill_after: float | None = None) -> int | None:
        """The exit code; None where it was killed."""
        with open(self.folder / "said", "ab") as said:
            process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
            try:
                return process.wait(kill_after or PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                assert kill_after is not None, "it hangs"
                return None

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


@pytest.mark.parametrize("fault", FAULTS)
def test_killed_at_random_and_started_again(fault: str, small: Path, tmp_path: Path) -> None:
    chance = random.Random(f"vaceprep {fault}")
    ended = []
    killed = 0
    with Sandbox(slow_seconds=0.5) as box:

        def place_for(prompt: str) -> Place:
            folder = tmp_path / prompt
            folder.mkdir()
            (folder / "job.json").write_text(json.dumps(job_of(small, prompt=prompt)))
            if fault != "none":
                box.add_fault(fault)
            return Place(folder, box)

        usual = PATIENCE
        for prompt in ("undisturbed", "once more"):
            begun = time.monotonic()
            place = place_for(prompt)
            place.run()
            # The quicker of two: the machine may have had other things to do.
            usual = min(usual, time.monotonic() - begun)
            last = settle(place, prompt)
            assert (last.state == "downloaded") == FAULTS[fault], last
            check_end(place, prompt, last)
        for number in range(KILLS):
            prompt = f"killed {number}"
            place = place_for(prompt)
            killed += place.run(chance.uniform(0.2, SPREAD) * usual) is None
            hold(place, prompt)
            last = settle(place, prompt)
            check_end(place, prompt, last)
            ended.append(last.state)
    # Some came through, or none of the kills would have been in time to matter.
    assert killed >= KILLS // 4
    if FAULTS[fault]:
        assert "downloaded" in ended
