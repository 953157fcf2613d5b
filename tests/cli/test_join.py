"""``vaceprep join``: which results it joins, and what it says."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from tests import beeps
from tests.parts.counted import numbers_of, write
from vaceprep.cli.main import run
from vaceprep.parts.pieces import PART, PartRecord


def recorded(folder: Path, source: Path, *, cut: bool = True) -> list[str]:
    """Two results with sidecars, the later one first."""
    found = []
    for index in (2, 1):
        start = index - 1
        path = write(folder / f"part-{index}.mp4", range(30 * start, 30 * start + 31))
        record = PartRecord(
            str(source),
            index,
            2,
            Fraction(start),
            Fraction(start + 1),
            Fraction(0),
            cut and index > 1,
            (Fraction(0), Fraction(2)),
        )
        sidecar = {"version": 1, "file": path.name, PART: record.to_dict()}
        path.with_suffix(".json").write_text(json.dumps(sidecar))
        found.append(str(path))
    return found


def test_sidecars_give_the_order_and_the_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = beeps.write(tmp_path / "clip.mp4", seconds=2, beeps=(0.5, 1.5))
    results = recorded(tmp_path, source)
    target = tmp_path / "new" / "whole.mp4"
    assert run(["join", *results, "-o", str(target)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{target}\n"
    assert "the packets of the results are copied" in printed.err
    assert "the sound of clip.mp4 is copied" in printed.err
    assert numbers_of(target) == list(range(60))
    assert beeps.heard(target) == pytest.approx([0.5, 1.5], abs=1 / 30)
    assert run(["join", *results, "-o", str(target)]) == 1
    assert "--force writes over it" in capsys.readouterr().err


def test_json_says_what_was_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = recorded(tmp_path, tmp_path / "gone.mp4", cut=False)
    assert run(["join", *results, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["output"] == str(tmp_path / "joined.mp4")
    assert (found["version"], found["copied"], found["frames"]) == (1, False, 60)
    (seam,) = found["seams"]
    assert seam["at"] == 1
    assert seam["difference"] < 1
    assert any("gone.mp4 is not there, so its sound is left out" in n for n in found["notes"])


def test_results_without_sidecars_follow_one_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write(tmp_path / "one.mp4", range(20))
    other = write(tmp_path / "other.mp4", range(50, 80))
    target = tmp_path / "o.mp4"
    assert run(["join", str(one), str(other), "-o", str(target)]) == 0
    assert "one.mp4 has no sidecar that records its part" in capsys.readouterr().err
    assert numbers_of(target) == [*range(20), *range(50, 80)]


def test_a_missing_part_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = recorded(tmp_path, tmp_path / "clip.mp4")
    assert run(["join", results[0]]) == 1
    assert "of 2 parts of clip.mp4, results are missing: 1" in capsys.readouterr().err
    assert not (tmp_path / "joined.mp4").exists()


def test_wrong_usage_and_what_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["join"]) == 2
    one = str(write(tmp_path / "one.mp4", range(3)))
    assert run(["join", one, "-o", str(tmp_path / "o.mov")]) == 2
    assert "does not end in .mp4" in capsys.readouterr().err
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all")
    assert run(["join", one, str(broken)]) == 1
    assert "broken.mp4 cannot be read" in capsys.readouterr().err
    half = tmp_path / "half.mp4"
    half.write_bytes(Path(one).read_bytes()[:-100])
    assert run(["join", one, str(half), "-o", str(tmp_path / "p.mp4")]) == 1
    assert run(["join", one, str(tmp_path / "missing.mp4")]) == 1
    assert run(["join", one, "-o", one, "--force"]) == 1
    assert "never changed" in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["broken.mp4", "half.mp4", "one.mp4"]
