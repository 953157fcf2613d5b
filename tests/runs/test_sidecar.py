"""What is kept beside a video is whole, its own, and never written over another's."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from vaceprep.errors import Refused
from vaceprep.runs.sidecar import read_sidecar, write_sidecar

DATA: dict[str, Any] = {
    "task": {"id": "1234", "status": "completed"},
    "body": {"prompt": "雨 – rain"},
}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    video = str(tmp_path / "job-video_edit-1234.mp4")
    path = write_sidecar(video, DATA)
    assert path == str(tmp_path / "job-video_edit-1234.json")
    assert read_sidecar(video) == {"file": "job-video_edit-1234.mp4", **DATA}
    assert "雨 – rain" in Path(path).read_text("utf-8")
    assert os.listdir(tmp_path) == ["job-video_edit-1234.json"]


def test_the_same_task_is_written_anew(tmp_path: Path) -> None:
    video = str(tmp_path / "a.mp4")
    path = write_sidecar(video, DATA)
    newer = {**DATA, "facts": {"frames": 150}}
    assert write_sidecar(video, newer) == path
    assert write_sidecar(video, newer) == path
    found = read_sidecar(video)
    assert found is not None
    assert found["facts"] == {"frames": 150}
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize(
    "there",
    [
        b"",
        b"mine",
        b"[]",
        b"\xff\xfe",
        b'{"task": {"id": "1234"}}',
        b'{"file": "b.mp4", "task": {"id": "1234"}}',
        b'{"file": "a.mp4", "task": {"id": "other"}}',
        b'{"file": "a.mp4", "task": "1234"}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_its_own_is_left_alone(tmp_path: Path, there: bytes) -> None:
    video = str(tmp_path / "a.mp4")
    (tmp_path / "a.json").write_bytes(there)
    assert write_sidecar(video, DATA) == str(tmp_path / "a-2.json")
    assert write_sidecar(video, DATA) == str(tmp_path / "a-2.json")
    assert (tmp_path / "a.json").read_bytes() == there
    assert read_sidecar(video) == {"file": "a.mp4", **DATA}


def test_a_further_video_of_the_task_has_a_sidecar_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    first, second = str(tmp_path / "a.mp4"), str(tmp_path / "a-2.mp4")
    assert write_sidecar(first, {**DATA, "number": 1}) == str(tmp_path / "a-2.json")
    assert write_sidecar(second, {**DATA, "number": 2}) == str(tmp_path / "a-2-2.json")
    assert [read_sidecar(v)["number"] for v in (first, second)] == [1, 2]  # type: ignore[index]


def test_without_a_task_nothing_is_written_over(tmp_path: Path) -> None:
    video = str(tmp_path / "a.mp4")
    assert write_sidecar(video, {"n": 1}) == str(tmp_path / "a.json")
    assert write_sidecar(video, {"n": 1}) == str(tmp_path / "a.json")
    assert write_sidecar(video, {"n": 2}) == str(tmp_path / "a-2.json")


def test_there_is_none(tmp_path: Path) -> None:
    assert read_sidecar(str(tmp_path / "a.mp4")) is None
    assert read_sidecar(str(tmp_path / "no" / "a.mp4")) is None
    assert read_sidecar("a\0.mp4") is None


def test_odd_names_are_written_as_json_can(tmp_path: Path) -> None:
    video = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.mp4")
    path = write_sidecar(video, {**DATA, "source": os.fsdecode(b"\x80.mov")})
    assert json.loads(Path(path).read_bytes())["source"] == os.fsdecode(b"\x80.mov")
    found = read_sidecar(video)
    assert found is not None
    assert found["source"] == "\udc80.mov"


@pytest.mark.parametrize("value", [float("nan"), object(), b"bytes"])
def test_what_json_cannot_hold(tmp_path: Path, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        write_sidecar(str(tmp_path / "a.mp4"), {"n": value})
    assert os.listdir(tmp_path) == []


def test_a_full_disk_keeps_what_was_there(tiny_disk: Path) -> None:
    video = str(tiny_disk / "a.mp4")
    path = write_sidecar(video, DATA)
    with pytest.raises(Refused, match="No space left"):
        write_sidecar(video, {**DATA, "much": "x" * 10**6})
    assert read_sidecar(video) == {"file": "a.mp4", **DATA}
    assert os.listdir(tiny_disk) == [os.path.basename(path)]


def test_several_at_once(tmp_path: Path) -> None:
    video = str(tmp_path / "a.mp4")
    threads = [
        threading.Thread(target=write_sidecar, args=(video, {"task": {"id": str(n)}}))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [json.loads((tmp_path / name).read_bytes()) for name in os.listdir(tmp_path)]
    assert sorted(one["task"]["id"] for one in found) == [str(n) for n in range(8)]
