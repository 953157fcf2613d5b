"""What a run costs: every figure is what the service bills, and caps hold over processes."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import click
import pytest
from PIL import Image

import vaceprep
from tests.media import encode
from tests.runs.conftest import TOKEN, Cli, job_of, service_flags
from vaceprep.api.settings import read_settings
from vaceprep.cli.main import run
from vaceprep.ledger.store import Ledger
from vaceprep.runs.admit import Ready, admit
from vaceprep.runs.model import RunOptions
from vaceprep.runs.preconditions import account_of, items_of
from vaceprep.sandbox.server import Sandbox

Done = subprocess.CompletedProcess[str]
START = {"movflags": "+faststart"}


def written(folder: Path, name: str, **values: Any) -> str:
    (folder / name).write_text(json.dumps(values))
    return name


@pytest.fixture
def three(tmp_path: Path, small: Path) -> list[str]:
    """Jobs of 0.5 s, of an edit of 0.5 s, and of a clip of 0.7 s that is resampled."""
    encode(tmp_path / "slow.mp4", rate=10, frames=7, size=(360, 360), container_options=START)
    mask = Image.new("L", (360, 360))
    mask.paste(255, (90, 90, 200, 200))
    mask.save(tmp_path / "mask.png")
    edit = {"function": "video_edit", "prompt": "A red boat", "prompt_extend": False}
    return [
        written(tmp_path, "small.json", **job_of(small)),
        written(tmp_path, "edit.json", **edit, video_url=str(small), mask_image_url="mask.png"),
        written(tmp_path, "slow.json", **job_of("slow.mp4")),
    ]


def values_of(done: Done) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def cents(seconds: Fraction) -> float:
    return ceil(seconds * Fraction("0.37") * 100) / 100


def test_every_figure_is_what_was_billed(cli: Cli, three: list[str], tmp_path: Path) -> None:
    (tmp_path / "vaceprep.toml").write_text("[price]\nusd-per-second = 0.37\n")
    with Sandbox(price=Fraction("0.37")) as box:
        dry = values_of(cli("run", *three, "--dry-run", "--format", "json"))
        ran = values_of(cli("run", *three, *service_flags(box), "--yes", "--format", "json"))
        account = box.account()
        again = values_of(cli("run", *three, *service_flags(box), "--format", "json"))
        assert box.account() == account
    tasks = {task["id"]: task["billed"] for task in account["tasks"]}
    assert [tasks[job["task"]] for job in ran["jobs"]] == [job["cost"] for job in ran["jobs"]]
    assert [job["cost"] for job in dry["jobs"]] == [job["cost"] for job in ran["jobs"]]
    assert dry["cost"] == ran["cost"] == account["billed"]
    # By hand.
    half, slow = Fraction(1, 2), Fraction(7, 10)
    seconds = [Fraction(job["cost"]["seconds_exact"]) for job in ran["jobs"]]
    assert seconds == [half, half, slow]
    assert [job["cost"]["usd"] for job in ran["jobs"]] == [*[cents(half)] * 2, cents(slow)]
    assert [job["cost"]["most_seconds"] for job in ran["jobs"]] == [0.5, 5.0, 0.7]
    assert ran["cost"]["usd"] == cents(2 * half + slow)
    # What was sent before is not billed again.
    assert [job["cost"] for job in again["jobs"]] == [None, None, None]
    assert again["cost"] is None
    listed = values_of(cli("task", "list", "--format", "json"))
    (day,) = listed["spent"]
    assert (day["tasks"], day["billed"], day["open"]) == (3, account["billed"], None)
    assert day["counted_usd"] == cents(half + 5 + slow)
    assert "1.7 s, 0.63 USD" in cli("task", "list").stdout
    checked = values_of(cli("check", *three, "--format", "json"))
    own = [entry["cost"] for entry in checked["files"] if entry["role"] is None]
    assert own == [job["cost"] for job in ran["jobs"]]
    assert checked["summary"]["cost"] == ran["cost"]
    assert [entry for entry in checked["files"] if entry["role"] and "cost" in entry] == []


def test_text_and_pages_name_each_job_and_the_sum(
    cli: Cli, three: list[str], tmp_path: Path
) -> None:
    edit = "0.5 s, 0.05 USD (caps and budgets count 5 s, 0.50 USD)"
    in_all = "1.7 s, 0.17 USD (caps and budgets count 6.2 s, 0.62 USD)"
    told = "0.7 s, 0.07 USD", edit, "0.5 s, 0.05 USD"
    for command in (["check"], ["run", "--dry-run"]):
        done = cli(*command, *three, "--report", f"{command[0]}.html")
        for text in told:
            assert f"cost: {text}\n" in done.stdout
        assert f"cost in all: {in_all}" in done.stdout.splitlines()[-1]
        page = (tmp_path / f"{command[0]}.html").read_text()
        assert f"Cost in all of 3 jobs: {in_all}." in page
        for text in told:
            assert f"<dt>cost</dt><dd>{text}</dd>" in page
    # No budget holds a rehearsal.
    rehearsed = cli("run", three[0], "--sandbox", env={"VACEPREP_BUDGET": "0.01"})
    assert "cost: 0.5 s, 0.05 USD, rehearsed: nothing is billed" in rehearsed.stdout
    assert "1 rehearsed, it would cost 0.5 s, 0.05 USD" in rehearsed.stdout
    listed = cli("task", "list", "--sandbox").stdout
    assert "rehearsed" in listed
    assert "1 task, 0.5 s, 0.05 USD" in listed
    assert cli("request", three[0], "--placeholder-urls").stderr == "cost: up to 5 s, 0.50 USD\n"


def test_max_cost_is_for_the_sum_all_or_nothing(
    cli: Cli, box: Sandbox, three: list[str], tmp_path: Path
) -> None:
    flags = [*service_flags(box), "--yes", "--format", "json"]
    over = cli("run", *three, *flags, "--max-cost", "0.61")
    assert over.returncode == 1
    values = values_of(over)
    assert [job["status"] for job in values["jobs"]] == ["refused"] * 3
    assert "over --max-cost 0.61; nothing was prepared or sent" in values["jobs"][0]["error"]
    assert values["cost"] is None
    assert box.account()["accepted"] == 0
    assert not (tmp_path / "state" / "work").exists()
    with Ledger(folder=str(tmp_path / "state")) as ledger:
        assert ledger.rows() == []
    planned = cli("run", *three, "--dry-run", "--max-cost", "0.61")
    assert planned.returncode == 1
    assert "0.62 USD), which is over --max-cost 0.61" in " ".join(planned.stdout.split())
    # Exactly the sum is enough, and a job that is given twice is sent once.
    enough = cli("run", three[0], three[0], *flags, "--max-cost", "0.05")
    assert enough.returncode == 0, enough.stdout
    assert box.account()["accepted"] == 1
    # What was sent before costs nothing now.
    assert cli("run", three[0], *flags, "--max-cost", "0.01").returncode == 0


def test_two_runs_at_once_keep_the_budget(cli: Cli, small: Path, tmp_path: Path) -> None:
    jobs = [
        [written(tmp_path, f"{n}{i}.json", **job_of(small, seed=n * 10 + i)) for i in range(2)]
        for n in (1, 2)
    ]
    (tmp_path / "vaceprep.toml").write_text("[budget]\nper-day = 0.15\n")
    with Sandbox() as box:
        flags = [*service_flags(box), "--yes", "--format", "json", "--max-tasks", "9"]
        with ThreadPoolExecutor(2) as pool:
            ran = list(pool.map(lambda names: cli("run", *names, *flags), jobs))
        account = box.account()
        assert account["accepted"] == 3
        assert account["billed"]["usd"] == 0.15
        entries = [job for done in ran for job in values_of(done)["jobs"]]
        refused = [job for job in entries if job["status"] == "refused"]
        assert len(refused) == 1
        assert {job["status"] for job in entries} == {"downloaded", "refused"}
        assert any(done.returncode == 1 for done in ran)
        for job in refused:
            assert "the budget is 0.15 USD a day: 0.15 USD of today is taken" in job["error"]
            assert "VACEPREP_BUDGET" in job["hint"]
            assert (job["row"], job["cost"], job["videos"]) == (None, None, [])
        # The environment wins over the configuration.
        more = cli("run", *jobs[0], *jobs[1], *flags, env={"VACEPREP_BUDGET": "0.20"})
        assert box.account()["accepted"] == 4
        assert {job["status"] for job in values_of(more)["jobs"]} == {"downloaded"}


def test_a_task_that_fails_is_released(cli: Cli, small: Path, tmp_path: Path) -> None:
    jobs = [written(tmp_path, f"{n}.json", **job_of(small, seed=n)) for n in range(2)]
    with Sandbox(["task-failed"]) as box:
        flags = [*service_flags(box), "--yes", "--format", "json"]
        env = {"VACEPREP_BUDGET": "0.05"}
        failed = values_of(cli("run", jobs[0], *flags, env=env))
        assert [(job["status"], job["cost"]) for job in failed["jobs"]] == [("failed", None)]
        made = values_of(cli("run", jobs[1], *flags, env=env))
        assert [job["status"] for job in made["jobs"]] == ["downloaded"]
        assert box.account()["billed"] == made["cost"]


def test_a_submission_of_unknown_fate_counts(cli: Cli, small: Path, tmp_path: Path) -> None:
    jobs = [written(tmp_path, f"{n}.json", **job_of(small, seed=n)) for n in range(2)]
    with Sandbox(["no-id"]) as box:
        flags = [*service_flags(box), "--yes", "--format", "json"]
        lost = values_of(cli("run", jobs[0], *flags))
        assert [(job["status"], job["cost"]["usd"]) for job in lost["jobs"]] == [("unknown", 0.05)]
        second = cli("run", jobs[1], *flags, env={"VACEPREP_BUDGET": "0.09"})
        assert [job["status"] for job in values_of(second)["jobs"]] == ["refused"]
        assert box.account()["accepted"] == 1


def test_a_batch_keeps_the_budget(cli: Cli, box: Sandbox, small: Path, tmp_path: Path) -> None:
    lines = [json.dumps(job_of(small, seed=n)) for n in range(2)]
    (tmp_path / "jobs.jsonl").write_text("\n".join(lines) + "\n")
    words = ["batch", "run", "jobs.jsonl", "-o", "done.jsonl", "--output-dir", "videos"]
    flags = [*service_flags(box), "--yes"]
    done = cli(*words, *flags, env={"VACEPREP_BUDGET": "0.05"})
    assert done.returncode == 1
    assert box.account()["accepted"] == 1
    # The budget of another day is no reason to do again what is done.
    rest = cli(*words, *flags, env={"VACEPREP_BUDGET": "5"})
    assert rest.returncode == 0, rest.stderr
    assert box.account()["accepted"] == 2
    results = [json.loads(line) for line in (tmp_path / "done.jsonl").read_text().splitlines()]
    assert [line["jobs"][0]["cost"]["usd"] for line in results] == [0.05, 0.05]


@pytest.mark.parametrize("text", ["0", "nan"])
def test_a_bad_cap_or_budget_is_wrong_usage(cli: Cli, job: Path, text: str) -> None:
    cap = cli("run", job, "--dry-run", f"--max-cost={text}")
    assert cap.returncode == 2
    assert "--max-cost" in cap.stderr
    budget = cli("run", job, "--dry-run", env={"VACEPREP_BUDGET": text})
    assert budget.returncode == 2
    assert f'VACEPREP_BUDGET is "{text}": it is ' in budget.stderr
    with pytest.raises(ValueError, match=r"max_cost is .*: it is "):
        vaceprep.run(job, api_key="k", max_cost=text)


# --- in this process --------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MULEROUTER_API_KEY", TOKEN)
    return tmp_path


def test_the_question_names_the_cost_and_the_budget(
    box: Sandbox,
    three: list[str],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("vaceprep.cli.options.is_terminal", lambda _: True)
    monkeypatch.setattr(click, "confirm", lambda text, **_: asked.append(text))
    monkeypatch.setenv("VACEPREP_BUDGET", "5")
    assert run(["run", *three, *service_flags(box)]) == 1
    assert run(["run", three[0], *service_flags(box)]) == 1
    several, one = asked
    assert several.endswith(
        "? At 0.10 USD a second that is 1.7 s, 0.17 USD (caps and budgets count 6.2 s, 0.62 USD); "
        "0.00 USD of today's budget of 5 USD is taken"
    )
    assert "At 0.10 USD a second that is 0.5 s, 0.05 USD; 0.00 USD of" in one
    said = capsys.readouterr().err
    assert "small.json: 0.5 s, 0.05 USD\n" in said
    assert "edit.json: 0.5 s, 0.05 USD (caps and budgets count 5 s, 0.50 USD)\n" in said
    assert "slow.json: 0.7 s, 0.07 USD\n" in said
    assert box.account()["accepted"] == 0


def test_a_job_that_another_process_gives_up_is_within_the_cap(
    box: Sandbox, small: Path, here: Path
) -> None:
    names = [written(here, f"{n}.json", **job_of(small, seed=n)) for n in range(2)]
    settings = read_settings(base_url=box.base_url)
    account = account_of(settings)
    where: dict[str, Any] = {"service": account.service, "account": account.fingerprint}
    ready = admit(items_of([names[1]])[0], RunOptions(), **where)
    assert isinstance(ready, Ready)
    about: dict[str, Any] = {"function": ready.function, "source": "x", "notes": {}}
    with Ledger() as other:
        # Another process has the second job, so this call would not pay for it.
        row, mine = other.claim(ready.identity, **where, **about)
        assert mine

        def progress(_: str, step: str, __: object, note: str) -> None:
            if (step, note) == ("end", "downloaded"):
                other.drop(row.id)

        report = vaceprep.run(
            names,
            base_url=box.base_url,
            publish=box.publish_pattern,
            allow_hosts=box.own_hosts,
            poll_interval=0.1,
            max_cost=0.05,
            progress=progress,
        )
    assert [entry.status for entry in report.jobs] == ["downloaded", "refused"]
    assert "--max-cost does not cover it" in str(report.jobs[1].error)
    assert box.account()["accepted"] == 1
    assert report.cost == report.jobs[0].cost
