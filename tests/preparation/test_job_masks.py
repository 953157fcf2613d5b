"""Masks follow their video: the same picture, the same frames, the same place."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

import vaceprep
from tests.preparation.jobmedia import EDIT, good, job, mask, numbers, prepared, shots, sized, still
from tests.preparation.numbered import SIZE, matrix, write
from vaceprep.facts import VideoFacts
from vaceprep.plans.frames import base_rate
from vaceprep.plans.model import Options

B_FRAMES = {"x264-params": "b-adapt=0:scenecut=0"}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))


def seconds(text: str) -> Options:
    return Options(start=Fraction(text))


# --- mask_frame_id -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "rate", "start", "before"),
    [
        (130, 25, "0", 60),
        (130, 25, "2", 60),
        (130, 25, "2.03", 51),
        (130, 25, "0.48", 13),
        (30, 10, "0", 7),
        (30, 10, "0", 30),
        (30, 12, "1", 20),
        (150, Fraction(30000, 1001), "1", 100),
    ],
)
def test_the_mask_stays_on_its_picture(
    frames: int, rate: int | Fraction, start: str, before: int, tmp_path: Path
) -> None:
    write(tmp_path / "clip.mp4", frames=frames, rate=rate)
    mask(tmp_path / "mask.png", SIZE)
    media = {"video_url": "clip.mp4", "mask_image_url": "mask.png"}
    path = job(tmp_path, **EDIT, **media, mask_frame_id=before)
    after = good(prepared(path, tmp_path / "out", seconds(start)))["mask_frame_id"]
    shown = numbers(tmp_path / "out/clip.mp4")
    assert shown[after - 1] == before - 1
    assert shown.index(before - 1) == after - 1


def test_the_mask_of_an_uneven_video_is_on_the_first_frame_that_shows_it(tmp_path: Path) -> None:
    # In ticks of 1/100 s, every other frame is late; two come so close that one has no place.
    times = [4 * i + (3 if i % 2 else 0) for i in range(80)]
    write(tmp_path / "clip.mp4", frames=80, rate=100, times=times)
    mask(tmp_path / "mask.png", SIZE)
    plain = job(tmp_path, "plain.json", **EDIT, video_url="clip.mp4", mask_image_url="mask.png")
    good(prepared(plain, tmp_path / "plain"))
    shown = numbers(tmp_path / "plain/clip.mp4")
    assert shown != list(range(80))
    kept = lost = 0
    for before in (2, 3, 21, 40, 71):
        media = {"video_url": "clip.mp4", "mask_image_url": "mask.png"}
        path = job(tmp_path, **EDIT, **media, mask_frame_id=before)
        entries = prepared(path, tmp_path / f"out{before}", dry_run=True)
        if entries[0].ok:
            told = [e.detail for e in entries[0].plan if "mask_frame_id" in e.detail]
            after = int(told[0].split()[3].strip(",")) if told else before
            assert shown.index(before - 1) == after - 1
            kept += 1
        else:
            assert before - 1 not in shown
            assert "which has no place at" in str(entries[0].error)
            lost += 1
    assert kept
    assert lost


def test_a_fixed_mask_needs_no_frame(tmp_path: Path) -> None:
    write(tmp_path / "clip.mp4", frames=75, rate=25)
    mask(tmp_path / "mask.png", SIZE)
    media = {"video_url": "clip.mp4", "mask_image_url": "mask.png"}
    asked: list[dict[str, Any]] = [{}, {"mask_frame_id": 20}]
    for given in asked:
        path = job(tmp_path, **EDIT, **media, mask_type="fixed", **given)
        after = good(prepared(path, tmp_path / f"out{len(given)}", seconds("2")))
        assert after.get("mask_frame_id", 1) == 1


def test_matroska_rounds_and_the_picture_stays(tmp_path: Path) -> None:
    write(tmp_path / "clip.mkv", frames=120, rate=30)
    mask(tmp_path / "mask.png", SIZE)
    media = {"video_url": "clip.mkv", "mask_image_url": "mask.png"}
    path = job(tmp_path, **EDIT, **media, mask_frame_id=62)
    after = good(prepared(path, tmp_path / "out", seconds("1.04")))["mask_frame_id"]
    assert numbers(tmp_path / "out/clip.mp4")[after - 1] == 61


@pytest.mark.parametrize(
    ("given", "start", "said"),
    [
        (10, "2", "mask_frame_id is 10, but only frames 51 to 175 of 200 are kept; set "),
        (190, "2", "mask_frame_id is 190, but only frames 51 to 175 of 200 are kept; set "),
        (None, "2", "the mask belongs to frame 1, but only frames 51 to 175 of 200 are kept"),
    ],
)
def test_a_lost_picture_stops_the_job(
    given: int | None, start: str, said: str, tmp_path: Path
) -> None:
    write(tmp_path / "clip.mp4", frames=200, rate=25, options={"bf": "0", "g": "25"})
    mask(tmp_path / "mask.png", SIZE)
    media: dict[str, Any] = {
        "video_url": "clip.mp4",
        "mask_image_url": "mask.png",
        "mask_frame_id": given,
    }
    path = job(tmp_path, **EDIT, **media)
    entries = prepared(path, tmp_path / "out", seconds(start))
    assert entries[0].status == "failed"
    assert str(entries[0].error).startswith(said)
    assert not (tmp_path / "out").exists()
    hint = str(entries[0].error).split("--start ")[1].split()[0]
    good(prepared(path, tmp_path / "out", seconds(hint)))


def test_the_first_frame_is_written_out(tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=200, rate=25)
    mask(tmp_path / "mask.png", SIZE)
    path = job(tmp_path, **EDIT, video_url="clip.mov", mask_image_url="mask.png")
    assert good(prepared(path, tmp_path / "out"))["mask_frame_id"] == 1


def test_a_frame_that_the_video_does_not_have(tmp_path: Path) -> None:
    write(tmp_path / "clip.mp4", frames=200, rate=25)
    mask(tmp_path / "mask.png", SIZE)
    media = {"video_url": "clip.mp4", "mask_image_url": "mask.png"}
    path = job(tmp_path, **EDIT, **media, mask_frame_id=201)
    [entry] = prepared(path, tmp_path / "out", seconds("4"))
    assert entry.error == "mask_frame_id is 201, but the video has 200 frames"


# --- mask images ---------------------------------------------------------------------------


def agreement(video: Path, picture: Path) -> float:
    """The share of pixels of which a video of a mask says the same as the mask image."""
    with Image.open(picture) as image:
        drawn = image.convert("L")
    shown = shots(video)[0].convert("L").point(lambda v: 255 if v > 127 else 0)
    assert drawn.size == shown.size
    differing = ImageChops.difference(drawn, shown).histogram()
    return 1 - sum(differing[1:]) / (drawn.width * drawn.height)


BOXES = ((4, 8, 40, 21), (90, 30, 170, 99))


@pytest.mark.parametrize(
    ("size", "options", "after", "edits"),
    [
        # Scaled up, with a mask of the same size.
        ((180, 102), Options(), (634, 360), ["scale"]),
        # An odd line is cropped, not scaled.
        ((401, 361), Options(), (400, 360), ["crop"]),
        # No scale fits: padded with black, or cropped.
        ((1202, 90), Options(), (1202, 360), ["pad"]),
        ((2600, 150), Options(), (2000, 360), ["scale", "pad"]),
        ((1200, 90), Options(shape="crop"), (2000, 360), ["scale", "crop"]),
    ],
)
def test_a_mask_image_goes_where_the_picture_goes(
    size: tuple[int, int],
    options: Options,
    after: tuple[int, int],
    edits: list[str],
    tmp_path: Path,
) -> None:
    scale = size[0] / 200
    boxes = [
        (int(a * scale), int(b * size[1] / 100), int(c * scale), int(d * size[1] / 100))
        for a, b, c, d in BOXES
    ]
    mask(tmp_path / "mask.png", size, *boxes)
    with Image.open(tmp_path / "mask.png") as image:
        still(tmp_path / "clip.mp4", image.convert("RGB"))
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_image_url="mask.png")
    entries = prepared(path, tmp_path / "out", options)
    good(entries)
    assert [e.edit for e in entries[2].plan] == edits
    assert {r for e in entries[2].plan for r in e.reason} == {"mask-dimensions"}
    out = tmp_path / "out"
    with Image.open(out / "mask.png") as image:
        assert image.size == after
        assert set(image.convert("L").tobytes()) == {0, 255}
    # Edges apart, which Lanczos draws a little otherwise.
    assert agreement(out / "clip.mp4", out / "mask.png") > 0.985


@pytest.mark.parametrize("turn", [(0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0), (-1, 0, 0, 1)])
def test_a_mask_is_drawn_on_the_picture_as_displayed(
    turn: tuple[int, int, int, int], tmp_path: Path
) -> None:
    picture = Image.new("L", (401, 363), 0)
    for box in ((0, 0, 60, 90), (398, 0, 401, 363), (0, 360, 200, 363)):
        picture.paste(255, box)
    still(tmp_path / "clip.mp4", picture.convert("RGB"))
    # What players show once the matrix turns it, which the drawing person sees.
    ways = {
        (0, 1, -1, 0): Image.Transpose.ROTATE_270,
        (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
        (0, -1, 1, 0): Image.Transpose.ROTATE_90,
        (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    }
    picture.transpose(ways[turn]).save(tmp_path / "mask.png")
    matrix(tmp_path / "clip.mp4", *turn)
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_image_url="mask.png")
    good(prepared(path, tmp_path / "out"))
    out = tmp_path / "out"
    assert agreement(out / "clip.mp4", out / "mask.png") > 0.999


def test_a_rotated_video_of_even_sides_leaves_its_mask_alone(tmp_path: Path) -> None:
    sized(tmp_path / "clip.mp4", (400, 360))
    matrix(tmp_path / "clip.mp4", 0, 1, -1, 0)
    mask(tmp_path / "mask.png", (360, 400))
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_image_url="mask.png")
    entries = prepared(path, tmp_path / "out")
    good(entries)
    assert entries[2].status == "unchanged"
    assert (tmp_path / "out/mask.png").read_bytes() == (tmp_path / "mask.png").read_bytes()


def test_a_mask_of_the_same_shape_is_scaled_to_the_new_size(tmp_path: Path) -> None:
    sized(tmp_path / "clip.mp4", (200, 100))
    mask(tmp_path / "mask.bmp", (100, 50), (10, 10, 30, 20))
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_image_url="mask.bmp")
    entries = prepared(path, tmp_path / "out")
    assert good(entries)["mask_image_url"] == "mask.png"
    assert [e.edit for e in entries[2].plan] == ["convert-format", "scale"]
    with Image.open(tmp_path / "out/mask.png") as image:
        assert image.size == (720, 360)
        assert image.getbbox() == (72, 72, 216, 144)


def test_a_mask_of_another_shape_is_refused(tmp_path: Path) -> None:
    sized(tmp_path / "clip.mov", (400, 360))
    mask(tmp_path / "mask.png", (400, 400))
    path = job(tmp_path, **EDIT, video_url="clip.mov", mask_image_url="mask.png")
    entries = prepared(path, tmp_path / "out")
    assert [e.status for e in entries] == ["failed", "prepared", "failed"]
    assert [f.code for f in entries[2].remaining] == ["VP301"]
    assert os.listdir(tmp_path / "out") == ["clip.mp4"]


def test_a_mask_that_was_drawn_on_the_prepared_video_stays(tmp_path: Path) -> None:
    sized(tmp_path / "clip.mp4", (1200, 90))
    mask(tmp_path / "mask.png", (1200, 360), (10, 10, 30, 20))
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_image_url="mask.png")
    entries = prepared(path, tmp_path / "out")
    good(entries)
    assert entries[2].status == "unchanged"


def test_a_mask_behind_a_url_cannot_follow(tmp_path: Path) -> None:
    sized(tmp_path / "clip.mp4", (200, 100))
    sized(tmp_path / "fine.mp4", (400, 360))
    url = "https://example.com/mask.png"
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_image_url=url)
    entries = prepared(path, tmp_path / "out")
    assert [e.status for e in entries] == ["failed", "unchanged"]
    assert "200x100 to 720x360" in str(entries[0].error)
    path = job(tmp_path, **EDIT, video_url="fine.mp4", mask_image_url=url)
    good(prepared(path, tmp_path / "out"))


# --- mask videos ---------------------------------------------------------------------------


def facts(path: Path) -> VideoFacts:
    found = vaceprep.probe(path)
    assert isinstance(found, VideoFacts)
    return found


@pytest.mark.parametrize(
    ("frames", "rate", "video", "masks", "options"),
    [
        # Packets copied: B-frames allow 149 of 150 frames, and the mask follows.
        (170, 30, B_FRAMES, {}, Options()),
        pytest.param(300, 30, {}, {"bf": "0"}, Options(), marks=pytest.mark.long),
        # A start between keyframes.
        (80, 25, {}, {"g": "50"}, seconds("1.3")),
        pytest.param(200, Fraction(30000, 1001), {}, {}, seconds("1.3"), marks=pytest.mark.long),
        # Frames repeated.
        (40, 10, {}, {}, Options()),
        pytest.param(40, 10, {}, {}, seconds("0.7"), marks=pytest.mark.long),
        # Shorter than the limit, and nothing to do but the mask's pixels.
        (40, 20, {}, {}, Options()),
    ],
)
def test_frame_for_frame(
    frames: int,
    rate: int | Fraction,
    video: dict[str, str],
    masks: dict[str, str],
    options: Options,
    tmp_path: Path,
) -> None:
    write(tmp_path / "clip.mov", frames=frames, rate=rate, options=video)
    write(tmp_path / "mask.mp4", frames=frames, rate=rate, options=masks)
    path = job(tmp_path, **EDIT, video_url="clip.mov", mask_video_url="mask.mp4")
    entries = prepared(path, tmp_path / "out", options)
    good(entries)
    shown = numbers(tmp_path / "out/clip.mp4")
    assert numbers(tmp_path / "out/mask.mp4") == shown
    one, other = facts(tmp_path / "out/clip.mp4"), facts(tmp_path / "out/mask.mp4")
    assert (one.fps, one.frames, one.duration) == (other.fps, other.frames, other.duration)


@pytest.mark.parametrize(
    ("one", "other"), [("mkv", "mp4"), pytest.param("mp4", "mkv", marks=pytest.mark.long)]
)
def test_frame_for_frame_though_one_clock_rounds(one: str, other: str, tmp_path: Path) -> None:
    write(tmp_path / f"clip.{one}", frames=50, rate=30)
    write(tmp_path / f"mask.{other}", frames=50, rate=30)
    path = job(tmp_path, **EDIT, video_url=f"clip.{one}", mask_video_url=f"mask.{other}")
    for start in ("0.04", "1.1", "1.12"):
        out = tmp_path / start
        good(prepared(path, out, seconds(start)))
        assert numbers(out / "clip.mp4") == numbers(out / "mask.mp4")


def test_a_mask_video_that_agrees_is_copied(tmp_path: Path) -> None:
    picture = Image.new("RGB", SIZE, "black")
    picture.paste("white", (40, 40, 200, 200))
    for name in ("clip", "mask"):
        still(tmp_path / f"{name}.mp4", picture, frames=40, rate=20)
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_video_url="mask.mp4")
    good(prepared(path, tmp_path / "first"))
    again = prepared(tmp_path / "first/job.json", tmp_path / "second")
    good(again)
    assert [e.status for e in again] == ["unchanged"] * 3


def test_a_mask_video_of_another_rate_and_size(tmp_path: Path) -> None:
    write(tmp_path / "clip.mp4", frames=50, rate=25)
    sized(tmp_path / "mask.mp4", (180, 180), frames=100, rate=50)
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_video_url="mask.mp4")
    entries = prepared(path, tmp_path / "out", seconds("0.6"))
    good(entries)
    assert numbers(tmp_path / "out/clip.mp4") == list(range(15, 50))
    # At 50 FPS two frames of the mask stand beside one of the video: either may be shown.
    shown = numbers(tmp_path / "out/mask.mp4")
    assert [n // 2 for n in shown] == list(range(15, 50))
    assert {"mask-video-mismatch"} <= {r for e in entries[2].plan for r in e.reason}


def test_a_mask_video_goes_where_the_picture_goes(tmp_path: Path) -> None:
    picture = Image.new("RGB", (1200, 90), "black")
    picture.paste("white", (100, 10, 500, 60))
    still(tmp_path / "clip.mp4", picture)
    still(tmp_path / "mask.mp4", picture)
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_video_url="mask.mp4")
    # What is beside the picture is kept, whatever its colour.
    good(prepared(path, tmp_path / "out", Options(background=(255, 0, 0))))
    shots(tmp_path / "out/mask.mp4")[0].convert("L").save(tmp_path / "shown.png")
    with Image.open(tmp_path / "shown.png") as image:
        assert image.getpixel((5, 5)) == 0
        image.point(lambda v: 255 if v > 127 else 0).save(tmp_path / "shown.png")
    assert agreement(tmp_path / "out/clip.mp4", tmp_path / "shown.png") > 0.985


def test_an_odd_line_is_cropped_from_the_mask_video_too(tmp_path: Path) -> None:
    picture = Image.new("RGB", (401, 363), "black")
    for left in range(0, 401, 4):
        picture.paste("white", (left, 0, left + 2, 363))
    still(tmp_path / "clip.mp4", picture)
    still(tmp_path / "mask.mp4", picture)
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_video_url="mask.mp4")
    entries = prepared(path, tmp_path / "out")
    good(entries)
    assert [e.edit for e in entries[2].plan] == ["crop", "re-encode"]
    shown = shots(tmp_path / "out/mask.mp4")[0].convert("L")
    assert (
        ImageChops.difference(
            shown.point(lambda v: 255 if v > 127 else 0),
            picture.convert("L").crop((0, 0, 400, 362)),
        ).getbbox()
        is None
    )


def test_a_mask_video_that_ends_early_holds_its_last_frame(tmp_path: Path) -> None:
    write(tmp_path / "clip.mp4", frames=60, rate=25)
    write(tmp_path / "mask.mp4", frames=30, rate=25)
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_video_url="mask.mp4")
    entries = prepared(path, tmp_path / "out")
    good(entries)
    assert numbers(tmp_path / "out/mask.mp4") == [*range(30), *[29] * 30]
    [edit] = [e for e in entries[2].plan if e.edit == "extend"]
    assert (
        edit.detail == "its last frame is shown 30 times more, since the mask ends before the video"
    )
    assert edit.reason == ("mask-video-mismatch",)


def test_a_mask_video_that_ends_before_the_window(tmp_path: Path) -> None:
    write(tmp_path / "clip.mp4", frames=100, rate=25)
    write(tmp_path / "mask.mp4", frames=20, rate=25)
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_video_url="mask.mp4")
    entries = prepared(path, tmp_path / "out", seconds("2"))
    assert [e.status for e in entries] == ["failed", "prepared", "failed"]
    assert "there is no frame at 2 s" in str(entries[2].error)
    assert not (tmp_path / "out/job.json").exists()


def test_an_uneven_video_and_its_uneven_mask(tmp_path: Path) -> None:
    times = [4 * i + (2 if i % 3 == 1 else 0) for i in range(80)]
    write(tmp_path / "clip.mp4", frames=80, rate=100, times=times)
    write(tmp_path / "mask.mp4", frames=80, rate=100, times=times)
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_video_url="mask.mp4")
    good(prepared(path, tmp_path / "out"))
    assert numbers(tmp_path / "out/clip.mp4") == numbers(tmp_path / "out/mask.mp4")


def test_errors_alone_make_masks_agree_too(tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=130, rate=25)
    write(tmp_path / "mask.mp4", frames=100, rate=50)
    path = job(tmp_path, **EDIT, video_url="clip.mov", mask_video_url="mask.mp4")
    entries = prepared(path, tmp_path / "out", Options(only_errors=True))
    assert [e.status for e in entries] == ["prepared"] * 3
    assert vaceprep.check(tmp_path / "out/job.json").ok
    assert base_rate(facts(tmp_path / "out/mask.mp4")) == 25


def test_where_the_user_says_the_mask_begins(tmp_path: Path) -> None:
    write(tmp_path / "clip.mp4", frames=50, rate=25)
    write(tmp_path / "mask.mp4", frames=100, rate=25)
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_video_url="mask.mp4")
    fields: dict[str, Any] = {"mask_video_url": seconds("1")}
    good(prepared(path, tmp_path / "out", None, fields))
    assert numbers(tmp_path / "out/mask.mp4") == list(range(25, 75))
