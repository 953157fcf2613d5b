"""``run --split`` killed at random moments: each part is paid once, and the result is the same."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests import beeps, started
from tests.runs.conftest import environment, service_flags
from vaceprep.files.atomic import PART
from vaceprep.ledger.store import Ledger
from vaceprep.sandbox.server import Sandbox

#: Kills in the test; more by hand.
KILLS = 12
#: Seconds within which a kill comes, and those after which a test gives up.
LATEST, PATIENCE = 2.5, 120
#: Seconds of the film: three parts.
LENGTH = 12
JOB = {
    "function": "video_repainting",
    "control_condition": "depth",
    "prompt_extend": False,
}


def settle(box: Sandbox, folder: Path) -> None:
    """Decide about each submission whose fate is unknown, as a person does: by the account."""
    assert box._service is not None
    tasks = box._service.tasks.all
    with Ledger(folder=str(folder / "state")) as ledger:
        known = {row.task_id for row in ledger.rows()}
        for row in ledger.rows(["unknown"]):
            found = [t for t in tasks.values() if t.body == row.body and t.id not in known]
            assert len(found) <= 1
            if found:
                ledger.settle(row.id, "accepted", task_id=found[0].id, error=None)
            else:
                ledger.settle(row.id, "forgotten")


def killed(command: list[str], folder: Path, after: float) -> tuple[bool, str]:
    """Whether the process was killed, and what it said if it was not."""
    process = started.start(command, folder, env=environment(folder))
    try:
        said, talk = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        # What takes longer gets SIGKILL.
        return True, ""
    assert process.returncode in (0, 1), said + talk
    return False, said


def finished(command: list[str], folder: Path) -> dict[str, Any]:
    """The entry of a run to its end."""
    done = started.completed(command, timeout=PATIENCE, cwd=folder, env=environment(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    (entry,) = json.loads(done.stdout)["jobs"]
    assert isinstance(entry, dict)
    return entry


def command_of(folder: Path, box: Sandbox, prompt: str) -> list[str]:
    """Write a job with that prompt; the command that runs it."""
    job = {**JOB, "prompt": prompt, "video_url": "clip.mp4"}
    (folder / "clip.vace.yaml").write_text(json.dumps(job))
    flags = ("--split", *service_flags(box), "--yes", "-o", "out", "--format", "json")
    return ["run", "clip.vace.yaml", *flags]


def kill(folder: Path, box: Sandbox, kills: int, seed: int) -> list[dict[str, Any]]:
    """Kill runs of one job after another until there were so many kills; the final entries."""
    beeps.write(folder / "clip.mp4", seconds=LENGTH, beeps=[1, 9], size=(360, 360), fps=16)
    chance = random.Random(seed)
    done = 0
    entries: list[dict[str, Any]] = []
    while done < kills:
        prompt = f"job {len(entries)}"
        command = command_of(folder, box, prompt)
        here = 0
        while done < kills and here < kills // 2:
            was, _ = killed(command, folder, chance.uniform(0.05, LATEST))
            done, here = done + was, here + was
            settle(box, folder)
            if not was:
                break
        entries.append(finished(command, folder))
    return entries


@pytest.mark.long
def test_each_part_is_paid_once_whenever_it_is_killed(tmp_path: Path) -> None:
    with Sandbox() as box:
        entries = kill(tmp_path, box, KILLS, seed=17)
        account = box.account()
    prompts = Counter(task["prompt"] for task in account["tasks"])
    assert prompts == {f"job {number}": 3 for number in range(len(entries))}
    # What each part cost, as shown in the end, is what the sandbox billed.
    shown = sum(part["cost"]["seconds"] for entry in entries for part in entry["parts"])
    assert shown == pytest.approx(account["billed"]["seconds"])
    videos = [video for entry in entries for video in entry["videos"]]
    assert len(videos) == len(entries)
    for video in videos:
        facts = vaceprep.probe(tmp_path / video)
        assert isinstance(facts, vaceprep.VideoFacts)
        assert facts.duration == pytest.approx(LENGTH, abs=1 / 30)
    # Beside the results and their sidecars there are at most part files of killed processes, which
    # are removed when they are a day old.
    others = [path for path in (tmp_path / "out").iterdir() if path.suffix not in (".mp4", ".json")]
    assert [path.name for path in others if not PART.fullmatch(path.name)] == []


@pytest.mark.long
def test_ctrl_c_keeps_the_parts_that_were_sent(tmp_path: Path) -> None:
    beeps.write(tmp_path / "clip.mp4", seconds=5.5, size=(360, 360), fps=16)
    with Sandbox(seconds_per_task=2) as box:
        command = command_of(tmp_path, box, "stopped")
        process = started.start(command, tmp_path, env=environment(tmp_path))
        end = time.monotonic() + PATIENCE
        while box.account()["accepted"] < 2:
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said, talk = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130, said + talk
        (entry,) = json.loads(said)["jobs"]
        assert entry["status"] == "interrupted"
        assert entry["hint"] == "run the same command again to resume"
        assert entry["videos"] == []
        assert len(finished(command, tmp_path)["videos"]) == 1
        assert box.account()["accepted"] == 2
