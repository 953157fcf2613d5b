"""The walk for each source: roles, selection and workers."""

from __future__ import annotations

import io
import json
import sys
import threading
from pathlib import Path

import pytest

import vaceprep
from tests.conftest import Run
from tests.media import Hand
from vaceprep.checks.inputs import Item
from vaceprep.checks.library import AHEAD, default_jobs, spread
from vaceprep.contract import MAX_SECONDS_BY_ROLE, VIDEO_ROLES, Role

ITEMS = [Item(str(number), "path") for number in range(50)]


@pytest.mark.parametrize("jobs", [1, 2, 7, 64])
def test_results_come_in_order(jobs: int) -> None:
    assert list(spread(lambda item: item.source, ITEMS, jobs)) == [i.source for i in ITEMS]
    assert list(spread(lambda item: item.source, [], jobs)) == []
    assert list(spread(lambda item: item.source, ITEMS[:1], jobs)) == ["0"]


def test_only_a_few_are_taken_ahead() -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield ITEMS[0]

    results = spread(lambda item: item.source, endless(), 2)  # type: ignore[arg-type]
    next(results)
    assert taken <= 2 * AHEAD + 2
    results.close()


def test_a_walk_that_is_left_early_leaves_no_thread() -> None:
    # A sandbox of other tests may be running in this process.
    before = set(threading.enumerate())
    results = spread(lambda item: item.source, ITEMS, 4)
    next(results)
    results.close()
    assert set(threading.enumerate()) <= before


def test_a_fault_of_our_own_is_not_swallowed() -> None:
    def fail(item: Item) -> str:
        if item.source == "30":
            raise ZeroDivisionError
        return item.source

    with pytest.raises(ZeroDivisionError):
        list(spread(fail, ITEMS, 3))


def test_there_is_always_a_worker() -> None:
    assert default_jobs() >= 1


@pytest.mark.parametrize("role", VIDEO_ROLES)
def test_the_role_decides_the_limit(role: Role, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    limit = int(MAX_SECONDS_BY_ROLE[role] * 16)
    for frames, fires in ((limit, False), (limit + 1, True)):
        path.write_bytes(Hand(frames=frames, timescale=16).data())
        found = vaceprep.check(path, role).files[0]
        assert found.role == role
        assert ("VP104" in {f.code for f in found.findings}) is fires


def test_size_limits_on_real_files(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(Hand(index_first=True).data())
    for size, code in ((50 * 10**6, None), (50 * 2**20, "warning"), (50 * 2**20 + 1, "error")):
        with path.open("r+b") as file:
            # A hole of zeros at the end is harmless padding.
            file.truncate(size)
        found = {f.code: f.severity.value for f in vaceprep.check(path).findings}
        assert found.get("VP102") == code


def test_advice_is_always_in_the_report(clip: Path) -> None:
    assert "VP120" in {f.code for f in vaceprep.check(clip).findings}


def test_strict_and_selection_reach_the_report(clip: Path) -> None:
    assert vaceprep.check(clip).ok
    assert not vaceprep.check(clip, strict=True).ok
    only = vaceprep.check(clip, select=["video-not-faststart"], strict=True)
    assert [f.code for f in only.findings] == ["VP120"]
    assert only.ok
    assert "VP119" not in {f.code for f in vaceprep.check(clip, ignore=["VP11"]).findings}


def test_a_job_is_not_measured(tmp_path: Path, vaceprep_cli: Run) -> None:
    manifest = tmp_path / "jobs.jsonl"
    manifest.write_text('{"function": "video_edit"}\n\n{}\n')
    done = vaceprep_cli("probe", "--format", "json", manifest)
    assert done.returncode == 1
    entries = json.loads(done.stdout)["files"]
    assert [e["source"] for e in entries] == [f"{manifest}:1", f"{manifest}:3"]
    assert {e["error"] for e in entries} == {"it is a job, not media; vaceprep check judges it"}
    with pytest.raises(vaceprep.ProbeError, match="text, not a media file"):
        vaceprep.probe(manifest)


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is left of an input that is too long may look like a whole file of its own.
    whole = Hand().data()
    stream = io.TextIOWrapper(io.BytesIO(b"\0" * (1 << 20) + whole))
    monkeypatch.setattr(sys, "stdin", stream)
    monkeypatch.setattr("vaceprep.files.source.MAX_STDIN_BYTES", 1 << 19)
    (entry,) = vaceprep.check("-").files
    assert [f.code for f in entry.findings] == ["VP105"]
    assert "goes on past" in entry.findings[0].message
