"""``vaceprep task``: rows seen, asked for, brought home, adopted and forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runs.conftest import Cli, account_flags, service_flags
from vaceprep.sandbox.server import Sandbox


def test_an_empty_ledger_says_so(cli: Cli) -> None:
    done = cli("task", "list")
    assert done.returncode == 0
    assert "nothing was sent" in done.stdout


@pytest.mark.parametrize("command", ["status", "wait", "download", "forget"])
def test_a_name_that_nothing_has(cli: Cli, command: str) -> None:
    done = cli("task", command, "77")
    assert done.returncode == 2
    assert "task list" in done.stderr


@pytest.mark.parametrize(
    "words", [["forget", "77"], ["status", "77"], ["adopt", "77", "abc"]], ids=str
)
def test_hint_for_an_unknown_id_names_the_same_ledger(cli: Cli, words: list[str]) -> None:
    done = cli("task", *words, "--sandbox")
    assert done.returncode == 2
    assert " ".join(done.stderr.split()).endswith("vaceprep task list --sandbox")


def test_a_task_is_told_by_row_id_and_beginning(cli: Cli, job: Path, tmp_path: Path) -> None:
    with Sandbox() as box:
        cli("run", job, *service_flags(box), "--yes", "--no-wait")
        task = box.account()["tasks"][0]["id"]
        for name in ("1", task, task[:8]):
            done = cli("task", "status", name, *account_flags(box), "--format", "json")
            assert done.returncode == 0, done.stderr
            (row,) = json.loads(done.stdout)["tasks"]
            assert (row["row"], row["task"]) == (1, task)
        brought = cli(
            *("task", "wait", task[:8], *account_flags(box), "--poll-interval", "0.1"),
            *("--format", "json"),
        )
        assert brought.returncode == 0, brought.stderr
        (entry,) = json.loads(brought.stdout)["jobs"]
        assert entry["videos"] == [f"./job-video_outpainting-{task[:8]}.mp4"]
        listed = cli("task", "list")
        assert "downloaded" in listed.stdout
        assert task in listed.stdout


def test_download_does_not_wait(cli: Cli, job: Path, tmp_path: Path) -> None:
    with Sandbox(seconds_per_task=3600) as box:
        cli("run", job, *service_flags(box), "--yes", "--no-wait")
        done = cli("task", "download", *account_flags(box))
        assert done.returncode == 1
        assert "running" in done.stdout
        assert not list(tmp_path.glob("*.mp4"))
        box.finish(box.account()["tasks"][0]["id"])
        waited = cli("task", "wait", *account_flags(box), "--poll-interval", "0.1")
        assert waited.returncode == 0
        again = cli("task", "download", "1", *account_flags(box), "-o", "elsewhere")
        assert again.returncode == 0, again.stdout
        assert len(list((tmp_path / "elsewhere").glob("*.mp4"))) == 1


def test_another_key_is_told(cli: Cli, box: Sandbox, job: Path) -> None:
    cli("run", job, *service_flags(box), "--yes", "--no-wait")
    other = {"MULEROUTER_API_KEY": "another-key"}
    done = cli("task", "status", "1", *account_flags(box), env=other)
    assert done.returncode == 2
    assert "another key" in done.stderr
    none = cli("task", "status", "1", *account_flags(box), env={"MULEROUTER_API_KEY": ""})
    assert none.returncode == 2
    assert "MULEROUTER_API_KEY" in none.stderr


def test_a_row_keeps_its_own_service(cli: Cli, box: Sandbox, job: Path) -> None:
    cli("run", job, *service_flags(box), "--yes", "--no-wait")
    # The base URL that is set now is another one: the task is asked for where it was sent.
    done = cli("task", "status", "1", "--base-url", "http://127.0.0.1:9/")
    assert done.returncode == 0, done.stderr


def test_what_was_paid_for_is_not_forgotten_by_the_way(cli: Cli, box: Sandbox, job: Path) -> None:
    cli("run", job, *service_flags(box), "--yes", "--no-wait")
    done = cli("task", "forget", "1")
    assert done.returncode == 1
    assert "task wait" in done.stderr
    assert cli("task", "forget", "1", "--yes").returncode == 0
    again = cli("run", job, *service_flags(box), "--yes")
    assert again.returncode == 0
    assert box.account()["accepted"] == 2


def test_adopting_what_cannot_be(cli: Cli, box: Sandbox, job: Path) -> None:
    box.add_fault("no-id")
    cli("run", job, *service_flags(box), "--yes")
    task = box.account()["tasks"][0]["id"]
    unknown = cli("task", "adopt", "1", "3c90c3cc-0d44-4b50-8888-8dd25736052a", *account_flags(box))
    assert unknown.returncode == 1
    assert "stays as it was" in unknown.stderr
    assert cli("task", "adopt", "1", task, *account_flags(box)).returncode == 0
    twice = cli("task", "adopt", "1", task, *account_flags(box))
    assert twice.returncode == 2
    assert "task adopt" not in cli("task", "list").stdout


def test_a_task_of_elsewhere_is_brought_home_by_its_id(
    cli: Cli, box: Sandbox, job: Path, tmp_path: Path
) -> None:
    away = {"VACEPREP_STATE_DIR": str(tmp_path / "away")}
    cli("run", job, *service_flags(box), "--yes", "--no-wait", env=away)
    task = box.account()["tasks"][0]["id"]
    done = cli("task", "wait", task, *account_flags(box), "--poll-interval", "0.1")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"task-{task[:8]}.mp4").is_file()


@pytest.mark.parametrize(("length", "code"), [(19, 2), (20, 1)])
def test_an_id_of_elsewhere_is_asked_for_from_20_characters(
    cli: Cli, box: Sandbox, length: int, code: int
) -> None:
    done = cli("task", "wait", "a" * length, *account_flags(box), "--poll-interval", "0.1")
    assert done.returncode == code, done.stderr
    assert ("nothing was sent" in cli("task", "list").stdout) == (code == 2)


def test_sandbox_rows_never_mix_with_paid_ones(cli: Cli, job: Path, tmp_path: Path) -> None:
    done = cli("run", job, "--sandbox", "-o", "out", env={"MULEROUTER_API_KEY": ""})
    assert done.returncode == 0, done.stderr + done.stdout
    assert len(list((tmp_path / "out").glob("*.mp4"))) == 1
    assert "nothing was sent" in cli("task", "list").stdout
    assert "downloaded" in cli("task", "list", "--sandbox").stdout
    # Another rehearsal is another service: nothing of the first stands in its way.
    again = cli("run", job, "--sandbox", "-o", "out", "--fault", "429")
    assert again.returncode == 0, again.stdout
    assert len(list((tmp_path / "out").glob("*.mp4"))) == 2
