"""The parts of a job's video: each of its frames in its part, with a job and a mask for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import av
import pytest
from av.video.stream import VideoStream
from PIL import Image, ImageOps

from tests.parts.counted import numbers_of, picture, write
from vaceprep.checks.inputs import Item
from vaceprep.limits import Limits
from vaceprep.parts.split import Split, WrongFunction, split
from vaceprep.plans.model import Options
from vaceprep.plans.parts import CannotDivide, CannotSplit, SplitOptions
from vaceprep.preparation.file import Work
from vaceprep.preparation.job import prepare_job
from vaceprep.preparation.outputs import Output, Outputs
from vaceprep.preparation.report import Prepared

#: A lower limit, so that short clips have several parts.
LIMITS = Limits(video_seconds=Fraction(2), origin="the test")
OPTIONS = Options(limits=LIMITS)
SIZE = (368, 368)
RATE = 16
FRAMES = 60


@dataclass(frozen=True)
class Clip:
    """One clip with numbered frames, and how it is named."""

    path: Path
    rate: Fraction
    frames: int


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """A clip of 3.75 s with a keyframe at 1.875 s and B-frames."""
    path = tmp_path_factory.mktemp("split") / "clip.mp4"
    options = {"g": "30", "bf": "2", "sc_threshold": "0", "crf": "25"}
    write(path, range(FRAMES), rate=RATE, size=SIZE, options=options)
    return Clip(path, Fraction(RATE), FRAMES)


def job(video: Path | str, function: str = "video_outpainting", **values: Any) -> Item:
    given = {"function": function, "video_url": str(video), "prompt": "a lake", **values}
    return Item("clip.vace.yaml", "job", given, "clip.vace.yaml")


def parted(item: Item, prepare: Options = OPTIONS, **options: Any) -> Split:
    found = split(
        item, SplitOptions(**{"cuts": (), "overlap": Fraction(0), **options}), prepare, {}
    )
    assert found is not None
    return found


def frames(found: Split) -> list[tuple[int, int]]:
    return [(one.part.first, one.part.last) for one in found.parts]


def prepared(found: Split, to: Path, *, dry_run: bool = False) -> Iterator[tuple[Prepared, ...]]:
    names = Outputs(Output("folder", str(to)))
    for one in found.parts:
        yield prepare_job(one.item, names, Work(OPTIONS, dry_run=dry_run), one.fields)


def with_times(path: Path, source: Path, shift: int) -> Path:
    """The packets of a clip in a file whose clock rounds, or whose frames are uneven."""
    name = "matroska" if path.suffix == ".mkv" else "mp4"
    with av.open(str(source)) as read, av.open(str(path), "w", format=name) as out:
        given = read.streams.video[0]
        made = out.add_stream_from_template(given)
        assert isinstance(made, VideoStream)
        for packet in read.demux(given):
            if packet.pts is None or packet.dts is None:
                continue
            late = packet.pts * (given.time_base or 1) * RATE
            packet.pts += int(late) // 20 * shift
            packet.dts = min(packet.dts, packet.pts)
            packet.stream = made
            out.mux(packet)
    return path


@pytest.mark.parametrize("kind", ["constant", "rounded", "slow"])
def test_each_frame_is_in_its_part(clip: Clip, tmp_path: Path, kind: str) -> None:
    path = clip.path
    if kind == "rounded":
        path = with_times(tmp_path / "clip.mkv", path, 0)
    elif kind == "slow":
        path = write(tmp_path / "slow.mp4", range(30), rate=8)
    found = parted(job(path), overlap=None)
    last = -1
    for one, entries in zip(found.parts, prepared(found, tmp_path / "out"), strict=True):
        assert [entry.status for entry in entries] == ["prepared", "prepared"], entries
        assert entries[1].output is not None
        shown = [number for number, _ in groupby(numbers_of(Path(entries[1].output)))]
        assert shown == list(range(one.part.first, one.part.last + 1))
        assert one.part.first <= last + 1 <= one.part.last
        last = one.part.last
    assert last == (29 if kind == "slow" else FRAMES - 1)


def test_parts_between_keyframes_are_copied(clip: Clip, tmp_path: Path) -> None:
    found = parted(job(clip.path), cuts=(Fraction(30, RATE),))
    assert frames(found) == [(0, 29), (30, 59)]
    for one, entries in zip(found.parts, prepared(found, tmp_path), strict=True):
        assert entries[1].lossless and entries[1].output is not None
        assert numbers_of(Path(entries[1].output)) == [*range(one.part.first, one.part.last + 1)]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        *("clip-part-01.mp4", "clip-part-01.vace.yaml"),
        *("clip-part-02.mp4", "clip-part-02.vace.yaml"),
    ]


def test_a_copy_that_would_lose_a_frame_is_an_encoding(clip: Clip, tmp_path: Path) -> None:
    # The packets up to frame 23 do not have frames 22 and 23 without the one after them.
    found = parted(job(clip.path), cuts=(Fraction(24, RATE),))
    first = next(prepared(found, tmp_path, dry_run=True))[1]
    assert frames(found)[0] == (0, 23)
    assert first.after is not None and first.after.frames == 24
    assert not first.lossless


def test_uneven_frames_have_their_own_times(clip: Clip, tmp_path: Path) -> None:
    path = with_times(tmp_path / "uneven.mp4", clip.path, 900)
    found = parted(job(path))
    assert found.timeline.interval is None and len(found.timeline.times) == FRAMES
    assert found.parts[-1].part.last == FRAMES - 1
    assert max(one.part.length for one in found.parts) <= 2


def test_the_window_that_is_used_is_split(clip: Clip) -> None:
    window = Options(limits=LIMITS, start=Fraction(1, 2), duration=Fraction(5, 2))
    found = parted(job(clip.path), window)
    assert frames(found) == [(8, 27), (28, 47)]
    assert found.window == (Fraction(1, 2), Fraction(3))
    assert [one.fields["video_url"].start for one in found.parts] == [
        Fraction(1, 2),
        Fraction(7, 4),
    ]
    short = Options(limits=LIMITS, duration=Fraction(2))
    assert split(job(clip.path), SplitOptions(), short, {}) is None


def test_cuts_are_found_by_decoding(tmp_path: Path) -> None:
    shown = iter(range(50))

    def paint(image: Image.Image) -> Image.Image:
        return ImageOps.invert(image) if next(shown) >= 20 else image

    path = write(tmp_path / "shots.mp4", [5] * 50, rate=RATE, paint=paint)
    found = parted(job(path), cuts=None, overlap=None)
    assert found.cuts == (Fraction(20, RATE),)
    assert [(one.part.first, one.part.after_cut) for one in found.parts] == [(0, False), (20, True)]
    # The window alone is decoded.
    window = Options(limits=LIMITS, start=Fraction(22, RATE))
    assert split(job(path), SplitOptions(), window, {}) is None


def test_the_jobs_of_the_parts(clip: Clip) -> None:
    found = parted(job(clip.path, left_scale=1.5))
    values = [one.item.job for one in found.parts]
    assert [one.item.source for one in found.parts] == [
        "clip.vace.yaml#part-01",
        "clip.vace.yaml#part-02",
    ]
    seeds = {value["seed"] for value in values}  # type: ignore[index]
    (seed,) = seeds
    assert 0 <= seed <= 2**31 - 1
    again = parted(job(clip.path, left_scale=1.5), cuts=(Fraction(1),))
    assert again.parts[0].item.job["seed"] == seed  # type: ignore[index]
    other = parted(job(clip.path, left_scale=1.25))
    assert other.parts[0].item.job["seed"] != seed  # type: ignore[index]
    own = parted(job(clip.path, seed=7))
    assert own.parts[1].item.job["seed"] == 7  # type: ignore[index]
    assert found.cost is not None and found.cost.seconds == Fraction(FRAMES, RATE)


def test_what_is_not_split(clip: Clip, tmp_path: Path) -> None:
    with pytest.raises(WrongFunction, match=r"--split is for video_repainting.* is for video_ext"):
        parted(job(clip.path, "video_extension", control_condition="depth"))
    for item in (
        Item(str(tmp_path / "missing.vace.yaml"), "job"),
        job(tmp_path / "missing.mp4"),
        job("https://example.com/clip.mp4"),
        job(clip.path, colour="red"),
    ):
        assert split(item, SplitOptions(), OPTIONS, {}) is None
    assert split(job(clip.path), SplitOptions(), Options(), {}) is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_parts": 1}, "takes 2 parts, and --max-parts is 1: .*0.38 USD or more.*-parts 2"),
        ({"cuts": (Fraction(9),)}, "there is no cut at 9 s; the video lasts 3.75 s"),
        ({"length": Fraction(1)}, "--part-length is from 2 to 2 s"),
    ],
)
def test_a_split_that_is_refused(clip: Clip, options: dict[str, Any], words: str) -> None:
    with pytest.raises((CannotSplit, CannotDivide), match=words):
        parted(job(clip.path), **options)


def test_black_bars_are_not_cropped_of_each_part_by_itself(clip: Clip) -> None:
    with pytest.raises(CannotDivide, match="--crop-bars"):
        parted(job(clip.path), Options(limits=LIMITS, crop_bars=True))


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("masks")
    mask = picture(0, SIZE).convert("L").point(lambda level: 255 * (level > 127))
    mask.save(folder / "a.png")
    return folder


def edit(clip: Clip, **values: Any) -> Item:
    return job(clip.path, "video_edit", **values)


def test_a_mask_for_each_part(clip: Clip, masks: Path, tmp_path: Path) -> None:
    image = str(masks / "a.png")
    given = [{"frame": 35, "image": image}, {"frame": 1, "image": image}]
    found = parted(edit(clip, masks=given))
    jobs = [dict(one.item.job) for one in found.parts]  # type: ignore[arg-type]
    assert [value["mask_frame_id"] for value in jobs] == [1, 35]
    assert all("masks" not in value for value in jobs)
    for entries in prepared(found, tmp_path, dry_run=True):
        assert all(entry.ok for entry in entries), entries


def test_a_fixed_mask_is_for_every_part(clip: Clip, masks: Path, tmp_path: Path) -> None:
    found = parted(edit(clip, mask_image_url=str(masks / "a.png"), mask_type="fixed"))
    for entries in prepared(found, tmp_path, dry_run=True):
        assert all(entry.ok for entry in entries), entries


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"mask_image_url": "a.png"}, r"part 2 \(frames 31 to 60\) has no mask"),
        ({"masks": [{"frame": 61, "image": "a.png"}]}, "frame 61, but .* are 1 to 60"),
        (
            {"masks": [{"frame": n, "image": "a.png"} for n in (1, 40, 50)]},
            r"two masks for part 2 .*frame 50 is one too many",
        ),
    ],
)
def test_masks_that_do_not_fit(clip: Clip, values: dict[str, Any], words: str) -> None:
    with pytest.raises(CannotDivide, match=words):
        parted(edit(clip, **values))


def test_masks_need_a_video_that_is_split(clip: Clip) -> None:
    given = edit(clip, masks=[{"frame": 1, "image": "a.png"}])
    with pytest.raises(CannotDivide, match="masks is for a video that is split"):
        split(given, SplitOptions(), Options(), {})
    with pytest.raises(CannotDivide) as caught:
        split(edit(clip, masks=[{"frame": 0}]), SplitOptions(), OPTIONS, {})
    assert [finding.pointer for finding in caught.value.findings] == [
        "/masks/0/frame",
        "/masks/0/image",
    ]
