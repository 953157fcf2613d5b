"""``batch prepare --scheduler`` on a real cluster: workers and schedulers that are killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.batch.conftest import FIXTURES, MEDIA, Batch, lines
from tests.batch.dask_cluster import Cluster, cluster, with_code
from tests.batch.test_cluster_prepare import by_source, tree
from tests.processes import wait_for
from tests.publish.conftest import nobody_s
from tests.publish.test_object_store import Store, bucket, keys, moto
from vaceprep.files.atomic import PART
from vaceprep.publish.credentials import open_store, parse_place

__all__ = ["bucket", "cluster", "keys", "moto", "nobody_s"]

pytestmark = pytest.mark.long
#: Files of a run in the middle of which something is killed.
MANY = 14


@pytest.fixture
def many(here: Path, batch: Batch) -> tuple[Path, dict[str, bytes]]:
    """A folder of videos, and the outputs of one machine.

    Like the workers of the cluster, it encodes with a thread for each processor: the bytes that
    an encoder writes depend on their number.
    """
    for number in range(MANY):
        shutil.copy(FIXTURES / "video/webm.webm", here / f"in/{number}.webm")
    batch("prepare", "in", "-o", "own.jsonl", "--output-dir", "ready", "--no-isolate")
    own = tree(here / "ready")
    shutil.rmtree(here / "ready")
    return here, own


def start(here: Path, address: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "vaceprep", "batch", "prepare", "in", "-o", "far.jsonl"]
    return subprocess.Popen(
        [*command, "--output-dir", "ready", "--scheduler", address],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def some_done(here: Path) -> None:
    path = here / "far.jsonl"
    wait_for(lambda: path.exists() and path.read_bytes().count(b"\n") >= 3)


def finished(folder: Path) -> dict[str, bytes]:
    """The outputs; part files of killed workers have names of their own."""
    return {name: data for name, data in tree(folder).items() if not PART.fullmatch(name)}


def same_lines(here: Path) -> None:
    own, far = by_source(here / "own.jsonl"), by_source(here / "far.jsonl")
    assert len(far) == len(lines(here / "far.jsonl")) == MANY + len(MEDIA)
    for source, line in far.items():
        for entry in line["files"]:
            # An output that was made without an answer is found again.
            entry["reused"] = False
        assert line == own[source]


def test_a_worker_that_is_killed_costs_a_repeat(
    many: tuple[Path, dict[str, bytes]], batch: Batch, cluster: Cluster
) -> None:
    here, own = many
    process = start(here, cluster.address)
    some_done(here)
    cluster.processes[1].kill()
    out, err = process.communicate(timeout=180)
    assert out.startswith(f"{MANY + len(MEDIA)} sources: 0 with errors\n"), err
    assert finished(here / "ready") == own
    same_lines(here)


def test_a_scheduler_that_is_killed_is_a_sentence_and_a_run_that_goes_on(
    many: tuple[Path, dict[str, bytes]],
    batch: Batch,
    cluster: Cluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    here, own = many
    process = start(here, cluster.address)
    some_done(here)
    cluster.processes[0].kill()
    _, err = process.communicate(timeout=180)
    assert process.returncode == 1
    (said,) = [line for line in err.splitlines() if line.startswith("vaceprep: ")]
    assert f"the cluster at {cluster.address} is gone" in said
    assert len(err.splitlines()) == 1
    made = len(lines(here / "far.jsonl"))
    assert 3 <= made < MANY
    times = {path: path.stat().st_mtime_ns for path in (here / "ready").rglob("*.mp4")}
    before = by_source(here / "far.jsonl")
    # The workers of the next cluster have no records of what the first ones made.
    state = tmp_path_factory.mktemp("state")
    os.environ["VACEPREP_STATE_DIR"] = str(state)
    other = Cluster(tmp_path_factory.mktemp("other"), 2)
    os.environ["VACEPREP_STATE_DIR"] = str(here / ".state")
    try:
        _, out, _ = batch(
            *("prepare", "in", "-o", "far.jsonl", "--output-dir", "ready"),
            *("--scheduler", other.address),
        )
    finally:
        other.close()
    assert out.startswith(f"{MANY + len(MEDIA)} sources: 0 with errors, {made} already done\n")
    assert finished(here / "ready") == own
    same_lines(here)
    for line in before.values():
        path = here / line["files"][0]["output"]
        assert path.stat().st_mtime_ns == times.get(path, path.stat().st_mtime_ns)


def test_a_file_that_kills_every_worker_is_an_entry(
    here: Path, batch: Batch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    deadly = (
        "import vaceprep.preparation.many as m, os\n"
        "prepare = m.prepare_item\n"
        "def deadly(item, *rest):\n"
        "    if item.source.endswith('b.mp4'): os._exit(9)\n"
        "    return prepare(item, *rest)\n"
        "m.prepare_item = deadly\n"
    )
    with with_code(tmp_path_factory.mktemp("cluster"), deadly) as cluster:
        code, _, _ = batch(
            *("prepare", "in", "-o", "r.jsonl", "--output-dir", "ready"),
            *("--scheduler", cluster.address),
        )
    assert code == 1
    found = {source: line["files"][0] for source, line in by_source(here / "r.jsonl").items()}
    assert [f["message"] for f in found["in/b.mp4"]["remaining"]] == [
        "cannot be read: the decoder crashed"
    ]
    assert [entry["status"] for entry in found.values()].count("failed") == 1


def test_a_cluster_without_credentials_writes_into_a_store(
    moto: Store, bucket: str, batch: Batch, here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    no_keys = "import os\n[os.environ.pop(n) for n in list(os.environ) if n[:4] == 'AWS_']\n"
    store = f"s3://{bucket}/ready?endpoint={moto.url}"
    with with_code(tmp_path_factory.mktemp("cluster"), no_keys) as cluster:
        code, _, err = batch(
            *("prepare", "in", "-o", "far.jsonl", "--output-dir", store),
            *("--scheduler", cluster.address),
        )
    assert code == 0, err
    batch("prepare", "in", "-o", "own.jsonl", "--output-dir", "ready", "--no-isolate")
    sign = open_store(parse_place(store))
    for name, data in tree(here / "ready").items():
        assert httpx.get(sign("GET", name, 60), trust_env=False).content == data
