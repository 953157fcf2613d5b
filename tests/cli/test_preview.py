"""``vaceprep preview`` as a person runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

import vaceprep
from tests import started
from tests.media import encode
from tests.paths import ROOT
from tests.preparation import numbered
from tests.preparation.jobmedia import sized
from vaceprep.cli.main import run
from vaceprep.contract import MODEL_FPS
from vaceprep.facts import VideoFacts
from vaceprep.model_view import CAVEAT
from vaceprep.model_view.frames import view
from vaceprep.preparation.video.frame import as_image

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


def test_the_film_stands_beside_the_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "clip.mp4"
    sized(clip, numbered.SIZE, frames=20, rate=Fraction(24))
    assert preview(clip) == 0
    target = tmp_path / "clip-preview.mp4"
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [CAVEAT, str(target)]
    assert sorted(os.listdir(tmp_path)) == ["clip-preview.mp4", "clip.mp4"]
    with av.open(str(target)) as film:
        assert CAVEAT in film.metadata["comment"]
        pictures = [as_image(f.reformat(format="rgb24"), "RGB") for f in film.decode(video=0)]
        assert film.streams.video[0].average_rate == MODEL_FPS
    (file,) = numbers(clip, capsys)
    left = (pictures[0].width - file["width"]) // 2
    box = (left, 0, left + file["width"], file["height"])
    found = [numbered.number_of(p.crop(box).resize(numbered.SIZE)) for p in pictures]
    assert found == file["used"]


def test_an_existing_file_and_the_source_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, target = tmp_path / "clip.mp4", tmp_path / "a.mp4"
    shutil.copy(FIXTURES / "ok-one-frame.mp4", clip)
    target.write_bytes(b"before")
    assert preview(clip, "-o", target) == 1
    assert "exists already; --force writes over it" in capsys.readouterr().err
    assert target.read_bytes() == b"before"
    assert preview(clip, "-o", target, "--force") == 0
    assert target.read_bytes() != b"before"
    job = tmp_path / "job.json"
    job.write_text('{"function": "video_edit", "video_url": "clip.mp4"}')
    before = clip.read_bytes()
    assert preview(job, "-o", clip, "--force") == 1
    assert clip.read_bytes() == before
    assert preview(clip, "-o", tmp_path / "a.png") == 2
    assert sorted(os.listdir(tmp_path)) == ["a.mp4", "clip.mp4", "job.json"]


@pytest.mark.parametrize(
    "name", ["ok-one-frame.mp4", "variable-rate.mp4", "fps-15.mp4", "size-320x240.mp4"]
)
def test_a_video_that_is_refused_is_shown_all_the_same(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert preview(FIXTURES / name, "-o", tmp_path / "a.mp4") == 0
    said = capsys.readouterr().err
    assert (name.startswith("ok-")) or "video_url" in said
    assert isinstance(vaceprep.probe(tmp_path / "a.mp4"), VideoFacts)


def test_a_thousand_frames_a_second(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "fast.mp4"
    encode(clip, rate=1000, frames=300)
    (file,) = numbers(clip, capsys)
    assert len(file["used"]) == 297
    assert preview(clip) == 0


@pytest.mark.parametrize("name", ["still.mp4", "audio-only.mp4", "encrypted.mp4", "damaged.mp4"])
def test_nothing_is_left_where_nothing_is_shown(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = preview(FIXTURES / name, "-o", tmp_path / "a.mp4")
    assert os.listdir(tmp_path) == (["a.mp4"] if code == 0 else [])
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    # HDR takes seconds, so that the signal comes in the midst of the work.
    shutil.copy(FIXTURES / "hlg.mp4", tmp_path / "clip.mp4")
    process = started.start(["preview", "clip.mp4"], tmp_path)
    deadline = time.monotonic() + 60
    while len(os.listdir(tmp_path)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert os.listdir(tmp_path) == ["clip.mp4"]


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
