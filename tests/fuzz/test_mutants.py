"""Broken fixtures through the whole product: a few each time, many in the long part."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import trace
from tests.fuzz.mutate import fix_checksums, mutant, truncation
from tests.fuzz.seeds import FIXTURES, seeds
from tests.paths import ROOT

#: Seconds of the guided fuzzing; as many as one has.
SECONDS = os.environ.get("FUZZ_SECONDS", "60")


def fuzz(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run the command that prints the figures; they, as it writes them."""
    figures = folder / "figures.json"
    kept = ["--keep", str(folder / "kept"), "--json", str(figures)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *arguments, *kept],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert figures.exists(), done.stderr[-2000:]
    found: dict[str, Any] = json.loads(figures.read_text("utf-8"))
    assert (done.returncode == 0) == found["ok"]
    return found


def assert_held(found: dict[str, Any]) -> None:
    shown = [(o["problem"], o["number"], o["fixture"], o["detail"]) for o in found["offences"]]
    assert found["ok"], shown[:5]
    if trace.tracer():
        assert found["traced"] == found["inputs"] + found["truncations"]
        assert (found["reads_outside"], found["connections"]) == (0, 0)


def test_the_same_number_gives_the_same_bytes() -> None:
    assert [mutant(7, n) for n in range(30)] == [mutant(7, n) for n in range(30)]
    assert mutant(7, 1).data != mutant(8, 1).data
    assert truncation(7, 3) == truncation(7, 3)
    assert len({mutant(7, n).data for n in range(200)}) > 190


def test_every_fixture_is_a_seed() -> None:
    listed = {entry["file"] for entry in json.loads((FIXTURES / "expected.json").read_text())}
    assert listed - {seed.name for seed in seeds()} == {"image/empty.png", "video/empty.mp4"}
    drawn = {mutant(1, number).fixture for number in range(4000)}
    assert drawn == {seed.name for seed in seeds()}


def test_checksums_are_mended() -> None:
    whole = (FIXTURES / "image/alpha.png").read_bytes()
    at = whole.index(b"IHDR") + 8 + 17 - 8
    hurt = bytearray(whole)
    hurt[at] ^= 255
    assert fix_checksums(bytes(hurt)) == whole
    assert fix_checksums(whole[:50])[:8] == whole[:8]


def test_a_few_broken_files(tmp_path: Path) -> None:
    found = fuzz(tmp_path, "--inputs", "15", "--truncations", "10", "--seed", "6", "--jobs", "1")
    assert (found["inputs"], found["truncations"]) == (15, 10)
    assert_held(found)


@pytest.mark.long
def test_many_broken_files(tmp_path: Path) -> None:
    found = fuzz(tmp_path, "--inputs", "2000", "--truncations", "600", "--seed", "60")
    assert_held(found)


@pytest.mark.long
@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="needs atheris: pip install -e '.[fuzz]'"
)
def test_guided_fuzzing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz.guided", "--seconds", SECONDS]
    done = subprocess.run(
        [*command, "--keep", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done " in done.stderr
