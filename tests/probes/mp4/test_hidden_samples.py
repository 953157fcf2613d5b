"""Samples that are no frames: fields, units without a picture, what precedes the first keyframe."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import av.error
import pytest

import vaceprep
from tests.media import Hand, coded, full, needs_ffprobe, u32, video_facts
from tests.probes.fieldpictures import FieldFile
from vaceprep.facts import DecodeFacts, VideoFacts
from vaceprep.probes.decode import Decoded, Failure


def facts_of(data: bytes, path: Path) -> VideoFacts:
    path.write_bytes(data)
    facts = vaceprep.probe(path)
    assert isinstance(facts, VideoFacts)
    return facts


def codes(path: Path) -> dict[str, str]:
    return {f.code: f.message for f in vaceprep.check(path).files[0].findings}


def decoded(path: Path) -> int:
    count = 0
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            with suppress(av.error.InvalidDataError):
                count += len(packet.decode())
    return count


def test_two_fields_of_one_frame_are_one_frame(tmp_path: Path) -> None:
    path = tmp_path / "fields.mp4"
    facts = facts_of(FieldFile(frames=20, timescale=50).data(), path)
    assert facts.frames == 10 == decoded(path)
    assert (facts.duration, facts.fps, facts.constant_rate) == (
        Fraction(20, 50),
        Fraction(25),
        True,
    )
    assert (facts.interlaced, facts.packets_are_frames) == (True, False)


@pytest.mark.parametrize(("container", "name"), [("mpegts", "f.ts"), ("matroska", "f.mkv")])
def test_fields_in_other_containers(container: str, name: str, tmp_path: Path) -> None:
    source = BytesIO(FieldFile(frames=20, timescale=50).data())
    path = tmp_path / name
    with av.open(source, mode="r") as read, av.open(str(path), "w", format=container) as out:
        stream = out.add_stream_from_template(read.streams.video[0], opaque=True)
        for packet in read.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    facts = vaceprep.probe(path)
    assert isinstance(facts, VideoFacts)
    assert (facts.frames, facts.duration, facts.fps) == (10, Fraction(2, 5), Fraction(25))
    assert (facts.interlaced, facts.packets_are_frames) == (True, False)


def test_a_field_rate_above_the_least_is_no_frame_rate(tmp_path: Path) -> None:
    path = tmp_path / "slow.mp4"
    facts = facts_of(FieldFile(frames=50, timescale=25).data(), path)
    assert facts.fps == Fraction(25, 2)
    assert "VP103" in codes(path)


class WithHeaders(Hand):
    """Before each frame a sample that holds only an SEI unit."""

    def payload(self) -> list[bytes]:
        sei = u32(6) + bytes([6, 5, 2, 1, 2, 0x80])
        _, frames = coded()
        return [part for n in range(self.frames // 2) for part in (sei, frames[n % len(frames)])]


def test_samples_without_a_picture_are_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "sei.mp4"
    hand = WithHeaders(frames=40, timescale=40, tables={"stss": full("stss", u32(1, 2))})
    facts = facts_of(hand.data(), path)
    assert facts.frames == 20 == decoded(path)
    assert (facts.duration, facts.unshown) == (Fraction(39, 40), None)
    assert "40 frames where 20 are there" in codes(path)["VP127"]


class Late(Hand):
    """The keyframe is missing at the beginning: it begins with what leans on it."""

    def payload(self) -> list[bytes]:
        _, frames = coded()
        # A keyframe every four frames.
        return [frames[(n + 1) % 8] for n in range(self.frames)]


@needs_ffprobe
def test_frames_before_the_first_keyframe_are_told_and_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "late.mp4"
    hand = Late(frames=23, timescale=20, tables={"stss": full("stss", u32(1, 4))})
    facts = facts_of(hand.data(), path)
    assert facts.frames == 20
    assert (facts.duration, facts.fps) == (Fraction(1), Fraction(20))
    found = codes(path)
    assert found["VP122"] == "its first 3 frames are not shown: no keyframe comes before"
    assert not {"VP105", "VP106", "VP127"} & set(found)


def test_a_keyframe_that_the_table_leaves_out_is_found(tmp_path: Path) -> None:
    # The table names the second keyframe; the first sample is one, too.
    hand = Hand(frames=20, timescale=20, tables={"stss": full("stss", u32(1, 5))})
    facts = facts_of(hand.data(), tmp_path / "table.mp4")
    assert (facts.frames, facts.unshown) == (20, None)


class Thin(Hand):
    """Some samples have no bytes at all."""

    def payload(self) -> list[bytes]:
        return [b"" if n % 4 == 3 else frame for n, frame in enumerate(super().payload())]


def test_samples_of_no_bytes_are_no_frames(tmp_path: Path) -> None:
    facts = facts_of(Thin(frames=16, timescale=16).data(), tmp_path / "thin.mp4")
    assert facts.frames == 12


def test_frames_that_are_cut_off_are_frames(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    data = Hand(frames=16, timescale=16, index_first=True).data()
    assert max(map(len, coded()[1][1:4])) < 200
    facts = facts_of(data[:-40], path)
    assert facts.frames == 16
    assert "VP106" in codes(path)


def test_ordinary_frames_are_not_read(tmp_path: Path) -> None:
    """What is large enough to be a picture costs no read."""
    from vaceprep.files.source import Opened
    from vaceprep.probes.access_units import form_of
    from vaceprep.probes.mp4.boxes import read_boxes
    from vaceprep.probes.mp4.hidden_samples import NOTHING, excluded_samples

    data = FieldFile(frames=8).data()
    opened = Opened(BytesIO(data), len(data))
    (track,) = read_boxes(opened).tracks
    opened.seek(0)
    assert excluded_samples(opened, track, form_of("h264", coded()[0])) is NOTHING
    assert opened.tell() == 0


def deep(path: Path) -> dict[str, str]:
    return {f.code: f.message for f in vaceprep.check(path, deep=True).files[0].findings}


def test_decoding_agrees_with_what_was_counted(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(FieldFile(frames=20, timescale=50).data())
    assert not {"VP105", "VP106", "VP127"} & set(deep(path))
    path.write_bytes(WithHeaders(frames=40, timescale=40).data())
    assert not {"VP105", "VP106"} & set(deep(path))
    path.write_bytes(Late(frames=23, timescale=20, tables={"stss": full("stss", u32(1, 4))}).data())
    assert not {"VP105", "VP106", "VP127"} & set(deep(path))


class LongHeaders(Hand):
    """After every four frames a sample without a picture that is as long as one with it."""

    def payload(self) -> list[bytes]:
        filler = u32(300) + bytes([12]) + b"\xff" * 298 + b"\x80"
        _, frames = coded()
        return [
            part for n in range(self.frames // 5) for part in (*frames[n % 2 * 4 :][:4], filler)
        ]


def test_samples_that_are_never_shown_are_found_by_decoding(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    path.write_bytes(LongHeaders(frames=20, timescale=20).data())
    assert "VP127" not in codes(path)
    found = deep(path)
    assert found["VP127"] == "4 of its 20 samples are never shown"
    assert "VP106" not in found


def test_frames_that_never_come_out_are_damage() -> None:
    counted = replace(video_facts(), frames=80)
    assert Decoded(70, 0, 80, None, None).facts(counted).missing == 10
    found = Decoded(70, 4, 80, None, None).facts(counted)
    assert (found.never_shown, found.missing) == (4, 6)
    failed = Failure(3, "x")
    assert Decoded(80, 0, 80, None, failed).facts(counted).failed_frame is None
    assert Decoded(79, 0, 80, failed, None).facts(counted).failed_frame == 3
    late = replace(counted, unshown="its first 3 frames are not shown")
    assert Decoded(79, 0, 80, failed, None).facts(late).failed_frame is None
    # Packets of VP9 may serve later ones only.
    assert Decoded(70, 0, 80, None, None).facts(replace(counted, codec="vp9")).never_shown == 10
    # A recording that was joined in the middle of a group has no index that claims its beginning.
    joined = replace(counted, container="mpegts", fragmented=None)
    assert Decoded(70, 0, 70, failed, None).facts(joined) == DecodeFacts(70, None, None, 0, 0)
