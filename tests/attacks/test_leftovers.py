"""Nothing stays behind in the temporary folder, however a command ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.media import encode
from tests.processes import wait_for


@pytest.mark.parametrize("name", ["temporary", "t" * 120])
def test_no_folder_of_worker_processes_stays(
    name: str, vaceprep_cli: Run, tmp_path: Path, clip: Path
) -> None:
    # A socket does not fit into a folder with a long path.
    work, temporary = tmp_path / "work", tmp_path / name
    for folder in (work, temporary):
        folder.mkdir()
    for number in range(2):
        shutil.copy(clip, work / f"{number}.mp4")
    done = vaceprep_cli("check", "work", env={"TMPDIR": str(temporary)})
    assert done.returncode == 0, done
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP")
@pytest.mark.long
@pytest.mark.parametrize("isolate", ["--isolate", "--no-isolate"])
def test_a_terminal_that_goes_leaves_no_part_file(tmp_path: Path, isolate: str) -> None:
    work, temporary = tmp_path / "work", tmp_path / "temporary"
    for folder in (work, temporary):
        folder.mkdir()
    encode(work / "long.mov", rate=30, frames=400, size=(640, 480))
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "vaceprep", "prepare", "long.mov", "-o", "out"),
            *(isolate, "--start", "1/7", "--fit-720p"),
        ],
        cwd=work,
        env={**os.environ, "TMPDIR": str(temporary), "VACEPREP_STATE_DIR": str(tmp_path / "s")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        parts = wait_for(lambda: list(work.glob("out/.vaceprep-*")))
        running.send_signal(signal.SIGHUP)
        running.communicate(timeout=60)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 130
    assert parts
    assert list(work.glob("out/*")) + list(work.glob("out/.*")) == []
    assert list(temporary.iterdir()) == []
