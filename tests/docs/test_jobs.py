"""Each job that the documents show is checked, and has a body to send."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

import vaceprep
from tests.docs.blocks import FIXTURES, Block, blocks
from tests.media import encode
from vaceprep.cli.main import run
from vaceprep.contract import FUNCTIONS

JOBS = blocks("jobs.md", "job")
MEDIA = {
    "clip.mp4": "video/ok-5s-16fps.mp4",
    "first.mp4": "video/ok-first-clip-3s.mp4",
    "last.jpg": "image/ok.jpg",
    "mask.mp4": "mask/ok.mp4",
    "cat.jpg": "image/ok.jpg",
    "quay.png": "image/ok-360x360.png",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("jobs")
    for name, fixture in MEDIA.items():
        shutil.copy(FIXTURES / fixture, made / name)
    encode(made / "short.mp4", rate=16, frames=32, size=(360, 360))
    for name, side in (("mask.png", 360), ("small.png", 300)):
        mask = Image.new("L", (side, side))
        mask.paste(255, (10, 10, 90, 90))
        mask.save(made / name)
    return made


@pytest.mark.parametrize("block", JOBS, ids=lambda block: str(block.about))
def test_a_job_gives_what_the_page_says(
    block: Block, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, _, expected = block.about.partition(" finds: ")
    path = folder / name
    path.write_text(block.text, encoding="utf-8")
    files = vaceprep.check(path).files
    grave = {f.code for file in files for f in file.findings if f.severity.value != "advice"}
    assert grave == set(expected.split())
    if not expected and not name.endswith(".jsonl"):
        assert run(["request", "--placeholder-urls", str(path)]) == 0
        assert json.loads(capsys.readouterr().out)["model"] == "wan2.1-vace-plus"


def test_every_function_is_shown() -> None:
    shown = [line for block in JOBS for line in block.text.splitlines() if "function" in line]
    for function in FUNCTIONS:
        assert any(function in line for line in shown)
