"""``run --split``: parts are jobs of their own, each paid once, and their results are joined."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests import beeps
from tests.odd import Done, call
from tests.runs.conftest import TOKEN, service_flags
from vaceprep.ledger.row import Row
from vaceprep.ledger.store import Ledger
from vaceprep.runs import join_parts
from vaceprep.runs.sidecar import read_sidecar
from vaceprep.sandbox.server import Sandbox

JOB = {
    "function": "video_repainting",
    "prompt": "More",
    "control_condition": "depth",
    "prompt_extend": False,
}
#: Seconds of the film, of each of its two parts, which share half a second, and of both.
LENGTH, PART, BILLED = 5.5, 3.0, 6.0
TWO_DAYS = 2 * 24 * 60 * 60


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that is a little too long, with a beep."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return beeps.write(path, seconds=LENGTH, beeps=[4.0], size=(360, 360), fps=16)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MULEROUTER_API_KEY", TOKEN)
    write_job(tmp_path, video_url=str(film))
    return tmp_path


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


Run = Callable[..., Done]


@pytest.fixture
def run(here: Path, capsys: pytest.CaptureFixture[str], box: Sandbox) -> Run:
    """``run --split`` against the sandbox as if it were the service."""

    def work(*more: str) -> Done:
        flags = ("--split", *service_flags(box), "--yes", "-o", "out", "--format", "json")
        return call(capsys, "run", "clip.vace.yaml", *flags, *more)

    return work


def write_job(folder: Path, **more: Any) -> None:
    (folder / "clip.vace.yaml").write_text(json.dumps({**JOB, **more}))


def entry_of(done: Done) -> dict[str, Any]:
    (entry,) = json.loads(done.out)["jobs"]
    assert isinstance(entry, dict)
    return entry


def rows() -> list[Row]:
    with Ledger() as ledger:
        return ledger.rows()


def test_one_command_makes_one_video_and_pays_each_part_once(run: Run, box: Sandbox) -> None:
    done = run("--max-cost", "0.61")
    assert done.code == 0, done
    entry = entry_of(done)
    account = box.account()
    assert account["accepted"] == 2
    assert account["billed"]["seconds"] == entry["cost"]["seconds"] == BILLED
    assert [(p["index"], p["from"], p["to"]) for p in entry["parts"]] == [
        (1, 0.0, PART),
        (2, LENGTH - PART, LENGTH),
    ]
    for part in entry["parts"]:
        name = Path(part["output"]).name
        assert name.startswith(f"clip-part-0{part['index']}-video_repainting-")
        about = read_sidecar(part["output"])
        assert about is not None
        assert (about["part"]["index"], about["part"]["count"]) == (part["index"], 2)
        assert part["cost"]["seconds"] == PART
    (joined,) = entry["videos"]
    facts = vaceprep.probe(joined)
    assert isinstance(facts, vaceprep.VideoFacts)
    assert facts.has_audio
    assert facts.duration == pytest.approx(LENGTH, abs=1 / 30)
    # Every part has the same seed, which the job does not have.
    seeds = {row.body["seed"] for row in rows() if row.body is not None}
    assert len(seeds) == 1
    # The timeline is said before anything is sent.
    before, _, after = done.err.partition("preparing")
    assert "2 parts, 6 s, 0.60 USD in all" in before
    assert "part 2  2.5 to 5.5 s" in before
    assert "joining" in after

    again = run()
    assert again.code == 0, again
    assert box.account()["accepted"] == 2
    resumed = entry_of(again)
    assert (resumed["videos"], resumed["cost"], resumed["resumed"]) == ([joined], None, True)
    assert [p["task"] for p in resumed["parts"]] == [p["task"] for p in entry["parts"]]
    assert len(list(Path("out").glob("*.mp4"))) == 3

    redo_sends_a_part_again_and_a_result_on_disk_stays(run, box, entry)


def redo_sends_a_part_again_and_a_result_on_disk_stays(
    run: Run, box: Sandbox, first: dict[str, Any]
) -> None:
    done = run("--redo", "2", "--seed", "7")
    assert done.code == 0, done
    entry = entry_of(done)
    assert box.account()["accepted"] == 3
    assert entry["cost"]["seconds"] == PART
    newest = rows()[0]
    assert newest.body is not None
    assert newest.body["seed"] == 7
    assert entry["parts"][0]["task"] == first["parts"][0]["task"]
    assert entry["parts"][1]["task"] == newest.task_id != first["parts"][1]["task"]
    # The newest result is the part's from now on, and nothing is sent for it at any age.
    with sqlite3.connect("state/ledger.sqlite3") as database:
        database.execute(f"UPDATE submissions SET sent_at = sent_at - {TWO_DAYS}")
    database.close()
    plain = run("--max-cost", "0.01")
    assert plain.code == 0, plain
    assert [p["task"] for p in entry_of(plain)["parts"]] == [p["task"] for p in entry["parts"]]
    assert box.account()["accepted"] == 3
    # A result that is no longer as it was downloaded does not count; then the earlier one does.
    Path(entry["parts"][0]["output"]).write_bytes(b"another")
    Path(entry["parts"][1]["output"]).unlink()
    capped = run("--max-cost", "0.01")
    assert capped.code == 1
    assert "which is over --max-cost" in entry_of(capped)["error"]
    assert [part["resumed"] for part in entry_of(capped)["parts"]] == [False, True]


def no_space(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def joined_meanwhile(patched: pytest.MonkeyPatch, path: str) -> None:
    """As if another process made the joined video after this one looked for it."""
    there, free = join_parts._there, join_parts._free
    nothing, new = iter([None]), iter([(path, False)])
    patched.setattr(join_parts, "_there", lambda *of: next(nothing, there(*of)))
    patched.setattr(join_parts, "_free", lambda *of: next(new, free(*of)))


def test_what_is_unfinished_is_finished_by_the_same_command(
    run: Run, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = run("--no-wait")
    assert sent.code == 0, sent
    assert (entry_of(sent)["status"], entry_of(sent)["videos"]) == ("accepted", [])
    assert "without --no-wait" in entry_of(sent)["hint"]
    with monkeypatch.context() as patched:
        patched.setattr("vaceprep.parts.join.join", no_space)
        full = run()
    assert full.code == 1
    entry = entry_of(full)
    assert "No space left on device; their 2 results are kept" in entry["error"]
    assert all(Path(part["output"]).is_file() for part in entry["parts"])
    done = run()
    assert done.code == 0, done
    assert box.account()["accepted"] == 2
    with monkeypatch.context() as patched:
        joined_meanwhile(patched, entry_of(done)["videos"][0])
        assert entry_of(run())["videos"] == entry_of(done)["videos"]
    # A redo is resumed until it is finished; the next one is another.
    for accepted, more in ((3, ["--no-wait"]), (3, ["--no-wait"]), (3, []), (4, ["--no-wait"])):
        assert run("--redo", "1", *more).code == 0
        assert box.account()["accepted"] == accepted


def test_a_part_that_fails_leaves_the_others_and_the_library_goes_on(
    run: Run, capsys: pytest.CaptureFixture[str], box: Sandbox
) -> None:
    box.add_fault("task-failed")
    failed = run()
    assert failed.code == 1
    entry = entry_of(failed)
    assert entry["status"] == "failed"
    assert sorted(part["status"] for part in entry["parts"]) == ["downloaded", "failed"]
    assert "1 of 2 parts are on disk and are kept" in entry["error"]
    report = vaceprep.run(
        "clip.vace.yaml",
        "out",
        split=True,
        base_url=box.base_url,
        publish=box.publish_pattern,
        allow_hosts=["127.0.0.1"],
        poll_interval=0.1,
    )
    assert report.ok
    assert report.cost is not None
    assert report.cost.seconds == PART
    assert report.jobs[0].split is not None
    flags = ("--split", *service_flags(box), "--yes", "--output-dir", "out", "-o", "ran.jsonl")
    done = call(capsys, "batch", "run", "clip.vace.yaml", *flags)
    assert done.code == 0, done
    (line,) = Path("ran.jsonl").read_text().splitlines()
    (job,) = json.loads(line)["jobs"]
    assert job["videos"] == list(report.jobs[0].videos)
    assert box.account()["accepted"] == 3


@pytest.mark.long
def test_each_part_follows_the_result_before(run: Run, box: Sandbox) -> None:
    done = run("--carry-style")
    assert done.code == 0, done
    assert "one after another" in done.err
    second, first = rows()
    assert first.body is not None
    assert second.body is not None
    assert "ref_images_url" not in first.body
    assert len(second.body["ref_images_url"]) == 1
    assert run("--carry-style").code == 0
    assert box.account()["accepted"] == 2
    redone = run("--carry-style", "--redo", "1")
    assert redone.code == 0, redone
    assert box.account()["accepted"] == 3
    stale = "part 2 followed an earlier result"
    assert stale in redone.err
    assert "--redo 2, for 3 s, 0.30 USD" in redone.err
    # It stays as it is until it is named.
    plain = run("--carry-style")
    assert stale in plain.err
    assert box.account()["accepted"] == 3
    assert run("--carry-style", "--redo", "2").code == 0
    assert box.account()["accepted"] == 4
    assert stale not in run("--carry-style").err
    assert box.account()["accepted"] == 4


@pytest.mark.long
def test_a_rehearsal_goes_on_in_another_sandbox(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--split", "--sandbox", "-o", "out", "--format", "json")
    failed = call(capsys, "run", "clip.vace.yaml", *flags, "--fault", "task-failed")
    assert failed.code == 1, failed
    done = call(capsys, "run", "clip.vace.yaml", *flags)
    assert done.code == 0, done
    parts = entry_of(done)["parts"]
    assert sorted(part["resumed"] for part in parts) == [False, True]
    listed = call(capsys, "task", "list", "--sandbox")
    assert "clip.vace.yaml  video_repainting, 2 parts: 2 downloaded; 1 earlier" in listed.out


def test_a_budget_covers_the_whole_or_nothing(
    run: Run, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VACEPREP_BUDGET", "0.30")
    done = run()
    assert done.code == 1
    assert "the budget is 0.3 USD a day" in entry_of(done)["error"]
    assert box.account()["accepted"] == 0


def test_a_long_video_without_split_is_offered_one(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "run", "clip.vace.yaml", "--dry-run", "--format", "json")
    entry = entry_of(done)
    assert entry["split"]["parts"] == 2
    assert entry["split"]["cost"]["seconds"] == 6.0
    assert "--split makes 2 parts of it" in entry["notes"][1]
    assert "parts" not in entry
    shorter = call(
        capsys, "run", "clip.vace.yaml", "--dry-run", "--duration", "3", "--format", "json"
    )
    assert "split" not in entry_of(shorter)


def test_a_dry_run_shows_the_timeline(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "run", "clip.vace.yaml", "--split", "--dry-run")
    assert done.code == 0, done
    assert "2 parts, 6 s, 0.60 USD in all; shot cut at 4.62 s" in done.out
    assert not (here / "state").exists()
    window = call(capsys, "run", "clip.vace.yaml", "--split", "--start", "1", "--dry-run")
    # Not longer than the limit: nothing is split.
    assert "parts" not in window.out


def test_a_url_that_is_not_read_is_not_split(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_job(here, video_url="https://media.example/long.mp4")
    flags = ("clip.vace.yaml", "--dry-run", "--no-remote", "--format", "json")
    done = call(capsys, "run", *flags, "--split")
    assert done.code == 1, done
    assert "name a local file" in entry_of(done)["error"]
    assert call(capsys, "run", *flags).code == 0


@pytest.mark.parametrize(
    ("more", "flags", "words"),
    [
        ({}, ["--redo", "3"], "there is no part 3"),
        ({}, ["--redo", "0"], "numbered from 1"),
        ({}, ["--redo", "x"], "write parts as 3,5"),
        ({}, ["--cuts", ""], "names no file"),
        ({}, ["--cuts", ","], "names no file"),
        ({}, ["--cuts", "new/"], "names no file"),
        ({}, ["--seed", "7"], "--seed is for --redo"),
        ({}, ["--redo", "1", "--again"], "give one"),
        ({}, ["--carry-style", "--no-wait"], "leave out --no-wait"),
        ({"ref_images_url": ["a.png"]}, ["--carry-style"], "leave out one of the two"),
        (
            {"function": "video_outpainting", "control_condition": None, "left_scale": 1.5},
            ["--carry-style"],
            "takes no reference image",
        ),
        ({"function": "video_extension"}, [], "--split is for"),
    ],
)
def test_what_cannot_be_split_so(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    film: Path,
    more: dict[str, Any],
    flags: list[str],
    words: str,
) -> None:
    write_job(here, video_url=str(film), **more)
    done = call(capsys, "run", "clip.vace.yaml", "--split", "--dry-run", *flags)
    assert done.code == 2, done
    assert words in " ".join(done.err.split())


@pytest.mark.parametrize("flag", ["--carry-style", "--no-match", "--redo=1", "--seed=7"])
def test_options_of_a_split_need_one(
    here: Path, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    done = call(capsys, "run", "clip.vace.yaml", "--dry-run", flag)
    assert done.code == 2
    assert f"{flag.partition('=')[0]} is for --split" in done.err
