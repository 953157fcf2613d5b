"""``check`` with each file in a process of its own: what one file does costs that file alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

import vaceprep
from tests import started
from tests.conftest import Run
from tests.paths import ROOT
from tests.processes import busy_worker, of_session, wait_for
from vaceprep.checks.bytes import Options
from vaceprep.checks.inputs import Item
from vaceprep.checks.isolated import DECODING_MODULES, IMAGE_MODULES, modules_for, report_of
from vaceprep.checks.source import FileCheck

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MP4 that takes seconds to decode: one picture, over and over."""
    path = tmp_path_factory.mktemp("slow") / "slow.mp4"
    with av.open(str(path), "w") as made:
        stream = made.add_stream("libx264", rate=30, options={"preset": "ultrafast", "crf": "38"})
        stream.width, stream.height, stream.pix_fmt = 4096, 2160, "yuv420p"
        frame = av.VideoFrame(4096, 2160, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(range(64, 192)) * (plane.buffer_size // 128))
        (packet,) = [*stream.encode(frame), *stream.encode(None)]
        data = bytes(packet)
    with av.open(str(path), "w") as made:
        copy = made.add_stream("libx264", rate=30, options={"preset": "ultrafast", "crf": "38"})
        copy.width, copy.height, copy.pix_fmt = 4096, 2160, "yuv420p"
        copy.codec_context.open()
        for number in range(1500):
            again = av.Packet(data)
            again.stream = copy
            again.pts = again.dts = number
            again.duration = 1
            again.time_base = Fraction(1, 30)
            again.is_keyframe = True
            made.mux(again)
    return path


@contextmanager
def running(*arguments: str | Path, cwd: Path) -> Iterator[started.Command]:
    """The command line in a session of its own, of which no process may be left."""
    with started.start(arguments, cwd, session=True) as process:
        try:
            yield process
            assert wait_for(lambda: not of_session(process.pid), 10)
        finally:
            for pid in of_session(process.pid):
                os.kill(pid, signal.SIGKILL)


def entries(report: vaceprep.Report) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = report.to_dict()["files"]
    return files


def test_every_fixture_gets_the_same_report() -> None:
    folder = ROOT / "fixtures"
    plain = vaceprep.check(folder, jobs=2)
    apart = vaceprep.check(folder, jobs=2, isolate=True)
    assert len(plain.files) > 20
    assert entries(apart) == entries(plain)


def test_jobs_urls_and_data_get_the_same_report(clip: Path, tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    values = {"function": "video_edit", "prompt": "a", "video_url": str(clip)}
    job.write_text(json.dumps({**values, "mask_image_url": "gone.png"}))
    named: list[str | Path] = [
        job,
        "https://example.com/clip.mp4",
        "data:image/png;base64,AAAA",
        tmp_path / "none",
    ]
    assert entries(vaceprep.check(named, isolate=True, remote=False)) == entries(
        vaceprep.check(named, remote=False)
    )
    given = vaceprep.VideoRepainting(
        prompt="a", video_url=str(clip), control_condition="depth", prompt_extend=False
    )
    assert entries(vaceprep.check(given, isolate=True)) == entries(vaceprep.check(given))


def test_a_crash_costs_one_file(slow: Path, clip: Path, tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("looks into /proc")
    arguments = ["check", "--format", "json", "--deep", "-j", "1", "--timeout", "600"]
    with running(*arguments, clip, slow, clip, cwd=tmp_path) as process:
        worker = wait_for(lambda: busy_worker(process.pid, process.pid))
        os.kill(worker, signal.SIGSEGV)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err == ""
    first, hit, last = json.loads(out)["files"]
    assert first == last
    assert first["facts"]["decoded_frames"] == 8
    (finding,) = hit["findings"]
    assert (finding["code"], finding["rule"]) == ("VP105", "video-unreadable")
    assert finding["message"] == "cannot be read: the decoder crashed"
    assert finding["measured"] == "crashed"


@linux
def test_a_long_decode_is_stopped(slow: Path, clip: Path, tmp_path: Path) -> None:
    arguments = ["check", "--format", "json", "--deep", "--timeout", "1"]
    with running(*arguments, clip, slow, clip, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")
    said = [[f["message"] for f in e["findings"]] for e in json.loads(out)["files"]]
    assert said[1] == ["cannot be read: it took longer than 1 s"]
    assert said[0] == said[2] != said[1]


@linux
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_no_process(how: signal.Signals, slow: Path, tmp_path: Path) -> None:
    with running("check", "--deep", slow, slow, slow, cwd=tmp_path) as process:
        assert wait_for(lambda: busy_worker(process.pid, process.pid))
        # As a terminal does it: to all of them.
        if how is signal.SIGINT:
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "vaceprep: interrupted"


@linux
def test_workers_do_not_outlive_a_killed_parent(slow: Path, tmp_path: Path) -> None:
    with running("check", "--deep", slow, slow, cwd=tmp_path) as process:
        assert wait_for(lambda: busy_worker(process.pid, process.pid))
        process.kill()


@pytest.mark.parametrize(
    ("name", "head", "role", "code"),
    [
        ("clip.mp4", b"\0\0\0\x18ftypisom", None, "VP105"),
        ("picture.png", b"\x89PNG\r\n\x1a\n", None, "VP204"),
        ("picture.mp4", b"\x89PNG\r\n\x1a\n", "mask_image_url", "VP204"),
        ("gone.png", None, None, "VP204"),
        ("gone.mp4", None, None, "VP105"),
    ],
)
def test_the_finding_is_of_the_files_role(
    name: str, head: bytes | None, role: Any, code: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if head is not None:
        path.write_bytes(head + bytes(100))
    look = FileCheck(Item(str(path), "path"), Options(role=role))
    for fault, message in (
        ("crashed", "cannot be read: the decoder crashed"),
        ("slow", "cannot be read: it took longer than 10 s"),
        ("out-of-memory", "cannot be read: it takes more than the 400 MB that are allowed"),
    ):
        (finding,) = report_of(look, fault, 10.0).findings  # type: ignore[arg-type]
        assert (finding.code, finding.message) == (code, message)


def _workers(*arguments: str | Path) -> bool:
    """Whether a check starts processes."""
    with started.start(arguments, module="tests.checks.workers") as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    return said.split()[-1] == "True"


@linux
def test_several_files_and_folders_are_isolated(clip: Path) -> None:
    assert not _workers("check", clip)
    assert not _workers("check", clip, "--no-isolate", clip)
    assert _workers("check", clip, clip)
    assert _workers("check", clip.parent)
    assert _workers("check", "--isolate", clip)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "soon"])
def test_a_time_that_is_none_is_wrong_usage(value: str, clip: Path, vaceprep_cli: Run) -> None:
    done = vaceprep_cli("check", "--timeout", value, clip)
    assert (done.returncode, done.stdout) == (2, "")
    with pytest.raises(ValueError, match="cannot be given"):
        vaceprep.check(clip, timeout=float("nan") if value == "soon" else float(value))


def test_nothing_is_imported_from_the_folder(clip: Path, tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("vaceprep")
    if not script.exists():
        pytest.skip("the console script is not installed")
    for name in ("multiprocessing", "signal", "pebble", "av", "site", "threading"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'trap')!r}, 'w')\n")
    os.link(clip, tmp_path / "clip.mp4")
    done = subprocess.run(
        [script, "check", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (
        0,
        "skipped 6 files that are neither video nor image\n",
    )
    assert not (tmp_path / "trap").exists()


def test_a_script_without_a_guard_is_told_so(clip: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"import vaceprep\nvaceprep.check({str(clip)!r}, isolate=True)\n")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("vaceprep.workers.process.CannotIsolate: worker processes do not start")


def test_pictures_are_isolated_too(tmp_path: Path) -> None:
    for number in range(5):
        Image.new("RGB", (400 + number, 400)).save(tmp_path / f"{number}.png")
    report = vaceprep.check(tmp_path, isolate=True, jobs=3)
    assert [e.facts.width for e in report.files if e.facts is not None] == [*range(400, 405)]


def test_the_server_imports_no_image_modules_for_videos_alone() -> None:
    videos = [Item("a.mp4", "path"), Item("b.MOV", "path")]
    assert not set(modules_for(videos)) & set(IMAGE_MODULES)
    for other in (Item("c.png", "path"), Item("jobs.jsonl", "job"), Item("https://h/c.mp4", "url")):
        assert set(IMAGE_MODULES) < set(modules_for([*videos, other]))
    # Items that are found one by one may be of any kind.
    assert set(IMAGE_MODULES) < set(modules_for(iter(videos)))
    assert set(DECODING_MODULES) < set(modules_for(videos, deep=True))
