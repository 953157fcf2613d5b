"""``vaceprep.run`` and ``vaceprep.arun``: the same walk, for pipelines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

import vaceprep
from tests import beeps
from tests.paths import ROOT
from tests.runs.conftest import job_of
from vaceprep.api.client import Client
from vaceprep.api.model import Task
from vaceprep.publish.target import Asset
from vaceprep.sandbox.server import Sandbox

FIXTURES = ROOT / "fixtures"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger of its own, and nothing of the user's settings."""
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    for name in ("MULEROUTER_API_KEY", "MULEROUTER_SITE", "MULEROUTER_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def ways(box: Sandbox) -> dict[str, Any]:
    """How to reach a sandbox as if it were the service."""
    return {
        "publish": box.publish_pattern,
        "api_key": "a-key-of-mine",
        "base_url": box.base_url,
        "poll_interval": 0.1,
        "allow_hosts": ["127.0.0.1"],
    }


def outpainting(video: Path, **more: Any) -> vaceprep.Job:
    values = {k: v for k, v in job_of(video, **more).items() if k != "function"}
    return vaceprep.VideoOutpainting(**values)


def test_a_run_polls_at_the_interval_asked_for(
    box: Sandbox, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intervals: list[float] = []
    wait = Client.wait

    def recorded(client: Client, *given: Any, **options: Any) -> Any:
        intervals.append(options["poll_interval"])
        return wait(client, *given, **options)

    monkeypatch.setattr(Client, "wait", recorded)
    assert vaceprep.run(outpainting(small), tmp_path / "out", **ways(box)).ok
    assert intervals == [ways(box)["poll_interval"]]


def test_a_job_object_goes_all_the_way(box: Sandbox, small: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float | None]] = []
    report = vaceprep.run(
        outpainting(small),
        tmp_path / "out",
        progress=lambda source, step, share, note: told.append((step, share)),
        **ways(box),
    )
    assert report.ok
    (entry,) = report.jobs
    (video,) = entry.videos
    assert isinstance(vaceprep.probe(video), vaceprep.VideoFacts)
    steps = [step for step, _ in told]
    order = ["prepare", "upload", "send", "wait", "download", "end"]
    assert sorted(set(steps) & set(order), key=steps.index) == order
    assert all(share is None or 0 <= share <= 1 for _, share in told)
    again = vaceprep.run([outpainting(small)], tmp_path / "out", **ways(box))
    assert again.jobs[0].resumed
    assert box.account()["accepted"] == 1


def test_a_target_of_one_s_own(
    box: Sandbox, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls: list[str] = []
    bodies: list[Mapping[str, Any]] = []
    create = Client.create_once

    class Mine:
        """Puts files where the sandbox has them."""

        name = "mine"

        def publish(
            self, asset: Asset, *, tell: Callable[[int], None], cancelled: Callable[[], bool]
        ) -> str:
            url = box.publish_pattern.replace("{key}", f"mine-{asset.key}")
            with httpx.Client(trust_env=False) as client:
                client.put(url, content=Path(asset.path).read_bytes())
            urls.append(url)
            return url

    def recorded(client: Client, body: Mapping[str, Any]) -> Task:
        bodies.append(body)
        return create(client, body)

    monkeypatch.setattr(Client, "create_once", recorded)
    report = vaceprep.run(outpainting(small), "out", **{**ways(box), "publish": Mine()})
    assert report.ok, report
    assert box.account()["accepted"] == 1
    # The task has the URL that the target gave.
    (url,) = urls
    assert "/mine-" in url
    assert [body["video_url"] for body in bodies] == [url]


def test_what_must_be_set_is_a_value_error(box: Sandbox, small: Path) -> None:
    job = outpainting(small)
    with pytest.raises(ValueError, match="MULEROUTER_API_KEY"):
        vaceprep.run(job, **{**ways(box), "api_key": None})
    with pytest.raises(ValueError, match="--publish"):
        vaceprep.run(job, **{**ways(box), "publish": None})
    assert box.account()["accepted"] == 0


def test_a_bad_job_is_in_its_entry(box: Sandbox, tmp_path: Path) -> None:
    report = vaceprep.run(outpainting(tmp_path / "none.mp4"), **ways(box))
    assert not report.ok
    (entry,) = report.jobs
    assert entry.status == "refused"
    assert [f.code for f in entry.findings] == ["VP105"]


def test_a_copy_that_does_not_decode_is_not_sent(box: Sandbox, tmp_path: Path) -> None:
    # ``prepare`` copies it as it is: its index is whole, and its first frame decodes.
    damaged = FIXTURES / "video" / "damaged.mp4"
    assert vaceprep.prepare(damaged, tmp_path / "out").files[0].status == "unchanged"
    report = vaceprep.run(outpainting(damaged), **ways(box))
    (entry,) = report.jobs
    assert entry.status == "refused"
    assert [f.code for f in entry.findings] == ["VP106"]
    assert box.account()["accepted"] == 0


def test_cancelled_ends_with_the_step(small: Path) -> None:
    with Sandbox(seconds_per_task=20) as box:
        report = vaceprep.run(
            outpainting(small),
            cancelled=lambda: box.account()["accepted"] == 1,
            **ways(box),
        )
        assert [entry.status for entry in report.jobs] == ["interrupted"]
        assert report.jobs[0].task == box.account()["tasks"][0]["id"]


def test_several_are_awaited_side_by_side(box: Sandbox, small: Path) -> None:
    async def both() -> list[vaceprep.RunReport]:
        jobs = [outpainting(small, prompt=f"take {n}") for n in range(2)]
        return list(await asyncio.gather(*(vaceprep.arun(job, "out", **ways(box)) for job in jobs)))

    reports = asyncio.run(both())
    assert [report.ok for report in reports] == [True, True]
    assert box.account()["accepted"] == 2


def test_an_awaited_run_that_is_cancelled_goes_on_later(small: Path) -> None:
    with Sandbox(seconds_per_task=1.5) as box:

        async def cut_off() -> None:
            work = asyncio.create_task(vaceprep.arun(outpainting(small), "out", **ways(box)))
            while box.account()["accepted"] == 0:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.2)
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work

        asyncio.run(cut_off())
        report = vaceprep.run(outpainting(small), "out", **ways(box))
        assert report.ok
        assert report.jobs[0].resumed
        assert box.account()["accepted"] == 1


def test_the_source_s_sound_is_put_back(box: Sandbox, tmp_path: Path) -> None:
    source = beeps.write(tmp_path / "loud.mp4", seconds=6, beeps=[1.0, 3.5], size=(360, 360))
    job = outpainting(source)
    silent = vaceprep.run(job, "out", **ways(box)).jobs[0].videos[0]
    before = Path(silent).read_bytes()
    assert not facts(silent).has_audio
    report = vaceprep.run(job, "out", restore_audio=True, **ways(box))
    assert report.ok
    (video,) = report.jobs[0].videos
    assert video == silent
    assert facts(video).has_audio
    assert beeps.heard(Path(video)) == pytest.approx([1.0, 3.5], abs=0.05)
    kept = Path(video).read_bytes()
    assert kept != before
    # Once is enough: what is there is known by its sidecar.
    inode = Path(video).stat().st_ino
    for sound in (True, False):
        again = vaceprep.run(job, "out", restore_audio=sound, **ways(box))
        assert again.jobs[0].videos[0].endswith(Path(video).name)
    assert Path(video).read_bytes() == kept
    assert Path(video).stat().st_ino == inode
    assert len(list(Path("out").glob("*.mp4"))) == 1
    assert box.account()["accepted"] == 1


def facts(path: str) -> vaceprep.VideoFacts:
    found = vaceprep.probe(path)
    assert isinstance(found, vaceprep.VideoFacts)
    return found


def test_a_source_that_is_gone_leaves_the_result_silent(box: Sandbox, tmp_path: Path) -> None:
    source = beeps.write(tmp_path / "loud.mp4", seconds=2, beeps=[1.0], size=(360, 360))
    notes: list[str] = []

    def heard(_: str, step: str, __: float | None, note: str) -> None:
        if step == "download" and source.exists():
            source.unlink()
        if step == "note":
            notes.append(note)

    report = vaceprep.run(
        outpainting(source), "out", restore_audio=True, progress=heard, **ways(box)
    )
    assert report.ok
    assert not facts(report.jobs[0].videos[0]).has_audio
    assert any("stays silent" in note for note in notes)


def test_times_are_told(box: Sandbox, small: Path) -> None:
    begun = time.time()
    vaceprep.run(outpainting(small), "out", **ways(box))
    from vaceprep.ledger.store import Ledger

    with Ledger() as ledger:
        (row,) = ledger.rows()
    assert row.sent_at is not None
    assert begun <= row.created_at <= row.sent_at <= row.updated_at <= time.time()
