"""``vaceprep sandbox`` as people start and stop it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.sandbox.calls import PATIENCE, call
from vaceprep.contract import TASKS_PATH
from vaceprep.sandbox.faults import FAULTS


@contextmanager
def started(tmp_path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, with a folder of its own for what is temporary."""
    with subprocess.Popen(
        [sys.executable, "-m", "vaceprep", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_addresses_come_first_as_one_line_of_json(tmp_path: Path) -> None:
    with started(tmp_path, "--format", "json", "--fault", "503:2") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["version"] == 1
        assert told["publish_pattern"] == told["base_url"] + "/files/{key}"
        account = call("GET", told["account_url"]).json()
        assert account["faults"] == {"503": 2}
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
    assert not list(tmp_path.iterdir())


def test_a_termination_takes_its_files_along(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        assert lines[0].startswith("base URL         http://127.0.0.1:")
        assert lines[1].startswith("publish pattern  http://127.0.0.1:")
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert not list(tmp_path.iterdir())


def test_a_key_file_names_the_only_token(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("quite-secret\n")
    folder = tmp_path / "temporary"
    folder.mkdir()
    with started(folder, "--key-file", str(key), "--format", "json") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "quite-secret" not in line
        url = json.loads(line)["base_url"] + TASKS_PATH
        assert call("POST", url, json={}).status_code == 401
        right = {"Authorization": "Bearer quite-secret"}
        assert call("POST", url, json={}, headers=right).status_code == 400


def test_a_taken_port_is_said_in_one_sentence(vaceprep_cli: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = vaceprep_cli("sandbox", "--port", str(port))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"port {port}" in done.stderr


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(missing: str) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None
from vaceprep.cli.main import run
sys.exit(run(["sandbox"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "pip install 'vaceprep[sandbox]'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "magic"], "no fault 'magic'"),
        (["--fault", "429:0"], "no count of 429"),
        (["--key-file", "nowhere"], "cannot be read"),
        (["--key-file", os.devnull], "holds no token"),
        (["--port", "70000"], "--port"),
    ],
)
def test_wrong_usage(vaceprep_cli: Run, arguments: list[str], words: str) -> None:
    done = vaceprep_cli("sandbox", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_every_fault(vaceprep_cli: Run) -> None:
    text = vaceprep_cli("sandbox", "--help").stdout
    for fault in FAULTS:
        assert f"  {fault} " in text
