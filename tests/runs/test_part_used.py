"""Which part of a video is used and whose sound it gets: said before payment, and kept to."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import beeps, started
from tests.odd import call
from tests.runs.conftest import TOKEN, environment, service_flags
from vaceprep.api.settings import read_settings
from vaceprep.ledger.store import Ledger
from vaceprep.publish.target import parse_target
from vaceprep.runs.model import Control, RunEntry, RunOptions
from vaceprep.runs.preconditions import account_of, assess, items_of, runner_of
from vaceprep.runs.split_run import run_all
from vaceprep.sandbox.server import Sandbox

JOB = {"function": "video_outpainting", "prompt": "More", "left_scale": 1.5, "prompt_extend": False}
PATIENCE = 60


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 7 s with a beep at 4 s."""
    folder = tmp_path_factory.mktemp("film")
    return beeps.write(folder / "film.mp4", seconds=7, beeps=[4.0], size=(360, 360), fps=16)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MULEROUTER_API_KEY", TOKEN)
    (tmp_path / "job.json").write_text(json.dumps({**JOB, "video_url": str(film)}))
    return tmp_path


def video(done: Any) -> Path:
    (entry,) = json.loads(done.out)["jobs"]
    (path,) = entry["videos"]
    return Path(path)


def test_a_part_of_a_long_video_with_its_sound(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(
        capsys, *("run", "job.json", "--sandbox", "--start", "3", "--duration", "2"),
        *("--restore-audio", "--format", "json", "-o", "out"),
    )  # fmt: skip
    assert done.code == 0, done
    (note,) = json.loads(done.out)["jobs"][0]["notes"]
    assert "of the 7 s of film.mp4 seconds 3 to 5 are used" in note
    # Before the question, too.
    assert note in done.err.replace("job.json: ", "")
    (heard,) = beeps.heard(video(done))
    assert heard == pytest.approx(1.0, abs=0.1)


def test_the_sound_that_prepare_left_out_is_found(
    here: Path, capsys: pytest.CaptureFixture[str], film: Path
) -> None:
    kept = film.read_bytes()
    (here / "film.mp4").write_bytes(kept)
    (here / "job.json").write_text(json.dumps({**JOB, "video_url": "film.mp4"}))
    prepared = call(capsys, "prepare", "job.json", "--start", "3", "-o", "ready")
    assert prepared.code == 0, prepared
    arguments = ("run", "ready/job.json", "--sandbox", "--restore-audio", "--format", "json")
    done = call(capsys, *arguments, "-o", "out")
    assert done.code == 0, done
    (heard,) = beeps.heard(video(done))
    assert heard == pytest.approx(1.0, abs=0.1)
    # Without the source it is said before anything is sent.
    (here / "film.mp4").write_bytes(kept[:-1] + b"\0")
    planned = call(capsys, "run", "ready/job.json", "--restore-audio", "--dry-run")
    assert "the result will have no sound" in planned.out
    assert "--keep-audio" in planned.out
    assert str(here) not in planned.out
    assert "/tmp" not in planned.out


@pytest.mark.parametrize("command", ["prepare", "run"])
def test_a_start_that_no_field_is_meant_by(
    here: Path, capsys: pytest.CaptureFixture[str], film: Path, command: str
) -> None:
    clips = {"function": "video_extension", "prompt": "More", "first_clip_url": str(film)}
    (here / "job.json").write_text(json.dumps(clips))
    done = call(capsys, command, "job.json", "--start", "3", "--dry-run")
    assert done.code == 1
    assert "--start first_clip_url=S" in done.out


def walked(box: Sandbox, here: Path, edit: Callable[[], object]) -> RunEntry:
    """What becomes of job.json where something is edited once it was read."""
    settings = read_settings(api_key="key", base_url=box.base_url)
    options = RunOptions(output="out", poll_interval=0.1, allowed_hosts=("127.0.0.1",))
    account = account_of(settings)
    with Ledger(folder=str(here / "state")) as ledger:
        jobs_before = assess(items_of(["job.json"]), options, account, ledger)
        edit()
        target = parse_target(box.publish_pattern)
        with runner_of(
            settings, account, ledger, target, options, Control(), lambda _: None
        ) as runner:
            (entry,) = run_all(runner, jobs_before.ready)
    return entry


def test_a_job_edited_meanwhile_is_sent_as_it_was_read(
    here: Path, box: Sandbox, small: Path
) -> None:
    path = here / "job.json"
    path.write_text(json.dumps({**JOB, "video_url": str(small)}))
    other = json.dumps({**JOB, "prompt": "Another", "video_url": str(small)})
    entry = walked(box, here, lambda: path.write_text(other))
    assert entry.status == "downloaded", entry
    (sidecar,) = (here / "out").glob("*.json")
    assert json.loads(sidecar.read_text())["body"]["prompt"] == "More"


def test_a_medium_edited_meanwhile_is_not_sent(here: Path, box: Sandbox, small: Path) -> None:
    clip = here / "clip.mp4"
    clip.write_bytes(small.read_bytes())
    (here / "job.json").write_text(json.dumps({**JOB, "video_url": "clip.mp4"}))
    entry = walked(box, here, lambda: clip.write_bytes(small.read_bytes() + b"\0\0\0\x08free"))
    assert entry.status == "refused"
    assert "clip.mp4 was changed" in str(entry.error)
    assert box.account()["accepted"] == 0


@pytest.mark.parametrize(
    "how",
    [signal.SIGTERM, pytest.param(getattr(signal, "SIGHUP", 1), marks=pytest.mark.long)],
)
def test_a_polite_kill_settles_the_ledger(here: Path, small: Path, how: signal.Signals) -> None:
    (here / "job.json").write_text(json.dumps({**JOB, "video_url": str(small)}))
    with Sandbox(seconds_per_task=20) as box:
        command = ["run", "job.json", *service_flags(box), "--yes", "-o", "out"]
        process = started.start(command, here, env=environment(here))
        end = time.monotonic() + PATIENCE
        with Ledger(folder=str(here / "state")) as ledger:
            while not any(row.state == "accepted" for row in ledger.rows()):
                assert time.monotonic() < end
                time.sleep(0.02)
        process.send_signal(how)
        said, talk = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + how, said + talk
    assert "vaceprep task wait" in said
    assert not list(here.rglob("*.part"))
