"""What the service refuses in its own words is explained by ``run`` and by ``task``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runs.conftest import Cli, account_flags, service_flags
from vaceprep.sandbox import tasks
from vaceprep.sandbox.server import Sandbox

WORDS = "The size is not match"


def test_a_task_that_fails_says_what_mends_it(
    cli: Cli, job: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worded(self: tasks.Task, code: int, title: str, detail: str) -> None:
        failed(self, code, title, WORDS)

    failed = tasks.Task.fail
    monkeypatch.setattr(tasks.Task, "fail", worded)
    box.add_fault("task-failed")
    done = cli("run", job, *service_flags(box), "--yes")
    assert done.returncode == 1
    assert WORDS in done.stdout
    assert "next: the mask, or a frame or clip, is not of the video's" in done.stdout
    listed = cli("task", "list")
    assert "next: the mask" in listed.stdout
    assert "vaceprep rules mask-dimensions" in listed.stdout
    asked = cli("task", "status", "1", *account_flags(box), "--format", "json")
    (row,) = json.loads(asked.stdout)["tasks"]
    assert WORDS in row["error"]
    assert row["hint"].startswith("the mask")
    waited = cli("task", "wait", "1", *account_flags(box), "--format", "json")
    (entry,) = json.loads(waited.stdout)["jobs"]
    assert entry["hint"] == row["hint"]


def test_a_code_alone_is_explained(cli: Cli, job: Path, box: Sandbox) -> None:
    box.add_fault("task-failed")
    done = cli("run", job, *service_flags(box), "--yes", "--format", "json")
    (entry,) = json.loads(done.stdout)["jobs"]
    assert "was asked to let this task fail (code 3001)" in entry["error"]
    assert entry["hint"].startswith("the provider behind the service could not finish the task")


def test_words_that_nobody_knows_stay_alone(
    cli: Cli, job: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def coded(self: tasks.Task, code: int, title: str, detail: str) -> None:
        failed(self, 1, title, detail)

    failed = tasks.Task.fail
    monkeypatch.setattr(tasks.Task, "fail", coded)
    box.add_fault("task-failed")
    done = cli("run", job, *service_flags(box), "--yes", "--format", "json")
    (entry,) = json.loads(done.stdout)["jobs"]
    assert "was asked to let this task fail" in entry["error"]
    assert entry["hint"] is None
