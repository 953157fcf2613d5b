"""``vaceprep batch prepare`` and ``run``: outputs keep their names, and nothing is paid twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.batch.conftest import FIXTURES, Batch, lines
from tests.runs.conftest import job_of, small

__all__ = ["small"]


def outputs(path: Path) -> dict[str, str | None]:
    return {line["source"]: line["files"][0]["output"] for line in lines(path)}


def test_outputs_are_made_once_and_keep_their_names(batch: Batch, here: Path) -> None:
    for name in ("in/b.mov", "in/b.mp4"):
        shutil.copy(FIXTURES / "video/quicktime.mov", here / name)
    command = ("prepare", "in", "-o", "made.jsonl", "--output-dir", "ready")
    assert batch(*command)[:2] == (0, "5 sources: 0 with errors\n")
    made = outputs(here / "made.jsonl")
    assert (made["in/b.mov"], made["in/b.mp4"]) == ("ready/b.mp4", "ready/b-2.mp4")
    assert batch(*command)[1] == "5 sources: 0 with errors, 5 already done\n"
    # Whatever was lost is made again, under its own name, though the first of the two is there.
    (here / "ready/b-2.mp4").unlink()
    assert "4 already done" in batch(*command)[1]
    assert outputs(here / "made.jsonl") == made
    assert all((here / path).is_file() for path in made.values() if path)


def test_what_cannot_be_mended_stops_nothing(batch: Batch, here: Path) -> None:
    (here / "in/none.mp4").write_bytes(b"nothing")
    code, out, _ = batch("prepare", "in", "-o", "made.jsonl", "--output-dir", "ready")
    assert (code, out.splitlines()[0]) == (1, "5 sources: 1 with errors")
    assert outputs(here / "made.jsonl")["in/none.mp4"] is None


def test_jobs_are_run_once(batch: Batch, here: Path, small: Path) -> None:
    # Its result is as small and short as its video, so that it takes little time.
    job = job_of(small, prompt="a")
    jobs = [job, {**job, "prompt": "b"}, {**job, "seed": -1}]
    (here / "jobs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in jobs))
    command = ("run", "jobs.jsonl", "-o", "ran.jsonl", "--output-dir", "vids")
    code, _, err = batch(*command)
    assert (code, list(here.glob("vids/*"))) == (2, [])
    assert "give --yes, or --sandbox" in err
    # Two good jobs of half a second cost 0.10 USD. All are refused if that is too much.
    rehearsal = (*command, "--sandbox", "--poll-interval", "0.1")
    code, out, _ = batch(*rehearsal, "--max-cost", "0.09")
    assert (code, out.splitlines()[0]) == (1, "3 sources: 3 with errors")
    refused = [line["jobs"][0] for line in lines(here / "ran.jsonl")]
    assert [(entry["status"], entry["task"]) for entry in refused] == [("refused", None)] * 3
    over = (
        "this call costs 1 s, 0.10 USD, which is over --max-cost 0.09; nothing was prepared or sent"
    )
    assert [entry["error"] for entry in refused[:2]] == [over, over]
    code, out, _ = batch(*rehearsal, "--max-cost", "0.1")
    assert (code, out.splitlines()[0]) == (1, "3 sources: 1 with errors")
    ran = {line["source"]: line["jobs"][0] for line in lines(here / "ran.jsonl")}
    assert [entry["status"] for entry in ran.values()] == ["downloaded", "downloaded", "refused"]
    videos = [entry["videos"][0] for entry in ran.values() if entry["videos"]]
    assert all((here / video).is_file() for video in videos)
    # What is done costs nothing, and the cap is no reason to do it again.
    out = batch(*rehearsal, "--max-cost", "0.01")[1]
    # What was refused is looked at again, and costs nothing.
    assert "3 sources: 1 with errors, 2 already done" in out
    assert sorted(map(str, here.glob("vids/*.mp4"))) == sorted(str(here / v) for v in videos)


def test_without_a_place_to_publish_nothing_is_sent(batch: Batch, here: Path) -> None:
    code, _, err = batch("run", "in/none.vace.yaml", "-o", "ran.jsonl", "--yes", "--no-config")
    assert code in (1, 2)
    assert "there is no key" in err
