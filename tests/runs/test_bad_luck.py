"""Ctrl-C, kills, full disks, two at once: nothing is paid for twice and nothing is lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from tests import started
from tests.runs.conftest import Cli, account_flags, environment, job_of, service_flags
from vaceprep.ledger.row import Row
from vaceprep.ledger.store import SANDBOX, Ledger, LedgerError
from vaceprep.runs.hints import REHEARSAL_ENDED
from vaceprep.runs.split_run import run_all
from vaceprep.sandbox.server import Sandbox

#: Seconds after which a test gives up.
PATIENCE = 60


def until(true: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def running(folder: Path, *arguments: str | Path) -> started.Command:
    return started.start(arguments, folder, env=environment(folder))


def rows(folder: Path) -> list[Row]:
    with Ledger(folder=str(folder / "state")) as ledger:
        return ledger.rows()


def test_ctrl_c_leaves_a_task_that_goes_on(cli: Cli, job: Path, tmp_path: Path) -> None:
    with Sandbox(seconds_per_task=1.5) as box:
        process = running(tmp_path, "run", job, *service_flags(box), "--yes", "-o", "out")
        until(lambda: box.account()["accepted"] == 1)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        said, talk = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130, said + talk
        assert "interrupted" in said
        assert "vaceprep task wait" in said
        assert "Traceback" not in talk
        done = cli("run", job, *service_flags(box), "-o", "out")
        assert done.returncode == 0, done.stdout
        assert box.account()["accepted"] == 1
        assert len(list((tmp_path / "out").glob("*.mp4"))) == 1


def test_ctrl_c_ends_a_rehearsal_and_its_hint_says_so(cli: Cli, job: Path, tmp_path: Path) -> None:
    process = running(tmp_path, "run", job, "--sandbox", "--poll-interval", "60", "-o", "out")

    def accepted() -> bool:
        with Ledger(SANDBOX, folder=str(tmp_path / "state")) as ledger:
            return [row.state for row in ledger.rows()] == ["accepted"]

    until(accepted)
    process.send_signal(signal.SIGINT)
    said, talk = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, said + talk
    assert REHEARSAL_ENDED in " ".join(said.split())
    assert "task wait" not in said
    again = cli("run", job, "--sandbox", "-o", "out")
    assert again.returncode == 0, again.stdout + again.stderr
    assert len(list((tmp_path / "out").glob("*.mp4"))) == 1


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--no-wait"], id="no-wait"),
        pytest.param(["--fault", "expired-result:*"], id="expired", marks=pytest.mark.long),
    ],
)
def test_no_hint_of_a_rehearsal_names_a_task_that_ended_with_it(
    options: list[str], cli: Cli, job: Path
) -> None:
    done = cli("run", job, "--sandbox", *options, "--format", "json")
    (entry,) = json.loads(done.stdout)["jobs"]
    assert entry["hint"] == REHEARSAL_ENDED


def test_a_kill_while_it_is_being_sent_leaves_it_unknown(
    cli: Cli, job: Path, tmp_path: Path
) -> None:
    with Sandbox(["slow"], slow_seconds=30) as box:
        process = running(tmp_path, "run", job, *service_flags(box), "--yes")
        until(lambda: box.account()["accepted"] == 1)
        process.kill()
        process.communicate()
        (row,) = rows(tmp_path)
        assert row.state == "unknown"
        done = cli("run", job, *service_flags(box), "--yes")
        assert done.returncode == 1
        assert "adopt" in done.stdout
        assert box.account()["accepted"] == 1
        task = box.account()["tasks"][0]["id"]
        assert cli("task", "adopt", "1", task, *account_flags(box)).returncode == 0
        final = cli("run", job, *service_flags(box))
        assert final.returncode == 0, final.stdout


def test_two_processes_with_one_job_pay_once(job: Path, tmp_path: Path) -> None:
    with Sandbox() as box:
        both = [running(tmp_path, "run", job, *service_flags(box), "--yes") for _ in range(2)]
        said = [process.communicate(timeout=PATIENCE)[0] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert box.account()["accepted"] == 1
    assert len(list(tmp_path.glob("*.mp4"))) == 1
    assert len(list(tmp_path.glob("job-*.json"))) == 1


def test_the_same_job_twice_in_one_run_pays_once(
    cli: Cli, box: Sandbox, job: Path, tmp_path: Path
) -> None:
    shutil.copy(job, tmp_path / "same.json")
    done = cli("run", job, "same.json", *service_flags(box), "--yes", "--format", "json")
    assert done.returncode == 0, done.stdout
    assert box.account()["accepted"] == 1
    first, second = json.loads(done.stdout)["jobs"]
    assert first["task"] == second["task"]
    assert {first["resumed"], second["resumed"]} == {True, False}


def test_no_more_tasks_at_once_than_upstream_allows(cli: Cli, small: Path, tmp_path: Path) -> None:
    lines = [json.dumps(job_of(small, prompt=f"take {n}")) for n in range(4)]
    (tmp_path / "jobs.jsonl").write_text("\n".join(lines))
    most = []
    with Sandbox(strict_limits=True, seconds_per_task=1.5) as box:
        ended = threading.Event()

        def watch() -> None:
            while not ended.is_set():
                most.append(box.account()["running"])
                time.sleep(0.02)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            done = cli("run", "jobs.jsonl", *service_flags(box), "--yes", "-o", "out")
        finally:
            ended.set()
            watcher.join()
        assert done.returncode == 0, done.stdout
        account = box.account()
        assert (account["accepted"], account["rejected"]) == (4, 0)
    assert max(most) == 2


def test_a_clock_that_is_set_back_pays_nothing_twice(
    cli: Cli, box: Sandbox, job: Path, tmp_path: Path
) -> None:
    assert cli("run", job, *service_flags(box), "--yes").returncode == 0
    with Ledger(folder=str(tmp_path / "state"), now=lambda: time.time() - 10**7) as early:
        (row,) = early.rows()
        assert early.standing(row.job) is not None


def test_a_ledger_that_cannot_be_written_sends_nothing(
    cli: Cli, box: Sandbox, job: Path, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ledger.sqlite3").write_bytes(b"nonsense" * 4000)
    done = cli("run", job, *service_flags(box), "--yes")
    assert done.returncode == 1
    assert "nothing was sent" in done.stderr
    assert "Traceback" not in done.stderr
    assert box.account()["accepted"] == 0


needs_mount = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("mount") is None,
    reason="only root can make a disk that is full",
)


def noisy(path: Path) -> None:
    """A video whose result is large."""
    chance = random.Random(1)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=24)
        assert isinstance(stream, VideoStream)
        stream.width = stream.height = 360
        stream.pix_fmt = "yuv420p"
        for number in range(12):
            frame = VideoFrame(360, 360, "gray")
            frame.planes[0].update(chance.randbytes(frame.planes[0].buffer_size))
            frame.pts, frame.time_base = number, Fraction(1, 24)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


@needs_mount
def test_a_full_disk_loses_nothing_that_was_paid_for(
    cli: Cli, box: Sandbox, job: Path, tmp_path: Path
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(full)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("no disk can be mounted here")
    noisy(tmp_path / "noise.mp4")
    job.write_text(json.dumps(job_of("noise.mp4")))
    try:
        done = cli("run", job, *service_flags(box), "--yes", "-o", "full")
        assert done.returncode == 1
        assert "task wait" in done.stdout
        assert not list(full.rglob("*"))
    finally:
        subprocess.run(["umount", str(full)], check=True)
    final = cli("run", job, *service_flags(box), "-o", "out")
    assert final.returncode == 0, final.stdout
    assert box.account()["accepted"] == 1


def test_a_disk_that_fills_up_as_the_answer_comes_still_tells_the_id(
    box: Sandbox, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one thing that only the answer knows is said, and the video comes home all the same."""
    from vaceprep.api.settings import read_settings
    from vaceprep.publish.target import parse_target
    from vaceprep.runs.model import Control, RunOptions, Step
    from vaceprep.runs.preconditions import account_of, assess, items_of, runner_of

    told: list[Step] = []
    settings = read_settings(api_key="key", base_url=box.base_url)
    options = RunOptions(
        output=str(tmp_path / "out"), poll_interval=0.1, allowed_hosts=("127.0.0.1",)
    )
    account = account_of(settings)
    with Ledger(folder=str(tmp_path / "state")) as ledger:
        jobs_before = assess(items_of([str(job)]), options, account, ledger)
        settle = ledger.settle

        def full(number: int, state: str, **values: object) -> Row:
            if state == "accepted":
                raise LedgerError("the disk is full")
            return settle(number, state, **values)  # type: ignore[arg-type]

        monkeypatch.setattr(ledger, "settle", full)
        target = parse_target(box.publish_pattern)
        with runner_of(
            settings, account, ledger, target, options, Control(), told.append
        ) as runner:
            (entry,) = run_all(runner, jobs_before.ready)
    task = box.account()["tasks"][0]["id"]
    assert entry.status == "downloaded"
    assert entry.task == task
    assert any(step.name == "note" and task in step.note for step in told)
