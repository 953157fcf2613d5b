"""``vaceprep pick``: what it prints, and of what it prints one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.plans.planted import Film, Planted, write
from vaceprep.cli.main import run

VIDEO = ROOT / "fixtures" / "video"


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds at 12 frames a second with a cut after two."""
    path = tmp_path_factory.mktemp("pick") / "cut.mp4"
    write([path], Film((Planted("cut", 24, 24),), 72), 5)
    return path


def test_the_windows_as_text_and_as_json(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pick", str(cut), "--length", "4", "--count", "2"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("2 s  for 4 s  100  no cut")
    assert run(["pick", str(cut), "--length", "3/2", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (entry,) = found["files"]
    assert (found["version"], entry["source"]) == (1, str(cut))
    assert [(w["start"], w["frame"], w["score"]) for w in entry["windows"]] == [
        (0.0, 0, 100),
        (2.0, 24, 100),
        (3.5, 42, 100),
    ]
    assert set(entry["windows"][0]) == {"start", "duration", "frame", "score", "reasons"}


@pytest.mark.parametrize("name", ["ok-one-frame.mp4", "rotated-90.mp4", "matroska-5s.mkv"])
def test_any_video_has_a_window(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pick", str(VIDEO / name)]) == 0
    assert capsys.readouterr().out.startswith("0 s  for ")


@pytest.mark.parametrize("name", ["audio-only.mp4", "random.mp4", "empty.mp4", "gone.mp4"])
def test_what_is_no_video_is_one_sentence(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pick", str(VIDEO / name)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments", [["--length", "0"], ["--length", "last"], ["--length", "x"], ["--count", "0"], []]
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    source = ["a.mp4"] if arguments else []
    assert run(["pick", *source, *arguments]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_prepare_begins_with_the_best_window(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out.mp4")
    arguments = ["prepare", str(cut), "-o", out, "--start", "auto", "--duration", "3"]
    assert run([*arguments, "--format", "json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["files"]
    assert entry["after"]["duration"] == 3
    assert "from 2 s on" in entry["plan"][0]["detail"]
    assert run([*arguments[:4], "--force", "--start", "2", "--duration", "3"]) == 0
    with_time = Path(out).read_bytes()
    assert run([*arguments, "--force"]) == 0
    assert Path(out).read_bytes() == with_time


@pytest.mark.parametrize(
    "arguments",
    [
        ["prepare", "a.mp4", "--start", "auto", "--start", "1"],
        ["prepare", "a.mp4", "--start", "video_url=auto"],
        ["prepare", "a.mp4", "--duration", "auto"],
        ["run", "a.vace.yaml", "--start", "auto"],
    ],
)
def test_auto_is_for_the_start_of_videos(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert "auto" in capsys.readouterr().err


def test_a_job_has_no_best_window(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = tmp_path / "a.vace.yaml"
    job.write_text("function: video_repainting\nprompt: a\ncontrol_condition: depth\n")
    assert run(["prepare", str(job), "--start", "auto"]) == 2
    assert "give a job's start" in capsys.readouterr().err


def test_the_report_shows_a_strip_of_each_window(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "windows.html"
    assert run(["pick", str(cut), "--length", "2", "--report", str(page)]) == 0
    assert capsys.readouterr().err == f"report: {page}\n"
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/webp") >= 3 * 3
    assert "1: 0 to 2 s" in text
    assert "100 of 100 points" in text
    assert run(["pick", str(cut), "--report", str(cut)]) == 2
