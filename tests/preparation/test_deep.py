"""``prepare --deep`` decodes every frame of what it only copies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import vaceprep
from tests.paths import ROOT
from tests.preparation import numbered
from vaceprep.cli.main import run
from vaceprep.preparation.report import Prepared

DAMAGED = ROOT / "fixtures" / "video" / "damaged.mp4"


def made(path: Path, folder: Path, *, deep: bool) -> Prepared:
    return vaceprep.prepare(path, folder / "out", deep=deep).files[0]


def test_a_copy_with_a_frame_that_does_not_decode_fails_only_with_deep(tmp_path: Path) -> None:
    entry = made(DAMAGED, tmp_path, deep=False)
    assert entry.status == "unchanged"
    deep = made(DAMAGED, tmp_path / "deep", deep=True)
    assert deep.status == "failed"
    assert deep.output is None
    assert [f.code for f in deep.remaining] == ["VP106"]
    assert not (tmp_path / "deep" / "out").exists()


def test_what_was_made_before_is_decoded_as_well(tmp_path: Path) -> None:
    first = made(DAMAGED, tmp_path, deep=False)
    again = made(DAMAGED, tmp_path, deep=True)
    assert (first.status, again.status) == ("unchanged", "failed")
    assert [f.code for f in again.remaining] == ["VP106"]


def test_rewrapped_packets_are_decoded(tmp_path: Path) -> None:
    source = numbered.write(tmp_path / "clip.mkv", frames=20, options={"g": "5", "bf": "0"})
    good = made(source, tmp_path / "good", deep=True)
    assert good.status == "prepared", good.error
    assert good.lossless
    data = bytearray(source.read_bytes())
    # Inside the slice of a frame near the end.
    place = len(data) * 3 // 4
    data[place : place + 40] = bytes(40)
    source.write_bytes(data)
    bad = made(source, tmp_path / "bad", deep=True)
    assert bad.status == "failed"
    assert "VP106" in [f.code for f in bad.remaining]


def test_the_flag_is_the_command_line_s_too(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["prepare", str(DAMAGED), "-o", str(tmp_path / "out"), "--format", "json", "--deep"]
    assert run(arguments) == 1
    (entry,) = json.loads(capfd.readouterr().out)["files"]
    assert (entry["status"], entry["output"]) == ("failed", None)
    assert [f["code"] for f in entry["remaining"]] == ["VP106"]
    assert "prepare --salvage" in entry["remaining"][0]["fix"]
