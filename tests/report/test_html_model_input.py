"""What the model takes of a job, on the page of ``preview`` and in a report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.preparation.jobmedia import job, mask, still
from vaceprep.cli.main import run
from vaceprep.model_view import CAVEAT

SIZE = (384, 384)


@pytest.fixture
def edit(tmp_path: Path) -> Path:
    """An edit of a clip of 18 frames, of which the model skips one."""
    still(tmp_path / "clip.mp4", Image.new("RGB", SIZE, "navy"), 18)
    mask(tmp_path / "mask.png", (192, 192))
    values: dict[str, Any] = {"function": "video_edit", "prompt": "<b>A lake</b>"}
    return job(tmp_path, **values, video_url="clip.mp4", mask_image_url="mask.png")


def test_the_page_of_preview_needs_no_network(
    edit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "seen.html"
    assert run(["preview", str(edit), "-o", str(target)]) == 0
    text = target.read_text(encoding="utf-8")
    assert CAVEAT in text
    assert "default-src 'none'" in text
    assert 'src="data:video/mp4;base64,' in text
    assert re.search(r'<video [^>]*poster="data:image/', text)
    assert "1 skipped (" in text
    assert "VP301" in text
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)
    assert run(["preview", str(edit), "-o", str(target)]) == 1
    assert "exists already" in capsys.readouterr().err


def test_the_page_of_a_video_shows_what_is_taken(tmp_path: Path) -> None:
    still(tmp_path / "clip.mp4", Image.new("RGB", SIZE, "navy"), 18)
    assert run(["preview", str(tmp_path / "clip.mp4"), "-o", str(tmp_path / "a.html")]) == 0
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "video_url: 17 frames taken from 0 to 17, 1 skipped" in text


def test_the_report_of_a_job_shows_the_same(edit: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    run(["check", str(edit), "--report", str(target)])
    text = target.read_text(encoding="utf-8")
    assert "What the model takes" in text
    assert "video_url: 17 frames taken from 0 to 17, 1 skipped" in text
    assert CAVEAT in text
