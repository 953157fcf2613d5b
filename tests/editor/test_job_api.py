"""The answer to each state of the job is that of the commands."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.conftest import Run
from tests.editor.conftest import Serve
from tests.media import encode

JOB: dict[str, Any] = {"function": "video_edit", "prompt": "A red sky", "video_url": "clip.mp4"}


@pytest.fixture
def masked(clip_here: Path) -> Path:
    """A mask beside the clip; the clip's folder."""
    image = Image.new("L", (360, 360), 0)
    image.paste(255, (90, 90, 270, 270))
    image.save(clip_here.with_name("mask.png"))
    return clip_here.parent


def test_the_answer_is_that_of_the_commands(serve: Serve, masked: Path, vaceprep_cli: Run) -> None:
    job = {**JOB, "mask_image_url": "mask.png", "mask_frame_id": 20}
    (masked / "same.vace.yaml").write_text(json.dumps(job))
    client = serve(masked / "clip.mp4")
    body = {"job": job, "window": {"start": "0.5", "duration": "1"}, "options": {}}
    found = client.put("api/job", json=body).json()
    checked = json.loads(
        vaceprep_cli("check", "same.vace.yaml", "--format", "json", cwd=masked).stdout
    )
    expected = [f for file in checked["files"] for f in file["findings"]]
    assert [
        {k: v for k, v in f.items() if k not in ("file", "role")} for f in found["findings"]
    ] == expected
    run = vaceprep_cli(
        *("run", "same.vace.yaml", "--start", "0.5", "--duration", "1", "--dry-run"),
        *("--format", "json"),
        cwd=masked,
    )
    (planned,) = json.loads(run.stdout)["jobs"]
    assert found["cost"] == planned["cost"]
    assert [e["plan"] for e in found["plan"]] == [e["plan"] for e in planned["prepared"]]
    assert found["ok"] is True
    assert found["command"].endswith("clip.vace.yaml --start 0.5 --duration 1")
    assert [file["source"] for file in found["model"]["files"]] == ["clip.mp4", "mask.png"]
    assert sorted(os.listdir(masked)) == ["clip.mp4", "mask.png", "same.vace.yaml"]


def test_what_is_missing_is_a_finding(serve: Serve, clip_here: Path) -> None:
    client = serve(clip_here)
    found = client.put("api/job", json={"job": {**JOB, "prompt": ""}}).json()
    assert {f["code"] for f in found["findings"]} >= {"VP404", "VP409"}
    assert found["ok"] is False
    found = client.put("api/job", json={"job": {}}).json()
    assert next(f["code"] for f in found["findings"]) == "VP402"
    assert found["cost"] is None


def test_the_whole_of_a_short_clip_needs_no_window(serve: Serve, clip_here: Path) -> None:
    client = serve(clip_here)
    body = {"job": JOB, "window": {"start": "0", "duration": "2"}}
    assert client.put("api/job", json=body).json()["command"].endswith("clip.vace.yaml")
    body = {"job": JOB, "window": {"start": "1", "duration": "1"}}
    assert client.put("api/job", json=body).json()["command"].endswith("yaml --start 1")


def test_options_of_run_and_windows_of_clips(serve: Serve, clip_here: Path) -> None:
    client = serve(clip_here)
    job = {"function": "video_extension", "prompt": "On", "first_clip_url": "clip.mp4"}
    options = {"restore_audio": True, "windows": {"first_clip_url": {"start": "0.5"}}}
    found = client.put("api/job", json={"job": job, "options": options}).json()
    assert "--start first_clip_url=0.5" in found["command"]
    assert "--restore-audio" in found["command"]
    assert client.get("api/state").json()["options"] == options


@pytest.mark.parametrize("value", ["../secret.mp4", "/etc/passwd", "a/../../b.mp4", "link.mp4"])
def test_a_path_outside_the_folder_is_not_opened(serve: Serve, clip_here: Path, value: str) -> None:
    encode(clip_here.parent.parent / "secret.mp4", frames=5)
    clip_here.with_name("link.mp4").symlink_to(clip_here.parent.parent / "secret.mp4")
    client = serve(clip_here)
    found = client.put("api/job", json={"job": {**JOB, "video_url": value}})
    assert found.status_code == 403
    assert "outside the job's folder" in found.json()["error"]
    assert client.get("api/state").json()["job"]["video_url"] == "clip.mp4"


def test_files_that_the_job_named_may_lie_elsewhere(serve: Serve, clip_here: Path) -> None:
    folder = clip_here.parent / "jobs"
    folder.mkdir()
    (folder / "a.vace.yaml").write_text(json.dumps({**JOB, "video_url": "../clip.mp4"}))
    client = serve(folder / "a.vace.yaml")
    found = client.put("api/job", json={"job": {**JOB, "video_url": "../clip.mp4"}})
    assert found.status_code == 200
    assert client.get("api/state").json()["media"]["video_url"]["frames"] == 48


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "not valid JSON"),
        (b"[]", 400, "a list"),
        (b'{"job": {}, "job": {}}', 400, "twice"),
        (b'{"job": [], "window": null}', 400, "job must be a mapping"),
        (b'{"work": {}}', 400, "unknown field 'work'"),
        (b'{"job": {}, "window": {"begin": "0"}}', 400, "window must be"),
        (b'{"job": {}, "window": {"duration": "0"}}', 400, "above 0"),
        (b'{"job": {}, "options": {"fit_model": 1}}', 400, "unknown option"),
        (b'{"job": {}, "options": {"windows": {"prompt": {}}}}', 400, "no field with a clip"),
        (b"\xff", 400, "UTF-8"),
        (b'{"job": {"video_url": "\\ud800.mp4"}}', 400, "lone surrogate"),
        (b'{"job": {"seed": 1e400}}', 400, "too large"),
        (b"[" * 100_000, 400, "too deeply"),
    ],
)
def test_wrong_bodies_are_refused_in_a_sentence(
    shared: httpx.Client, body: bytes, status: int, words: str
) -> None:
    found = shared.put("api/job", content=body)
    assert found.status_code == status
    assert words in found.json()["error"]


def test_a_huge_body_is_refused(shared: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaceprep.editor.requests.MAX_JOB_BYTES", 1000)
    client = shared
    found = client.put("api/job", content=b" " * 1001)
    assert found.status_code == 413
    assert client.get("api/state").status_code == 200


def test_texts_and_names_that_are_no_utf_8_are_answered(serve: Serve, clip_here: Path) -> None:
    odd = os.fsdecode(b"\xff.mp4")
    try:
        clip_here.with_name(odd).write_bytes(b"")
    except OSError:
        pytest.skip("the file system takes names in UTF-8 alone")
    client = serve(clip_here)
    body = json.dumps({"job": {**JOB, "prompt": "a \ud800"}})
    assert client.put("api/job", content=body).status_code == 200
    state = client.get("api/state").json()
    assert state["job"]["prompt"] == "a \ud800"
    assert {"name": odd, "kind": "video"} in state["files"]
    saved = client.post("api/save")
    assert (saved.status_code, "cannot be written" in saved.json()["error"]) == (422, True)
