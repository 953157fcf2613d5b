"""Frames, clips and a guide agree: in size, in rate, and in time together."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import vaceprep
from tests.preparation.jobmedia import EXTEND, good, job, numbers, prepared, sized
from tests.preparation.numbered import write
from vaceprep.facts import ImageFacts, VideoFacts
from vaceprep.plans.model import Options
from vaceprep.preparation.report import Prepared

FILES = {
    "first_clip_url": "first.mp4",
    "last_clip_url": "last.mp4",
    "first_frame_url": "first.png",
    "last_frame_url": "last.png",
    "video_url": "guide.mp4",
}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))


def media(folder: Path, **sizes: tuple[int, int]) -> dict[str, str]:
    """Files of these sizes for these fields; the guide's condition beside it."""
    for name, size in sizes.items():
        if FILES[name].endswith(".mp4"):
            sized(folder / FILES[name], size)
        else:
            Image.linear_gradient("L").resize(size).convert("RGB").save(folder / FILES[name])
    values = {name: FILES[name] for name in sizes}
    return values | ({"control_condition": "depth"} if "video_url" in sizes else {})


def by_role(entries: list[Prepared]) -> dict[str | None, Prepared]:
    return {entry.role: entry for entry in entries}


def size(entry: Prepared) -> tuple[int, int]:
    assert isinstance(entry.after, VideoFacts | ImageFacts)
    return entry.after.width, entry.after.height


SIZES = {
    "first_clip_url": (400, 360),
    "last_clip_url": (640, 360),
    "first_frame_url": (700, 500),
    "last_frame_url": (480, 640),
    "video_url": (180, 320),
}


TWO = [(pair, shape) for pair in combinations(SIZES, 2) for shape in ("pad", "crop")]
THREE = [(three, "crop" if "video_url" in three else "pad") for three in combinations(SIZES, 3)]


REST = [*TWO[1::4], *TWO[2::4], *TWO[3::8], THREE[0], *THREE[3:]]


# Most pairs in one shape, and two of the threes, with and without a video; the others are long.
@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        *(TWO[::4] + TWO[7::8] + THREE[1:3]),
        *(pytest.param(*case, marks=pytest.mark.long) for case in REST),
    ],
)
def test_all_take_the_size_of_the_first(
    fields: tuple[str, ...], shape: Any, tmp_path: Path
) -> None:
    values = media(tmp_path, **{name: SIZES[name] for name in fields})
    path = job(tmp_path, **EXTEND, **values)
    entries = by_role(prepared(path, tmp_path / "out", Options(shape=shape)))
    good(list(entries.values()))
    lead = fields[0]
    assert {size(entries[name]) for name in fields} == {SIZES[lead]}
    for name in fields:
        reasons = {r for e in entries[name].plan for r in e.reason}
        assert ("inputs-disagree" in reasons) == (name != lead)


def test_a_guide_follows_an_odd_frame_that_becomes_even(tmp_path: Path) -> None:
    values = media(tmp_path, first_frame_url=(401, 363), video_url=(640, 360))
    entries = by_role(prepared(job(tmp_path, **EXTEND, **values), tmp_path / "out"))
    good(list(entries.values()))
    assert size(entries["first_frame_url"]) == size(entries["video_url"]) == (400, 362)


def test_odd_frames_alone_stay_odd(tmp_path: Path) -> None:
    values = media(tmp_path, first_frame_url=(401, 363), last_frame_url=(640, 363))
    entries = by_role(prepared(job(tmp_path, **EXTEND, **values), tmp_path / "out"))
    good(list(entries.values()))
    assert size(entries["first_frame_url"]) == size(entries["last_frame_url"]) == (401, 363)


def test_the_first_is_mended_before_others_follow_it(tmp_path: Path) -> None:
    values = media(tmp_path, first_clip_url=(180, 102), first_frame_url=(180, 102))
    values |= media(tmp_path, video_url=(1280, 720))
    path = job(tmp_path, **EXTEND, **values)
    entries = by_role(prepared(path, tmp_path / "out", Options(fit_720p=True)))
    good(list(entries.values()))
    assert {size(e) for role, e in entries.items() if role} == {(634, 360)}


def test_a_large_frame_leads_though_videos_are_to_fit_720p(tmp_path: Path) -> None:
    values = media(tmp_path, first_frame_url=(1920, 1080), video_url=(1920, 1080))
    path = job(tmp_path, **EXTEND, **values)
    entries = by_role(prepared(path, tmp_path / "out", Options(fit_720p=True)))
    assert {size(e) for role, e in entries.items() if role} == {(1920, 1080)}


def test_errors_alone_leave_differences_among_frames_and_clips(tmp_path: Path) -> None:
    values = media(tmp_path, first_clip_url=(400, 360), first_frame_url=(500, 500))
    path = job(tmp_path, **EXTEND, **values)
    entries = prepared(path, tmp_path / "out", Options(only_errors=True))
    assert [e.status for e in entries] == ["unchanged"] * 3
    assert {f.code for f in entries[0].remaining} >= {"VP414"}


def test_errors_alone_make_all_agree_where_a_guide_has_to(tmp_path: Path) -> None:
    values = media(tmp_path, first_clip_url=(400, 360), first_frame_url=(500, 500))
    values |= media(tmp_path, video_url=(640, 360))
    path = job(tmp_path, **EXTEND, **values)
    entries = by_role(prepared(path, tmp_path / "out", Options(only_errors=True)))
    assert vaceprep.check(tmp_path / "out/job.json").ok
    assert {size(e) for role, e in entries.items() if role} == {(400, 360)}


def test_rates_follow_the_first_clip_and_the_guide_too(tmp_path: Path) -> None:
    write(tmp_path / "first.mp4", frames=25, rate=25)
    write(tmp_path / "last.mp4", frames=30, rate=30)
    write(tmp_path / "guide.mp4", frames=100, rate=20)
    names = ("first_clip_url", "last_clip_url", "video_url")
    values = {name: FILES[name] for name in names}
    path = job(tmp_path, **EXTEND, **values, control_condition="depth")
    entries = by_role(prepared(path, tmp_path / "out"))
    good(list(entries.values()))
    rates = [entries[name].after for name in names]
    assert {r.fps for r in rates if isinstance(r, VideoFacts)} == {25}
    assert entries["first_clip_url"].lossless


def test_slow_clips_lead_at_the_rate_that_they_get(tmp_path: Path) -> None:
    write(tmp_path / "first.mp4", frames=10, rate=10)
    write(tmp_path / "last.mp4", frames=30, rate=30)
    values = {name: FILES[name] for name in ("first_clip_url", "last_clip_url")}
    entries = by_role(prepared(job(tmp_path, **EXTEND, **values), tmp_path / "out"))
    good(list(entries.values()))
    assert numbers(tmp_path / "out/first.mp4") == [n // 2 for n in range(20)]
    after = entries["last_clip_url"].after
    assert isinstance(after, VideoFacts)
    assert after.fps == 20


def test_what_follows_a_failed_one_waits(tmp_path: Path) -> None:
    values = media(tmp_path, last_clip_url=(400, 360), video_url=(400, 360))
    path = job(tmp_path, **EXTEND, **values, first_clip_url="gone.mp4")
    entries = prepared(path, tmp_path / "out")
    assert [e.status for e in entries] == ["failed"] * 4
    told = {e.error for e in entries if e.role in ("last_clip_url", "video_url")}
    assert told == {"it follows first_clip_url, which cannot be prepared"}
    assert not (tmp_path / "out").exists()


# --- three seconds together ----------------------------------------------------------------


def seconds(start: str | None = None, duration: str | None = None) -> Options:
    return Options(
        start=Fraction(start) if start else None, duration=Fraction(duration) if duration else None
    )


@pytest.mark.parametrize(
    ("lengths", "fields", "first", "last"),
    [
        ((40, 20), {}, range(40), range(20)),
        ((50, 50), {}, range(20, 50), range(30)),
        ((20, 60), {}, range(20), range(40)),
        ((60, 20), {}, range(20, 60), range(20)),
        ((100, 100), {}, range(70, 100), range(30)),
        ((60, 60), {"last_clip_url": seconds(None, "0.5")}, range(10, 60), range(10)),
        ((60, 60), {"first_clip_url": seconds(None, "2")}, range(20, 60), range(20)),
        ((60, 60), {"first_clip_url": seconds("0.5")}, range(10, 40), range(30)),
        ((60, 60), {"last_clip_url": seconds("2.5")}, range(10, 60), range(50, 60)),
    ],
)
def test_shares_of_three_seconds(
    lengths: tuple[int, int],
    fields: dict[str, Options],
    first: range,
    last: range,
    tmp_path: Path,
) -> None:
    options = {"bf": "0", "g": "10"}
    write(tmp_path / "first.mp4", frames=lengths[0], rate=20, options=options)
    write(tmp_path / "last.mp4", frames=lengths[1], rate=20, options=options)
    values = {name: FILES[name] for name in ("first_clip_url", "last_clip_url")}
    entries = by_role(prepared(job(tmp_path, **EXTEND, **values), tmp_path / "out", None, fields))
    good(list(entries.values()))
    assert numbers(tmp_path / "out/first.mp4") == list(first)
    assert numbers(tmp_path / "out/last.mp4") == list(last)
    told = {r for e in entries["last_clip_url"].plan for r in e.reason}
    mine = "last_clip_url" in fields
    assert ("clips-together" in told) == (lengths[1] > len(last) and not mine)


def test_shares_hold_where_frames_do_not_divide_them(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    write(tmp_path / "first.mp4", frames=90, rate=rate)
    write(tmp_path / "last.mp4", frames=90, rate=24)
    values = {name: FILES[name] for name in ("first_clip_url", "last_clip_url")}
    entries = by_role(prepared(job(tmp_path, **EXTEND, **values), tmp_path / "out"))
    good(list(entries.values()))
    # What is extended goes on from the last frame.
    assert numbers(tmp_path / "out/first.mp4")[-1] == 89
    assert numbers(tmp_path / "out/last.mp4")[0] == 0


def test_who_asks_for_more_than_three_seconds_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "first.mp4", frames=60, rate=20)
    write(tmp_path / "last.mp4", frames=60, rate=20)
    values = {name: FILES[name] for name in ("first_clip_url", "last_clip_url")}
    fields = {"first_clip_url": seconds(None, "2"), "last_clip_url": seconds(None, "1.5")}
    path = job(tmp_path, **EXTEND, **values)
    [entry] = prepared(path, tmp_path / "out", None, fields)
    assert entry.status == "failed"
    assert {f.code for f in entry.remaining} == {"VP413"}
    assert not (tmp_path / "out").exists()
