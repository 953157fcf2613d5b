"""URLs in jobs, several at once, in workers, and before a job is sent."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import vaceprep
from tests.checks.test_isolated import entries
from tests.conftest import Run
from tests.media import Hand, encode, small_mp4
from tests.net.server import HOST, Site, serving
from vaceprep.contract import REMOTE_STALL


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path | bytes]:
    """Good and bad files, by the path of their URLs."""
    folder = tmp_path_factory.mktemp("media")
    files = {name: folder / name for name in ("ten.mp4", "clip.mkv", "mask.mp4", "hevc.mp4")}
    encode(files["ten.mp4"], pixel_format="yuv420p10le")
    encode(files["clip.mkv"], container="matroska")
    encode(files["mask.mp4"], frames=8)
    encode(files["hevc.mp4"], codec="libx265", options={"x265-params": "log-level=none"})
    Image.new("RGB", (400, 400)).save(folder / "picture.png")
    Image.new("L", (64, 48), 255).save(folder / "mask.png")
    found: dict[str, Path | bytes] = {f"/{p.name}": p for p in sorted(folder.iterdir())}
    found["/good.mp4"] = Hand(frames=40).data()
    found["/small.mp4"] = small_mp4()
    found["/cut.mp4"] = small_mp4()[:-30]
    found["/page.mp4"] = b"<html>hello"
    return found


@pytest.fixture
def site(media: dict[str, Path | bytes]) -> Iterator[Site]:
    with serving(media, content_type=None) as running:
        yield running


def plain(report: vaceprep.Report, site: Site) -> list[dict[str, Any]]:
    """Its entries, with paths in place of URLs."""
    text = json.dumps(entries(report)).replace(site.url, "")
    return list(json.loads(text))


def test_workers_say_the_same_and_connect_nowhere(site: Site) -> None:
    urls = [site.at(path) for path in (*site.files, "/missing.mp4")]
    for deep in (False, True):
        here = vaceprep.check(urls, allow_hosts=[HOST], deep=deep)
        apart = vaceprep.check(urls, allow_hosts=[HOST], deep=deep, isolate=True, jobs=2)
        assert entries(apart) == entries(here)
        assert [f.source for f in here.files] == urls


def test_a_url_tells_what_its_file_tells(site: Site, tmp_path: Path) -> None:
    for path, data in site.files.items():
        if path == "/page.mp4":
            continue
        local = tmp_path / path[1:]
        local.write_bytes(data if isinstance(data, bytes) else data.read_bytes())
        there = vaceprep.check(site.at(path), allow_hosts=[HOST]).files[0]
        here = vaceprep.check(local).files[0]
        assert (there.role, there.facts, there.findings) == (here.role, here.facts, here.findings)


def edit(site: Site, **more: Any) -> dict[str, Any]:
    job = {"function": "video_edit", "prompt": "a", "video_url": site.at("/small.mp4")}
    return {**job, "prompt_extend": False, "mask_image_url": site.at("/mask.png"), **more}


@pytest.mark.parametrize("isolate", [False, True])
def test_the_media_of_a_job_are_held_against_each_other(
    isolate: bool, site: Site, tmp_path: Path
) -> None:
    ignored = ["video-dimensions", "video-header-lies", "output-shape"]

    def said(job: dict[str, Any], **more: Any) -> set[tuple[str, str | None]]:
        (tmp_path / "job.json").write_text(json.dumps(job))
        more = {"allow_hosts": [HOST], "isolate": isolate, **more}
        report = vaceprep.check(tmp_path / "job.json", ignore=ignored, **more)
        assert [f.role for f in report.files] == [None, "video_url", "mask_image_url"]
        return {(f.code, f.pointer) for f in report.findings if f.severity != "advice"}

    full = ("VP304", "/mask_image_url")
    # Eight frames at 25 a second: 9 is the one that does not exist, and 10 is out of range.
    for number, rules in ((8, set[str]()), (9, {"VP305"}), (10, {"VP305"})):
        assert said(edit(site, mask_frame_id=number)) == {full} | {
            (rule, "/mask_frame_id") for rule in rules
        }
    wrong = edit(site, mask_image_url=site.at("/picture.png"))
    assert ("VP301", "/mask_image_url") in said(wrong)
    assert said(wrong, remote=False) == set()
    gone = edit(site, video_url=site.at("/gone.mp4"))
    assert ("VP504", "/video_url") in said(gone)


def test_local_and_far_files_keep_their_order(site: Site, clip: Path, vaceprep_cli: Run) -> None:
    named = [str(clip), site.at("/good.mp4"), "http://10.0.0.1/a.mp4", site.at("/picture.png")]
    for how in ("--isolate", "--no-isolate"):
        done = vaceprep_cli("check", "--format", "json", how, *named, "--allow-host", HOST)
        said = json.loads(done.stdout)
        assert [f["source"] for f in said["files"]] == named
        assert [f["facts"] is not None for f in said["files"]] == [True, True, False, True]
        assert done.stderr == ""
    assert site.connections <= 8
    done = vaceprep_cli("probe", "--format", "json", *named, "--allow-host", HOST)
    said = json.loads(done.stdout)
    assert [f["facts"] is not None for f in said["files"]] == [True, True, False, True]
    site.seen.clear()
    done = vaceprep_cli("check", "--no-remote", *named, "--allow-host", HOST)
    assert done.returncode == 1
    assert site.seen == []


def test_many_urls_are_waited_for_at_once(site: Site) -> None:
    """Each answer waits for another request to come: one after the other, none ever would."""
    import threading

    together = threading.Barrier(4)

    def meet(_: int) -> None:
        together.wait(20)

    site.before = meet
    urls = [site.at(f"/{n}.mp4") for n in range(4)]
    for isolate in (False, True):
        report = vaceprep.check(urls, allow_hosts=[HOST], isolate=isolate)
        assert [f.code for f in report.findings] == ["VP504"] * 4


def test_a_run_looks_at_urls_before_it_sends(site: Site, tmp_path: Path, vaceprep_cli: Run) -> None:
    job = edit(site, video_url=site.at("/gone.mp4"))
    (tmp_path / "job.json").write_text(json.dumps(job))
    state = {"VACEPREP_STATE_DIR": str(tmp_path / "state")}
    plan = ("run", "job.json", "--dry-run", "--format", "json", "--allow-host", HOST)
    done = vaceprep_cli(*plan, env=state)
    assert done.returncode == 1
    (told,) = json.loads(done.stdout)["jobs"]
    assert told["status"] == "refused"
    assert "VP504" in {f["code"] for f in told["findings"]}
    assert json.loads(vaceprep_cli(*plan, "--no-remote", env=state).stdout)["jobs"][0][
        "status"
    ] == ("planned")


def test_a_rehearsal_with_urls(site: Site, tmp_path: Path, vaceprep_cli: Run) -> None:
    big = tmp_path / "big.mp4"
    encode(big, frames=20, size=(640, 360), rate=20)
    site.files = {**site.files, "/big.mp4": big}
    job = {"function": "video_outpainting", "prompt": "a", "video_url": site.at("/big.mp4")}
    (tmp_path / "job.json").write_text(json.dumps({**job, "left_scale": 1.5}))
    state = {"VACEPREP_STATE_DIR": str(tmp_path / "state")}
    done = vaceprep_cli(
        "run", "job.json", "--sandbox", "--format", "json", "--allow-host", HOST, env=state
    )
    (told,) = json.loads(done.stdout)["jobs"]
    assert told["status"] == "downloaded", done.stdout
    url = next(e for e in told["prepared"] if e["role"] == "video_url")
    assert url["before"]["frames"] == 20
    # It is read for the look before it is sent, and by the service itself.
    before = len(site.seen)
    assert before <= 4
    site.statuses["/big.mp4"] = 404
    again = vaceprep_cli(
        "run", "job.json", "--sandbox", "--dry-run", "--allow-host", HOST, env=state
    )
    assert again.returncode == 1


@pytest.mark.parametrize("how", ["--isolate", "--no-isolate"])
def test_an_interrupt_waits_for_no_server(how: str, site: Site, tmp_path: Path) -> None:
    site.faults = ["silent"]
    urls = [site.at(path) for path in ("/good.mp4", "/small.mp4")]
    command = [sys.executable, "-m", "vaceprep", "check", how, *urls, "--allow-host", HOST]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while len(site.seen) < 2:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        # Sooner than a silent server is given up.
        _, said = process.communicate(timeout=REMOTE_STALL - 5)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "vaceprep: interrupted"
    assert "Traceback" not in said
