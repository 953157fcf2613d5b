"""``vaceprep run``, as people use it, against a service over real sockets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import vaceprep
from tests.runs.conftest import TOKEN, Cli, account_flags, job_of, service_flags
from vaceprep.sandbox.server import Sandbox


def test_a_job_goes_all_the_way(cli: Cli, box: Sandbox, job: Path, tmp_path: Path) -> None:
    done = cli("run", job, *service_flags(box), "--yes", "-o", "out", "--format", "json")
    assert done.returncode == 0, done.stderr
    (entry,) = json.loads(done.stdout)["jobs"]
    assert entry["status"] == "downloaded"
    assert entry["function"] == "video_outpainting"
    (video,) = entry["videos"]
    task = box.account()["tasks"][0]["id"]
    assert entry["task"] == task
    assert Path(video) == Path("out") / f"job-video_outpainting-{task[:8]}.mp4"
    facts = vaceprep.probe(tmp_path / video)
    assert isinstance(facts, vaceprep.VideoFacts)
    assert facts.duration == pytest.approx(0.5, abs=0.05)
    kept = json.loads((tmp_path / video).with_suffix(".json").read_text())
    assert kept["task"]["id"] == task
    assert kept["body"]["video_url"].startswith(box.base_url)
    assert kept["body"]["model"] == "wan2.1-vace-plus"
    assert kept["video"]["bytes"] == facts.bytes
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(
        [Path(video).name, Path(video).with_suffix(".json").name]
    )


def test_the_same_command_again_pays_nothing(cli: Cli, box: Sandbox, job: Path) -> None:
    first = cli("run", job, *service_flags(box), "--yes")
    again = cli("run", job, *service_flags(box))
    assert (first.returncode, again.returncode) == (0, 0)
    assert "--again makes another" in again.stdout
    assert box.account()["accepted"] == 1
    # The same under another name, at another place, is the same job.
    moved = job.parent / "moved.yaml"
    shutil.copy(json.loads(job.read_text())["video_url"], job.parent / "other.mp4")
    moved.write_text(json.dumps(job_of("other.mp4")))
    third = cli("run", moved, *service_flags(box))
    assert third.returncode == 0
    assert box.account()["accepted"] == 1
    made = cli("run", job, *service_flags(box), "--yes", "--again")
    assert made.returncode == 0
    assert box.account()["accepted"] == 2


def test_a_deleted_video_is_fetched_again(
    cli: Cli, box: Sandbox, job: Path, tmp_path: Path
) -> None:
    cli("run", job, *service_flags(box), "--yes", "-o", "out")
    (video,) = (tmp_path / "out").glob("*.mp4")
    data = video.read_bytes()
    video.unlink()
    again = cli("run", job, *service_flags(box), "-o", "out")
    assert again.returncode == 0, again.stderr
    assert video.read_bytes() == data
    assert box.account()["accepted"] == 1


def test_a_media_that_needs_it_is_mended(cli: Cli, box: Sandbox, tmp_path: Path) -> None:
    from tests.media import encode

    encode(tmp_path / "slow.mov", rate=10, frames=20, size=(360, 360))
    job = tmp_path / "slow.yaml"
    job.write_text(json.dumps(job_of("slow.mov")))
    done = cli("run", job, *service_flags(box), "--yes")
    assert done.returncode == 0, done.stderr + done.stdout
    assert (tmp_path / "slow.mov").exists()
    # Nothing is left of what was prepared.
    assert not any((tmp_path / "state" / "work").iterdir())
    assert not (tmp_path / "prepared").exists()


def test_what_must_be_set_first(cli: Cli, box: Sandbox, job: Path, tmp_path: Path) -> None:
    flags = service_flags(box)
    no_key = cli("run", job, *flags, "--yes", env={"MULEROUTER_API_KEY": ""})
    assert no_key.returncode == 2
    assert "MULEROUTER_API_KEY" in no_key.stderr
    no_target = cli("run", job, "--base-url", box.base_url, "--yes")
    assert no_target.returncode == 2
    assert "--publish" in no_target.stderr
    no_terminal = cli("run", job, *flags)
    assert no_terminal.returncode == 2
    assert "--yes" in no_terminal.stderr
    no_folder = cli("run", job, *flags, "--yes", "-o", "job.json")
    assert no_folder.returncode == 2
    no_job = cli("run", "small.mp4", *flags)
    assert no_job.returncode == 2
    assert "init" in no_job.stderr
    assert box.account()["accepted"] == 0
    assert not any((tmp_path / "state").glob("work/*"))


def test_a_key_that_is_refused_stops_the_run(cli: Cli, job: Path, tmp_path: Path) -> None:
    with Sandbox(key="another") as box:
        done = cli("run", job, *service_flags(box), "--yes")
        assert done.returncode == 2
        assert "the environment variable MULEROUTER_API_KEY" in done.stderr
        (tmp_path / "key").write_text(TOKEN)
        from_file = cli(
            *("run", job, *service_flags(box), "--yes", "--api-key-file", "key"),
            env={"MULEROUTER_API_KEY": ""},
        )
        assert from_file.returncode == 2
        assert "--api-key-file key" in from_file.stderr
        assert box.account()["accepted"] == 0
    assert TOKEN not in done.stderr + from_file.stderr


def test_a_bad_job_stops_itself_alone(cli: Cli, box: Sandbox, job: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(job_of("nowhere.mp4", left_scale=9)))
    done = cli("run", bad, job, *service_flags(box), "--yes", "--format", "json")
    assert done.returncode == 1
    first, second = json.loads(done.stdout)["jobs"]
    assert (first["status"], second["status"]) == ("refused", "downloaded")
    assert "VP403" in [f["code"] for f in first["findings"]]
    assert box.account()["accepted"] == 1
    alone = cli("run", bad, *service_flags(box))
    assert alone.returncode == 1
    assert "left_scale" in alone.stdout


def test_a_dry_run_sends_and_writes_nothing(
    cli: Cli, box: Sandbox, job: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = cli("run", job, "--dry-run", "-o", "out", env={"MULEROUTER_API_KEY": ""})
    assert done.returncode == 0, done.stderr
    assert "planned" in done.stdout
    assert sorted(tmp_path.rglob("*")) == before
    assert box.account()["accepted"] == 0


def test_a_manifest_and_standard_input(cli: Cli, box: Sandbox, small: Path, tmp_path: Path) -> None:
    lines = [json.dumps(job_of(small, prompt=f"take {n}")) for n in range(3)]
    (tmp_path / "jobs.jsonl").write_text("\n".join(lines))
    done = cli("run", "jobs.jsonl", *service_flags(box), "--yes", "-o", "out")
    assert done.returncode == 0, done.stderr + done.stdout
    assert len(list((tmp_path / "out").glob("jobs-?-video_outpainting-*.mp4"))) == 3
    piped = cli(
        *("run", "-", *service_flags(box), "--yes", "-o", "out"),
        stdin=None,
        input=json.dumps(job_of(small, prompt="piped")),
    )
    assert piped.returncode == 0, piped.stderr + piped.stdout
    assert len(list((tmp_path / "out").glob("stdin-video_outpainting-*.mp4"))) == 1


def test_nobody_waits_with_no_wait(cli: Cli, box: Sandbox, job: Path, tmp_path: Path) -> None:
    done = cli("run", job, *service_flags(box), "--yes", "--no-wait")
    assert done.returncode == 0, done.stderr
    assert "vaceprep task wait" in done.stdout
    assert not list(tmp_path.glob("*.mp4"))
    brought = cli("task", "wait", *account_flags(box), "--poll-interval", "0.1", "-o", "out")
    assert brought.returncode == 0, brought.stderr
    assert len(list((tmp_path / "out").glob("*.mp4"))) == 1


def test_running_out_of_time_is_no_failure_of_the_task(cli: Cli, job: Path, tmp_path: Path) -> None:
    with Sandbox(seconds_per_task=2) as box:
        done = cli("run", job, *service_flags(box), "--yes", "--max-wait", "0")
        assert done.returncode == 1
        assert "task wait" in done.stdout
        again = cli("run", job, *service_flags(box))
        assert again.returncode == 0, again.stdout
        assert box.account()["accepted"] == 1


def test_extra_fields_join_the_body(cli: Cli, small: Path, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps(job_of(small)))
    with Sandbox(extra_fields=["future"]) as box:
        done = cli("run", "job.json", *service_flags(box), "--yes", "--extra", "future=3")
        assert done.returncode == 0, done.stdout
    (sidecar,) = tmp_path.glob("job-*.json")
    assert json.loads(sidecar.read_text())["body"]["future"] == 3


def _put(box: Sandbox, video: Path) -> str:
    """The URL of a video that was published by other means."""
    import httpx

    url = box.publish_pattern.replace("{key}", "mine.mp4")
    with httpx.Client(trust_env=False) as client:
        client.put(url, content=video.read_bytes())
    return url


def test_images_go_inline(cli: Cli, box: Sandbox, small: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (400, 400), (200, 30, 30)).save(tmp_path / "red.png")
    # The result is as short as the video, which has a URL and so needs no target.
    values = {"prompt": "red", "ref_images_url": ["red.png"], "video_url": _put(box, small)}
    values |= {"function": "video_repainting", "control_condition": "depth"}
    (tmp_path / "job.json").write_text(json.dumps(values))
    done = cli(
        *("run", "job.json", "--base-url", box.base_url, "--inline-images", "--yes"),
        *("--poll-interval", "0.1", "--allow-host", "127.0.0.1"),
    )
    assert done.returncode == 0, done.stderr + done.stdout
    (sidecar,) = tmp_path.glob("job-*.json")
    (image,) = json.loads(sidecar.read_text())["body"]["ref_images_url"]
    assert image.startswith("data:image/png;base64,...")
    assert len(image) < 200


def test_media_that_are_urls_need_no_target(
    cli: Cli, box: Sandbox, small: Path, tmp_path: Path
) -> None:
    (tmp_path / "job.json").write_text(json.dumps(job_of(_put(box, small))))
    flags = ["--base-url", box.base_url, "--poll-interval", "0.1", "--yes"]
    refused = cli("run", "job.json", *flags)
    assert refused.returncode == 1
    assert "url-not-public" in refused.stdout
    done = cli("run", "job.json", *flags, "--allow-host", "127.0.0.1")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "fault",
    [
        "429:2",
        "expired-result",
        *(pytest.param(f, marks=pytest.mark.long) for f in ("503", "status-500:2", "half-result")),
    ],
)
def test_faults_that_pass(cli: Cli, box: Sandbox, job: Path, tmp_path: Path, fault: str) -> None:
    box.add_fault(fault)
    done = cli("run", job, *service_flags(box), "--yes")
    assert done.returncode == 0, done.stderr + done.stdout
    assert box.account()["accepted"] == 1
    assert len(list(tmp_path.glob("*.mp4"))) == 1


@pytest.mark.parametrize(
    "fault",
    [
        "drop-after-accept",
        "503-bare",
        *(
            pytest.param(f, marks=pytest.mark.long)
            for f in ("500-after-accept", "bad-json", "no-id", "drop-before-accept")
        ),
    ],
)
def test_a_lost_answer_is_no_failure_and_no_success(
    cli: Cli, box: Sandbox, job: Path, fault: str
) -> None:
    box.add_fault(fault)
    accepted = int(fault not in ("503-bare", "drop-before-accept"))
    done = cli("run", job, *service_flags(box), "--yes", "--format", "json")
    assert done.returncode == 1
    (entry,) = json.loads(done.stdout)["jobs"]
    assert entry["status"] == "unknown"
    assert "adopt" in entry["hint"]
    # It stays unknown until the user decides.
    again = cli("run", job, *service_flags(box), "--yes")
    assert again.returncode == 1
    assert box.account()["accepted"] == accepted
    listed = json.loads(cli("task", "list", "--format", "json").stdout)["tasks"]
    assert [row["state"] for row in listed] == ["unknown"]
    row = str(listed[0]["row"])
    if accepted:
        task = box.account()["tasks"][0]["id"]
        taken = cli("task", "adopt", row, task, *account_flags(box))
        assert taken.returncode == 0, taken.stderr
    else:
        assert cli("task", "forget", row).returncode == 0
    final = cli("run", job, *service_flags(box), "--yes")
    assert final.returncode == 0, final.stdout
    assert box.account()["accepted"] == 1


def test_a_refused_body_may_be_sent_again_once_mended(
    cli: Cli, small: Path, tmp_path: Path
) -> None:
    (tmp_path / "job.json").write_text(json.dumps(job_of(small, extra={"odd": 1})))
    with Sandbox() as box:
        done = cli("run", "job.json", *service_flags(box), "--yes")
        assert done.returncode == 1
        assert "400" in done.stdout
        assert "odd" in done.stdout
        box_rows = json.loads(cli("task", "list", "--format", "json").stdout)["tasks"]
        assert [row["state"] for row in box_rows] == ["refused"]
        box.add_fault("task-failed")
        (tmp_path / "job.json").write_text(json.dumps(job_of(small)))
        failed = cli("run", "job.json", *service_flags(box), "--yes")
        assert failed.returncode == 1
        final = cli("run", "job.json", *service_flags(box), "--yes")
        assert final.returncode == 0, final.stdout
        assert box.account()["accepted"] == 2


@pytest.mark.parametrize(
    "fault", ["html-result:*", pytest.param("empty-result:*", marks=pytest.mark.long)]
)
def test_a_result_that_is_none_is_not_kept(
    cli: Cli, box: Sandbox, job: Path, tmp_path: Path, fault: str
) -> None:
    box.add_fault(fault)
    done = cli("run", job, *service_flags(box), "--yes", "-o", "out")
    assert done.returncode == 1
    assert not list((tmp_path / "out").iterdir())
    assert "task wait" in done.stdout
    listed = json.loads(cli("task", "list", "--format", "json").stdout)["tasks"]
    assert [row["state"] for row in listed] == ["finished"]


def test_the_token_is_nowhere(cli: Cli, box: Sandbox, job: Path, tmp_path: Path) -> None:
    said = ""
    for arguments in (
        ["run", str(job), *service_flags(box), "--yes", "-o", "out"],
        ["run", str(job), *service_flags(box), "--again", "--yes"],
        ["task", "status", *account_flags(box)],
        ["task", "list", "--format", "json"],
    ):
        box.add_fault("drop-after-accept")
        done = cli(*arguments)
        said += done.stdout + done.stderr
    assert TOKEN not in said
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path
