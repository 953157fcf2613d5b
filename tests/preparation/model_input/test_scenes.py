"""What is laid over the pictures, what is grey, and what lies on white."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from tests.preparation.jobmedia import job, mask, sized, still
from vaceprep.preparation.image.preview import TINT
from vaceprep.preparation.model_input.frames import GREY
from vaceprep.preparation.model_input.read import preview_of
from vaceprep.preparation.model_input.scenes import Scene, scenes_of
from vaceprep.preparation.model_input.strip import below

SIZE = (384, 384)
BLUE = (20, 40, 200)


def clip(folder: Path, name: str, frames: int = 17, colour: tuple[int, int, int] = BLUE) -> str:
    still(folder / name, Image.new("RGB", SIZE, colour), frames)
    return name


def shown(folder: Path, **values: Any) -> tuple[list[Scene], list[str]]:
    notes: list[str] = []
    path = job(folder, prompt="A lake", **values)
    return list(scenes_of(preview_of(str(path)).model, notes)), notes


def near(picture: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    found = picture.getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(a - b) < 12 for a, b in zip(found, colour, strict=True))


def is_tinted(picture: Image.Image, at: tuple[int, int] = (100, 100)) -> bool:
    mixed = tuple(round(0.6 * a + 0.4 * b) for a, b in zip(BLUE, TINT, strict=True))
    return near(picture, at, (mixed[0], mixed[1], mixed[2]))


def test_a_fixed_mask_is_on_every_frame_and_a_tracked_one_on_its_own(tmp_path: Path) -> None:
    mask(tmp_path / "mask.png", SIZE)
    values = {
        "function": "video_edit",
        "video_url": clip(tmp_path, "clip.mp4"),
        "mask_image_url": "mask.png",
    }
    fixed, notes = shown(tmp_path, **values, mask_type="fixed")
    assert (len(fixed), notes) == (17, [])
    assert all(is_tinted(s.picture) and near(s.picture, (300, 300), BLUE) for s in fixed)
    tracked, _ = shown(tmp_path, **values, mask_frame_id=5)
    assert [is_tinted(scene.picture) for scene in tracked] == [n == 4 for n in range(17)]


def test_a_mask_video_that_ends_early_is_named(tmp_path: Path) -> None:
    found, _ = shown(
        tmp_path,
        function="video_edit",
        video_url=clip(tmp_path, "clip.mp4"),
        mask_video_url=clip(tmp_path, "mask.mp4", 9, (160, 160, 160)),
    )
    # The mask's grey is above one half, so all is white.
    assert [is_tinted(scene.picture) for scene in found] == [n < 9 for n in range(17)]
    assert "read here" in found[4].text
    assert "read here" not in found[5].text
    assert "the mask video has ended" in found[9].text


def test_outpainting_and_references(tmp_path: Path) -> None:
    found, _ = shown(
        tmp_path,
        function="video_outpainting",
        video_url=clip(tmp_path, "clip.mp4", 5),
        left_scale=1.5,
        right_scale=1.5,
    )
    picture = found[0].picture
    assert picture.getpixel((5, 100)) == picture.getpixel((picture.width - 5, 100)) == GREY
    assert near(picture, (picture.width // 2, 100), BLUE)
    mask(tmp_path / "thing.png", (400, 800), (0, 0, 400, 800))
    Image.new("RGB", (400, 800), BLUE).save(tmp_path / "thing.png")
    stills, _ = shown(tmp_path, function="image_reference", ref_images_url=["thing.png"])
    assert {scene.picture.size for scene in stills} == {(1280, 720)}
    assert stills[0].picture.getpixel((5, 5)) == (255, 255, 255)
    assert near(stills[0].picture, (640, 360), BLUE)
    assert not stills[0].timed


def test_an_extension_is_grey_between_what_is_given(tmp_path: Path) -> None:
    Image.new("RGB", (400, 400), (200, 0, 0)).save(tmp_path / "end.png")
    found, notes = shown(
        tmp_path,
        function="video_extension",
        first_clip_url=clip(tmp_path, "clip.mp4", 32),
        last_frame_url="end.png",
    )
    assert (len(found), notes) == (81, [])
    colours = [scene.picture.getpixel((100, 100)) for scene in found]
    assert all(near(scene.picture, (100, 100), BLUE) for scene in found[:32])
    assert set(colours[32:80]) == {GREY}
    assert near(found[80].picture, (100, 100), (200, 0, 0))


def test_the_strip_marks_what_is_skipped(tmp_path: Path) -> None:
    sized(tmp_path / "clip.mp4", SIZE, frames=34, rate=Fraction(32))
    model = preview_of(str(tmp_path / "clip.mp4")).model
    scenes = list(scenes_of(model, []))
    missing = set(range(34)) - set(model.files[0].used)
    assert {number for scene in scenes for number in scene.skipped} == missing
    strip = below(scenes[0], 1, model.length, 600)
    # Red is above 200, green below 100.
    bright, dark = [v > 200 for v in range(256)], [v < 100 for v in range(256)]
    red, green, _ = strip.split()
    marked = ImageChops.logical_and(red.point(bright, "1"), green.point(dark, "1")).getbbox()
    assert missing
    assert marked is not None


def test_what_does_not_decode_is_a_note(tmp_path: Path) -> None:
    from tests.paths import ROOT

    data = (ROOT / "fixtures/video/damaged.mp4").read_bytes()
    (tmp_path / "damaged.mp4").write_bytes(data)
    found, notes = shown(
        tmp_path, function="video_repainting", control_condition="depth", video_url="damaged.mp4"
    )
    assert len(notes) == 1
    assert "cannot be read: " in notes[0]
    assert len(found) < 81
