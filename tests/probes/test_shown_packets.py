"""What of the stored picture is shown, and how: crop rectangles, rotation, Dolby Vision."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from io import BytesIO
from math import cos, radians, sin
from pathlib import Path

import av
import pytest
from av.video.stream import VideoStream

import vaceprep
from tests.media import Hand, box, encode, full, u32
from vaceprep.facts import Crop, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.probes.matroska import picture


def facts_of(path: Path, data: bytes) -> VideoFacts:
    path.write_bytes(data)
    facts = vaceprep.probe(path)
    assert isinstance(facts, VideoFacts)
    return facts


def codes(path: Path) -> set[str]:
    return {f.code for f in vaceprep.check(path).files[0].findings}


def clap(width: int, height: int, across: int = 0, down: int = 0, unit: int = 1) -> bytes:
    """A clean aperture; offsets of its centre in units of ``1 / unit`` pixel."""
    return box("clap", u32(width, 1, height, 1, across, unit, down, unit))


@pytest.mark.parametrize(
    ("box_", "crop"),
    [
        (clap(64, 40), Crop(0, 4, 0, 4)),
        (clap(48, 48), Crop(8, 0, 8, 0)),
        (clap(56, 40, -4, 4), Crop(0, 8, 8, 0)),
        (clap(64, 47, 0, -1, 2), Crop(0, 0, 0, 1)),
        (clap(64, 48), None),
        # Outside the picture, or no numbers: nothing is cropped.
        (clap(80, 48), None),
        (clap(56, 40, 30, 0), None),
        (clap(64, 40, 0, 0, 0), None),
    ],
)
def test_a_clean_aperture_is_what_is_shown(box_: bytes, crop: Crop | None, tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "clap.mp4", Hand(extensions=box_).data())
    assert facts.crop == crop
    left, top, right, bottom = crop or (0, 0, 0, 0)
    assert (facts.width, facts.height) == (64 - left - right, 48 - top - bottom)
    assert (facts.stored_width, facts.stored_height) == (64, 48)


def test_the_crop_comes_before_the_rotation(tmp_path: Path) -> None:
    turned = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    data = Hand(extensions=clap(64, 40), matrix=turned).data()
    facts = facts_of(tmp_path / "clap.mp4", data)
    assert (facts.width, facts.height, facts.rotation) == (40, 64, 90)


def element(kind: int, body: bytes) -> bytes:
    """An EBML element with a length of eight bytes."""
    name = kind.to_bytes((kind.bit_length() + 7) // 8)
    return name + (1 << 56 | len(body)).to_bytes(8) + body


def entry(video: bytes = b"", addition: bytes = b"") -> bytes:
    return element(0xAE, element(0xD7, b"\1") + element(0x83, b"\1") + element(0xE0, video)
                   + addition)  # fmt: skip


def matroska(*entries: bytes, before: bytes = b"") -> Opened:
    data = element(0x1A45DFA3, b"") + element(
        0x18538067, before + element(0x1654AE6B, b"".join(entries))
    )
    return Opened(BytesIO(data), len(data))


def pose(roll: float, yaw: float = 0, pitch: float = 0, kind: int = 0) -> bytes:
    parts = element(0x7671, bytes([kind])) if kind else b""
    for name, value in ((0x7673, yaw), (0x7674, pitch), (0x7675, roll)):
        parts += element(name, struct.pack(">f", value))
    return element(0x7670, parts)


@pytest.mark.parametrize(
    ("roll", "yaw", "rotation", "mirrored"),
    [
        *((90, 0, 270, False), (-90, 0, 90, False), (180, 0, 180, False), (-180, 0, 180, False)),
        *((0, 0, 0, False), (0, 180, 0, True), (90, 180, 270, True), (45, 0, None, False)),
    ],
)
def test_matroska_s_roll_is_counter_clockwise(
    roll: float, yaw: float, rotation: int | None, mirrored: bool
) -> None:
    # Where a stored picture's corner, right of its centre, is shown: mirrored first, then rolled.
    found = picture(matroska(entry(pose(roll, yaw))), 0).turn
    assert found == (rotation, mirrored)


@pytest.mark.parametrize("odd", [pose(90, pitch=10), pose(90, yaw=45), pose(90, kind=1)])
def test_a_pose_in_space_is_left_out_of_account(odd: bytes) -> None:
    assert picture(matroska(entry(odd)), 0).turn == (0, False)


def test_matroska_s_crop_and_dolby_vision() -> None:
    sides = b"".join(
        element(name, bytes([n]))
        for name, n in ((0x54AA, 4), (0x54BB, 2), (0x54CC, 1), (0x54DD, 3))
    )
    record = bytes([1, 0, 5 << 1, 0x2D, 0, *bytes(19)])
    addition = element(0x41E4, element(0x41E7, b"dvcC") + element(0x41ED, record))
    void = element(0xEC, bytes(5000))
    opened = matroska(entry(), entry(sides, addition), before=void)
    assert picture(opened, 0).crop is None
    found = picture(opened, 1)
    assert found.crop == Crop(left=1, top=2, right=3, bottom=4)
    assert found.dolby is not None
    assert found.dolby.alone


@pytest.mark.parametrize("cut", [1, 3, 9, 20, 31])
def test_broken_matroska_says_nothing(cut: int) -> None:
    whole = matroska(entry(pose(90)))
    data = whole.read_at(0, whole.size)[:-cut]
    assert picture(Opened(BytesIO(data), len(data)), 0).turn == (0, False)


@cache
def rolled() -> bytes:
    """A Matroska file that FFmpeg's own writer turned, 90 degrees counter-clockwise."""
    plain, turned = BytesIO(), BytesIO()
    encode(plain, frames=4, options={"bf": "0"}, container="matroska")
    plain.seek(0)
    with av.open(plain, mode="r") as source, av.open(turned, "w", format="matroska") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        assert isinstance(stream, VideoStream)
        stream.set_display_rotation(90)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return turned.getvalue()


def test_a_turned_matroska_file_is_shown_as_ffmpeg_shows_it(tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "turned.mkv", rolled())
    with av.open(BytesIO(rolled()), mode="r") as container:
        frames = (f for p in container.demux(video=0) for f in p.decode())
        counter_clockwise = next(frames).rotation
    assert facts.rotation == -counter_clockwise % 360
    assert facts.rotation in (90, 270)
    assert (facts.width, facts.height) == (48, 64)
    assert "VP113" in codes(tmp_path / "turned.mkv")


def scaled(degrees: int, wide: float, high: float, mirror: int = 1) -> tuple[int, ...]:
    """A matrix that mirrors, turns clockwise and scales."""
    c, s = round(cos(radians(degrees))), round(sin(radians(degrees)))
    one = 0x10000
    a, b = mirror * c * wide, mirror * s * high
    return (round(a * one), round(b * one), 0, round(-s * wide * one), round(c * high * one),
            0, 0, 0, 0x40000000)  # fmt: skip


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("scale", [0.5, 2, 1 / 3])
@pytest.mark.parametrize("mirror", [1, -1])
def test_a_scale_changes_no_rotation(
    degrees: int, scale: float, mirror: int, tmp_path: Path
) -> None:
    matrix = scaled(degrees, scale, scale, mirror)
    facts = facts_of(tmp_path / "turned.mp4", Hand(matrix=matrix).data())
    assert (facts.rotation, facts.mirrored) == (degrees, mirror < 0)
    assert {facts.width, facts.height} == {64, 48}
    assert (facts.width == 48) == (degrees != 180)


def narrower(width: int, height: int) -> Callable[[bytes], bytes]:
    """Another width and height in the sample entry and the track's header."""

    def change(data: bytes) -> bytes:
        stored = struct.pack(">HH", 64, 48) + u32(0x480000)
        data = data.replace(stored, struct.pack(">HH", width, height) + u32(0x480000))
        return data.replace(u32(64 << 16, 48 << 16), u32(width << 16, height << 16))

    return change


@pytest.mark.parametrize(
    ("size", "shown"),
    [((54, 48), (54, 48)), ((64, 38), (64, 38)), ((40, 48), (64, 48)), ((80, 48), (64, 48))],
)
def test_the_container_s_size_counts_within_the_same_macroblocks(
    size: tuple[int, int], shown: tuple[int, int], tmp_path: Path
) -> None:
    data = narrower(*size)(Hand().data())
    path = tmp_path / "narrow.mp4"
    facts = facts_of(path, data)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == shown
    assert (facts.width, facts.height) == shown


def dovi(profile: int, compatibility: int) -> bytes:
    return box("dvcC", bytes([1, 0, profile << 1, 0x2D, compatibility << 4]), bytes(19))


@pytest.mark.parametrize(
    ("profile", "compatibility", "alone"),
    [(5, 0, True), (10, 0, True), (8, 1, False), (8, 4, False), (7, 6, False)],
)
def test_dolby_vision_that_no_other_decoder_knows(
    profile: int, compatibility: int, alone: bool, tmp_path: Path
) -> None:
    path = tmp_path / "dolby.mp4"
    data = Hand(frames=16, timescale=16, extensions=dovi(profile, compatibility)).data()
    facts = facts_of(path, data)
    assert facts.dolby_vision == (profile if alone else None)
    assert ("VP116" in codes(path)) == alone
    made = vaceprep.prepare(path, output=tmp_path / "out").files[0]
    assert (made.status == "failed") == alone
    if alone:
        assert "Dolby Vision profile" in made.remaining[0].message
        assert not list((tmp_path / "out").glob("*"))


def test_aspect_and_crop_together(tmp_path: Path) -> None:
    aspect = box("pasp", u32(2, 1))
    facts = facts_of(tmp_path / "aspect.mp4", Hand(extensions=clap(48, 48) + aspect).data())
    assert facts.sample_aspect_ratio == Fraction(2)
    assert (facts.width, facts.height) == (96, 48)


def test_full_boxes_are_written_as_the_tests_mean_them() -> None:
    assert full("stss", u32(0)) == b"\0\0\0\x10stss" + bytes(8)
