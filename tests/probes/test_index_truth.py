"""Indexes that cannot be believed as they are: refused, or read in the one way there is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests.media import Hand, box, full, runs, u32
from vaceprep.facts import VideoFacts


def check(path: Path, data: bytes) -> dict[str, str]:
    path.write_bytes(data)
    return {f.code: f.message for f in vaceprep.check(path).files[0].findings}


def clip(**changes: Any) -> bytes:
    """80 frames in 5 s, with some changes."""
    return Hand(**{"frames": 80, "timescale": 1600, "stts": [(80, 100)], **changes}).data()


def facts_of(path: Path, data: bytes) -> VideoFacts:
    path.write_bytes(data)
    facts = vaceprep.probe(path)
    assert isinstance(facts, VideoFacts)
    return facts


def table(**tables: bytes) -> bytes:
    return clip(tables=tables)


CONTRADICTIONS = {
    "a run of no frame in the middle": clip(stts=[(40, 100), (0, 900), (40, 100)]),
    "a first run of no frame": clip(stts=[(0, 900), (80, 100)]),
    "durations for half of the frames": clip(stts=[(40, 100)]),
    "no durations": clip(stts=[], media_duration=8000),
    "offsets for 2^32 - 1 frames": clip(ctts=[(2**32 - 1, 100)]),
    "offsets for 2^31 frames": clip(ctts=[(2**31, 100)]),
    "offsets for half of the frames": clip(ctts=[(40, 100)]),
    "no stco": table(stco=b""),
    "an empty stco": table(stco=full("stco", u32(0))),
    "no stsc": table(stsc=b""),
    "chunks for 10 of 80 frames": table(stsc=full("stsc", u32(1, 1, 10, 1))),
    "a run of chunks without frames": table(stsc=full("stsc", u32(1, 1, 0, 1))),
    "all sizes 0": table(stsz=full("stsz", u32(0, 80), bytes(320))),
    "2^31 ticks a second": clip(timescale=2**31),
    "2^31 ticks a second of the movie": clip(movie_timescale=2**31, edits=[(2**31, 0, 65536)]),
    "an edit on a clock of 0": clip(movie_timescale=0, edits=[(5000, 0, 65536)], media_duration=0),
    "an edit before the track": clip(edits=[(5000, -5, 65536)]),
    "an edit of no length": clip(edits=[(0, 0, 65536)]),
    "an edit of 2^63 ticks": clip(edits=[(2**63 - 1, 0, 65536)]),
    "an empty edit after the film": clip(edits=[(5000, 0, 65536), (1000, -1, 65536)]),
    "no sample entry": table(stsd=full("stsd", u32(0))),
    "a sample entry less than said": table(
        stsd=full("stsd", u32(2), box("avc1", bytes(6) + b"\0\1" + bytes(70)))
    ),
    "chunks of a missing sample entry": table(stsc=full("stsc", u32(1, 1, 80, 2))),
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_tables_that_contradict_each_other(what: str, tmp_path: Path) -> None:
    found = check(tmp_path / "clip.mp4", CONTRADICTIONS[what])
    assert list(found) == ["VP105"]
    assert found["VP105"].startswith("cannot be read: its index contradicts itself: ")


SANE = {
    "plain": clip(),
    "a last run of no frame": clip(stts=[(80, 100), (0, 900)]),
    "no duration for the last frame": clip(stts=[(79, 100)]),
    "an empty run of offsets": clip(ctts=[(40, 100), (0, 7), (40, 100)]),
    "more offsets than frames": clip(ctts=[(90, 100)]),
    "a last chunk that is not full": table(stsc=full("stsc", u32(1, 1, 100, 1))),
    "an edit beyond the end": clip(edits=[(9000, 0, 65536)]),
}


@pytest.mark.parametrize("what", SANE)
def test_tables_with_one_way_to_read_them(what: str, tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "clip.mp4", SANE[what])
    assert (facts.frames, facts.duration, facts.fps) == (80, Fraction(5), Fraction(16))


def test_a_run_of_four_billion_durations_is_one_that_covers_all(tmp_path: Path) -> None:
    data = clip(stts=[(2**32 - 1, 100)], media_duration=8000)
    assert set(check(tmp_path / "clip.mp4", data)) - {"VP119", "VP120", "VP604"} == {"VP127"}


@pytest.mark.parametrize("at", [1, 40, 78])
def test_one_odd_interval_on_an_exact_clock_counts_in_full(at: int, tmp_path: Path) -> None:
    hand = Hand(frames=80, timescale=80, stts=[(at, 5), (1, 6), (79 - at, 5)])
    found = check(tmp_path / "clip.mp4", hand.data())
    assert {"VP103", "VP104"} <= set(found)
    assert facts_of(tmp_path / "clip.mp4", hand.data()).duration == Fraction(401, 80)


def test_an_interval_that_rounding_makes_stays_one(tmp_path: Path) -> None:
    # 30 frames a second in milliseconds: 33, 33, 34. A tick more than 5 s is rounding.
    pattern = [(2, 33), (1, 34)] * 49 + [(1, 33), (1, 34), (1, 34)]
    data = Hand(frames=150, timescale=1000, stts=pattern).data()
    facts = facts_of(tmp_path / "clip.mp4", data)
    assert (facts.duration, facts.rounding_tick) == (Fraction(5001, 1000), Fraction(1, 1000))
    assert "VP104" not in check(tmp_path / "clip.mp4", data)


NEGATIVE = {
    # By FFmpeg's own reading: decoding times rise by one tick until the clock has caught up.
    "before a long one": ([(15, 1000), (1, -500), (1, 2500), (15, 1000)], 32000),
    "alone": ([(31, 1000), (1, -500)], 31001),
    "before ordinary ones": ([(10, 1000), (1, -500), (21, 1000)], 30500),
    "a run of them": ([(10, 1000), (3, -500), (19, 1000)], 28502),
}


@pytest.mark.parametrize("what", NEGATIVE)
def test_negative_durations(what: str, tmp_path: Path) -> None:
    stts, ticks = NEGATIVE[what]
    data = Hand(frames=32, timescale=16000, stts=stts, media_duration=32000).data()
    facts = facts_of(tmp_path / "clip.mp4", data)
    assert (facts.frames, facts.duration) == (32, Fraction(ticks, 16000))


BEHIND = {
    "an upload's boundary": b"\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n",
    "ID3v1": b"TAGsome title".ljust(128, b"\0"),
    "random": bytes(range(255, 100, -1)),
    "text": b"%PDF-1.4 is not what this is, and it goes on for a while" * 3,
}


@pytest.mark.parametrize("index_first", [True, False])
@pytest.mark.parametrize("what", BEHIND)
def test_bytes_behind_the_last_box_are_no_damage(
    what: str, index_first: bool, tmp_path: Path
) -> None:
    data = clip(index_first=index_first) + BEHIND[what]
    assert not {"VP105", "VP106", "VP127"} & set(check(tmp_path / "clip.mp4", data))


@pytest.mark.parametrize("kind", ["mdat", "free", "uuid"])
def test_a_box_that_claims_more_than_there_is(kind: str, tmp_path: Path) -> None:
    if kind == "mdat":
        data = clip(index_first=True)
        at = data.index(b"mdat") - 4
        size = int.from_bytes(data[at : at + 4])
        data = data[:at] + u32(size + 8) + data[at + 4 :]
    else:
        data = clip() + u32(4000) + kind.encode() + bytes(500)
    found = check(tmp_path / "clip.mp4", data)
    assert f"its box '{kind}' should end at byte" in found["VP127"]
    assert not {"VP105", "VP106"} & set(found)


def test_a_missing_frame_is_damage_whatever_the_boxes_say(tmp_path: Path) -> None:
    data = clip(index_first=True)
    assert "VP106" in check(tmp_path / "clip.mp4", data[:-1])


def fragment(size: int) -> bytes:
    """One fragment of one sample of so many bytes, right behind its header."""
    tfhd = full("tfhd", u32(1), flags=0x20000)
    trun = full("trun", u32(1, 80, size), flags=0x201)
    return box("moof", full("mfhd", u32(1)), box("traf", tfhd, trun))


@pytest.mark.parametrize(("missing", "code"), [(0, None), (1, "VP106")])
def test_a_fragment_s_samples_are_held_against_the_file(
    missing: int, code: str | None, tmp_path: Path
) -> None:
    whole = Hand(in_movie=box("mvex", full("trex", u32(1, 1, 0, 0, 0)))).data()
    data = whole + fragment(100) + u32(900) + b"mdat" + bytes(100 - missing)
    found = check(tmp_path / "clip.mp4", data)
    assert ("VP106" in found) == (code == "VP106")
    assert ("VP127" in found) == (code is None)


class TwoTracks(Hand):
    """A still picture in a track of its own before the video."""

    def movie(self, data_at: int) -> bytes:
        whole = super().movie(data_at)
        at = whole.index(b"trak") - 4
        size = int.from_bytes(whole[at : at + 4])
        still = Hand(frames=1, timescale=self.timescale).track(data_at)
        rest = whole[at : at + size].replace(
            full("tkhd", u32(0, 0, 1, 0))[8:24], full("tkhd", u32(0, 0, 2, 0))[8:24]
        )
        rest = rest.replace(b"tkhd\0\0\0\3" + u32(0, 0, 1), b"tkhd\0\0\0\3" + u32(0, 0, 2))
        body = whole[8:at] + still + rest + whole[at + size :]
        return box("moov", body)


def test_the_video_is_measured_and_not_a_still_before_it(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    facts = facts_of(path, TwoTracks(frames=80, timescale=1600, stts=[(80, 100)]).data())
    assert (facts.frames, facts.duration) == (80, Fraction(5))
    assert [s.kind for s in facts.streams] == ["video"]


@pytest.mark.parametrize("first", [box("free", bytes(16)), box("free", bytes(9000))])
def test_a_box_before_the_brand_changes_no_container(first: bytes, tmp_path: Path) -> None:
    data = clip()
    path = tmp_path / "clip.mp4"
    hand = Hand(frames=80, timescale=1600, stts=[(80, 100)])
    at = hand.data().index(b"mdat") - 4
    moved = (
        first
        + data[:at]
        + data[at:].replace(full("stco", u32(1, at + 8)), full("stco", u32(1, at + 8 + len(first))))
    )
    facts = facts_of(path, moved)
    assert (facts.container, facts.major_brand) == ("mp4", "isom")
    assert not {"VP101", "VP107"} & set(check(path, moved))


def test_slow_motion_lasts_as_long_as_it_is_shown(tmp_path: Path) -> None:
    # Half of the speed: 80 frames of 5 s take 10 s.
    data = clip(edits=[(10_000, 0, 0x8000)])
    facts = facts_of(tmp_path / "clip.mp4", data)
    assert (facts.frames, facts.duration, facts.fps) == (80, Fraction(10), Fraction(8))
    found = check(tmp_path / "clip.mp4", data)
    assert "0.5 times its speed" in found["VP122"]
    assert {"VP103", "VP104"} <= set(found)
    # Only the middle second is slow.
    parts = [(2000, 0, 0x10000), (2000, 3200, 0x8000), (2000, 4800, 0x10000)]
    facts = facts_of(tmp_path / "clip.mp4", clip(edits=parts))
    assert (facts.frames, facts.duration) == (80, Fraction(6))


def test_runs_are_written_as_the_tests_mean_them() -> None:
    assert runs("stts", [(1, -500)])[-4:] == b"\xff\xff\xfe\x0c"
