"""How files are shared out to the tasks of a cluster."""

from __future__ import annotations

import pickle

from tests.fuzz.seeds import FIXTURES
from vaceprep.batch.check import Alone
from vaceprep.batch.cluster import Placed, check_there, tasks
from vaceprep.checks.bytes import Options
from vaceprep.checks.inputs import Item


def test_the_first_tasks_are_small_and_the_later_ones_large() -> None:
    sources = [(Item(f"{number}.mp4", "path"), Options()) for number in range(200)]
    made = list(tasks(iter(sources), 2))
    assert [len(task) for task in made] == [1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32, 32, 32, 10]
    assert [source for task in made for source in task] == sources
    assert list(tasks(iter([]), 2)) == []


def test_a_task_sends_the_line_of_each_file_under_its_given_name() -> None:
    folder = f"{FIXTURES / 'video'}/"
    names = ["ok-5s-30fps.mp4", "fps-15.mp4"]
    sources = [Placed(Item(folder + name, "path"), Options(), folder) for name in names]
    found = check_there(sources, False)
    for name, one in zip(names, found, strict=True):
        (entry,) = one.files
        assert isinstance(entry, Alone)
        assert f'"source": "{name}"' in entry.packed.text
        assert one.content.digest
    assert [entry.ok for one in found for entry in one.files] == [True, False]
    assert len(pickle.dumps(found)) < 8000
