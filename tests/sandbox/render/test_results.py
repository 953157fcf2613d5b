"""Result videos: valid, as long and as large as the contract says, and made of the input."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import av
import pytest
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageStat

import vaceprep
from tests.media import encode, needs_ffprobe
from tests.preparation.jobmedia import Shots, shots
from vaceprep.contract import OUTPUT_FPS, OUTPUT_PIXELS, RepaintingCondition
from vaceprep.sandbox.errors import Breach, Stopped
from vaceprep.sandbox.render.pictures import ROOM, grown, pan, slides
from vaceprep.sandbox.render.results import expanded, make

#: Seconds and frames of a result whose length is the service's own.
WHOLE = 150


def scene(size: tuple[int, int], along: float = 0.0) -> Image.Image:
    """A picture with many colours; ``along`` moves its sun."""
    width, height = size
    image = gradient(size, (52, 120, 190), (250, 232, 200))
    draw = ImageDraw.Draw(image)
    draw.circle(((0.3 + along * 0.4) * width, 0.3 * height), 0.12 * height, (255, 220, 90))
    for row, colour in enumerate([(150, 100, 130), (100, 66, 104), (52, 38, 70)]):
        top = (0.62 + row * 0.11) * height
        peak = (width * (0.2 + 0.3 * row), top - 0.07 * height)
        draw.polygon([(0, height), (0, top), peak, (width, top), (width, height)], fill=colour)
    return image


def gradient(
    size: tuple[int, int], top: tuple[int, int, int], bottom: tuple[int, int, int]
) -> Image.Image:
    """A picture that changes evenly from one colour to the other."""
    return ImageOps.colorize(Image.linear_gradient("L"), top, bottom).resize(size)


def clip(
    path: Path,
    size: tuple[int, int] = (480, 360),
    rate: int = 24,
    frames: int = 12,
    rotation: int = 0,
) -> list[Image.Image]:
    """A video of the scene, written to ``path``, and its pictures as displayed."""
    from vaceprep.preparation.video.animated_webp import as_frame

    images = [scene(size, number / frames) for number in range(frames)]
    with av.open(str(path), "w", container_options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=Fraction(rate))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size[::-1] if rotation else size
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "10", "preset": "ultrafast"}
        if rotation:
            stream.set_display_rotation(rotation)
        for number, image in enumerate(images):
            stored = image.transpose(Image.Transpose.ROTATE_90) if rotation else image
            frame: VideoFrame = as_frame(stored).reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return images


def still(path: Path, size: tuple[int, int] = (480, 360), along: float = 1.0) -> Image.Image:
    """The scene as an image file."""
    image = scene(size, along)
    image.save(path)
    return image


def made(tmp_path: Path, function: str, media: dict[str, Path], **fields: Any) -> Shots:
    """The frames of a result, after a look that it is what the service would give."""
    target = tmp_path / "result.mp4"
    paths = {f"/{at}": str(path) for at, path in media.items()}
    make({"function": function, **fields}, paths, str(target), threading.Event())
    facts = vaceprep.probe(target)
    assert isinstance(facts, vaceprep.VideoFacts)
    assert (facts.codec, facts.pixel_format) == ("h264", "yuv420p")
    assert facts.fps == Fraction(OUTPUT_FPS)
    assert not facts.streams
    assert facts.width * facts.height <= OUTPUT_PIXELS
    assert facts.width % 2 == facts.height % 2 == 0
    assert vaceprep.check(target, ignore=["video-dimensions"], strict=True).ok
    if shutil.which("ffprobe"):
        probed(target, facts)
    images = shots(target)
    assert len(images) == facts.frames
    return images


def probed(path: Path, facts: vaceprep.VideoFacts) -> None:
    """The ffprobe program says the same."""
    asked = ["-count_frames", "-show_streams", "-of", "json"]
    done = subprocess.run(
        ["ffprobe", "-v", "error", *asked, path], capture_output=True, check=True, timeout=60
    )
    assert not done.stderr
    (stream,) = json.loads(done.stdout)["streams"]
    assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
    assert (stream["r_frame_rate"], stream["avg_frame_rate"]) == ("30/1", "30/1")
    assert int(stream["nb_read_frames"]) == facts.frames
    assert (stream["width"], stream["height"]) == (facts.width, facts.height)
    assert Fraction(stream["duration"]) == facts.duration


def apart(one: Image.Image, other: Image.Image, box: Sequence[int] | None = None) -> float:
    """How far two pictures of one size differ on average, in levels of 255."""
    assert one.size == other.size
    difference = ImageChops.difference(one, other)
    if box is not None:
        difference = difference.crop(tuple(box))  # type: ignore[arg-type]
    means = ImageStat.Stat(difference).mean
    return sum(means) / len(means)


@needs_ffprobe
def test_ffprobe_is_asked() -> None:
    """So that its absence is seen among the skipped tests."""


@pytest.mark.long
def test_image_reference_walks_over_its_images(tmp_path: Path) -> None:
    media = {}
    for number in range(3):
        path = tmp_path / f"{number}.png"
        still(path, (480 + 60 * number, 480), number / 2)
        media[f"ref_images_url/{number}"] = path
    images = made(
        tmp_path,
        "image_reference",
        media,
        ref_images_url=["https://example.com/a.png"] * 3,
        obj_or_bg=["obj"] * 3,
        size="832*1088",
    )
    assert len(images) == WHOLE
    assert images[0].size == (832, 1088)
    # It moves, and slowly, also where one picture fades into the next.
    for number in (20, 55):
        assert 0 < apart(images[number], images[number + 1]) < 8
    assert apart(images[0], images[-1]) > 2


@pytest.mark.parametrize(
    "size",
    [(720, 1280), *(pytest.param(s, marks=pytest.mark.long) for s in ((1280, 720), (960, 960)))],
)
def test_the_background_lies_behind_the_things(size: tuple[int, int]) -> None:
    ground, thing = Image.new("RGB", (400, 400), "green"), Image.new("RGB", (500, 400), "red")
    (slide,) = slides([thing, ground], ["obj", "bg"], size)
    assert slide.size == (round(size[0] * ROOM), round(size[1] * ROOM))
    assert slide.getpixel((slide.width // 2, slide.height // 2)) == (255, 0, 0)
    assert slide.getpixel((3, 3)) == (0, 128, 0)
    assert len(slides([thing, ground], ["obj", "obj"], size)) == 2
    assert len(slides([ground], ["bg"], size)) == 1
    for count in (1, 2, 3):
        few = list(pan([slide] * count, (32, 32), 60))
        assert {image.size for image in few} == {(32, 32)}
        assert len(few) == 60


@pytest.mark.parametrize("condition", get_args(RepaintingCondition))
def test_repainting_keeps_the_motion_and_changes_the_look(tmp_path: Path, condition: str) -> None:
    path = tmp_path / "clip.mp4"
    source = clip(path)
    images = made(tmp_path, "video_repainting", {"video_url": path}, control_condition=condition)
    assert len(images) == 15
    assert images[0].size == source[0].size
    for number in (0, 7, 14):
        assert apart(images[number], source[number * 24 // 30]) > 15
    assert apart(images[0], images[-1]) > 0.5


def test_an_edit_recolours_what_the_mask_shows(tmp_path: Path) -> None:
    path, mask = tmp_path / "clip.mp4", tmp_path / "mask.png"
    source = clip(path)
    drawn = Image.new("L", source[0].size)
    ImageDraw.Draw(drawn).rectangle((100, 200, 259, 299), fill=255)
    drawn.save(mask)
    media = {"video_url": path, "mask_image_url": mask}
    images = made(tmp_path, "video_edit", media, mask_type="fixed")
    assert len(images) == 15
    for number in (0, 7, 14):
        before = source[number * 24 // 30]
        assert apart(images[number], before, (104, 204, 256, 296)) > 10
        assert apart(images[number], before, (0, 0, 480, 190)) < 4
        assert apart(images[number], before, (270, 0, 480, 360)) < 4


def test_an_edit_takes_a_mask_video_frame_by_frame(tmp_path: Path) -> None:
    from vaceprep.preparation.video.animated_webp import as_frame

    path, mask = tmp_path / "clip.mp4", tmp_path / "mask.mp4"
    source = clip(path)
    with av.open(str(mask), "w") as out:
        stream = out.add_stream("libx264", rate=24)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 480, 360, "yuv420p"
        for number in range(12):
            drawn = Image.new("RGB", (480, 360))
            left = 0 if number < 6 else 240
            ImageDraw.Draw(drawn).rectangle((left, 0, left + 239, 359), fill="white")
            frame = as_frame(drawn).reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    images = made(tmp_path, "video_edit", {"video_url": path, "mask_video_url": mask})
    here, there = (8, 8, 230, 352), (250, 8, 472, 352)
    assert apart(images[0], source[0], here) > 10
    assert apart(images[0], source[0], there) < 4
    assert apart(images[14], source[11], there) > 10
    assert apart(images[14], source[11], here) < 4


def test_an_edit_of_a_size_shows_the_whole_picture_on_it(tmp_path: Path) -> None:
    path, mask = tmp_path / "clip.mp4", tmp_path / "mask.png"
    source = clip(path)
    Image.new("L", source[0].size, 255).save(mask)
    media = {"video_url": path, "mask_image_url": mask}
    images = made(tmp_path, "video_edit", media, size="960*960")
    assert images[0].size == (960, 960)
    assert apart(images[0], Image.new("RGB", (960, 960)), (0, 0, 960, 110)) < 2


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("clip", "last"),
        pytest.param("frame", "first", marks=pytest.mark.long),
        pytest.param("clip", "first", marks=pytest.mark.long),
        pytest.param("frame", "last", marks=pytest.mark.long),
    ],
)
def test_an_extension_begins_or_ends_with_what_is_given(
    tmp_path: Path, kind: str, end: str
) -> None:
    if kind == "clip":
        path = tmp_path / "clip.mp4"
        source = clip(path)
    else:
        path = tmp_path / "frame.png"
        source = [still(path)]
    images = made(tmp_path, "video_extension", {f"{end}_{kind}_url": path})
    assert len(images) == WHOLE
    outer, inner = (images[0], images[-1]) if end == "first" else (images[-1], images[0])
    assert apart(outer, source[0 if end == "first" else -1]) < 4
    # What is made up goes on from there without a jump, and elsewhere.
    shown = 15 if kind == "clip" else 1
    seam = shown if end == "first" else WHOLE - shown
    assert apart(images[seam - 1], images[seam]) < 4
    assert apart(outer, inner) > 3


def test_an_extension_joins_both_ends(tmp_path: Path) -> None:
    first, last = tmp_path / "first.mp4", tmp_path / "last.mp4"
    source = clip(first)
    clip(last, frames=24)
    other = gradient((480, 360), (48, 52, 110), (255, 196, 120))
    other.save(tmp_path / "last.png")
    media = {"first_clip_url": first, "last_frame_url": tmp_path / "last.png"}
    images = made(tmp_path, "video_extension", media)
    assert len(images) == WHOLE
    assert apart(images[0], source[0]) < 4
    assert apart(images[14], source[-1]) < 4
    assert apart(images[-1], other) < 4
    assert apart(images[80], other) > 10
    both = {"first_clip_url": first, "last_clip_url": last}
    images = made(tmp_path, "video_extension", both)
    assert len(images) == WHOLE
    assert apart(images[-1], scene((480, 360), 23 / 24)) < 4


def test_outpainting_keeps_the_picture_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    source = clip(path)
    scales = {"left_scale": 1.5, "right_scale": 1.0, "top_scale": 2.0}
    images = made(tmp_path, "video_outpainting", {"video_url": path}, **scales)
    # Half of the half to the left, and a whole half upwards.
    assert images[0].size == (600, 540)
    assert len(images) == 15
    for number in (0, 7, 14):
        inner = images[number].crop((120, 180, 600, 540))
        assert apart(inner, source[number * 24 // 30]) < 4
        assert ImageStat.Stat(images[number].crop((0, 0, 600, 180)).convert("L")).mean[0] > 20


def test_a_large_clip_is_scaled_down(tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    encode(path, rate=60, frames=6, size=(1920, 1080), options={"preset": "ultrafast"})
    images = made(tmp_path, "video_repainting", {"video_url": path}, control_condition="scribble")
    assert images[0].size == (1280, 720)
    assert len(images) == 3


def test_a_turned_clip_is_shown_upright(tmp_path: Path) -> None:
    path = tmp_path / "turned.mp4"
    source = clip(path, size=(540, 960), rate=30, frames=6, rotation=-90)
    images = made(tmp_path, "video_outpainting", {"video_url": path})
    assert images[0].size == (540, 960)
    assert apart(images[0], source[0]) < 6


def test_work_is_called_off(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    clip(path)
    stop = threading.Event()
    stop.set()
    body = {"function": "video_outpainting"}
    with pytest.raises(Stopped):
        make(body, {"/video_url": str(path)}, str(tmp_path / "result.mp4"), stop)


def test_no_path_of_this_machine_is_told(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"hello")
    body = {"function": "video_outpainting"}
    with pytest.raises(Breach) as refused:
        make(body, {"/video_url": str(path)}, str(tmp_path / "out.mp4"), threading.Event())
    assert str(tmp_path) not in str(refused.value)
    assert "/video_url" in str(refused.value)


scales = st.floats(1.0, 2.0)


@given(
    size=st.tuples(st.integers(16, 4000), st.integers(16, 4000)),
    scales=st.tuples(scales, scales, scales, scales),
)
def test_any_canvas_holds_its_picture(
    size: tuple[int, int], scales: tuple[float, float, float, float]
) -> None:
    canvas, inner, corner = expanded(size, scales)
    assert canvas[0] * canvas[1] <= OUTPUT_PIXELS
    for whole, part, before in zip(canvas, inner, corner, strict=True):
        assert whole % 2 == part % 2 == before % 2 == 0
        assert before >= 0
        assert 0 < part <= whole - before


def test_masks_grow_as_they_are_told() -> None:
    mask = Image.new("L", (200, 200))
    draw = ImageDraw.Draw(mask)
    draw.polygon([(50, 50), (149, 50), (50, 149)], fill=255)
    draw.rectangle((60, 60, 80, 80), fill=0)
    assert grown(mask, {"mask_type": "fixed"}) == mask
    kept = grown(mask, {"expand_mode": "original", "expand_ratio": 0.0})
    assert kept == mask
    hull = grown(mask, {"expand_ratio": 0.0})
    assert hull.getpixel((70, 70)) == 255
    assert hull.getpixel((140, 140)) == 0
    box = grown(mask, {"expand_mode": "bbox", "expand_ratio": 0.0})
    assert box.getbbox() == (50, 50, 150, 150)
    assert box.getpixel((140, 140)) == 255
    wider = grown(mask, {"expand_mode": "bbox", "expand_ratio": 0.2})
    assert wider.getbbox() == (40, 40, 160, 160)
    empty = Image.new("L", (200, 200))
    assert grown(empty, {}) == empty
