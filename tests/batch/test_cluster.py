"""How files are shared out to the tasks of a cluster."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

from tests.fuzz.seeds import FIXTURES
from vaceprep.batch.check import Alone
from vaceprep.batch.cluster_check import Asked, check_there, tasks
from vaceprep.batch.content import content_now
from vaceprep.checks.bytes import Options
from vaceprep.checks.inputs import Item, collect
from vaceprep.checks.report import FileReport


def test_the_first_tasks_are_small_and_the_later_ones_large() -> None:
    sources = [(Item(f"{number}.mp4", "path"), Options()) for number in range(200)]
    made = list(tasks(iter(sources), 2))
    assert [len(task) for task in made] == [1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32, 32, 32, 10]
    assert [source for task in made for source in task] == sources
    assert list(tasks(iter([]), 2)) == []


def test_a_task_sends_the_line_of_each_file_under_its_given_name() -> None:
    names = ["ok-5s-30fps.mp4", "fps-15.mp4"]
    sources = [(Item(name, "path"), Options()) for name in names]
    found = check_there(Asked(sources, str(FIXTURES / "video")))
    for name, one in zip(names, found, strict=True):
        (entry,) = one.files
        assert isinstance(entry, Alone)
        assert f'"source": "{name}"' in entry.packed.text
        assert one.content.digest
    assert [entry.ok for one in found for entry in one.files] == [True, False]
    assert len(pickle.dumps(found)) < 8000


def test_the_content_of_a_job_is_the_one_that_its_client_finds(here: Path) -> None:
    job = {"function": "video_outpainting", "prompt": "a", "video_url": "in/a.mp4"}
    (here / "jobs.jsonl").write_text(json.dumps(job) + "\n")
    (item,) = collect(["jobs.jsonl"])
    (found,) = check_there(Asked([(item, Options())], str(here)))
    assert found.content == content_now(item)
    assert [entry.source for entry in found.files if isinstance(entry, FileReport)] == [
        *("jobs.jsonl:1", "in/a.mp4")
    ]
