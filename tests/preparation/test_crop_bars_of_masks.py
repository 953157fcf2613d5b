"""``--crop-bars`` in a job crops the mask by the same rectangle as the video."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from tests.media import video_facts
from tests.preparation.jobmedia import EDIT, good, job, mask, prepared, shots, still
from tests.preparation.numbered import matrix
from tests.preparation.test_crop_bars import barred
from vaceprep.facts import Crop, VideoFacts
from vaceprep.plans.bars import Unbarred, cropped, unbarred
from vaceprep.plans.model import Options
from vaceprep.preparation.report import Prepared

BARS = Options(crop_bars=True)
#: The clip, its bars and what is left of it.
WHOLE, PLANTED, KEPT = (480, 464), Crop(0, 31, 0, 51), (480, 382)
#: White in the masks of the whole clip, and in those of what is left.
WHITE, WHITE_LEFT = (100, 131, 301, 260), (100, 100, 301, 229)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("clips")
    barred(folder / "clip.mp4", WHOLE, PLANTED, frames=4)
    for name, size, white in (("whole", WHOLE, WHITE), ("left", KEPT, WHITE_LEFT)):
        mask(folder / f"{name}.png", size, white)
        with Image.open(folder / f"{name}.png") as picture:
            still(folder / f"{name}.mp4", picture, frames=4)
    yield folder
    shutil.rmtree(folder)


def made(folder: Path, options: Options = BARS, **values: object) -> tuple[list[Prepared], Path]:
    """The entries of a job beside the clips, and the folder of its output."""
    out = folder / f"out-{len(list(folder.iterdir()))}"
    path = job(folder, f"{out.name}.json", **EDIT, video_url="clip.mp4", **values)
    return prepared(path, out, options), out


def white(picture: Image.Image) -> tuple[int, int, int, int] | None:
    return picture.convert("L").point(lambda level: 255 * (level > 127)).getbbox()


@pytest.mark.parametrize("drawn", ["whole", "left", "twice"])
def test_a_mask_image_is_cropped_like_its_video(drawn: str, clips: Path) -> None:
    name = f"{drawn}.png"
    if drawn == "twice":
        # A mask of another scale has the shape of the whole picture.
        left, top, right, bottom = WHITE
        box = left * 2, top * 2, right * 2, bottom * 2
        mask(clips / name, (WHOLE[0] * 2, WHOLE[1] * 2), box)
    entries, out = made(clips, mask_image_url=name, mask_frame_id=3, mask_type="fixed")
    values = good(entries)
    assert values["mask_frame_id"] == 3
    with Image.open(out / values["mask_image_url"]) as picture:
        assert picture.size == KEPT
        assert picture.getbbox() == WHITE_LEFT
        assert set(picture.convert("L").tobytes()) == {0, 255}
    entry = entries[2]
    assert entry.status == ("unchanged" if drawn == "left" else "prepared")
    crops = [edit.detail for edit in entry.plan if edit.reason == ("--crop-bars",)]
    size = {"whole": "480x382 of 480x464", "twice": "960x764 of 960x928"}.get(drawn)
    assert crops == ([f"{size} kept: the video has black bars there"] if size else [])
    again = prepared(clips / f"{out.name}.json", out, BARS)
    assert [entry.reused for entry in again] == [True] * 3


def test_another_crop_of_the_same_size_is_another_mask(clips: Path, tmp_path: Path) -> None:
    # The source of the mask and the size of the output stay; only the place of the bars changes.
    shutil.copy(clips / "whole.png", tmp_path)
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_image_url="whole.png")
    for top in (31, 41):
        bars = Crop(0, top, 0, WHOLE[1] - KEPT[1] - top)
        barred(tmp_path / "clip.mp4", WHOLE, bars, frames=2)
        values = good(prepared(path, tmp_path / "out", BARS, force=top == 41))
        with Image.open(tmp_path / "out" / values["mask_image_url"]) as picture:
            assert picture.getbbox() == (100, 131 - top, 301, 260 - top)


@pytest.mark.parametrize("drawn", ["whole", "left"])
def test_a_mask_video_is_cropped_like_its_video(drawn: str, clips: Path) -> None:
    entries, out = made(clips, mask_video_url=f"{drawn}.mp4")
    values = good(entries)
    frames = shots(out / values["mask_video_url"])
    assert [frame.size for frame in frames] == [KEPT] * 4
    assert white(frames[2]) == WHITE_LEFT
    crops = [e.detail for e in entries[2].plan if e.reason == ("--crop-bars",)]
    kept = "480x382 of 480x464 kept: the video has black bars there"
    assert crops == ([kept] if drawn == "whole" else [])
    before = entries[2].before
    assert isinstance(before, VideoFacts)
    assert before.crop is None


@pytest.mark.long
def test_the_mask_follows_a_crop_and_a_scaling(clips: Path) -> None:
    options = Options(crop_bars=True, fit_model=True)
    pictures = []
    for role, ending in (("mask_image_url", "png"), ("mask_video_url", "mp4")):
        for drawn in ("whole", "left"):
            entries, out = made(clips, options, **{role: f"{drawn}.{ending}"})
            path = out / good(entries)[role]
            pictures.append(Image.open(path) if ending == "png" else shots(path)[1])
    first = pictures[0].convert("L")
    for other in pictures[1:]:
        off = ImageChops.difference(first, other.convert("L")).histogram()
        assert sum(off[128:]) < 0.01 * first.width * first.height


@pytest.mark.long
def test_the_mask_of_a_turned_video_is_cropped_where_the_bars_are_shown(tmp_path: Path) -> None:
    clip = barred(tmp_path / "flat.mp4", WHOLE, Crop(20, 62, 0, 20), frames=2)
    matrix(clip, 0, 1, -1, 0).rename(tmp_path / "clip.mp4")
    with Image.new("L", WHOLE, 0) as stored:
        stored.paste(255, (20, 62, 200, 300))
        turned = stored.transpose(Image.Transpose.ROTATE_270)
        turned.save(tmp_path / "mask.png")
    path = job(tmp_path, **EDIT, video_url="clip.mp4", mask_image_url="mask.png")
    values = good(prepared(path, tmp_path / "out", BARS))
    with Image.open(tmp_path / "out" / values["mask_image_url"]) as picture:
        assert picture.size == (382, 460)
        # The upper left corner of the stored picture is the upper right one of the turned.
        assert picture.getbbox() == (382 - 238, 0, 382, 180)


def test_a_mask_of_another_shape_is_refused(clips: Path) -> None:
    mask(clips / "wide.png", (640, 360))
    entries, out = made(clips, mask_image_url="wide.png")
    assert [entry.status for entry in entries] == ["failed", "prepared", "failed"]
    assert [f.code for f in entries[2].remaining] == ["VP301"]
    assert not (out / "wide.png").exists()


def test_a_mask_that_is_a_url_cannot_follow(clips: Path) -> None:
    entries, out = made(clips, mask_image_url="https://example.com/mask.png")
    assert entries[0].status == "failed"
    message = "mask_image_url is a URL, and video_url goes from 480x464 to 480x382"
    assert message in str(entries[0].error)
    assert not out.exists()


@settings(max_examples=25)
@given(
    st.builds(Crop, *(st.integers(0, 60) for _ in range(4))),
    st.sampled_from([0, 90, 180, 270]),
    st.booleans(),
    st.sampled_from([Fraction(1), Fraction(4, 3)]),
)
def test_the_rectangle_is_turned_as_the_picture_is(
    bars: Crop, rotation: int, mirrored: bool, aspect: Fraction
) -> None:
    stored = Image.new("L", (200, 160), 0)
    stored.paste(255, (bars.left, bars.top, 200 - bars.right, 160 - bars.bottom))
    shown = stored.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else stored
    shown = shown.rotate(-rotation, expand=True)
    facts = video_facts(
        stored_width=200,
        stored_height=160,
        width=shown.width,
        height=shown.height,
        rotation=rotation,
        mirrored=mirrored,
        sample_aspect_ratio=aspect,
    )
    found = unbarred(facts, cropped(facts, bars))
    assert tuple(map(round, found.box(shown.size))) == shown.getbbox()
    assert found.bars_of(facts) == bars
    upright = video_facts(
        stored_width=2 * shown.width, stored_height=2 * shown.height, rotation=0, mirrored=False
    )
    left, top, right, bottom = shown.getbbox() or (0, 0, 0, 0)
    doubled = left, top, shown.width - right, shown.height - bottom
    assert found.bars_of(upright) == Crop(*(2 * edge for edge in doubled))


def test_an_exact_size_decides_before_a_shape() -> None:
    bars = (Fraction(1, 8),) * 4
    found = Unbarred((480, 480), (360, 360), bars)
    sizes = [(480, 480), (360, 360), (368, 368), (960, 960), (481, 960)]
    assert [found.includes_bars(size, (368, 368)) for size in sizes] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert json.dumps(found.box((480, 480))) == "[60.0, 60.0, 420.0, 420.0]"
