"""What ``run`` writes into the body of a job that leaves it out, and the job's identity."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.preparation.jobmedia import job, mask, sized
from vaceprep.checks.inputs import Skipped, collect
from vaceprep.runs.admit import Ready, admit
from vaceprep.runs.model import Control, RunOptions
from vaceprep.runs.stage import prepare

VALUES = {
    "function": "video_edit",
    "prompt": "Make it blue",
    "video_url": "clip.mp4",
    "mask_image_url": "mask.png",
    "ref_images_url": ["ref.png"],
}
WRITTEN = {"mask_frame_id": 1, "obj_or_bg": ["obj"], "size": "720*1280"}
OPTIONS = RunOptions(remote=False)


def ready(path: Path) -> Ready:
    (item,) = collect([str(path)], Skipped())
    found = admit(item, OPTIONS, service="https://api.example.com", account="mine")
    assert isinstance(found, Ready)
    return found


def test_the_body_says_what_the_job_leaves_out_and_its_identity_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    sized(tmp_path / "clip.mp4", (368, 640), frames=16)
    mask(tmp_path / "mask.png", (368, 640))
    Image.new("RGB", (400, 400), "red").save(tmp_path / "ref.png")
    given = ready(job(tmp_path, "given.json", **VALUES))
    assert not WRITTEN.keys() & given.job.given().keys()
    prepared, _ = prepare(given, str(tmp_path / "work"), OPTIONS, Control(), lambda step: None)
    urls = dict.fromkeys(prepared.local_paths(), "https://example.com/x")
    body = prepared.replaced(urls).body()
    assert {name: body[name] for name in WRITTEN} == WRITTEN
    # The ledger knows a job by its fields as given: a repeat is the same job.
    assert ready(job(tmp_path, "again.json", **VALUES)).identity == given.identity
    said = ready(job(tmp_path, "said.json", **VALUES, mask_frame_id=1))
    assert said.identity != given.identity
