"""``vaceprep prepare`` as people run it: names, exit codes, safety."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import av
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

import vaceprep
from tests import started
from tests.conftest import Run
from tests.media import encode
from tests.paths import ROOT
from tests.preparation import numbered

FIXTURES = ROOT / "fixtures"
MOV = FIXTURES / "video" / "quicktime.mov"
OK = FIXTURES / "video" / "ok-5s-16fps.mp4"
KEYS = {
    *("source", "output", "role", "status", "plan", "lossless", "before", "after", "remaining"),
    *("error", "reused"),
}


@pytest.fixture
def run(vaceprep_cli: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    state = str(tmp_path_factory.mktemp("state"))

    def prepare(*arguments: Any, **more: Any) -> subprocess.CompletedProcess[str]:
        return vaceprep_cli("prepare", *arguments, env={"VACEPREP_STATE_DIR": state}, **more)

    return prepare


def entries(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert "Traceback" not in done.stderr
    answer = json.loads(done.stdout)
    assert answer["version"] == 1
    assert all(set(entry) == KEYS for entry in answer["files"])
    files: list[dict[str, Any]] = answer["files"]
    return files


def tree(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


def test_the_output_stands_beside_the_source(run: Run, tmp_path: Path) -> None:
    shutil.copy(MOV, tmp_path / "clip.mov")
    before = tree(tmp_path)
    done = run("clip.mov")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "1 prepared, 0 unchanged, 0 failed"
    assert "rewrap" in done.stdout
    assert set(tree(tmp_path)) == {"clip.mov", "prepared/clip.mp4"}
    assert tree(tmp_path)["clip.mov"] == before["clip.mov"]
    assert vaceprep.check(tmp_path / "prepared" / "clip.mp4", strict=True).ok


def test_a_second_run_does_no_work_and_says_so(run: Run, tmp_path: Path) -> None:
    first = entries(run(MOV, "-o", "out", "--format", "json"))[0]
    written = os.stat(tmp_path / "out" / "quicktime.mp4")
    again = entries(run(MOV, "-o", "out", "--format", "json"))[0]
    assert again == {**first, "reused": True}
    assert os.stat(tmp_path / "out" / "quicktime.mp4").st_mtime_ns == written.st_mtime_ns
    other = run(MOV, "-o", "out", "--only-errors")
    assert other.returncode == 1
    assert "exists already; --force writes over it" in other.stdout
    (tmp_path / "out" / "quicktime.mp4").write_bytes(b"mine")
    assert run(MOV, "-o", "out").returncode == 1
    assert (tmp_path / "out" / "quicktime.mp4").read_bytes() == b"mine"
    assert run(MOV, "-o", "out", "--force").returncode == 0


def test_a_folder_keeps_its_tree_and_one_failure_stops_nothing(run: Run, tmp_path: Path) -> None:
    shoot = tmp_path / "shoot"
    (shoot / "day").mkdir(parents=True)
    shutil.copy(MOV, shoot / "a.mov")
    shutil.copy(MOV, shoot / "day" / "a.mov")
    shutil.copy(OK, shoot / "a.mp4")
    (shoot / "broken.mp4").write_bytes(b"no video at all")
    shutil.copy(FIXTURES / "image" / "gif.gif", shoot / "b.gif")
    done = run("shoot", "-o", "ready")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "3 prepared, 1 unchanged, 1 failed"
    assert set(tree(tmp_path / "ready")) == {"a.mp4", "a-2.mp4", "b.png", "day/a.mp4"}
    assert (tmp_path / "ready" / "a-2.mp4").read_bytes() == OK.read_bytes()
    again = run("shoot", "-o", "ready")
    assert again.stdout.splitlines()[-1] == "3 prepared, 1 unchanged, 1 failed"
    assert len(tree(tmp_path / "ready")) == 4


def test_without_o_a_folder_is_not_prepared_into_itself(run: Run, tmp_path: Path) -> None:
    (tmp_path / "shoot").mkdir()
    shutil.copy(MOV, tmp_path / "shoot" / "a.mov")
    for _ in range(2):
        assert run("shoot").returncode == 0
    assert set(tree(tmp_path / "shoot")) == {"a.mov", "prepared/a.mp4"}


def test_a_dry_run_shows_the_plan_and_touches_nothing(run: Run, tmp_path: Path) -> None:
    source = numbered.write(tmp_path / "long.mov", frames=200, rate=30)
    before = tree(tmp_path)
    entry = entries(run(source, "--dry-run", "--format", "json"))[0]
    assert entry["status"] == "planned"
    assert [e["edit"] for e in entry["plan"]] == ["cut", "rewrap"]
    assert entry["plan"][0]["reason"] == ["video-duration"]
    assert entry["plan"][0]["detail"].endswith("packets copied")
    assert entry["after"]["duration"] <= 5
    assert tree(tmp_path) == before
    text = run(source, "--dry-run")
    assert text.stdout.splitlines()[-1] == "1 planned; nothing was written"
    assert tree(tmp_path) == before


def test_one_file_to_one_name(run: Run, tmp_path: Path) -> None:
    assert run(MOV, "-o", "take.mp4").returncode == 0
    assert set(tree(tmp_path)) == {"take.mp4"}


def test_standard_input(run: Run, tmp_path: Path) -> None:
    with MOV.open("rb") as source:
        (entry,) = entries(run("-", "--format", "json", stdin=source))
    assert (entry["source"], entry["output"]) == ("-", os.path.join("prepared", "stdin.mp4"))
    assert vaceprep.check(tmp_path / entry["output"]).ok


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "x.mp4", str(OK)], "one file"),
        (["--role", "video"], "--role"),
        (["--start", "soon"], "is not a time"),
        (["--start", "-1"], "before the start"),
        (["--duration", "0"], "keeps nothing"),
        (["--start", "video_url=1"], "is for jobs"),
        (["--start", "prompt=1"], "is not a field with a video"),
        (["--start", "1", "--start", "2"], "given twice"),
        (["--background", "blurple"], "is not a colour"),
        (["--fps-mode", "guess"], "--fps-mode"),
        (["-o", "clip.mov"], ".mov"),
    ],
)
def test_wrong_usage_is_2_and_writes_nothing(
    run: Run, tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = run(MOV, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("missing.mp4", "there is no such file"),
        ("https://example.com/a.mp4", "URLs are not prepared"),
        (str(FIXTURES / "video" / "truncated.mp4"), "video-truncated (VP106)"),
        (str(FIXTURES / "video" / "encrypted.mp4"), "video-unreadable (VP105)"),
        (str(FIXTURES / "image" / "truncated.jpg"), "image-unreadable (VP204)"),
    ],
)
def test_what_cannot_be_mended_is_said_in_one_sentence(
    run: Run, tmp_path: Path, source: str, said: str
) -> None:
    done = run(source)
    assert done.returncode == 1
    assert said in done.stdout
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0 prepared, 0 unchanged, 1 failed"
    assert tree(tmp_path) == {}


def test_a_start_after_the_end_is_said(run: Run, tmp_path: Path) -> None:
    done = run(MOV, "--start", "2")
    assert done.returncode == 1
    assert "there is no frame at 2 s; the video lasts 2 s" in done.stdout
    assert tree(tmp_path) == {}


def test_what_is_damaged_in_the_middle_is_salvaged_only_where_asked(
    run: Run, tmp_path: Path
) -> None:
    source = tmp_path / "damaged.mp4"
    data = bytearray((FIXTURES / "video" / "damaged.mp4").read_bytes())
    source.write_bytes(data)
    done = run(source, "--start", "0.5", "--duration", "4", "-o", "a")
    if done.returncode:
        assert "VP106" in done.stdout
        assert "--salvage" in done.stdout
        assert not (tmp_path / "a").exists()
    for name in ("truncated.mp4", "damaged.mp4"):
        saved = run(FIXTURES / "video" / name, "--salvage", "-o", "b")
        assert saved.returncode == 0, saved.stdout
        assert "re-encode" in saved.stdout
        assert vaceprep.check(tmp_path / "b" / name, strict=True, deep=True).ok
    whole = run(FIXTURES / "video" / "ok-b-frames.mp4", "--salvage", "-o", "b")
    assert "1 unchanged" in whole.stdout


@pytest.fixture(scope="module")
def heavy_data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("heavy") / "heavy.mp4"
    encode(path, rate=30, frames=120, size=(1280, 720), codec="mpeg4")
    return path.read_bytes()


@pytest.fixture
def heavy(tmp_path: Path, heavy_data: bytes) -> Path:
    """A clip that takes some seconds to encode."""
    path = tmp_path / "heavy.mp4"
    path.write_bytes(heavy_data)
    return path


def preparing(source: Path, folder: Path) -> started.Command:
    """The command that prepares a file, once it has begun to write."""
    process = started.start(["prepare", source, "-o", folder], cwd=source.parent)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        parts = list(folder.glob(".vaceprep-*.part")) if folder.exists() else []
        if parts and parts[0].stat().st_size > 0:
            return process
        time.sleep(0.01)
    raise AssertionError("it never began to write")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(heavy: Path, tmp_path: Path, how: signal.Signals) -> None:
    process = preparing(heavy, tmp_path / "out")
    process.send_signal(how)
    told, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in told + said
    assert not (tmp_path / "out").exists()


def test_a_kill_leaves_no_file_of_that_name(heavy: Path, tmp_path: Path) -> None:
    process = preparing(heavy, tmp_path / "out")
    process.kill()
    process.communicate(timeout=30)
    assert not list((tmp_path / "out").glob("*.mp4"))
    assert all(p.name.startswith(".vaceprep-") for p in (tmp_path / "out").iterdir())
    (left,) = (tmp_path / "out").iterdir()
    day = time.time() - 25 * 60 * 60
    os.utime(left, (day, day))
    done = vaceprep.prepare(MOV, tmp_path / "out")
    assert done.ok
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["quicktime.mp4"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--start", "last"], "'last' is not a time; write it as 1.5, 1:02.5 or 3003/1000"),
        (["--start", "soon"], "'soon' is not a time; write it as 1.5, 1:02.5 or 3003/1000"),
        (["--duration", "0"], "0 keeps nothing; it must be above zero"),
        (["--start", "-1"], "-1 lies before the start"),
    ],
)
def test_what_is_no_time_is_said(run: Run, options: list[str], said: str) -> None:
    done = run(MOV, *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_plan_tells_of_the_size_only_what_it_may_be(run: Run) -> None:
    done = run(FIXTURES / "video" / "mpeg4.mp4", "--dry-run")
    assert "360x360, h264" in done.stdout
    assert "at most" not in done.stdout


def noisy(path: Path) -> Path:
    """A clip that no encoder makes small."""
    chance = random.Random(1)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=16)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 360, 360, "yuv420p"
        for number in range(16):
            frame = VideoFrame(360, 360, "gray")
            plane = frame.planes[0]
            plane.update(chance.randbytes(plane.buffer_size))
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def test_a_full_disk_is_said_and_left_clean(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        big = noisy(tmp_path / "big.mov")
        assert big.stat().st_size > 300_000
        copied = run(big, "-o", "disk/a.mp4")
        assert copied.returncode == 1
        assert "No space left on device" in copied.stdout
        assert list(folder.iterdir()) == []
        encoded = run(big, "-o", "disk/b.mp4", "--start", "0.1", "--background", "red")
        assert encoded.returncode == 1
        assert "No space left on device" in encoded.stdout
        assert list(folder.iterdir()) == []
        picture = run(FIXTURES / "image" / "side-2001.jpg", "-o", "disk/c.jpg")
        assert picture.returncode in (0, 1)
        assert "Traceback" not in picture.stderr + picture.stdout
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_picture_that_fits_only_in_another_format_gets_its_ending(
    run: Run, tmp_path: Path
) -> None:
    # A tenth of the usual limit, so that the picture is small, too.
    (tmp_path / "vaceprep.toml").write_text("[limits]\nimage-megabytes = 1\n")
    chance = random.Random(2)
    Image.frombytes("RGB", (600, 599), chance.randbytes(600 * 599 * 3)).save(
        tmp_path / "noise.png", compress_level=1
    )
    entry = entries(run("noise.png", "-o", "out", "--format", "json"))[0]
    assert entry["status"] == "prepared"
    assert entry["output"] == os.path.join("out", "noise.jpg")
    assert entry["after"]["bytes"] <= 1_000_000
    (told,) = [e for e in entry["plan"] if e["edit"] == "convert-format"]
    assert told["detail"] == "PNG to JPEG, since as PNG it would be too large"
    assert told["reason"] == ["image-size"]
    assert vaceprep.check(tmp_path / entry["output"], strict=True).ok
    assert entries(run("noise.png", "-o", "out", "--format", "json"))[0]["reused"]
    named = run("noise.png", "-o", "quiet.png")
    assert named.returncode == 1
    assert "quiet.png is no name for what fits the limit, which is JPEG" in named.stdout
    assert set(tree(tmp_path)) == {"vaceprep.toml", "noise.png", os.path.join("out", "noise.jpg")}


def test_no_option_writes_over_a_source(run: Run, tmp_path: Path) -> None:
    shutil.copy(OK, tmp_path / "a.mp4")
    shutil.copy(MOV, tmp_path / "a.mov")
    before = tree(tmp_path)
    done = run("a.mov", "-o", "a.mp4", "--force")
    assert done.returncode == 0
    shutil.copy(OK, tmp_path / "a.mp4")
    done = run("a.mov", "a.mp4", "-o", ".", "--force")
    assert done.returncode == 1
    assert "the source itself, which is never changed" in done.stdout
    assert tree(tmp_path)["a.mp4"] == before["a.mp4"]
    assert tree(tmp_path)["a.mov"] == before["a.mov"]


def test_progress_and_colour_stay_out_of_a_pipe(run: Run, heavy: Path, tmp_path: Path) -> None:
    done = run(heavy, "-o", "out", "--duration", "1")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
