"""Real videos after ``--fit-model``: the model takes every frame, and each is the right one."""

from __future__ import annotations

import json
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
from PIL import Image

import vaceprep
from tests.plans.test_fit_model import taken_whole
from tests.preparation.jobmedia import EDIT, EXTEND, good, job, mask, numbers, prepared, sized
from vaceprep.cli.main import run
from vaceprep.facts import VideoFacts
from vaceprep.plans.model import Options


def expected(rate: Fraction, frames: int, fps: Fraction) -> list[int]:
    """The number of the source's frame that is shown in the middle of each of the output's."""
    return [ceil((n + Fraction(1, 2)) * rate / fps) - 1 for n in range(frames)]


@pytest.mark.parametrize(
    ("size", "frames", "rate", "kept", "out"),
    [
        ((372, 370), 32, Fraction(16), (368, 368), 33),
        *(
            pytest.param(*case, marks=pytest.mark.long)
            for case in (
                ((640, 360), 150, Fraction(30), (640, 368), 81),
                ((360, 640), 40, Fraction(24), (368, 640), 29),
                ((854, 480), 48, Fraction(24000, 1001), (848, 480), 33),
                ((480, 854), 24, Fraction(12), (480, 848), 33),
                ((500, 500), 80, Fraction(16), (496, 496), 81),
                ((720, 404), 30, Fraction(30000, 1001), (720, 400), 17),
                ((1920, 1080), 20, Fraction(25), (1280, 720), 13),
                ((1080, 1920), 20, Fraction(25), (720, 1280), 13),
                ((400, 1600), 10, Fraction(10), (400, 1600), 17),
                ((1001, 563), 18, Fraction(18), (992, 560), 17),
            )
        ),
    ],
)
def test_the_model_takes_every_frame_and_pixel_of_what_comes_out(
    size: tuple[int, int],
    frames: int,
    rate: Fraction,
    kept: tuple[int, int],
    out: int,
    tmp_path: Path,
) -> None:
    odd = bool(size[0] % 2 or size[1] % 2)
    pixels = "yuv444p" if odd else "yuv420p"
    source = sized(tmp_path / "clip.mp4", size, frames=frames, rate=rate, pixel_format=pixels)
    entry = vaceprep.prepare(source, tmp_path / "out", fit_model=True).files[0]
    assert entry.status == "prepared", (entry.error, entry.remaining)
    assert entry.output is not None
    facts = entry.after
    assert isinstance(facts, VideoFacts)
    assert taken_whole(facts)
    assert (facts.width, facts.height, facts.frames) == (*kept, out)
    assert (facts.duration, facts.container) == (frames / rate, "mp4")
    assert facts.fps is not None
    assert facts.fps == out / (frames / rate)
    assert numbers(entry.output) == expected(rate, out, facts.fps)
    again = vaceprep.prepare(entry.output, tmp_path / "again", fit_model=True).files[0]
    assert again.status == "unchanged"


def test_a_window_is_fitted_and_what_cannot_be_is_said(tmp_path: Path) -> None:
    source = sized(tmp_path / "clip.mp4", (368, 368), frames=40, rate=20)
    entry = vaceprep.prepare(source, tmp_path / "a", start="1/2", duration=1, fit_model=True)
    facts = entry.files[0].after
    assert isinstance(facts, VideoFacts)
    assert (facts.frames, facts.fps) == (17, Fraction(17))
    shown = numbers(entry.files[0].output or "")
    assert shown == [n + 10 for n in expected(Fraction(20), 17, Fraction(17))]
    wide = sized(tmp_path / "wide.mp4", (2000, 362), frames=2)
    failed = vaceprep.prepare(wide, tmp_path / "b", fit_model=True, dry_run=True).files[0]
    assert failed.status == "failed"
    assert (failed.error or "").startswith("--fit-model is impossible: of 2000x362 pixels")


FIT = Options(fit_model=True)


def test_a_mask_image_and_its_frame_follow_the_video(tmp_path: Path) -> None:
    size = (400, 380)
    sized(tmp_path / "clip.mp4", size, frames=60, rate=30)
    mask(tmp_path / "mask.png", size, (20, 6, 60, 46), (100, 0, 140, 6))
    media = {"video_url": "clip.mp4", "mask_image_url": "mask.png"}
    path = job(tmp_path, **EDIT, **media, mask_frame_id=11)
    entries = prepared(path, tmp_path / "out", FIT)
    after = good(entries)["mask_frame_id"]
    shown = numbers(tmp_path / "out/clip.mp4")
    assert shown == expected(Fraction(30), 33, Fraction(33, 2))
    # Frame 11 has no place of its own: the mask is on the frame at its time.
    assert 10 not in shown
    assert shown[after - 1] == 11
    assert f"mask_frame_id is now {after} (it was 11): the picture at its time" in [
        edit.detail for edit in entries[0].plan
    ]
    with Image.open(tmp_path / "out/mask.png") as image:
        # Six lines at the top are cropped of the video, and so of the mask.
        assert (image.size, image.getbbox()) == ((400, 368), (20, 0, 60, 40))


def test_a_mask_video_has_the_frames_and_the_crop_of_its_video(tmp_path: Path) -> None:
    size = (400, 380)
    sized(tmp_path / "clip.mp4", size, frames=30, rate=20)
    sized(tmp_path / "mask.mp4", size, frames=30, rate=20)
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_video_url="mask.mp4")
    entries = prepared(path, tmp_path / "out", FIT)
    for entry in entries:
        assert entry.ok, (entry.source, entry.error, entry.remaining)
    video, moving = entries[1].after, entries[2].after
    assert isinstance(video, VideoFacts)
    assert isinstance(moving, VideoFacts)
    assert taken_whole(moving)
    same = [(f.width, f.height, f.frames, f.fps) for f in (video, moving)]
    assert same == [(400, 368, 25, Fraction(50, 3))] * 2
    assert numbers(tmp_path / "out/mask.mp4") == numbers(tmp_path / "out/clip.mp4")


def test_a_guide_is_cropped_as_the_clip_that_it_follows(tmp_path: Path) -> None:
    size = (400, 380)
    for name in ("first.mp4", "guide.mp4"):
        sized(tmp_path / name, size, frames=16, rate=16)
    clips = {"first_clip_url": "first.mp4", "video_url": "guide.mp4"}
    path = job(tmp_path, **EXTEND, **clips, control_condition="depth")
    entries = prepared(path, tmp_path / "out", FIT)
    good(entries)
    facts = [e.after for e in entries if isinstance(e.after, VideoFacts)]
    same = [(f.width, f.height, f.frames, f.fps) for f in facts]
    assert same == [(400, 368, 17, Fraction(17))] * 2
    plans = {e.role: [edit.edit for edit in e.plan] for e in entries}
    assert "crop" in plans["first_clip_url"]
    assert "crop" in plans["video_url"]
    assert "pad" not in plans["video_url"]


def test_run_prepares_what_the_model_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sized(tmp_path / "clip.mp4", (368, 368), frames=16)
    mask(tmp_path / "mask.png", (368, 368))
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_image_url="mask.png")
    for option, fits in (([], False), (["--fit-model"], True)):
        assert run(["run", str(path), "--dry-run", "--no-remote", "--format", "json", *option]) == 0
        [entry] = json.loads(capsys.readouterr().out)["jobs"]
        reasons = [r for one in entry["prepared"] for e in one["plan"] for r in e["reason"]]
        assert ("--fit-model" in reasons) is fits
