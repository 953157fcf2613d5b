"""Pictures are shown at their own times: containers whose packets are not all pictures."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import pytest
from av.packet import Packet
from av.video.stream import VideoStream

import vaceprep
from tests.preparation import look, numbered
from vaceprep.facts import VideoFacts
from vaceprep.preparation.report import Prepared

#: A group of pictures of eight, no scene cut.
GROUP = {"g": "8", "bf": "0", "preset": "ultrafast", "sc_threshold": "0"}


def facts_of(path: Path) -> VideoFacts:
    facts = vaceprep.probe(path)
    assert isinstance(facts, VideoFacts)
    return facts


def prepared(path: Path, **options: Any) -> Prepared:
    entry = vaceprep.prepare(path, path.parent / "out", force=True, **options).files[0]
    assert entry.status == "prepared", (entry.error, entry.remaining)
    assert entry.output is not None
    assert isinstance(entry.after, VideoFacts)
    return entry


def shown(entry: Prepared) -> list[tuple[int, Fraction]]:
    assert entry.output is not None
    return list(zip(look.numbers(entry.output), look.times(entry.output), strict=True))


def copied(
    source: Path,
    target: Path,
    change: Callable[[list[Packet[VideoStream]]], Iterable[Packet[VideoStream]]],
    options: dict[str, str] | None = None,
) -> Path:
    """The packets of a video, some left out or put in, in another container."""
    with av.open(str(source)) as inp, av.open(str(target), "w", container_options=options) as out:
        video = inp.streams.video[0]
        stream = out.add_stream_from_template(video, opaque=True)
        packets = [p for p in inp.demux(video) if p.size]
        for packet in change(packets):
            packet.stream = stream
            out.mux(packet)
    return target


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures 0 to 23 at 24 FPS, keyframes at 0, 8 and 16."""
    path = tmp_path_factory.mktemp("whole") / "whole.mp4"
    return numbered.write(path, frames=24, rate=24, options=GROUP)


@pytest.mark.parametrize("ending", ["ts", "mkv"])
def test_a_recording_that_begins_inside_a_group(ending: str, whole: Path, tmp_path: Path) -> None:
    late = copied(whole, tmp_path / f"late.{ending}", lambda packets: packets[3:])
    facts = facts_of(late)
    assert (facts.frames, facts.duration, facts.fps) == (16, Fraction(2, 3), Fraction(24))
    assert "video-edit-list" in {f.rule for f in vaceprep.check(late).findings}
    entry = prepared(late)
    assert shown(entry) == [(8 + i, Fraction(i, 24)) for i in range(16)]
    salvaged = prepared(late, salvage=True)
    assert [n for n, _ in shown(salvaged)] == list(range(8, 24))


def test_a_transport_stream_whose_clock_begins_at_zero(tmp_path: Path) -> None:
    source = numbered.write(
        tmp_path / "plain.ts",
        frames=12,
        rate=24,
        codec="mpeg2video",
        options={"g": "4", "bf": "1", "b": "4M"},
    )

    def early(packets: list[Packet[VideoStream]]) -> list[Packet[VideoStream]]:
        first = packets[0].pts or 0
        for packet in packets:
            packet.pts, packet.dts = (packet.pts or 0) - first, (packet.dts or 0) - first
        return packets

    options = {"avoid_negative_ts": "disabled", "muxdelay": "0", "muxpreload": "0"}
    path = copied(source, tmp_path / "zero.ts", early, options)
    with av.open(str(path)) as container:
        assert next(container.demux(video=0)).pts == 0
    assert shown(prepared(path)) == [(i, Fraction(i, 24)) for i in range(12)]


def null_chunks(path: Path, at: dict[int, int]) -> Path:
    """Put empty chunks into an AVI: before chunk ``i`` so many, all in its index."""
    data = path.read_bytes()
    movi = data.index(b"movi") + 4
    index = data.index(b"idx1")
    count = int.from_bytes(data[index + 4 : index + 8], "little") // 16
    body, entries, number, place = b"", b"", 0, movi
    for _ in range(count):
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        for _ in range(at.get(number, 0)):
            entries += struct.pack("<4sIII", b"00dc", 0, 4 + len(body), 0)
            body += b"00dc" + bytes(4)
        flags = data[index + 8 + 16 * number + 4 : index + 8 + 16 * number + 8]
        entries += b"00dc" + flags + struct.pack("<II", 4 + len(body), size)
        whole = 8 + size + (size & 1)
        body += data[place : place + whole]
        place, number = place + whole, number + 1
    head = bytearray(data[:movi])
    struct.pack_into("<I", head, movi - 8, 4 + len(body))
    added = sum(at.values())
    for kind, offset in ((b"avih", 24), (b"strh", 40)):
        struct.pack_into("<I", head, head.index(kind) + offset, count + added)
    out = bytes(head) + body + b"idx1" + struct.pack("<I", len(entries)) + entries
    out = out[:4] + struct.pack("<I", len(out) - 8) + out[8:]
    path.write_bytes(out)
    return path


@pytest.mark.parametrize(
    ("codec", "options"),
    [("mjpeg", {"qmin": "2", "qmax": "2"}), ("mpeg4", {"bf": "2", "g": "6", "b": "4M"})],
)
def test_empty_chunks_of_avi_show_the_last_picture_again(
    codec: str, options: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "null.avi"
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    numbered.write(path, frames=12, rate=24, codec=codec, options=options, pixel_format=pixels)
    null_chunks(path, {1: 1, 4: 2, 7: 3})
    facts = facts_of(path)
    assert (facts.frames, facts.fps, facts.constant_rate) == (18, Fraction(24), True)
    expected = [0, 0, 1, 2, 3, 3, 3, 4, 5, 6, 6, 6, 6, 7, 8, 9, 10, 11]
    assert shown(prepared(path)) == [(n, Fraction(i, 24)) for i, n in enumerate(expected)]
    part = prepared(path, start=0.5)
    assert [n for n, _ in shown(part)] == expected[12:]


@pytest.mark.parametrize(
    ("name", "codec", "bit"), [("a.webm", "libvpx", 0x10), ("a.mkv", "libvpx-vp9", 0x02)]
)
def test_packets_that_are_never_shown_are_no_frames(
    name: str, codec: str, bit: int, tmp_path: Path
) -> None:
    options = {"deadline": "realtime", "cpu-used": "8", "b": "2M"}
    source = numbered.write(
        tmp_path / f"plain-{name}", frames=12, rate=24, codec=codec, options=options
    )

    def with_hidden(packets: list[Packet[VideoStream]]) -> list[Packet[VideoStream]]:
        """The keyframe a second and third time, not to be shown."""
        key = bytes(packets[0])
        hidden = []
        for number in (1, 2):
            packet = cast("Packet[VideoStream]", Packet(bytes([key[0] & ~bit]) + key[1:]))
            packet.pts = packet.dts = (packets[0].pts or 0) + number
            packet.time_base = packets[0].time_base
            hidden.append(packet)
        return [packets[0], *hidden, *packets[1:]]

    path = copied(source, tmp_path / name, with_hidden)
    facts = facts_of(path)
    assert (facts.frames, facts.fps, facts.duration) == (12, Fraction(24), Fraction(1, 2))
    assert shown(prepared(path)) == [(i, Fraction(i, 24)) for i in range(12)]
