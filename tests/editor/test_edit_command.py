"""``vaceprep edit`` as people start and end it."""

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

import httpx
import pytest

from tests.conftest import Run
from tests.processes import of_session

#: Seconds that the command may take to end.
PATIENCE = 30


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a session of its own, and its page's address."""
    temporary = folder / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "vaceprep", "edit", "--no-open", "--format", "json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(temporary)},
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())["address"]
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("SIGINT", 130),
        pytest.param("quit", 0, marks=pytest.mark.long),
        pytest.param("SIGTERM", 0, marks=pytest.mark.long),
        pytest.param("SIGHUP", 0, marks=pytest.mark.long),
    ],
)
def test_it_ends_and_leaves_nothing(clip_here: Path, end: str, code: int) -> None:
    folder = clip_here.parent
    words = ("clip.mp4", "--inline-images", "--site", "mulerun")
    with started(folder, *words) as (process, address):
        job = {"function": "video_edit", "video_url": "clip.mp4"}
        found = httpx.put(f"{address}api/job", json={"job": job}, verify=False)
        assert found.json()["command"] == (
            "vaceprep run clip.vace.yaml --site mulerun --inline-images"
        )
        assert len(list((folder / "temporary").iterdir())) == 1
        if end == "quit":
            assert httpx.post(f"{address}api/quit", verify=False).status_code == 200
        else:
            process.send_signal(getattr(signal, end))
        assert process.wait(PATIENCE) == code
        assert of_session(process.pid) == []
    assert not list((folder / "temporary").iterdir())
    assert sorted(os.listdir(folder)) == ["clip.mp4", "temporary"]


def test_it_listens_on_this_machine_alone_and_names_a_taken_port(
    vaceprep_cli: Run, clip_here: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = vaceprep_cli("edit", clip_here, "--no-open", "--port", str(port))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"port {port}" in done.stderr


def test_what_cannot_be_read_is_refused_in_one_sentence(vaceprep_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "broken.yaml").write_text("a: [")
    for name in ("none.mp4", "text.mp4", "broken.yaml"):
        done = vaceprep_cli("edit", name, "--no-open")
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "cannot be read" in done.stderr
    assert vaceprep_cli("edit", "--no-open", "-o", "text.mp4").returncode == 2


def test_sending_needs_a_key_at_the_start(vaceprep_cli: Run, clip_here: Path) -> None:
    without = {"MULEROUTER_API_KEY": ""}
    done = vaceprep_cli("edit", clip_here, "--no-open", "--allow-send", env=without)
    assert done.returncode == 2
    assert "there is no key" in done.stderr
    assert done.stdout == ""


def test_without_the_extra_it_says_what_to_install() -> None:
    code = """
import sys
sys.modules["uvicorn"] = None
from vaceprep.cli.main import run
sys.exit(run(["edit", "--no-open"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "pip install 'vaceprep[editor]'" in done.stderr
