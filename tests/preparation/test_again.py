"""A second ``prepare`` of a video: from its record, without reading a packet."""

from __future__ import annotations

import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests.paths import ROOT

VIDEO = ROOT / "fixtures" / "video"
#: What is made from each: packets copied, frames encoded, part of it kept, nothing done.
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("quicktime.mov", {}),
    ("hevc.mp4", {}),
    ("ok-5s-16fps.mp4", {"start": 1, "duration": Fraction(3, 2)}),
    ("ok-5s-16fps.mp4", {"fit_720p": True}),
    ("ok-5s-16fps.mp4", {}),
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_second_report_is_the_first_one(
    name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    first = vaceprep.prepare(VIDEO / name, tmp_path / "out", **options).files[0]
    again = vaceprep.prepare(VIDEO / name, tmp_path / "out", **options).files[0]
    assert first.ok
    assert first.window is not None
    assert again.to_dict() == {**first.to_dict(), "reused": True}
    assert again.window == first.window


def test_nothing_is_read_by_ffmpeg(tmp_path: Path) -> None:
    source, out = VIDEO / "quicktime.mov", tmp_path / "out"
    assert vaceprep.prepare(source, out).ok
    code = (
        "import sys, vaceprep\n"
        "entry = vaceprep.prepare(*sys.argv[1:]).files[0]\n"
        "assert entry.reused, entry\n"
        "assert not {m.partition('.')[0] for m in sys.modules} & {'av', 'PIL'}\n"
    )
    subprocess.run([sys.executable, "-c", code, str(source), str(out)], check=True, timeout=60)


def test_other_options_make_it_anew_at_the_same_path(tmp_path: Path) -> None:
    source, out = VIDEO / "quicktime.mov", tmp_path / "one.mp4"
    assert vaceprep.prepare(source, out).ok
    cut = vaceprep.prepare(source, out, duration=2, force=True).files[0]
    assert (cut.ok, cut.reused, cut.output) == (True, False, str(out))
    kept = vaceprep.prepare(source, out).files[0]
    assert kept.status == "failed"
    assert "exists already" in (kept.error or "")


def test_names_are_given_out_once(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(VIDEO / "quicktime.mov", tmp_path / folder / "clip.mov")
    sources = [tmp_path / folder / "clip.mov" for folder in ("a", "b")]
    made = [vaceprep.prepare(sources, tmp_path / "out").files for _ in range(2)]
    assert [e.output for e in made[0]] == [e.output for e in made[1]]
    assert [e.reused for e in made[1]] == [True, True]
