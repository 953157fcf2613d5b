"""``--crop-bars`` crops planted bars to the line, and nothing where there are none."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.stream import VideoStream
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

import vaceprep
from tests.media import video_facts
from tests.plans.test_video import planned
from tests.preparation.jobmedia import shots
from tests.preparation.numbered import luma, matrix
from vaceprep.facts import Crop, VideoFacts
from vaceprep.plans.bars import cropped
from vaceprep.plans.model import Options
from vaceprep.plans.predict import predict

BARS = Options(crop_bars=True)
NONE = Crop(0, 0, 0, 0)


def content(size: tuple[int, int], number: int, *, dark: bool = False) -> Image.Image:
    """A picture with texture up to its border, in which a box moves."""
    slope = Image.linear_gradient("L").resize(size).point(lambda v: 50 + v * 2 // 3)
    slope.paste(235, (10 + 8 * number, 40, 70 + 8 * number, 90))
    if dark:
        # A night sky: black with some stars, and no straight edge below it.
        draw = ImageDraw.Draw(slope)
        draw.polygon([(0, 0), (size[0], 0), (size[0], 60), (0, 200)], fill=0)
        draw.rectangle((100, 20, 101, 21), fill=255)
    return slope


def barred(
    path: Path,
    size: tuple[int, int],
    bars: Crop = NONE,
    *,
    frames: int = 12,
    black: int = 0,
    dark: bool = False,
) -> Path:
    """A clip of 16 FPS with black bars, whose first ``black`` frames are black."""
    left, top, right, bottom = bars
    inside = size[0] - left - right, size[1] - top - bottom
    with av.open(str(path), "w", container_options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=16)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "20", "threads": "1"}
        for number in range(frames):
            picture = Image.new("L", size, 0)
            if number >= black:
                picture.paste(content(inside, number, dark=dark), (left, top))
            frame = luma(picture)
            frame.pts, frame.time_base = number, Fraction(1, 16)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("size", "bars", "kept"),
    [
        ((480, 480), Crop(0, 60, 0, 60), (480, 360)),
        ((560, 400), Crop(83, 17, 80, 0), (396, 382)),
        pytest.param((640, 640), Crop(100, 90, 110, 100), (430, 450), marks=pytest.mark.long),
        # One line is left out, since a video has no odd side.
        pytest.param((480, 480), Crop(0, 40, 0, 31), (480, 408), marks=pytest.mark.long),
    ],
)
def test_planted_bars_are_cropped_to_the_line(
    size: tuple[int, int], bars: Crop, kept: tuple[int, int], tmp_path: Path
) -> None:
    source = barred(tmp_path / "clip.mp4", size, bars, black=2)
    entry = vaceprep.prepare(source, tmp_path / "out", crop_bars=True).files[0]
    assert entry.status == "prepared", (entry.error, entry.remaining)
    after, before = entry.after, entry.before
    assert isinstance(after, VideoFacts)
    assert isinstance(before, VideoFacts)
    assert ((before.width, before.height), before.crop) == (size, None)
    assert (after.width, after.height, after.frames) == (*kept, 12)
    inside = size[0] - bars.left - bars.right, size[1] - bars.top - bars.bottom
    edit = next(e for e in entry.plan if e.edit == "crop")
    assert edit.reason == ("--crop-bars",)
    assert edit.detail.startswith(f"{inside[0]}x{inside[1]} of {size[0]}x{size[1]} kept")
    shown = shots(entry.output or "")[5].convert("L")
    off = ImageChops.difference(shown, content(inside, 5).crop((0, 0, *kept)))
    assert sum(n * v for v, n in enumerate(off.histogram())) < 4 * kept[0] * kept[1]
    again = vaceprep.prepare(entry.output or "", tmp_path / "again", crop_bars=True).files[0]
    assert again.status == "unchanged"


@pytest.mark.parametrize("kind", ["none", "thin", "night", "black"])
def test_what_has_no_bars_stays(kind: str, tmp_path: Path) -> None:
    thin = Crop(0, 6, 0, 6) if kind == "thin" else NONE
    black = 8 if kind == "black" else 0
    path = tmp_path / "clip.mp4"
    source = barred(path, (400, 372), thin, frames=8, black=black, dark=kind == "night")
    entry = vaceprep.prepare(source, tmp_path / "out", crop_bars=True).files[0]
    assert entry.status == "unchanged", entry.plan
    assert (tmp_path / "out/clip.mp4").read_bytes() == path.read_bytes()


def test_the_kept_part_alone_counts_and_a_turned_picture_too(tmp_path: Path) -> None:
    source = matrix(
        barred(tmp_path / "clip.mp4", (480, 400), Crop(60, 0, 60, 0), frames=24), 0, 1, -1, 0
    )
    options = {"crop_bars": True, "start": "1/2", "duration": "1/2", "fit_model": True}
    entry = vaceprep.prepare(source, tmp_path / "out", **options).files[0]  # type: ignore[arg-type]
    after = entry.after
    assert isinstance(after, VideoFacts), entry.error
    # 360x400 lies on its side: 400x360, which is scaled up until each side has 368 pixels.
    assert (after.width, after.height, after.frames, after.fps) == (400, 368, 9, Fraction(18))


@settings(max_examples=20)
@given(
    st.builds(Crop, *(st.integers(0, 120) for _ in range(4))),
    st.sampled_from([0, 90, 180, 270]),
    st.sampled_from([Fraction(1), Fraction(4, 3)]),
    st.booleans(),
)
def test_a_prediction_has_no_bars_and_an_even_size(
    bars: Crop, rotation: int, aspect: Fraction, fit: bool
) -> None:
    facts = cropped(video_facts(rotation=rotation, sample_aspect_ratio=aspect), bars)
    options = Options(crop_bars=True, bars=True, fit_model=fit)
    plan = planned(facts, options=options)
    assert plan.possible
    after = predict(plan, facts)
    assert isinstance(after, VideoFacts)
    assert (after.width % 2, after.height % 2, after.crop) == (0, 0, None)
    again = planned(after, options=Options(crop_bars=True, fit_model=fit))
    assert again.empty
