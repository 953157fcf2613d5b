"""``vaceprep batch``: a line a source, and going on where it ended."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from filelock import FileLock

import vaceprep
from tests import started
from tests.batch.conftest import FIXTURES, MEDIA, Batch, lines, sources
from tests.preparation.conftest import tiny_disk
from tests.processes import wait_for

__all__ = ["tiny_disk"]


def test_one_line_for_each_file_as_check_has_it(batch: Batch, here: Path) -> None:
    code, out, _ = batch("in", "-o", "r.jsonl")
    assert code == 1
    assert out.startswith("4 sources: 1 with errors\nvideo-duration 1\n")
    found = lines(here / "r.jsonl")
    assert [line["source"] for line in found] == [f"in/{name}" for name in MEDIA]
    for line in found:
        (entry,) = line["files"]
        assert entry == vaceprep.check(line["source"]).to_dict()["files"][0]
        assert line["ok"] is (line["source"] != "in/b.mp4")
        assert line["version"] == 1
    # Equal contents are equal in their digest, and each has its line.
    assert found[2]["content"] == found[3]["content"]


@pytest.mark.parametrize("isolated", ["--isolate", "--no-isolate"])
def test_what_is_done_is_not_done_again(batch: Batch, here: Path, isolated: str) -> None:
    batch("in", "-o", "r.jsonl", isolated)
    before = (here / "r.jsonl").read_bytes()
    code, out, _ = batch("in", "-o", "r.jsonl", isolated)
    # The exit code is that of all sources, not of what was left to do.
    assert (code, out) == (1, "4 sources: 1 with errors, 4 already done\n")
    assert (here / "r.jsonl").read_bytes() == before


def test_content_decides_not_time(batch: Batch, here: Path) -> None:
    batch("in", "-o", "r.jsonl")
    (here / "in/a.mp4").touch()
    assert "4 already done" in batch("in", "-o", "r.jsonl")[1]
    # Other bytes of the same length under the same time of change.
    path = here / "in/a.mp4"
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=times)
    assert "3 already done" in batch("in", "-o", "r.jsonl")[1]
    assert sorted(sources(here / "r.jsonl")) == sorted(f"in/{name}" for name in MEDIA)


def test_new_files_other_options_and_a_new_results_file(batch: Batch, here: Path) -> None:
    batch("in", "-o", "r.jsonl")
    shutil.copy(FIXTURES / "image/ok.bmp", here / "in/n.bmp")
    assert "5 sources: 1 with errors, 4 already done" in batch("in", "-o", "r.jsonl")[1]
    code, out, _ = batch("in", "-o", "r.jsonl", "--ignore", "video-duration")
    assert (code, out) == (0, "5 sources: 0 with errors\n")
    assert len(lines(here / "r.jsonl")) == 5
    assert "already" not in batch("in", "-o", "other.jsonl")[1]


def test_a_configuration_counts_and_is_an_option(batch: Batch, here: Path) -> None:
    batch("in", "-o", "r.jsonl")
    (here / "vaceprep.toml").write_text("[limits]\nvideo-seconds = 6\n")
    assert batch("in", "-o", "r.jsonl")[:2] == (0, "4 sources: 0 with errors\n")


@pytest.mark.parametrize("cut", [1, 40, 300])
def test_half_a_line_is_taken_away(batch: Batch, here: Path, cut: int) -> None:
    batch("in", "-o", "r.jsonl")
    whole = (here / "r.jsonl").read_bytes()
    (here / "r.jsonl").write_bytes(whole[:-cut])
    assert "3 already done" in batch("in", "-o", "r.jsonl")[1]
    assert (here / "r.jsonl").read_bytes() == whole


@pytest.mark.parametrize(
    "text", ["not json\n", '{"version": 1, "summary": {}, "files": []}\n', "[1]\n"]
)
def test_a_file_of_something_else_is_left_alone(batch: Batch, here: Path, text: str) -> None:
    (here / "r.jsonl").write_text(text)
    code, _, err = batch("in", "-o", "r.jsonl")
    assert code == 2
    assert "r.jsonl is no results file of batch" in err
    assert (here / "r.jsonl").read_text() == text


def test_two_batches_do_not_share_a_file(batch: Batch, here: Path) -> None:
    batch("in", "-o", "r.jsonl")
    (lock,) = (here / ".state/batches").iterdir()
    with FileLock(lock):
        code, _, err = batch("in", "-o", "./r.jsonl")
    assert code == 2
    assert "another batch is writing" in err


def test_sources_of_each_kind(batch: Batch, here: Path) -> None:
    job = {"function": "video_outpainting", "prompt": "a", "left_scale": 2, "prompt_extend": False}
    jobs = [{**job, "video_url": "in/a.mp4"}, {**job, "video_url": "in/b.mp4"}, {**job}]
    (here / "jobs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in jobs) + "nonsense\n")
    code, _, _ = batch("jobs.jsonl", "in/**/*.jpg", "in/a.mp4", "in/a.mp4", "-o", "r.jsonl")
    assert code == 1
    found = {line["source"]: line for line in lines(here / "r.jsonl")}
    assert list(found) == [
        *(f"jobs.jsonl:{n}" for n in (1, 2, 3, 4)),
        *("in/deep/c.jpg", "in/deep/same.jpg", "in/a.mp4"),
    ]
    assert [line["ok"] for line in found.values()] == [True, False, False, False, *3 * [True]]
    assert [f["source"] for f in found["jobs.jsonl:1"]["files"]] == ["jobs.jsonl:1", "in/a.mp4"]
    # A job is of its media, too.
    shutil.copy(here / "in/b.mp4", here / "in/a.mp4")
    out = batch("jobs.jsonl", "in/**/*.jpg", "in/a.mp4", "in/a.mp4", "-o", "r.jsonl")[1]
    assert "5 already done" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none/*.mp4", "-o", "r.jsonl"], "nothing is called none/*.mp4"),
        (["-", "-o", "r.jsonl"], "batch reads files, folders, patterns and manifests"),
        (["in", "-o", "r.csv"], "results are FILE.jsonl or FILE.parquet"),
        (["in", "-o", "none/r.jsonl"], "none/r.jsonl cannot be written"),
        (["in", "-o", "r.jsonl", "--select", "nonsense"], "nonsense"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_meant(batch: Batch, here: Path, arguments: list[str], said: str) -> None:
    code, _, err = batch(*arguments)
    assert code == 2
    assert said in err
    assert not (here / "r.jsonl").exists() or not (here / "r.jsonl").read_bytes()


def test_without_a_file_results_are_printed(batch: Batch) -> None:
    code, out, err = batch("in/a.mp4", "in/deep")
    assert code == 0
    assert [json.loads(line)["source"] for line in out.splitlines()] == [
        *("in/a.mp4", "in/deep/c.jpg", "in/deep/same.jpg")
    ]
    assert "3 sources: 0 with errors" in err


def test_its_own_results_are_no_source(batch: Batch, here: Path) -> None:
    batch("in", "-o", "in/r.jsonl")
    batch("in", "in/*.jsonl", "-o", "in/r.jsonl")
    assert sorted(sources(here / "in/r.jsonl")) == sorted(f"in/{name}" for name in MEDIA)


def test_a_file_that_crashes_its_decoder_costs_itself_alone(here: Path, batch: Batch) -> None:
    (here / "in/broken.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(200))
    code, _, _ = batch("in", "-o", "r.jsonl")
    assert code == 1
    assert len(lines(here / "r.jsonl")) == 5


@pytest.mark.parametrize("deadly", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_it_goes_on(here: Path, deadly: signal.Signals) -> None:
    for number in range(150):
        shutil.copy(FIXTURES / "image/ok.bmp", here / f"in/{number}.bmp")
    command = ["batch", "in", "-o", "r.jsonl", "--no-isolate"]
    process = started.start([*command, "-j", "1"], here)
    results = here / "r.jsonl"
    wait_for(lambda: results.exists() and results.stat().st_size > 5000)
    process.send_signal(deadly)
    _, err = process.communicate(timeout=30)
    if process.returncode != 1:
        assert process.returncode == (-9 if deadly is signal.SIGKILL else 130), err
        assert "Traceback" not in err
        if deadly is not signal.SIGKILL:
            assert "r.jsonl has what is done; the same command goes on" in err
    there = results.read_bytes().count(b"\n")
    told, _ = started.start(command, here).communicate(timeout=60)
    assert f"154 sources: 1 with errors, {there} already done" in told
    assert len(set(sources(results))) == len(sources(results)) == 154


def test_a_full_disk_leaves_whole_lines(here: Path, tiny_disk: Path, batch: Batch) -> None:
    filler = tiny_disk / "filler"
    filler.write_bytes(bytes(40_000))
    room = tiny_disk / "r.jsonl"
    for number in range(36):
        shutil.copy(FIXTURES / "image/ok.bmp", here / f"in/{number}.bmp")
    code, _, err = batch("in", "-o", str(room))
    assert code == 1
    assert "No space left on device; what is in it is whole, and the same command goes on" in err
    there = len(lines(room))
    filler.unlink()
    assert f"{there} already done" in batch("in", "-o", str(room))[1]
    assert len(lines(room)) == 40


def test_it_says_nothing_of_the_way_into_a_pipe(batch: Batch) -> None:
    _, out, err = batch("in", "-o", "r.jsonl")
    assert "\x1b" not in out + err
    assert err == ""
