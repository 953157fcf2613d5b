"""Rehearsing and sending from the page, by the code of ``run``."""

from __future__ import annotations

import time
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

import vaceprep
from tests.editor.conftest import Serve
from tests.editor.test_drafts import JOB, mask, send
from tests.media import encode
from vaceprep.api.settings import read_settings
from vaceprep.cli.run_setup import in_own_sandbox
from vaceprep.cost import cost_of
from vaceprep.editor import running
from vaceprep.editor.running import Run, Sending
from vaceprep.ledger.store import PAID, Ledger
from vaceprep.publish.target import parse_target
from vaceprep.runs.model import RunOptions, Step
from vaceprep.runs.split_model import Offer
from vaceprep.runs.split_offer import offer_text
from vaceprep.runs.used_parts import ANOTHER_PART
from vaceprep.sandbox.server import Sandbox


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("VACEPREP_BUDGET", raising=False)


def rehearsal(stack: ExitStack, run: RunOptions) -> Any:
    return in_own_sandbox(stack, (), (), run)


def finished(client: httpx.Client, name: str) -> Any:
    """The run once it has ended."""
    for _ in range(1500):
        found = client.get("api/run", params={"id": name}).json()
        if found["state"] != "running":
            return found
        time.sleep(0.02)
    raise AssertionError("the run does not end")


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """Half a second, whose packets are copied."""
    path = tmp_path / "clip.mp4"
    options = {"movflags": "+faststart"}
    encode(path, rate=24, frames=12, size=(360, 360), container_options=options)
    return path


def drawn(client: httpx.Client) -> None:
    """A job with a mask that was never saved."""
    found = send(client, mask(), 5)
    job = {**JOB, "mask_image_url": found["name"], "mask_frame_id": found["mask_frame_id"]}
    assert client.put("api/job", json={"job": job}).json()["ok"] is True


def test_a_rehearsal_ends_with_a_video(serve: Serve, short: Path, tmp_path: Path) -> None:
    client = serve(short, rehearsal=rehearsal)
    drawn(client)
    name = client.post("api/rehearse").json()["id"]
    assert client.post("api/rehearse").status_code == 409
    found = finished(client, name)
    assert (found["state"], found["error"], found["share"]) == ("done", None, 1.0)
    assert {step["name"] for step in found["steps"]} >= {"prepare", "send", "wait", "download"}
    result = client.get(client.base_url.join(found["video"]))
    assert result.headers["content-type"] == "video/mp4"
    path = tmp_path / "result.mp4"
    path.write_bytes(result.content)
    facts = vaceprep.probe(path)
    assert facts.kind == "video"
    assert facts.duration is not None
    assert abs(facts.duration - 0.5) < 0.1
    assert sorted(p.name for p in short.parent.glob("clip*")) == ["clip.mp4"]


def test_a_rehearsal_of_a_refused_job_says_why(serve: Serve, short: Path) -> None:
    client = serve(short, rehearsal=rehearsal)
    client.put("api/job", json={"job": JOB})
    found = finished(client, client.post("api/rehearse").json()["id"])
    assert found["state"] == "failed"
    assert "mask" in found["error"]
    assert found["video"] is None
    assert client.get("api/result", params={"id": found["id"]}).status_code == 404
    assert client.get("api/run", params={"id": "none"}).status_code == 404


def test_sending_is_off_unless_it_is_allowed(serve: Serve, short: Path) -> None:
    client = serve(short)
    drawn(client)
    found = client.post("api/send", json={"cost": 0.05})
    assert found.status_code == 403
    assert "--allow-send" in found.json()["error"]
    assert client.post("api/rehearse").status_code == 403


def test_a_job_is_sent_once_at_the_cost_that_was_shown(serve: Serve, short: Path) -> None:
    with Sandbox() as box:
        settings = read_settings(api_key=box.key, base_url=box.base_url)
        client = serve(
            short,
            allow_send=True,
            sending=Sending(settings, parse_target(box.publish_pattern)),
            run=RunOptions(poll_interval=0.1, allowed_hosts=box.own_hosts),
        )
        assert client.get("api/state").json()["allow_send"] is True
        drawn(client)
        for wrong in ({}, {"cost": 0.0}, {"cost": True}, {"cost": "0.05"}):
            assert client.post("api/send", json=wrong).status_code == 409
        assert box.account()["accepted"] == 0
        for _ in range(2):
            found = finished(client, client.post("api/send", json={"cost": 0.05}).json()["id"])
            assert (found["state"], found["error"]) == ("done", None)
        assert box.account()["accepted"] == 1
    assert Path(found["path"]).parent == short.parent
    assert short.with_name("clip.vace.yaml").exists()
    assert short.with_name("clip-mask.png").exists()
    with Ledger(PAID) as ledger:
        (row,) = ledger.rows()
    assert row.source == str(short.with_name("clip.vace.yaml"))


def test_steps_make_one_share() -> None:
    run = Run("rehearse")
    for step in (Step("a", "prepare"), Step("a", "wait", note="running"), Step("a", "note")):
        run.on_step(step)
    assert run.to_dict()["share"] == round(4 / 6, 3)
    assert [step["name"] for step in run.to_dict()["steps"]] == ["prepare", "wait"]
    assert (running.REHEARSAL_POLL, running.GRACE) == (0.25, 8.0)


def test_notes_on_the_result_name_no_option_of_a_command() -> None:
    """The page has a film strip and a box in place of --start and --split."""
    cost = cost_of("video_edit", Fraction(9), Fraction(1, 10))
    assert cost is not None
    offer = offer_text(Offer(2, cost))
    used = f"video_url is cut: the other 3 s are not{ANOTHER_PART}S"
    assert running.on_page(used) == "video_url is cut: the other 3 s are not"
    assert running.on_page(offer).startswith("to use all of it: the box “Use the whole video”")
    assert running.on_page("another note") == "another note"
    page = (Path(running.__file__).parent / "page" / "index.html").read_text(encoding="utf-8")
    assert "> Use the whole video, in parts" in page
