"""What is written stays away from everything that is not its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests.conftest import Run
from vaceprep.batch.content import Content
from vaceprep.batch.parquet import pack, row_of, unpack
from vaceprep.batch.prepare import claimed
from vaceprep.batch.results import BEGIN, Results, ResultsError, line_of
from vaceprep.batch.run import is_home
from vaceprep.checks.report import JSON_VERSION
from vaceprep.cli.check_output import check_output_file
from vaceprep.preparation.outputs import Outputs, parse_output

JOB = {"function": "video_outpainting", "prompt": "More", "left_scale": 1.5}


def line(source: str = "a.mp4", **more: Any) -> str:
    made = line_of("check", source, True, Content("sha256:0", "1-2"), "0" * 32, {"files": []})
    return json.dumps(json.loads(made.text) | more) if more else made.text


# --- batch -o --------------------------------------------------------------------------------

FOREIGN = {
    "a job on one line": json.dumps(JOB | {"video_url": "clip.mp4"}).encode(),
    "half a line of text": b"precious notes",
    "one brace": b"{",
    "half our own beginning": BEGIN[:12],
    "an object": b'{"version": 1, "files": []}',
    "a line of ours, then something else": (line() + "\n").encode() + b"precious notes",
    "zeros": bytes(100),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_not_ours_is_not_cut(name: str, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_bytes(FOREIGN[name])
    with pytest.raises(ResultsError, match="no results file"), Results(str(path)):
        pass
    assert path.read_bytes() == FOREIGN[name]


@pytest.mark.parametrize("cut", [1, 12, len(BEGIN), len(BEGIN) + 30])
def test_a_torn_line_of_ours_is_dropped(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    whole = line() + "\n"
    path.write_text(whole + line("b.mp4")[:cut])
    with Results(str(path)) as results:
        assert results.known("a.mp4") is not None
    assert path.read_text() == whole


def test_the_very_first_line_may_be_torn(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_text(line()[:-5])
    with Results(str(path)):
        pass
    assert path.read_text() == ""


def test_a_line_that_is_too_long_is_not_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vaceprep.batch.results.LONGEST", 400)
    path = tmp_path / "kept.jsonl"
    text = line("a" * 500) + "\n" + line() + "\n"
    path.write_text(text)
    with pytest.raises(ResultsError), Results(str(path)):
        pass
    assert path.read_text() == text


def test_neither_a_source_nor_a_link_nor_a_pipe_is_written(tmp_path: Path) -> None:
    job = tmp_path / "a.vace.json"
    job.write_text(json.dumps(JOB | {"video_url": "clip.mp4"}))
    aside = tmp_path / "aside.txt"
    aside.write_text("precious")
    (tmp_path / "link.jsonl").symlink_to(aside)
    (tmp_path / "new.jsonl").symlink_to(tmp_path / "not-there")
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "hard.json").hardlink_to(job)
    kept = {path: path.read_bytes() for path in (job, aside)}
    for target, words in {
        "a.vace.json": "is a source",
        "hard.json": "is a source",
        "link.jsonl": "is a link",
        "new.jsonl": "is a link",
        "pipe.jsonl": "is no ordinary file",
    }.items():
        with (
            pytest.raises(ResultsError, match=words),
            Results(str(tmp_path / target), [str(job)]),
        ):
            pass
        assert {path: path.read_bytes() for path in kept} == kept
    assert not (tmp_path / "not-there").exists()


@pytest.mark.long
def test_fresh_believes_nothing(vaceprep_cli: Run, tmp_path: Path, clip: Path) -> None:
    """A planted line says that a broken file is well."""
    (tmp_path / "bad.mp4").write_bytes(clip.read_bytes()[:200])
    results = tmp_path / "r.jsonl"
    options = ["batch", "bad.mp4", "--no-isolate", "-o", "r.jsonl"]
    assert vaceprep_cli(*options).returncode == 1
    planted = json.loads(results.read_text()) | {"ok": True, "files": []}
    results.write_text(json.dumps(planted) + "\n" + line("elsewhere.mp4") + "\n")
    assert vaceprep_cli(*options).returncode == 0
    assert vaceprep_cli(*options, "--fresh").returncode == 1
    (told,) = map(json.loads, results.read_text().splitlines())
    assert (told["source"], told["ok"]) == ("bad.mp4", False)


ODD: dict[str, Any] = {
    "version": True,
    "ok": 1,
    "content": {"a": 1},
    "stamp": ["b"],
    "made_by": "\ud800",
    "source": None,
}


@pytest.mark.parametrize("name", [*ODD, "huge", "surrogate content"])
def test_odd_lines_are_a_sentence(name: str, tmp_path: Path) -> None:
    odd: dict[str, dict[str, Any]] = {
        "huge": {"content": 10**400},
        "surrogate content": {"content": "\udcff"},
    }
    path = tmp_path / "r.jsonl"
    path.write_text(line(**odd.get(name, {name: ODD.get(name)})) + "\n")
    with pytest.raises(ResultsError, match="no results file"), Results(str(path)):
        pass


WRONG: list[Any] = [None, 1, "x", [1], [None], {"a": 1}, [{}], [{"output": 3, "videos": 4}]]
WRONG += [[{"output": "\0", "videos": ["\0"], "status": "downloaded"}], [{"videos": [1]}]]
WRONG += [[{"findings": 3, "remaining": [2], "facts": 4, "before": "x", "role": ["r"]}]]
WRONG += [[{"facts": {"bytes": 10**30, "fps": "x", "width": True}, "findings": [{"rule": 1}]}]]


@pytest.mark.parametrize("entries", WRONG)
def test_odd_entries_are_no_traceback(entries: Any, tmp_path: Path) -> None:
    told = {"source": "a", "files": entries, "jobs": entries}
    assert isinstance(claimed(Outputs(parse_output(None)), told), bool)
    assert not is_home(told)
    row_of(told)
    pytest.importorskip("pyarrow")
    path = tmp_path / "r.parquet"
    journal = Path(f"{path}.journal.jsonl")
    text = line("\udcff.mp4", files=entries, jobs=entries, command=7) + "\n"
    journal.write_text(text)
    pack(str(path))
    assert not journal.exists()
    unpack(str(path))
    assert journal.read_text() == text


def test_another_table_is_not_replaced(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    before = path.read_bytes()
    Path(f"{path}.journal.jsonl").write_text(line() + "\n")
    with pytest.raises(ResultsError, match="no results file"):
        unpack(str(path))
    assert path.read_bytes() == before
    path.write_bytes(b"not a table")
    with pytest.raises(ResultsError, match="no results file"):
        unpack(str(path))


# --- check --output-file ---------------------------------------------------------------------


def test_output_file_writes_over_a_report_alone(
    vaceprep_cli: Run, tmp_path: Path, clip: Path
) -> None:
    shutil.copy(clip, tmp_path / "clip.mp4")
    shutil.copy(clip, tmp_path / "media.mp4")
    job = tmp_path / "a.vace.json"
    job.write_text(json.dumps(JOB | {"video_url": "media.mp4"}))
    (tmp_path / "notes.txt").write_text("precious\n")
    (tmp_path / "data.json").write_text('{"version": 1, "other": 2}')
    (tmp_path / "link.json").symlink_to(tmp_path / "notes.txt")
    (tmp_path / "new.json").symlink_to(tmp_path / "not-there")
    os.mkfifo(tmp_path / "pipe.json")
    os.link(job, tmp_path / "hard.json")
    names = ["media.mp4", "notes.txt", "data.json", "a.vace.json", "hard.json"]
    kept = {name: (tmp_path / name).read_bytes() for name in names}
    for name in [*names, "link.json", "new.json", "pipe.json"]:
        with pytest.raises(Exception, match="--output-file"):
            check_output_file(str(tmp_path / name), [str(job)])
    done = vaceprep_cli("check", "a.vace.json", "--output-file", "media.mp4", "--no-isolate")
    assert (done.returncode, "is no report of check" in done.stderr) == (2, True)
    assert {name: (tmp_path / name).read_bytes() for name in names} == kept
    assert not (tmp_path / "not-there").exists()
    (tmp_path / "empty").touch()
    check_output_file(str(tmp_path / "empty"), [str(job)])


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif", "junit"])
def test_a_report_of_every_form_is_known_again(form: str, tmp_path: Path) -> None:
    from vaceprep.checks.report import summarise
    from vaceprep.report.formats import is_report, pieces
    from vaceprep.report.text import Style

    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video at all")
    for files in ([], list(vaceprep.check(bad).files)):
        text = "".join(pieces(form, files, summarise(files), Style()))  # type: ignore[arg-type]
        (tmp_path / "report").write_text(text)
        assert is_report(str(tmp_path / "report"))


# --- a cluster that goes away -----------------------------------------------------------------

GONE = """
import sys, threading, time
import distributed
from vaceprep.cli.main import run
cluster = distributed.LocalCluster(
    n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
)
closed = threading.Event()
real = distributed.Client.submit
def submit(self, *arguments, **named):
    if not closed.is_set():
        closed.set()
        cluster.close()
    return real(self, *arguments, **named)
distributed.Client.submit = submit
code = run(["batch", *sys.argv[1:], "--scheduler", cluster.scheduler_address])
print("exit", code)
sys.stdout.flush()
import os
os._exit(0)
"""


@pytest.mark.long
def test_a_scheduler_that_goes_away_is_a_sentence(tmp_path: Path, clip: Path) -> None:
    pytest.importorskip("distributed")
    for number in range(3):
        shutil.copy(clip, tmp_path / f"{number}.mp4")
    done = subprocess.run(
        [sys.executable, "-c", GONE, ".", "-o", "r.jsonl"],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert "exit 1" in done.stdout, done
    assert "Traceback" not in done.stderr


def test_the_form_of_results_is_the_one_that_is_known() -> None:
    assert line().encode().startswith(BEGIN)
    assert JSON_VERSION == 1
