"""Terminals and pipes as they are met: dumb, narrow, ASCII, closed, broken, without a home."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vaceprep
from tests import started
from tests.cli.test_terminal import on_a_terminal, without_colour
from tests.media import Hand, encode
from tests.odd import STEMS, call, fit_for_terminal
from vaceprep.files.state import state_dir

#: Neither a home nor a language nor a terminal.
BARE = {"PATH": os.environ.get("PATH", ""), "TMPDIR": "/tmp"}


@pytest.fixture
def shoot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with videos of odd names; nothing else may appear in it."""
    folder = tmp_path / "shoot"
    folder.mkdir()
    for stem in ("caf\u00e9 \u753b", STEMS["escape"], STEMS["direction"], STEMS["not utf-8"]):
        (folder / f"{stem}.mp4").write_bytes(Hand(frames=200).data())
    monkeypatch.chdir(folder)
    yield folder


def script(text: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of the shell, where ``$vp`` is the command."""
    return subprocess.run(
        ["sh", "-c", text.replace("$vp", f"'{sys.executable}' -m vaceprep"), "sh", *arguments],
        capture_output=True,
        timeout=60,
        check=False,
        env={**BARE, **environment},
    )


# --- terminals -----------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {}], ids=str)
def test_a_terminal_gets_nothing_of_a_name_s(more: dict[str, str], shoot: Path) -> None:
    module = "tests.cli.drawing_at_once"
    said = on_a_terminal(["check", *([*os.listdir(shoot)] * 3)], 20, more, module)
    ours = without_colour(said).replace("\r", "\n")
    fit_for_terminal(ours)
    assert ("\x1b" in said) == (more.get("TERM") != "dumb")
    assert ("\x1b[31m" in said) == (not more)
    assert ("checking" in said) == (not more)


@pytest.mark.long
def test_a_dumb_terminal_gets_lines_alone(shoot: Path) -> None:
    said = on_a_terminal(["prepare", *os.listdir(shoot)], 20, {"TERM": "dumb"})
    assert "\x1b" not in said
    fit_for_terminal(said.replace("\r\n", "\n"))


@pytest.mark.long
def test_a_rehearsal_on_a_terminal(shoot: Path, tmp_path: Path) -> None:
    video = tmp_path / "small.mp4"
    encode(video, rate=24, frames=12, size=(360, 360), container_options={"movflags": "faststart"})
    job = {"function": "video_outpainting", "prompt": "\x9bMore", "left_scale": 1.5}
    for stem in (STEMS["escape"], STEMS["direction"]):
        (shoot / f"{stem}.json").write_text(json.dumps({**job, "video_url": str(video)}))
    jobs = [name for name in os.listdir(shoot) if name.endswith(".json")]
    state = {"VACEPREP_STATE_DIR": str(tmp_path / "state")}
    said = on_a_terminal(["run", "--sandbox", *jobs], 40, state)
    fit_for_terminal(without_colour(said).replace("\r", "\n"))
    assert "2 rehearsed" in said


# --- letters -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "language",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        pytest.param({"LANG": "C", "PYTHONIOENCODING": "ascii"}, marks=pytest.mark.long),
        pytest.param({"PYTHONIOENCODING": "latin-1:strict"}, marks=pytest.mark.long),
    ],
    ids=str,
)
def test_outputs_that_know_few_letters(language: dict[str, str], shoot: Path) -> None:
    done = script("$vp prepare *.mp4 missing-\u00e9\u753b.mp4", **language)
    assert done.returncode == 1
    assert b"Error" not in done.stderr
    assert b"Traceback" not in done.stdout + done.stderr
    assert not {b for b in done.stdout if b < 32} - {10}
    made = os.listdir("prepared")
    assert len(made) == 4
    assert "caf\u00e9 \u753b.mp4" in made
    told = script("$vp rules \u753b; $vp check --format json caf*", **language)
    assert b"Traceback" not in told.stderr
    source = json.loads(told.stdout)["files"][0]["source"]
    assert source.encode("utf-8", "surrogateescape") in os.listdir(os.fsencode(shoot))


# --- streams -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "closed",
    [
        "<&- >&- 2>&-",
        *(pytest.param(n, marks=pytest.mark.long) for n in (">&-", "2>&-", "<&-", "<&- >&-")),
    ],
)
def test_closed_streams(closed: str, shoot: Path) -> None:
    """Nothing takes the place of a closed stream and with it what is written there."""
    one = next(name for name in os.listdir(shoot) if name.startswith("caf"))
    done = script(f'exec $vp prepare --fit-720p --only-errors "$1" {closed}', one)
    assert (done.returncode, done.stderr) == (0, b"")
    assert os.listdir("prepared") == [one]
    assert vaceprep.check(f"prepared/{one}", deep=True).ok
    assert script(f"exec $vp nonsense {closed}").returncode == 2


def test_no_file_takes_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """Else what FFmpeg says on standard error would be written into a video."""
    code = """
import importlib, os, sys
main = importlib.import_module("vaceprep.cli.main")
main.run = lambda: os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
for number in (0, 1, 2):
    os.close(number)
main.main()
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "x"], timeout=60, check=False)
    assert done.returncode > 2


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("check -", 1),
        ("prepare -", 1),
        ("request -", 1),
        ("run --dry-run -", 1),
        ("run job.json --no-remote --base-url http://127.0.0.1:9", 2),
    ],
)
def test_standard_input_that_is_closed(
    line: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MULEROUTER_API_KEY", "k")
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    job = {"function": "video_outpainting", "prompt": "x", "left_scale": 1.5}
    Path("job.json").write_text(json.dumps({**job, "video_url": "https://example.com/a.mp4"}))
    monkeypatch.setattr(sys, "stdin", None)
    done = call(capsys, *line.split())
    assert done.code == code
    assert done.out + done.err


@pytest.mark.parametrize(
    "line",
    [
        "check --format json",
        *(pytest.param(n, marks=pytest.mark.long) for n in ("check", "probe", "prepare --dry-run")),
    ],
)
def test_a_reader_that_leaves_early(line: str, shoot: Path) -> None:
    one = next(name for name in os.listdir(shoot) if name.startswith("caf"))
    reader, writer = os.pipe()
    with open(reader, "rb", buffering=0) as told, open(writer, "wb") as pipe:
        process = started.start([*line.split(), *[f"./{one}"] * 400], stdout=pipe)
        pipe.close()
        assert len(told.read(1)) == 1
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 1


@pytest.mark.parametrize("away", ["pipe", "full disk"])
def test_remarks_that_nobody_hears(away: str, shoot: Path) -> None:
    """Work goes on to its end, and the exit code tells of the work alone."""
    os.mkdir(".hidden")
    if away == "pipe":
        reader, writer = os.pipe()
        os.close(reader)
    else:
        writer = os.open("/dev/full", os.O_WRONLY)
    with open(writer, "wb") as nobody:
        process = started.start(["prepare", "-o", "out", "."], stderr=nobody)
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert len(os.listdir("out")) == 4
    assert "4 prepared" in told


def test_results_for_a_full_disk(shoot: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    one = next(name for name in os.listdir(shoot) if name.startswith("caf"))
    with open("/dev/full", "w") as full:
        process = started.start(["check", one], stdout=full)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, "cannot write" in said) == (1, True)


# --- no home -------------------------------------------------------------------------------


def test_an_empty_home_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VACEPREP_STATE_DIR", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "")
    assert state_dir() is None


@pytest.mark.parametrize("home", [None, pytest.param("", marks=pytest.mark.long), "/dev/null/home"])
def test_without_a_home(
    home: str | None,
    shoot: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def nobody(_: int) -> None:
        raise KeyError

    for name in ("VACEPREP_STATE_DIR", "XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    before = sorted(os.listdir("/"))
    one = f"./{STEMS['escape']}.mp4"
    assert call(capsys, "check", one).code == 1
    assert call(capsys, "prepare", one, "-o", "out").code == 0
    listed = call(capsys, "task", "list")
    assert (listed.code, listed.out) == (1, "")
    assert "ledger" in listed.err
    assert sorted(os.listdir("/")) == before
    assert "~" not in os.listdir(".")
