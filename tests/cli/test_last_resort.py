"""What no command caught: one sentence, where to report, a traceback on request, exit code 1."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vaceprep.cli import last_resort
from vaceprep.cli.main import _of_output

BREAK = (
    "import sys\n"
    "class Broken:\n"
    "    @staticmethod\n"
    "    def find_spec(name, *more):\n"
    "        if name in ('vaceprep.cli.check', 'vaceprep.cli.task'):\n"
    "            {statement}\n"
    "sys.meta_path.insert(0, Broken)\n"
    "from vaceprep.cli import main; main()\n"
)


def ended(statement: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A command whose module does ``statement`` when it is asked for."""
    return subprocess.run(
        [sys.executable, "-c", BREAK.format(statement=statement), *arguments],
        env={**os.environ, "VACEPREP_DEBUG": "", **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["check", "task"])
def test_a_fault_is_one_sentence_that_says_where_to_report_it(command: str) -> None:
    done = ended("raise TypeError('open() got\\nan argument')", command, "x.mp4")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "TypeError: open() got\\x0aan argument" in line
    assert "please report it" in line
    assert "vaceprep doctor" in line
    assert "VACEPREP_DEBUG=1" in line


def test_the_traceback_is_shown_on_request_without_the_key() -> None:
    done = ended(
        "raise ValueError('header Bearer abc-secret tok-secret')",
        "check",
        "x.mp4",
        VACEPREP_DEBUG="1",
        MULEROUTER_API_KEY="tok-secret",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert "in find_spec" in done.stderr
    assert "secret" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("vaceprep: internal error")


def test_a_module_that_is_missing_is_named() -> None:
    done = ended("raise ImportError('No module named av')", "check", "x.mp4")
    assert done.returncode == 1
    assert "No module named av" in done.stderr
    assert "install" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_the_entry_point_itself_imports_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ImportError('click is broken')\n")
    done = subprocess.run(
        [sys.executable, "-m", "vaceprep", "check", "--help"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "click is broken" in line


def test_ctrl_c_and_exits_keep_their_codes() -> None:
    assert ended("raise KeyboardInterrupt", "check", "x").returncode == 130
    assert ended("raise SystemExit(2)", "check", "x").returncode == 2
    assert ended("raise SystemExit('words')", "check", "x").returncode == 1


def test_only_a_stream_s_errors_are_errors_of_writing() -> None:
    assert _of_output(OSError(errno.ENOSPC, "full"))
    assert _of_output(BrokenPipeError())
    assert not _of_output(PermissionError(errno.EACCES, "no", "/a/file"))
    assert not _of_output(OSError(errno.ENOSPC, "full", "/a/file"))
    assert not _of_output(ConnectionRefusedError(errno.ECONNREFUSED, "no"))


def test_memory_is_said_to_be_short() -> None:
    assert "not enough memory" in last_resort.sentence(MemoryError())
