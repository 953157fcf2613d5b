"""``vaceprep frame`` as a person runs it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from PIL import Image

import vaceprep
from tests import started
from tests.paths import ROOT
from tests.preparation import numbered
from vaceprep.cli.main import run
from vaceprep.formats import WRITTEN
from vaceprep.rules.catalogue import Severity

FIXTURES = ROOT / "fixtures" / "video"
CLIP = FIXTURES / "ok-b-frames.mp4"


def frame(*arguments: str | Path) -> int:
    return run(["frame", *map(str, arguments)])


def passes(path: Path) -> bool:
    """No finding above advice, under either of the roles that frames are for."""
    reports = [vaceprep.check(path, role=r) for r in ("first_frame_url", "last_frame_url")]
    return all(f.severity is Severity.ADVICE for report in reports for f in report.findings)


@pytest.mark.parametrize("ending", [*sorted(WRITTEN), ".PNG", ".JPG"])
def test_every_ending(tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / f"a{ending}"
    assert frame(CLIP, "--at", "1.5", "-o", target) == 0
    said = capsys.readouterr()
    assert said.out == f"{target}\n"
    assert said.err == "frame 46 of 150, shown from 1.5 s on (mask_frame_id: 46)\n"
    assert passes(target)
    assert os.listdir(tmp_path) == [target.name]


#: Of kinds that the ordinary part has.
TWINS = (
    *("av1.mp4", "avi.avi", "animated.gif", "matrix-zero.mp4", "odd-height.mp4"),
    *("size-2002x360.mp4", "size-320x240.mp4", "yuv444p.mp4", "webm.webm", "quicktime.mov"),
    "audio-longer.mp4",
    # FFmpeg computes for seconds before the first frame of HDR; test_picture.py has one, too.
    "pq.mp4",
)


@pytest.mark.parametrize(
    "name",
    [
        *("10-bit.mp4", "animated.webp", "hevc.mp4", "interlaced.mp4", "matroska-b-frames.mkv"),
        *("mirrored.mp4", "mpegts.ts", "odd-width.mp4", "pixel-aspect.mp4"),
        *("rotated-90.mp4", "fragmented-dash.mp4"),
        *(pytest.param(name, marks=pytest.mark.long) for name in TWINS),
    ],
)
def test_every_kind_of_video_passes(tmp_path: Path, name: str) -> None:
    target = tmp_path / "a.png"
    assert frame(FIXTURES / name, "--at", "last", "-o", target) == 0
    assert passes(target)


@pytest.mark.parametrize("text", ["1/25", "0.04", "0:00.04", "0:00:00.04", "first", "last"])
def test_the_right_frame(tmp_path: Path, text: str) -> None:
    clip = numbered.write(tmp_path / "a.mp4", frames=30)
    assert frame(clip, "--at", text, "-o", tmp_path / "a.png") == 0
    with Image.open(tmp_path / "a.png") as image:
        assert numbered.number_of(image) == {"first": 0, "last": 29}.get(text, 1)


def test_scaling_and_padding_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame(FIXTURES / "size-320x240.mp4", "--at", "first", "-o", tmp_path / "a.png") == 0
    assert "scaled from 320x240 to 480x360" in capsys.readouterr().err


def test_times_outside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("5", "9:00", "-1", "1000000/3"):
        assert frame(CLIP, "--at", text, "-o", tmp_path / "a.png") == 1
        said = capsys.readouterr()
        assert "the video lasts 5 s" in said.err
        assert said.err.count("\n") == 1
        assert said.out == ""
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("text", ["x", "1:99", "", "1/0", "nan"])
def test_wrong_times(tmp_path: Path, text: str) -> None:
    assert frame(CLIP, "--at", text, "-o", tmp_path / "a.png") == 2


def test_other_endings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.gif", "a", ".png", "a.heic", "-"):
        assert frame(CLIP, "--at", "1", "-o", tmp_path / name) == 2
        assert ".png, .jpg, .jpeg, .webp, .bmp, .tif, .tiff" in capsys.readouterr().err
    assert frame(CLIP, "-o", tmp_path / "a.png") == 2
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    ["none.mp4", "still.mp4", "text.mp4", "audio-only.mp4", "encrypted.mp4", "playlist.mp4", "."],
)
def test_unreadable(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame(FIXTURES / name, "--at", "first", "-o", tmp_path / "a.png") == 1
    said = capsys.readouterr()
    assert "cannot be read: " in said.err
    assert said.err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_an_existing_file_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"before")
    assert frame(CLIP, "--at", "1", "-o", target) == 1
    assert "exists already; --force writes over it" in capsys.readouterr().err
    assert target.read_bytes() == b"before"
    assert frame(CLIP, "--at", "1", "-o", target, "--force") == 0
    assert passes(target)


def test_a_source_is_never_written_over(tmp_path: Path) -> None:
    clip = tmp_path / "clip.png"
    shutil.copy(CLIP, clip)
    assert frame(clip, "--at", "1", "-o", clip, "--force") == 1
    assert clip.read_bytes() == CLIP.read_bytes()


def test_hostile_names_are_printed_safely(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frame(tmp_path / "\x1b[31m\n.mp4", "--at", "1", "-o", tmp_path / "a.png") == 1
    assert "\x1b" not in capsys.readouterr().err
    assert frame(CLIP, "--at", "1", "-o", tmp_path / "\x1b[31m.png") == 0
    assert capsys.readouterr().out.endswith("\\x1b[31m.png\n")


def test_urls_are_not_fetched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = "https://example.invalid/a.mp4"
    assert frame(url, "--at", "1", "-o", tmp_path / "a.png") == 1
    assert "give a local file" in capsys.readouterr().err


def test_standard_input(tmp_path: Path) -> None:
    with CLIP.open("rb") as source:
        process = started.start(["frame", "-", "--at", "1", "-o", "a.png"], tmp_path, stdin=source)
    assert process.communicate(timeout=60)[0] == "a.png\n"
    assert process.returncode == 0
    assert passes(tmp_path / "a.png")


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    # HDR takes seconds, so that the signal comes in the midst of the work.
    process = started.start(
        ["frame", FIXTURES / "hlg.mp4", "--at", "last", "-o", tmp_path / "a.png"]
    )
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip() == "vaceprep: interrupted"
    assert os.listdir(tmp_path) == []
