"""Completion in three shells, examples in every --help, and paths of other systems."""

from __future__ import annotations

import json
import ntpath
import os
import posixpath
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

import vaceprep
from tests.conftest import Run
from vaceprep.cli.app import app
from vaceprep.cli.completion import SHELLS, VARIABLE
from vaceprep.cli.main import run
from vaceprep.contract import FUNCTIONS, ROLES
from vaceprep.files.source import is_url
from vaceprep.job.media import resolve
from vaceprep.rules.all import RULES

PROGRAM = "from vaceprep.cli import main; main()"


def completed(*words: str, monkeypatch: pytest.MonkeyPatch, capsys: object = None) -> list[str]:
    """What bash would be told for a line whose last word is being typed."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={
            **os.environ,
            VARIABLE: "bash_complete",
            "COMP_WORDS": " ".join(["vaceprep", *words]),
            "COMP_CWORD": str(len(words)),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def values(*words: str) -> list[str]:
    """The values alone, asked for in this process."""
    from click.shell_completion import ShellComplete

    found = ShellComplete(app, {}, "vaceprep", VARIABLE).get_completions(
        list(words[:-1]), words[-1]
    )
    return [item.value if item.type == "plain" else item.type for item in found]


def test_bash_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed("che", monkeypatch=monkeypatch) == ["plain,check"]
    words = completed("check", "--role", "mask_", monkeypatch=monkeypatch)
    assert sorted(words) == ["plain,mask_image_url", "plain,mask_video_url"]


def test_commands_roles_functions_rules_and_files() -> None:
    assert "doctor" in values("")
    assert values("check", "--role", "") == list(ROLES)
    assert values("init", "") == list(FUNCTIONS)
    assert values("request", "video_e") == ["video_edit", "video_extension"]
    assert values("request", "edit.v") == ["file"]
    slugs = [rule.slug for rule in RULES]
    assert values("rules", "") == slugs
    assert values("rules", "VP50") == [f"VP50{number}" for number in range(1, 7)]
    assert values("check", "--select", "video-fps,mask-e") == ["video-fps,mask-empty"]
    assert values("check", "--ignore", "VIDEO-FP") == ["video-fps"]
    assert values("check", "--format", "s") == ["sarif"]
    for line in (
        *(("check", "a"), ("prepare", "a"), ("run", "a"), ("probe", "a"), ("frame", "a")),
        *(("mask", "fix", "a"), ("check", "--output-file", "a"), ("run", "--api-key-file", "a")),
    ):
        assert values(*line) == ["file"], line
    assert values("run", "-o", "") == ["dir"]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell(
    shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"{VARIABLE}={shell}_complete" in script
    program = shutil.which(shell)
    if program is None:
        return
    path = tmp_path / "script"
    path.write_text(script)
    checked = subprocess.run([program, "-n", path], capture_output=True, timeout=60)
    assert checked.returncode == 0, checked.stderr


def test_bash_completes_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    run(["completion", "bash"])
    program = tmp_path / "vaceprep"
    program.write_text(f"#!{sys.executable}\n{PROGRAM}\n")
    program.chmod(0o755)
    script = capsys.readouterr().out + (
        "COMP_WORDS=(vaceprep init video_o); COMP_CWORD=2\n"
        "_vaceprep_completion vaceprep video_o init\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PATH": path},
    )
    assert done.stdout.split() == ["video_outpainting"], done.stderr


def every_command(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command and subcommand."""
    if path:
        yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from every_command(inner, (*path, name))


@pytest.mark.parametrize("path", list(every_command(app)), ids=" ".join)
def test_every_help_has_an_example_of_that_command(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "\nExample" in shown.replace("  Example", "Example")
    assert f"  vaceprep {' '.join(path)}" in shown.split("Example", 1)[1]


@pytest.mark.parametrize("path", [(), *every_command(app)], ids=" ".join)
def test_help_fits_80_columns(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*path, "--help"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if len(line) > 80] == []


def test_the_module_is_the_program(vaceprep_cli: Run) -> None:
    done = vaceprep_cli("--version")
    assert done.stdout == f"vaceprep {vaceprep.__version__}\n"
    assert "Usage: vaceprep" in vaceprep_cli("--help").stdout


@pytest.mark.parametrize(
    ("value", "base", "flavour", "path"),
    [
        ("C:\\clips\\a.mp4", "D:\\jobs", ntpath, "C:\\clips\\a.mp4"),
        ("C:/clips/a.mp4", "D:\\jobs", ntpath, "C:/clips/a.mp4"),
        ("..\\clips\\a.mp4", "D:\\jobs", ntpath, "D:\\jobs\\..\\clips\\a.mp4"),
        ("\\\\nas\\clips\\a.mp4", "D:\\jobs", ntpath, "\\\\nas\\clips\\a.mp4"),
        ("\\clips\\a.mp4", "D:\\jobs", ntpath, "D:\\clips\\a.mp4"),
        ("a.mp4", "", ntpath, "a.mp4"),
        ("/Volumes/Card/a.mov", "/Users/ann", posixpath, "/Volumes/Card/a.mov"),
        ("caf\u00e9/a:b.mov", "/Users/ann", posixpath, "/Users/ann/caf\u00e9/a:b.mov"),
        ("C:\\clips\\a.mp4", "/jobs", posixpath, "/jobs/C:\\clips\\a.mp4"),
        ("https://h/a.mp4", "D:\\jobs", ntpath, "https://h/a.mp4"),
        ("file:///C:/clips/a.mp4", "D:\\jobs", ntpath, "file:///C:/clips/a.mp4"),
    ],
)
def test_a_job_s_path_on_any_system(value: str, base: str, flavour: ModuleType, path: str) -> None:
    assert resolve(value, base, flavour) == path


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("C:\\clips\\a.mp4", False),
        ("C:/clips/a.mp4", False),
        ("c://clips/a.mp4", False),
        ("\\\\nas\\a.mp4", False),
        ("//nas/a.mp4", False),
        ("~/a.mp4", False),
        ("file:///C:/clips/a.mp4", True),
        ("FILE://nas/a.mp4", True),
    ],
)
def test_a_drive_is_no_scheme(value: str, url: bool) -> None:
    assert is_url(value) is url


def test_a_file_url_is_refused_with_what_helps(tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    url = "file:///C:/clips/a.mp4"
    job.write_text(json.dumps({"function": "video_outpainting", "prompt": "x", "video_url": url}))
    found = {f.rule: f for f in vaceprep.check(job).findings}
    assert "publish the file" in found["url-scheme"].message


@pytest.mark.parametrize("group", [[], ["task"], ["mask"]])
def test_a_group_without_a_command_shows_its_help(group: list[str], vaceprep_cli: Run) -> None:
    done = vaceprep_cli(*group)
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0].startswith(" ".join(["Usage: vaceprep", *group]))
    assert "Commands:" in lines
    assert "\\x0a" not in done.stderr
    assert max(map(len, lines)) <= 100
    assert done.stderr.strip() == vaceprep_cli(*group, "--help").stdout.strip()
