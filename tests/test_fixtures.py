"""The fixtures: whole, small, made again the same, and judged exactly as they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests.paths import ROOT
from vaceprep.rules.all import RULES

FOLDER = ROOT / "fixtures"
EXPECTED: list[dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text("utf-8"))
BY_FILE = {entry["file"]: entry for entry in EXPECTED}

#: Too large to keep; padded in a temporary folder by the tests of those rules.
PADDED = {"video-size", "image-size"}
#: One of each way to make a file that is quickly made: a container, a codec, a format, a track.
QUICK = (
    *(f"video/{n}" for n in ("avi.avi", "av1.mp4", "mpegts.ts", "quicktime.mov", "threegp.3gp")),
    *(f"video/{n}" for n in ("animated.webp", "matroska-b-frames.mkv", "webm.webm")),
    *(f"video/{n}.mp4" for n in ("10-bit", "location", "pixel-aspect", "truncated", "with-audio")),
    *(f"image/{n}" for n in ("avif.avif", "heic.heic", "jpeg2000.jp2", "jpeg-xl.jxl", "svg.svg")),
    *(f"image/{n}" for n in ("adobe-rgb.jpg", "ok.bmp", "ok.tiff", "ok.webp", "raw.dng")),
    *(f"mask/{n}" for n in ("lossy.jpg", "ok.bmp", "ok.png", "grey.mp4")),
)
#: The mask rules that one file alone decides.
LONE_MASK_RULES = {"mask-not-binary", "mask-empty", "mask-full"}


def fired(entry: dict[str, Any], *, deep: bool = False) -> list[str]:
    report = vaceprep.check(FOLDER / entry["file"], entry["role"], deep=deep)
    # What the model makes of a file (VP6xx) has tests and clips of its own.
    return sorted(f.rule for f in report.files[0].findings if not f.code.startswith("VP6"))


def facts(path: Path, role: Any) -> dict[str, Any] | str:
    """What was measured, save the sizes in bytes; the error's kind where nothing was."""
    try:
        measured = vaceprep.probe(path, role).to_dict()
    except vaceprep.ProbeError as error:
        return type(error).__name__
    # Where a file was cut off is told in bytes, too.
    measured["truncation"] = (
        measured["truncation"] is not None if "truncation" in measured else None
    )
    return {name: value for name, value in measured.items() if name != "bytes"}


@pytest.mark.parametrize("name", BY_FILE)
def test_each_fixture_fires_exactly_what_it_says(name: str) -> None:
    entry = BY_FILE[name]
    assert fired(entry) == sorted(entry["fires"])


@pytest.mark.parametrize("name", BY_FILE)
def test_deep_check_adds_only_what_it_says(name: str) -> None:
    entry = BY_FILE[name]
    assert fired(entry, deep=True) == sorted(entry.get("deep", entry["fires"]))


def test_every_rule_that_one_file_can_break_has_a_fixture() -> None:
    wanted = {rule.slug for rule in RULES if rule.code.startswith(("VP1", "VP2"))}
    wanted |= LONE_MASK_RULES
    spoken = {slug for entry in EXPECTED for slug in [*entry["fires"], *entry.get("deep", [])]}
    assert spoken == wanted - PADDED


def test_list_and_folders_agree() -> None:
    kinds = {name.split("/")[0] for name in BY_FILE}
    there = {
        path.relative_to(FOLDER).as_posix() for kind in kinds for path in (FOLDER / kind).iterdir()
    }
    assert len(BY_FILE) == len(EXPECTED)
    assert there == set(BY_FILE)


def test_all_together_stay_small() -> None:
    assert sum((FOLDER / name).stat().st_size for name in BY_FILE) < 8_000_000


@pytest.mark.parametrize(
    "names", [QUICK, pytest.param((*BY_FILE,), marks=pytest.mark.long)], ids=["quick", "all"]
)
def test_made_again_they_are_the_same(names: tuple[str, ...], tmp_path: Path) -> None:
    only = [f"--only={name}" for name in names]
    subprocess.run([sys.executable, FOLDER / "make.py", tmp_path, *only], check=True)
    for name in ("expected.json", "README.md"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name
    made = {f"{path.parent.name}/{path.name}" for path in tmp_path.glob("*/*")}
    assert made == set(names)
    for name in names:
        old, new = FOLDER / name, tmp_path / name
        # Another version of an encoder may choose other bytes, but not other facts.
        if old.read_bytes() != new.read_bytes():
            assert facts(new, BY_FILE[name]["role"]) == facts(old, BY_FILE[name]["role"]), name
