"""``check`` for other programs: which form goes where, and what is written to a file."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from tests.cli.test_terminal import on_a_terminal, without_colour
from tests.conftest import Run
from tests.media import Hand, small_mp4
from tests.report.test_documents import JUNIT, SARIF
from vaceprep.report.formats import format_of

ACTIONS = {"GITHUB_ACTIONS": "true"}


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """A folder with a good video, a bad one, and a job on the bad one."""
    (tmp_path / "good.mp4").write_bytes(small_mp4(index_first=True))
    (tmp_path / "long.mp4").write_bytes(Hand(frames=200).data())
    job = {"function": "video_outpainting", "prompt": "x", "video_url": "long.mp4"}
    (tmp_path / "wide.vace.json").write_text(json.dumps(job, indent=1))
    return tmp_path


def errors_in(path: Path) -> list[str]:
    """The rules of the errors in a SARIF file."""
    results: list[dict[str, Any]] = json.loads(path.read_text())["runs"][0]["results"]
    return [result["ruleId"] for result in results if result["level"] == "error"]


def test_each_form_on_standard_output(vaceprep_cli: Run, shoot: Path) -> None:
    for form, begin in (
        ("text", "good.mp4"),
        ("json", '{"version": 1'),
        ("github", "::"),
        ("sarif", "{"),
        ("junit", "<?xml"),
    ):
        done = vaceprep_cli("check", "good.mp4", "long.mp4", "--format", form, cwd=shoot)
        assert done.returncode == 1, done.stderr
        assert done.stdout.startswith(begin), form
        assert done.stderr == ""


def test_in_github_actions_annotations_come_by_themselves(vaceprep_cli: Run, shoot: Path) -> None:
    done = vaceprep_cli("check", "wide.vace.json", cwd=shoot, env=ACTIONS)
    lines = done.stdout.splitlines()
    assert any(
        line.startswith("::error file=wide.vace.json,line=4,title=video-duration (VP104)::")
        for line in lines
    ), lines
    assert lines[-1].startswith("2 files checked: 1 error")
    asked = vaceprep_cli("check", "good.mp4", "--format", "text", cwd=shoot, env=ACTIONS)
    assert asked.stdout.startswith("good.mp4  video_url: mp4")
    elsewhere = vaceprep_cli("check", "good.mp4", cwd=shoot, env={"GITHUB_ACTIONS": "false"})
    assert elsewhere.stdout == asked.stdout


def test_paths_are_relative_to_the_repository(vaceprep_cli: Run, shoot: Path) -> None:
    root = {**ACTIONS, "GITHUB_WORKSPACE": str(shoot.parent)}
    done = vaceprep_cli("check", "long.mp4", cwd=shoot, env=root)
    assert f"file={shoot.name}/long.mp4," in done.stdout


def test_on_a_terminal_nothing_is_chosen_and_the_next_command_is_named(
    shoot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shoot)
    text = without_colour(on_a_terminal(["check", "long.mp4", "good.mp4"], 80, ACTIONS))
    assert "::error" not in text
    assert "next: vaceprep prepare long.mp4\r\n" in text
    fine = without_colour(on_a_terminal(["check", "good.mp4"], 80))
    assert "next:" not in fine
    job = without_colour(on_a_terminal(["check", "wide.vace.json"], 80))
    assert "next: vaceprep prepare wide.vace.json\r\n" in job


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.sarif", "sarif"),
        ("a.SARIF.json", "sarif"),
        ("a.json", "json"),
        ("junit.xml", "junit"),
        ("a.txt", "text"),
        ("sarif", "text"),
    ],
)
def test_the_ending_asks_for_the_form(name: str, form: str) -> None:
    assert format_of(name) == form


def test_the_file_has_the_report_and_the_text_is_still_printed(
    vaceprep_cli: Run, shoot: Path
) -> None:
    target = shoot / "out.sarif"
    done = vaceprep_cli("check", "long.mp4", "--output-file", target, cwd=shoot)
    assert done.returncode == 1
    assert "video-duration (VP104)" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 file checked")
    assert errors_in(target) == ["VP104"]
    xml = shoot / "out.xml"
    vaceprep_cli("check", "long.mp4", "--output-file", xml, cwd=shoot)
    assert ET.parse(xml).getroot().get("failures") == "1"
    plain = shoot / "out.log"
    vaceprep_cli("check", "long.mp4", "--output-file", plain, cwd=shoot)
    assert plain.read_text() == done.stdout
    named = shoot / "any"
    vaceprep_cli("check", ".", "--format", "sarif", "--output-file", named, cwd=shoot)
    assert errors_in(named) == ["VP104"]


def test_in_github_actions_a_file_and_annotations(vaceprep_cli: Run, shoot: Path) -> None:
    target = shoot / "out.sarif"
    done = vaceprep_cli("check", "long.mp4", "--output-file", target, cwd=shoot, env=ACTIONS)
    assert done.stdout.startswith("::error ")
    assert errors_in(target) == ["VP104"]


def test_a_report_is_written_over_and_nothing_else_is(vaceprep_cli: Run, shoot: Path) -> None:
    target = shoot / "out.json"
    for _ in range(2):
        again = vaceprep_cli("check", "good.mp4", "--output-file", target, cwd=shoot)
        assert again.returncode == 0, again
    assert json.loads(target.read_text())["summary"]["errors"] == 0
    before = (shoot / "good.mp4").read_bytes()
    done = vaceprep_cli("check", "good.mp4", "--output-file", "./good.mp4", cwd=shoot)
    assert (done.returncode, done.stdout) == (2, "")
    assert "which is never changed" in done.stderr
    assert (shoot / "good.mp4").read_bytes() == before


@pytest.mark.parametrize("target", ["", "-", "absent/out.json", "."])
def test_a_file_that_cannot_be_is_wrong_usage(target: str, vaceprep_cli: Run, shoot: Path) -> None:
    before = sorted(os.listdir(shoot))
    done = vaceprep_cli("check", "good.mp4", "--output-file", target, cwd=shoot)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--output-file" in done.stderr and "Traceback" not in done.stderr
    assert sorted(os.listdir(shoot)) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_closed_folder_leaves_nothing_behind(vaceprep_cli: Run, shoot: Path) -> None:
    closed = shoot / "closed"
    closed.mkdir()
    closed.chmod(stat.S_IRUSR | stat.S_IXUSR)
    done = vaceprep_cli("check", "good.mp4", "--output-file", closed / "a.json", cwd=shoot)
    assert (done.returncode, list(closed.iterdir())) == (1, [])


def test_names_that_are_no_text(vaceprep_cli: Run, shoot: Path) -> None:
    odd = os.fsencode(shoot) + b"/\xff::error \n%.mp4"
    with open(odd, "wb") as file:
        file.write(b"hello")
    for form in ("github", "sarif", "junit"):
        done = vaceprep_cli("check", odd, "--format", form, cwd=shoot)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        if form == "github":
            assert done.stdout.count("::error ") - done.stdout.count("ff::error") == 1
        elif form == "junit":
            ET.fromstring(done.stdout.encode())
        else:
            (artifact,) = json.loads(done.stdout)["runs"][0]["artifacts"]
            assert artifact["location"]["uri"] == "%FF%3A%3Aerror%20%0A%25.mp4"


def test_standard_input_and_urls_without_their_secrets(vaceprep_cli: Run) -> None:
    done = vaceprep_cli("check", "-", "--format", "sarif", input="hello")
    (result,) = json.loads(done.stdout)["runs"][0]["results"]
    assert result["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "standard input"}]}]
    url = "http://u:secret1@localhost/a.mp4?sig=secret2"
    for form in ("sarif", "github", "junit"):
        done = vaceprep_cli("check", url, "--format", form)
        assert done.returncode == 1
        if form == "sarif":
            assert "secret" not in done.stdout


@pytest.mark.parametrize("form", ["github", "sarif", "junit", "json", "text"])
def test_a_configuration_that_changes_verdicts_stands_in_every_form(
    vaceprep_cli: Run, shoot: Path, form: str
) -> None:
    (shoot / "vaceprep.toml").write_text("[limits]\nvideo-seconds = 8\n")
    told = vaceprep_cli("check", "good.mp4", "--format", form, cwd=shoot).stdout
    if form == "json":
        assert json.loads(told)["config"][0]["limits"]["video-seconds"]["value"] == 8
        return
    assert "video-seconds is 8 instead of 5" in told
    if form == "sarif":
        document = json.loads(told)
        SARIF.validate(document)
        (note,) = document["runs"][0]["invocations"][0]["toolConfigurationNotifications"]
        assert (
            note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "vaceprep.toml"
        )
    if form == "junit":
        JUNIT.validate(xmlschema.XMLResource(told.encode()))
    (shoot / "vaceprep.toml").write_text('output = "there"\n')
    told = vaceprep_cli("check", "good.mp4", "--format", form, cwd=shoot).stdout
    assert "instead of" not in told
    assert "otifications" not in told
