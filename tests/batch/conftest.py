"""A folder of small media, and ``vaceprep batch`` on it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT
from vaceprep.cli.main import run

FIXTURES = ROOT / "fixtures"
MEDIA = {
    "a.mp4": "video/ok-5s-16fps.mp4",
    "b.mp4": "video/duration-81-frames.mp4",
    "deep/c.jpg": "image/ok.jpg",
    "deep/same.jpg": "image/ok.jpg",
}
Batch = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / ".state"))
    for name, fixture in MEDIA.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(FIXTURES / fixture, path)
    return tmp_path


@pytest.fixture
def batch(here: Path, capfd: pytest.CaptureFixture[str]) -> Batch:
    def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(["batch", *arguments])
        said = capfd.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def sources(path: Path) -> list[str]:
    return [line["source"] for line in lines(path)]
