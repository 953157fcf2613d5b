"""The parent survives what its workers do, and says which input it was."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.fuzz import crew, trace
from tests.fuzz.worker import READY

WORKER = """
import json, os, signal, sys, time
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    number = int(line)
    if number == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    if number == 5:
        time.sleep(600)
    answer = {"problem": None, "detail": "", "codes": [], "seconds": 0.1, "megabytes": 50}
    print(json.dumps({**answer, "number": number, "fine": False}), flush=True)
"""


def test_deaths_and_hangs_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tests" / "fuzz"
    package.mkdir(parents=True)
    # Else a folder of the same name that is a package goes first.
    (package / "__init__.py").touch()
    (package.parent / "__init__.py").touch()
    (package / "worker.py").write_text(WORKER, "utf-8")
    monkeypatch.setattr(crew, "ROOT", tmp_path)
    monkeypatch.setattr(crew, "LIFE", 4)
    team = crew.Crew(1, "mutants", 2, tmp_path)
    answers = list(team.run(iter([(number, 2.0) for number in range(20)])))
    assert sorted(answer.number for answer in answers) == list(range(20))
    problems = {answer.number: answer.problem for answer in answers if answer.problem}
    assert problems == {3: "died", 5: "hang"}
    assert "SIGSEGV" in next(a.detail for a in answers if a.number == 3)


def test_what_a_trace_tells(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lines = f"""
        1 openat(AT_FDCWD, "/etc/before", O_RDONLY) = 3
        1 openat(AT_FDCWD, "{READY}", O_RDONLY) = -1 ENOENT
        1 openat(AT_FDCWD, "/folder/input-7.mp4", O_RDONLY|O_NONBLOCK) = 3
        1 openat(AT_FDCWD, "/proc/self/maps", O_RDONLY) = 4
        1 openat(AT_FDCWD, "other.mp4", O_RDONLY) = -1 ENOENT (No such file or directory)
        1 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 4
        1 openat(AT_FDCWD, "/folder/input-8.mp4", O_RDONLY|O_NONBLOCK) = 3
        1 openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 4
    """
    log.write_text(textwrap.dedent(lines).strip(), "utf-8")
    reached = [(r.number, r.connects) for r in trace.outside(log, Path("/folder"))]
    assert reached == [(7, False), (7, True), (8, False)]
