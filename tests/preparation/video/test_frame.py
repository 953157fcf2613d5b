"""The frame that comes out is the one that is shown: its number is drawn into it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.preparation import numbered
from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.preparation.read import Read, reading
from vaceprep.preparation.video.frame import Shown, frame_at, frame_number

FIXTURES = ROOT / "fixtures" / "video"
RATE = 25
TINY = Fraction(1, 10**9)


def at(clip: Path | Read, instant: Fraction | str) -> int:
    with measured(clip) as read:
        return numbered.number_of(frame_at(read, instant).image)  # type: ignore[arg-type]


def nth(clip: Path | Read, number: int) -> int:
    with measured(clip) as read:
        return numbered.number_of(frame_number(read, number).image)


def measured(clip: Path | Read) -> AbstractContextManager[Read]:
    """A clip opened for one question, or the open one that many are asked of."""
    return nullcontext(clip) if isinstance(clip, Read) else reading(str(clip), "video_url")


def shown(path: Path, instant: Fraction | str) -> Shown:
    with reading(str(path), "video_url") as read:
        return frame_at(read, instant)  # type: ignore[arg-type]


def facts_of(path: Path) -> VideoFacts:
    with reading(str(path), "video_url") as read:
        assert isinstance(read.facts, VideoFacts)
        return read.facts


def walk(path: Path, first: int, last: int, *, every: int = 1, ticks: Fraction = TINY) -> None:
    """Frames at their start, in their middle and just before their end, and by their number."""
    with measured(path) as clip:
        for number in range(first, last + 1, every):
            start = Fraction(number - first, RATE)
            assert at(clip, start) == number
            assert at(clip, start + Fraction(1, 2 * RATE)) == number
            assert at(clip, start + Fraction(1, RATE) - ticks) == number
            assert nth(clip, number - first + 1) == number
    assert at(path, "first") == first
    assert at(path, "last") == last
    with pytest.raises(Refused, match="there is no frame at"):
        at(path, Fraction(last - first + 1, RATE))


@pytest.mark.parametrize(
    "structure",
    [
        "bf=3:b-pyramid=normal",
        *(pytest.param(s, marks=pytest.mark.long) for s in ("open-gop=1:bf=3", "bf=0", "bf=16")),
    ],
)
def test_every_frame_of_h264(tmp_path: Path, structure: str) -> None:
    clip = numbered.write(tmp_path / "a.mp4", options={"x264-params": structure})
    walk(clip, 0, 49)


# A keyframe is every twelfth; every third frame meets each of them.
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "name",
    [
        *("a.mkv", "a.ts", "a.avi", "hevc.mp4", "fragmented.mp4"),
        *(pytest.param(n, marks=pytest.mark.long) for n in ("a.mov", "a.flv", "dash.mp4")),
    ],
)
def test_other_containers(tmp_path: Path, name: str, every: int) -> None:
    options = {
        "fragmented.mp4": {"movflags": "frag_keyframe+empty_moov"},
        "dash.mp4": {"movflags": "dash+frag_every_frame+default_base_moof"},
    }
    codec = "libx265" if name.startswith("hevc") else "libx264"
    clip = numbered.write(
        tmp_path / name,
        codec=codec,
        options={"x265-params": "log-level=none:keyint=12:bframes=3"} if "265" in codec else None,
        container_options=options.get(name),
    )
    # A millisecond clock tells a frame's end only to a tick.
    coarse = name.endswith((".mkv", ".flv"))
    walk(clip, 0, 49, every=every, ticks=Fraction(2, 1000) if coarse else TINY)


def test_clock_of_milliseconds(tmp_path: Path) -> None:
    """At 24 FPS Matroska's frame 1 stands at 42 ms; 1/24 s means it, 41 ms does not."""
    clip = numbered.write(tmp_path / "a.mkv", rate=24, frames=30)
    for number in range(30):
        assert at(clip, Fraction(number, 24)) == number
    assert at(clip, Fraction(41, 1000)) == 0
    assert at(clip, Fraction(42, 1000)) == 1


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("first", "count"),
    [
        *((1, 49), (12, 38), (17, 20), (30, 1)),
        *(pytest.param(*w, marks=pytest.mark.long) for w in ((7, 43), (0, 31))),
    ],
)
def test_edit_list(tmp_path: Path, first: int, count: int, every: int) -> None:
    clip = numbered.edit(numbered.write(tmp_path / "a.mp4"), (first, count))
    assert facts_of(clip).frames == count
    walk(clip, first, first + count - 1, every=every)


def test_two_stretches_of_an_edit_list(tmp_path: Path) -> None:
    clip = numbered.edit(numbered.write(tmp_path / "a.mp4"), (5, 10), (30, 15))
    expected = [*range(5, 15), *range(30, 45)]
    assert facts_of(clip).frames == len(expected)
    with measured(clip) as read:
        for number, drawn in enumerate(expected):
            assert at(read, Fraction(number, RATE)) == drawn
            assert at(read, Fraction(number + 1, RATE) - TINY) == drawn
            assert nth(read, number + 1) == drawn
    assert at(clip, "last") == 44


def test_variable_rate(tmp_path: Path) -> None:
    times = list(accumulate([1, 3, 1, 7, 2] * 10, initial=0))[:50]
    clip = numbered.write(tmp_path / "a.mp4", rate=100, times=times)
    with measured(clip) as read:
        for number, (start, end) in enumerate(pairwise(times)):
            assert at(read, Fraction(start, 100)) == number
            assert at(read, Fraction(end, 100) - TINY) == number
    assert at(clip, "last") == 49


def test_ntsc_boundaries(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    clip = numbered.write(tmp_path / "a.mp4", rate=rate, frames=40)
    with measured(clip) as read:
        for number in range(40):
            assert at(read, number / rate) == number
            assert at(read, (number + 1) / rate - TINY) == number
    assert shown(clip, Fraction(1)).at == 29 / rate


def test_far_into_a_long_clip(tmp_path: Path) -> None:
    options = {"g": "250", "preset": "superfast"}
    clip = numbered.write(tmp_path / "a.mp4", frames=1000, options=options)
    for number in (249, 250, 251, 499, 777, 998, 999):
        assert at(clip, Fraction(number, RATE)) == number
        assert at(clip, Fraction(number + 1, RATE) - TINY) == number
    assert at(clip, "last") == 999


def test_without_timestamps(tmp_path: Path) -> None:
    clip = numbered.write(tmp_path / "a.h264", container="h264")
    assert at(clip, "first") == 0
    assert at(clip, "last") == 49
    assert nth(clip, 20) == 19


def test_before_and_after(tmp_path: Path) -> None:
    clip = numbered.write(tmp_path / "a.mp4")
    with pytest.raises(Refused, match=r"at -1 s; the video lasts 2 s$"):
        at(clip, Fraction(-1))
    with pytest.raises(Refused, match=r"at 2 s; the video lasts 2 s and its last frame ends there"):
        at(clip, Fraction(2))
    for number in (0, 51, 10**9):
        with pytest.raises(Refused, match="frames 1 to 50"):
            nth(clip, number)


def test_a_time_just_past_the_end_is_told_apart(tmp_path: Path) -> None:
    clip = numbered.write(tmp_path / "a.mp4")
    with pytest.raises(Refused, match=r"at 2\.00000000\d+ s; the video lasts 2 s"):
        at(clip, 2 + TINY)


def test_damage_is_refused_not_painted_over() -> None:
    with pytest.raises(Refused, match=r"damaged\.mp4 cannot be read: .* does not decode"):
        shown(FIXTURES / "damaged.mp4", "last")


def test_missing_end_is_refused(tmp_path: Path) -> None:
    clip = numbered.write(tmp_path / "a.mp4", container_options={"movflags": "faststart"})
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 2 // 3])
    assert at(clip, Fraction(1, 5)) == 5
    with pytest.raises(Refused, match="cannot be read"):
        at(clip, "last")
    with pytest.raises(Refused, match="cannot be read"):
        at(clip, Fraction(49, 25))


def test_truncated_clip_never_gives_another_frame(tmp_path: Path) -> None:
    clip = numbered.write(tmp_path / "a.mp4", container_options={"movflags": "faststart"})
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 2 // 3])
    given = 0
    for number in range(50):
        try:
            assert at(clip, Fraction(number, RATE)) == number
            given += 1
        except Refused:
            continue
    assert 10 < given < 50


@pytest.mark.parametrize("name", ["animated.gif", "animated.png", "animated.webp"])
def test_moving_images(name: str) -> None:
    clip = FIXTURES / name
    first, second = shown(clip, "first"), shown(clip, Fraction(1, 20))
    assert first.image.mode == "RGB"
    assert first.image.tobytes() != second.image.tobytes()
    assert shown(clip, "last").image.size == first.image.size


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("still.mp4", "still image"),
        ("audio-only.mp4", "no video track"),
        ("text.mp4", "text"),
        ("playlist.mp4", "playlist"),
        ("encrypted.mp4", "encrypted"),
        ("empty.mp4", "empty"),
        ("none.mp4", "no such file"),
    ],
)
def test_unreadable(name: str, reason: str) -> None:
    with pytest.raises(Refused, match=rf"{name} cannot be read: .*{reason}"):
        shown(FIXTURES / name, "first")
