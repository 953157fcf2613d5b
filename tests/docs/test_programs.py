"""Each program that the documents show is run as it stands there."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import FIXTURES, Block, blocks
from vaceprep.sandbox.server import Sandbox

JOB = '{"function": "video_extension", "prompt": "a", "first_frame_url": "cat.jpg"}'
MEDIA = {
    "good.mp4": "video/ok-5s-16fps.mp4",
    "long.mp4": "video/duration-81-frames.mp4",
    "broken.png": "image/random.png",
    "good.jpg": "image/ok.jpg",
}
#: What stands for each of them in a row, whichever engine made it.
ROWS = {
    "good.mp4": ("'ok': True", "'seconds': 5.0"),
    "long.mp4": ("'ok': False", "'rules': 'video-duration'"),
    "broken.png": ("'ok': False", "'rules': 'image-unreadable'"),
    "good.jpg": ("'ok': True", "'rules': ''"),
}
#: Programs that start an engine take their time.
PATIENCE = 300


class Quiet(SimpleHTTPRequestHandler):
    """A web server that says nothing."""

    def log_message(self, *_: Any) -> None:
        """Not here."""


def programs(page: str) -> dict[str, Block]:
    return {block.about.partition(" ")[0]: block for block in blocks(page, "program")}


OURS, PIPELINES = programs("publishing.md"), programs("pipelines.md")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "media").mkdir()
    for name, fixture in MEDIA.items():
        shutil.copy(FIXTURES / fixture, tmp_path / "media" / name)
    shutil.copy(FIXTURES / "image/ok.jpg", tmp_path / "cat.jpg")
    (tmp_path / "job.vace.yaml").write_text(JOB)
    (module,) = blocks("pipelines.md", "module")
    (tmp_path / module.about).write_text(module.text)
    return tmp_path


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    # A target of your own serves media from a port of its own.
    with Sandbox(key="of-the-test", allow_hosts=["127.0.0.1"]) as service:
        yield service


def missing(block: Block) -> str | None:
    """What this machine has not that a program needs."""
    for name in block.about.partition("needs: ")[2].split():
        there = shutil.which(name) if name == "java" else importlib.util.find_spec(name)
        if not there:
            return name
    return None


def outcome(folder: Path, name: str, block: Block, **environment: str) -> str:
    lacking = missing(block)
    if lacking is not None:
        pytest.skip(f"needs {lacking}, which is not installed")
    program = folder / name
    program.write_text(block.text)
    # Spark takes the first python3 on the path otherwise.
    ours = {"VACEPREP_STATE_DIR": str(folder / "state"), "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(
        [sys.executable, str(program)],
        cwd=folder,
        env={**os.environ, **ours, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def account(sandbox: Sandbox) -> dict[str, str]:
    return {"MULEROUTER_BASE_URL": sandbox.base_url, "MULEROUTER_API_KEY": "of-the-test"}


def hold_rows(folder: Path, printed: str) -> None:
    for name, told in ROWS.items():
        (line,) = [one for one in printed.splitlines() if f"{name}'" in one and "'ok'" in one]
        for part in told:
            assert part in line


def test_a_target_of_your_own(folder: Path, sandbox: Sandbox) -> None:
    shared = folder / "shared"
    shared.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(shared))) as web:
        thread = threading.Thread(target=web.serve_forever, args=(0.02,))
        thread.start()
        try:
            printed = outcome(
                folder,
                "own_target.py",
                OURS["own_target.py"],
                SHARED_FOLDER=str(shared),
                SHARED_URL=f"http://127.0.0.1:{web.server_port}",
                **account(sandbox),
            )
        finally:
            web.shutdown()
            thread.join()
    status, video = printed.split()
    assert status == "downloaded"
    assert (folder / video).is_file()
    assert len(list(shared.iterdir())) == 1


def test_processes(folder: Path) -> None:
    hold_rows(folder, outcome(folder, "processes.py", PIPELINES["processes.py"]))


def test_asyncio(folder: Path, sandbox: Sandbox) -> None:
    printed = outcome(
        folder,
        "awaited.py",
        PIPELINES["awaited.py"],
        PUBLISH=sandbox.publish_pattern,
        **account(sandbox),
    )
    status, video = printed.split()
    assert status == "downloaded"
    assert (folder / video).is_file()


@pytest.mark.long
@pytest.mark.parametrize("name", ["with_dask.py", "with_ray.py", "with_spark.py"])
def test_an_engine(folder: Path, name: str) -> None:
    hold_rows(folder, outcome(folder, name, PIPELINES[name]))


@pytest.mark.long
def test_airflow(folder: Path) -> None:
    home = folder / "airflow"
    settings = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    settings["AIRFLOW__CORE__DAGS_FOLDER"] = str(folder)
    block = PIPELINES["with_airflow.py"]
    lacking = missing(block)
    if lacking is None:
        subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env={**os.environ, **settings},
            capture_output=True,
            check=True,
        )
    outcome(folder, "with_airflow.py", block, **settings)
    assert (folder / "ready" / "long.mp4").is_file()
