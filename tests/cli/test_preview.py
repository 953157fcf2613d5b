"""``vaceprep preview`` as a person runs it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests.paths import ROOT
from vaceprep.cli.main import run
from vaceprep.facts import VideoFacts
from vaceprep.model_view import CAVEAT
from vaceprep.model_view.frames import view

FIXTURES = ROOT / "fixtures" / "video"
DEMO = ROOT / "vaceprep" / "sandbox" / "demo"
CORPUS = ROOT.parent / "shared" / "corpus" / "vace"


def preview(*arguments: str | Path) -> int:
    return run(["preview", *map(str, arguments)])


def numbers(path: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert preview("--format", "json", path) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["version", "files"]
    assert found["version"] == 1
    files: list[dict[str, Any]] = found["files"]
    keys = ["source", "role", "used", "width", "height", "scaled", "crop"]
    assert all(list(file) == keys for file in files)
    return files


@pytest.mark.parametrize("name", ["ok-5s-16fps.mp4", "rotated-90.mp4", "ok-one-frame.mp4"])
def test_the_numbers_of_a_video(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    facts = vaceprep.probe(FIXTURES / name)
    assert isinstance(facts, VideoFacts)
    seen = view(facts.width, facts.height, facts.frames or 1, facts.fps or Fraction(16))
    (file,) = numbers(FIXTURES / name, capsys)
    assert file == {
        "source": str(FIXTURES / name),
        "role": "video_url",
        "used": list(seen.used),
        "width": seen.width,
        "height": seen.height,
        "scaled": list(seen.scaled),
        "crop": list(seen.crop),
    }


def test_the_numbers_of_a_job_and_what_the_check_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert preview("--format", "json", DEMO / "video_edit.vace.yaml") == 0
    out, err = capsys.readouterr()
    assert [file["role"] for file in json.loads(out)["files"]] == ["video_url", "mask_image_url"]
    assert "error: mask_image_url: the mask is 640x360 px" in err


def test_three_frames_of_the_published_sample_are_skipped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sample = CORPUS / "videos" / "test.mp4"
    if not sample.exists():
        pytest.skip("shared/corpus/vace is not here")
    (file,) = numbers(sample, capsys)
    assert len(file["used"]) == 77
    # The service uses 5 s of it: 80 of its 81 frames.
    assert set(range(80)) - set(file["used"]) == {22, 45, 68}


def test_the_text_names_what_it_is_after(capsys: pytest.CaptureFixture[str]) -> None:
    assert preview(FIXTURES / "ok-one-frame.mp4") == 0
    assert capsys.readouterr().out.endswith(f"{CAVEAT}\n")


@pytest.mark.parametrize(
    "content",
    ["", "function: video_edit", "function: nothing\nvideo_url: x.mp4", "- 1", "\0", "a: &b [*b]"],
)
def test_a_job_without_anything_to_show_is_one_sentence(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(content)
    assert preview(path) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert str(path) in err


def test_no_video_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for source in (
        "none.mp4",
        FIXTURES / "text.mp4",
        DEMO / "hills.png",
        "https://a.example/b.mp4",
    ):
        assert preview(source) == 1
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
