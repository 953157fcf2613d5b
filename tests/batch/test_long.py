"""What takes its time: a cluster that loses a worker, and memory over a long manifest."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.batch.conftest import FIXTURES, MEDIA, Batch, lines
from tests.batch.dask_cluster import Cluster, cluster, with_code
from tests.batch.test_sources import own_names, put
from tests.memory import peak
from tests.processes import wait_for
from tests.publish.conftest import nobody_s
from tests.publish.test_object_store import Store, bucket, keys, moto

__all__ = ["bucket", "cluster", "keys", "moto", "nobody_s"]

pytestmark = pytest.mark.long


def test_a_worker_that_is_killed_costs_a_repeat_and_no_result(
    here: Path, batch: Batch, cluster: Cluster
) -> None:
    batch("in", "-o", "own.jsonl")
    code, out, _ = batch("in", "-o", "theirs.jsonl", "--scheduler", cluster.address)
    assert (code, out.splitlines()[0]) == (1, "4 sources: 1 with errors")
    own = {line["source"]: line for line in lines(here / "own.jsonl")}
    assert {line["source"]: line for line in lines(here / "theirs.jsonl")} == own
    for number in range(300):
        shutil.copy(FIXTURES / "video/ok-5s-30fps.mp4", here / f"in/{number}.mp4")
    command = [sys.executable, "-m", "vaceprep", "batch", "in", "-o", "many.jsonl"]
    process = subprocess.Popen(
        [*command, "--scheduler", cluster.address], cwd=here, stdout=subprocess.PIPE, text=True
    )
    many = here / "many.jsonl"
    wait_for(lambda: many.exists() and many.stat().st_size > 5000)
    cluster.processes[1].kill()
    out, _ = process.communicate(timeout=120)
    assert out.startswith("304 sources: 1 with errors\n")
    assert len({line["source"] for line in lines(many)}) == len(lines(many)) == 304


def test_a_cluster_keeps_the_names_of_objects(
    moto: Store, bucket: str, batch: Batch, here: Path, cluster: Cluster
) -> None:
    for name in MEDIA:
        put(moto, bucket, f"shoot/{name}", here / "in" / name)
    source = f"s3://{bucket}/shoot?endpoint={moto.url}"
    own_names(batch, here, source, "--scheduler", cluster.address)


def test_a_file_that_kills_every_worker_is_a_finding(
    here: Path, batch: Batch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # A worker in which one file ends the process, as a broken decoder would.
    deadly = (
        "import vaceprep.batch.check as c, os\n"
        "see = c.see\n"
        "def deadly(look):\n"
        "    if look.item.source.endswith('b.mp4'): os._exit(9)\n"
        "    return see(look)\n"
        "c.see = deadly\n"
    )
    with with_code(tmp_path_factory.mktemp("cluster"), deadly) as cluster:
        code, _, _ = batch("in", "-o", "r.jsonl", "--scheduler", cluster.address)
    assert code == 1
    found = {line["source"]: line["files"][0]["findings"] for line in lines(here / "r.jsonl")}
    assert [f["message"] for f in found["in/b.mp4"]] == ["cannot be read: the decoder crashed"]
    assert len(found) == 4


def test_memory_is_steady_over_a_long_manifest(here: Path) -> None:
    job = {"function": "video_repainting", "control_condition": "depth", "prompt_extend": False}
    found = []
    for count in (1_000, 15_000):
        with (here / f"{count}.jsonl").open("w") as file:
            for number in range(count):
                url = f"https://example.com/{number}.mp4"
                file.write(json.dumps({**job, "prompt": f"{number}", "video_url": url}) + "\n")
        command = [sys.executable, "-m", "vaceprep", "batch", f"{count}.jsonl", "--no-remote"]
        found.append(peak([*command, "--no-isolate", "-o", f"r{count}.jsonl"], here))
        again = peak([*command, "--no-isolate", "-o", f"r{count}.jsonl"], here)
        found.append(again)
    first, first_again, long, long_again = found
    assert long < 1.3 * first
    assert long_again < 1.3 * first_again
    assert max(found) < 300_000
