"""Names that GitHub's runner takes for commands, in everything that is printed there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Run
from vaceprep.report.escape import CommandBreaker, github_data

ACTIONS = {"GITHUB_ACTIONS": "true"}
NAMES = ["::stop-commands::x.mp4", "::add-mask::e.mp4", "a ##[add-mask]e.mp4", "##[group]b.mp4"]


def commands(text: str) -> list[str]:
    """The lines that the runner would obey: as its source tells them."""
    lines = text.replace("\r", "\n").split("\n")
    return [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


@pytest.fixture
def shoot(tmp_path: Path, clip: Path) -> Path:
    for name in NAMES:
        shutil.copy(clip, tmp_path / name)
    return tmp_path


def test_no_command_prints_one(vaceprep_cli: Run, shoot: Path) -> None:
    job = {"function": "video_outpainting", "prompt": "x", "left_scale": 1.5}
    (shoot / "::error::j.json").write_text(json.dumps(job | {"video_url": NAMES[0]}))
    for arguments in (
        ["probe", *NAMES],
        ["check", "--format", "text", "--no-isolate", *NAMES, "::warning::gone.mp4"],
        ["run", "::error::j.json", "--dry-run"],
    ):
        done = vaceprep_cli(*arguments, env=ACTIONS)
        assert commands(done.stdout) == [], done.stdout
        assert commands(done.stderr) == [], done.stderr
        assert NAMES[0].removeprefix(":") in done.stdout.replace("\\u003a", ":")


@pytest.mark.long
def test_what_machines_read_stays_whole(vaceprep_cli: Run, shoot: Path) -> None:
    options = ["check", *NAMES, "--no-isolate", "--format"]
    said = {form: vaceprep_cli(*options, form, env=ACTIONS) for form in ("json", "junit", "github")}
    told = json.loads(said["json"].stdout)
    assert [entry["source"] for entry in told["files"]] == NAMES
    assert commands(said["json"].stdout) == []
    assert len(ET.fromstring(said["junit"].stdout).findall(".//testcase")) == len(NAMES)
    assert commands(said["junit"].stdout) == []
    # Of our own there are these alone.
    annotations = commands(said["github"].stdout)
    assert annotations
    assert all(line.startswith(("::warning ", "::error ")) for line in annotations)
    assert not any("##[" in line for line in annotations)


@pytest.mark.long
def test_elsewhere_names_are_as_they_are(vaceprep_cli: Run, shoot: Path) -> None:
    done = vaceprep_cli("probe", NAMES[0])
    assert done.stdout.startswith(f"{NAMES[0]}\n")


@given(st.lists(st.text(alphabet=":# [\n\rx\u00a0", max_size=9), max_size=9))
def test_however_it_comes_in_pieces(pieces: list[str]) -> None:
    breaker = CommandBreaker()
    made = "".join(map(breaker.broken, pieces))
    assert commands(made) == []
    whole = "".join(pieces)
    assert made.replace("\\u005b", "[").replace("\\u003a", ":") == whole
    assert made == CommandBreaker().broken(whole)
    if not commands(whole):
        assert made == whole


def test_annotations_hold_no_mark() -> None:
    assert "##[" not in github_data("a ##[add-mask]b")
