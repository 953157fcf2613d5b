"""A Dask cluster in processes of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import wait_for


class Cluster:
    """A scheduler and workers in processes of their own."""

    def __init__(self, folder: Path, workers: int, *, nannies: bool = False) -> None:
        self.file = folder / "scheduler.json"
        self.folder = folder
        base = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self.processes = [self._start([*base, *options, "--scheduler-file", str(self.file)])]
        wait_for(self.file.exists)
        wait_for(lambda: self.file.stat().st_size > 0)
        self.address: str = json.loads(self.file.read_text())["address"]
        for _ in range(workers):
            base = [sys.executable, "-m", "distributed.cli.dask_worker", self.address]
            self.processes.append(
                self._start(
                    [*base, "--nthreads", "1", "--no-dashboard"]
                    + ([] if nannies else ["--no-nanny"])
                )
            )

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def close(self) -> None:
        for process in self.processes:
            # A nanny that is ended ends its worker.
            process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="needs pip install '.[cluster]'")
    made = Cluster(tmp_path_factory.mktemp("cluster"), 2)
    yield made
    made.close()


@contextlib.contextmanager
def with_code(folder: Path, code: str) -> Iterator[Cluster]:
    """A cluster of two workers that are started again; each runs ``code`` when it starts."""
    pytest.importorskip("distributed", reason="needs pip install '.[cluster]'")
    (folder / "sitecustomize.py").write_text(code)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(folder)
    try:
        # Nannies start a worker again, as they do in any cluster that lasts.
        made = Cluster(folder, 2, nannies=True)
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before
    try:
        yield made
    finally:
        made.close()
