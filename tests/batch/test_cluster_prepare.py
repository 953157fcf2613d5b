"""``batch prepare --scheduler`` with a cluster in this process: names, places and lost answers."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch.conftest import FIXTURES, Batch, lines
from vaceprep.batch import cluster_prepare
from vaceprep.batch.cluster import Ended, NoCluster
from vaceprep.batch.cluster_prepare import Asked

FAR = ("--scheduler", "tcp://in-this-process:1")
JOB = {"function": "video_outpainting", "prompt": "a", "left_scale": 2, "prompt_extend": False}


class Killed(Exception):
    """A task that killed its workers."""


class Here:
    """Runs several tasks in flight, the newest first; ``lose`` may end one in another way."""

    threads = 1

    def __init__(self) -> None:
        self.lose: Callable[[Asked, Callable[[], Any]], Any] = lambda _, run: run()
        self.most = 0

    def each(
        self, call: Callable[[Any], Any], following: Callable[[], Any]
    ) -> Iterator[tuple[Any, Ended]]:
        running: deque[Any] = deque()
        while True:
            while len(running) < 5 and (task := following()) is not None:
                running.append(task)
            self.most = max(self.most, len(running))
            if not running:
                return
            task = running.pop()
            yield task, self._ended(call, task)

    def _ended(self, call: Callable[[Any], Any], task: Asked) -> Ended:
        before = os.getcwd()
        # Workers have another current folder.
        os.chdir("/")
        try:
            result = self.lose(task, lambda: call(pickle.loads(pickle.dumps(task))))
        except Exception as error:
            return Ended(None, error)
        finally:
            os.chdir(before)
        return Ended(pickle.loads(pickle.dumps(result)), None)

    def killed(self, failure: BaseException | None) -> bool:
        return isinstance(failure, Killed)


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Here:
    made = Here()

    @contextlib.contextmanager
    def connected(_: str) -> Iterator[Here]:
        yield made

    monkeypatch.setattr(cluster_prepare, "connected", connected)
    return made


def by_source(path: Path) -> dict[str, Any]:
    return {line["source"]: line for line in lines(path)}


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_lines_and_files_are_those_of_one_machine(batch: Batch, here: Path, far: Here) -> None:
    for name in ("in/b.mov", "in/deep/b.mov"):
        shutil.copy(FIXTURES / "video/quicktime.mov", here / name)
    shutil.copy(FIXTURES / "image/ok.bmp", here / "in/deep/c.bmp")
    (here / "in/none.mp4").write_bytes(b"nothing")
    jobs = [{**JOB, "video_url": f"in/{name}.mp4"} for name in ("a", "b", "a")]
    (here / "jobs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in jobs))
    command = ("prepare", "in", "jobs.jsonl", "--output-dir", "ready", "-o")
    batch(*command, "own.jsonl")
    own = tree(here / "ready")
    shutil.rmtree(here / "ready")
    shutil.rmtree(here / ".state")
    code, out, _ = batch(*command, "far.jsonl", *FAR)
    assert (code, out.splitlines()[0]) == (1, "11 sources: 1 with errors")
    assert far.most > 1
    assert by_source(here / "far.jsonl") == by_source(here / "own.jsonl")
    assert tree(here / "ready") == own
    # Nothing is done again, here or there.
    for place in ((), FAR):
        assert "11 already done" in batch(*command, "far.jsonl", *place)[1]


def test_an_output_that_no_answer_told_of_is_made_again(
    batch: Batch, here: Path, far: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(task: Asked, run: Callable[[], Any]) -> Any:
        # Each worker has a state of its own, and no record of what another one made.
        for number in range(2):
            with monkeypatch.context() as patch:
                patch.setenv("VACEPREP_STATE_DIR", str(here / f".worker-{number}"))
                made = run()
        if task.item.source.endswith("b.mp4"):
            raise NoCluster("it is gone")
        return made

    far.lose = lost
    command = ("prepare", "in/a.mp4", "in/b.mp4", "-o", "r.jsonl", "--output-dir", "ready", *FAR)
    code, _, err = batch(*command)
    assert (code, err.strip().splitlines()[-1]) == (1, "vaceprep: it is gone")
    left = sorted(path.name for path in (here / "ready").iterdir())
    assert "b.mp4" in left
    assert not any("part" in name for name in left)
    far.lose = lambda _, run: run()
    assert batch(*command)[0] == 0
    found = by_source(here / "r.jsonl")
    assert {name: line["files"][0]["output"] for name, line in found.items()} == {
        "in/a.mp4": "ready/a.mp4",
        "in/b.mp4": "ready/b.mp4",
    }
    assert not list((here / ".state/batches").glob("*.handed"))


def test_a_file_of_the_user_is_not_overwritten(batch: Batch, here: Path, far: Here) -> None:
    (here / "ready").mkdir()
    (here / "ready/a.mp4").write_bytes(b"mine")
    code, _, _ = batch("prepare", "in", "-o", "r.jsonl", "--output-dir", "ready", *FAR)
    (entry,) = by_source(here / "r.jsonl")["in/a.mp4"]["files"]
    assert (code, entry["error"]) == (1, "ready/a.mp4 exists already; --force writes over it")
    assert (here / "ready/a.mp4").read_bytes() == b"mine"
    assert sorted(path.name for path in (here / "ready").iterdir()) == ["a.mp4", "b.mp4", "deep"]


def test_a_file_that_kills_its_workers_is_an_entry(batch: Batch, here: Path, far: Here) -> None:
    def lost(task: Asked, run: Callable[[], Any]) -> Any:
        if task.item.source.endswith("b.mp4"):
            raise Killed
        return run()

    far.lose = lost
    code, out, _ = batch("prepare", "in", "-o", "r.jsonl", "--output-dir", "ready", *FAR)
    assert (code, out.splitlines()[0]) == (1, "4 sources: 1 with errors")
    (entry,) = by_source(here / "r.jsonl")["in/b.mp4"]["files"]
    assert [f["message"] for f in entry["remaining"]] == ["cannot be read: the decoder crashed"]


def test_a_folder_that_a_worker_does_not_see_is_a_sentence(
    batch: Batch, here: Path, far: Here
) -> None:
    def lost(task: Asked, run: Callable[[], Any]) -> Any:
        assert task.seen is not None
        os.unlink(task.seen)
        return run()

    far.lose = lost
    code, _, err = batch("prepare", "in", "-o", "r.jsonl", "--output-dir", "ready", *FAR)
    assert code == 1
    assert f"does not see the output folder {here}/ready: mount it there" in err
    assert not (here / "ready").exists()


def test_an_object_store_needs_a_cluster(batch: Batch) -> None:
    code, _, err = batch("prepare", "in", "-o", "r.jsonl", "--output-dir", "s3://bucket/ready")
    assert code == 2
    assert "give --scheduler, or name a folder" in err
