"""Folders: check and batch find the jobs in them, run takes jobs alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import vaceprep
from tests.media import small_mp4
from tests.odd import Done, call
from vaceprep.batch.sources import items
from vaceprep.checks.inputs import Skipped, collect
from vaceprep.runs.preconditions import items_of

GOOD = {"function": "image_reference", "prompt": "A cat", "ref_images_url": ["a.png"]}


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """Two jobs, a broken one, a job without the mark, and what is none."""
    folder = tmp_path / "parts"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.mp4").write_bytes(small_mp4())
    (folder / "one.vace.json").write_text(json.dumps(GOOD))
    (folder / "deep" / "two.vace.toml").write_text('function = "video_edit"\nprompt = "A"\n')
    (folder / "broken.vace.yaml").write_text("prompt: [unclosed\n")
    (folder / "plain.yml").write_text("function: video_edit\nprompt: A\n")
    # The sidecar of a result, and a file of somebody else's.
    (folder / "a.json").write_text(json.dumps({"file": "a.mp4", "request": GOOD}))
    (folder / "package.json").write_text('{"name": "x"}')
    (folder / "list.json").write_text('["video_edit"]')
    return folder


def names(found: list[str], folder: Path) -> list[str]:
    return [name.removeprefix(f"{folder}/") for name in found]


JOBS = ["broken.vace.yaml", "one.vace.json", "plain.yml", "deep/two.vace.toml"]


def test_what_is_found_in_a_folder(parts: Path) -> None:
    def found(wanted: str) -> list[str]:
        skipped = Skipped()
        got = [i.source for i in collect([str(parts)], skipped, wanted=wanted)]  # type: ignore[arg-type]
        if wanted == "media":
            assert "4 jobs (name them, to use them)" in (skipped.sentence() or "")
        return names(got, parts)

    assert found("jobs") == JOBS
    assert found("media") == ["a.mp4"]
    assert found("all") == ["a.mp4", *JOBS]


def test_a_broken_job_in_a_folder_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.vace.yaml").write_text("prompt: [unclosed\n")
    done: Done = call(capsys, "check", str(tmp_path), "--format", "json")
    (entry,) = done.json["files"]
    assert done.code == 1
    assert [f["code"] for f in entry["findings"]] == ["VP400"]
    assert [f.code for f in vaceprep.check(tmp_path).findings] == ["VP400"]


def test_run_takes_the_jobs_beside_videos(parts: Path, tmp_path: Path) -> None:
    assert names([i.source for i in items_of([str(parts)])], parts) == JOBS
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.mp4").write_bytes(b"x")
    with pytest.raises(ValueError, match="there is no job in"):
        items_of([str(tmp_path / "empty")])
    with pytest.raises(ValueError, match="job file"):
        items_of([str(parts / "a.mp4")])


def test_batch_run_reads_no_video_as_a_job(parts: Path) -> None:
    for source in (str(parts), f"{parts}/**/*"):
        taken = items([source], Skipped(), wanted="jobs")
        assert {i.kind for i in taken} == {"job"}
    assert "a.mp4" in names([i.source for i in items([str(parts)], Skipped())], parts)


def test_a_file_that_its_job_adds_nothing_to_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").write_bytes(small_mp4())
    job = {"function": "video_outpainting", "prompt": "A", "left_scale": 1.5, "video_url": "a.mp4"}
    (tmp_path / "0.vace.json").write_text(json.dumps(job))
    said = json.loads(call(capsys, "check", str(tmp_path), "--format", "json").out)
    assert [entry["role"] for entry in said["files"]] == [None, "video_url"]
    assert [e.role for e in vaceprep.check(tmp_path).files] == [None, "video_url"]
    # Named by itself, a job still shows its media.
    assert len(vaceprep.check(tmp_path / "0.vace.json").files) == 2
