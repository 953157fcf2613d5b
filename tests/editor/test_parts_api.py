"""A mask for each part of a video that is longer than the limit."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.editor.conftest import Serve
from tests.editor.test_drafts import JOB, mask, send
from tests.editor.test_run_api import finished, rehearsal
from tests.media import encode
from vaceprep.limits import Limits
from vaceprep.plans.model import Options
from vaceprep.plans.parts import SplitOptions
from vaceprep.runs.model import RunOptions
from vaceprep.runs.preconditions import items_of, planned_jobs
from vaceprep.runs.split_group import Group
from vaceprep.runs.split_model import SplitRun


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A clip of 6 s whose brightness falls at once at its frame 74: a cut."""
    path = tmp_path / "clip.mp4"
    encode(path, rate=16, frames=96, size=(360, 360), container_options={"movflags": "+faststart"})
    return path


def divided(client: httpx.Client, job: dict[str, Any], **options: Any) -> Any:
    """The answer once the cuts are known."""
    body = {"job": job, "options": {"split": True, **options}}
    for _ in range(500):
        found = client.put("api/job", json=body).json()
        if found["parts"] is None or found["parts"]["done"]:
            return found
        time.sleep(0.02)
    raise AssertionError("the cuts are never known")


def test_each_part_has_its_own_mask(serve: Serve, long: Path) -> None:
    client = serve(long)
    found = divided(client, JOB)
    assert [(p["first"], p["last"]) for p in found["parts"]["parts"]] == [(0, 73), (74, 95)]
    assert [p["mask"] for p in found["parts"]["parts"]] == [None, None]
    assert found["ok"] is False
    assert "VP409" in [f["code"] for f in found["findings"]]
    names = [send(client, mask(), frame, part=n)["name"] for n, frame in ((1, 3), (2, 90))]
    assert names == ["clip-mask-part-01.png", "clip-mask-part-02.png"]
    masks = [{"frame": 4, "image": names[0]}, {"frame": 91, "image": names[1]}]
    found = divided(client, {**JOB, "masks": masks[:1]})
    assert [p["mask"] for p in found["parts"]["parts"]] == [masks[0], None]
    assert found["parts"]["error"].startswith("part 2 (frames 75 to 96) has no mask")
    found = divided(client, {**JOB, "masks": masks})
    assert [p["mask"] for p in found["parts"]["parts"]] == masks
    assert (found["ok"], found["parts"]["error"]) == (True, None)
    assert not [f for f in found["findings"] if f["code"] in ("VP408", "VP409")]
    saved = client.post("api/save").json()
    assert saved["command"].endswith("clip.vace.yaml --split --cuts 4.625")
    choice = SplitRun(SplitOptions(cuts=(Fraction("4.625"),)))
    before = planned_jobs(items_of([saved["path"]]), RunOptions(split=choice))
    (group,) = before.ready
    assert isinstance(group, Group)
    assert [one.part.first for one in group.split.parts] == [0, 74]
    assert before.cost is not None
    assert before.cost.to_dict() == found["cost"]


def test_a_short_clip_is_not_split(serve: Serve, clip_here: Path) -> None:
    client = serve(clip_here)
    found = divided(client, JOB)
    assert found["parts"] is None
    assert "VP409" in [f["code"] for f in found["findings"]]


def test_a_mask_of_a_part_may_not_lie_elsewhere(serve: Serve, long: Path) -> None:
    masks = [{"frame": 1, "image": "../mask.png"}]
    found = serve(long).put("api/job", json={"job": {**JOB, "masks": masks}})
    assert found.status_code == 403


@pytest.mark.long
def test_a_split_job_is_rehearsed_to_one_video(
    serve: Serve, long: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    client = serve(long, rehearsal=rehearsal)
    names = [send(client, mask(), frame, part=n)["name"] for n, frame in ((1, 3), (2, 90))]
    masks = [{"frame": 4, "image": names[0]}, {"frame": 91, "image": names[1]}]
    assert divided(client, {**JOB, "masks": masks})["ok"] is True
    found = finished(client, client.post("api/rehearse").json()["id"])
    assert (found["state"], found["error"]) == ("done", None)
    assert client.get(client.base_url.join(found["video"])).status_code == 200


def test_limits_of_a_configuration_count(serve: Serve, clip_here: Path) -> None:
    run = RunOptions(prepare=Options(limits=Limits(prompt_characters=3)))
    client = serve(clip_here, run=run)
    assert client.get("api/state").json()["limits"]["prompt_characters"] == 3
    found = client.put("api/job", json={"job": JOB}).json()
    assert "VP404" in [f["code"] for f in found["findings"]]
