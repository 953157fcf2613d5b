"""The codec of a sound track by its sample entry."""

from __future__ import annotations

import pytest

from tests.media import box, full, u32
from tests.probes.bitwriter import BitWriter
from vaceprep.probes.mp4.allowed_boxes import NeedsFFmpeg
from vaceprep.probes.mp4.sound import sound_codec


def descriptor(tag: int, body: bytes, width: int = 1) -> bytes:
    """A descriptor whose length has ``width`` bytes."""
    length = [len(body) >> 7 * place & 0x7F | 0x80 for place in reversed(range(width))]
    length[-1] &= 0x7F
    return bytes([tag, *length]) + body


def aac(kind: int = 2, frequency: int = 3, channels: int = 2) -> bytes:
    """AudioSpecificConfig."""
    return BitWriter().u(5, kind).u(4, frequency).u(4, channels).u(2).closed()


def esds(kind: int = 0x40, specific: bytes = aac(), width: int = 4, flags: int = 0) -> bytes:
    """The box, with one elementary stream."""
    inner = descriptor(5, specific, width) if specific else b""
    config = descriptor(4, bytes([kind, 0x15]) + bytes(11) + inner, width)
    stream = b"\0\1" + bytes([flags]) + config + descriptor(6, b"\2", width)
    return full("esds", descriptor(3, stream, width))


def entry(*boxes: bytes, version: bytes = b"\0\0") -> memoryview:
    """The body of a sample entry."""
    return memoryview(bytes(8) + version + bytes(18) + b"".join(boxes))


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ((esds(),), "aac"),
        ((esds(width=1), box("btrt", u32(1, 2, 3))), "aac"),
        ((esds(specific=aac(frequency=12)),), "aac"),
        ((esds(specific=aac(channels=1)),), "aac"),
        ((esds(specific=aac(channels=7)),), "aac"),
        ((esds(kind=0x6B, specific=b""),), "mp3"),
        ((esds(kind=0x69, specific=b""),), "mp3"),
    ],
)
def test_codecs_that_are_read(boxes: tuple[bytes, ...], expected: str) -> None:
    assert sound_codec("mp4a", entry(*boxes)) == expected


@pytest.mark.parametrize(
    "boxes",
    [
        (),
        (box("wave", b""),),
        (esds(), box("chan", bytes(12))),
        (esds(kind=0x41),),
        (esds(specific=b""),),
        (esds(specific=b"\x12"),),
        (esds(specific=aac(kind=5)),),
        (esds(specific=aac(frequency=13)),),
        (esds(specific=aac(channels=0)),),
        (esds(specific=aac(channels=8)),),
        (esds(width=5),),
        (esds(flags=0x20),),
        (esds(flags=0x40),),
        (esds(flags=0x80),),
        (esds()[:-1],),
        (box("esds", b"\1" + esds()[9:]),),
        (full("esds", descriptor(3, b"\0\1\0" + descriptor(5, aac()))),),
        (full("esds", descriptor(4, bytes(20))),),
    ],
)
def test_what_only_ffmpeg_knows(boxes: tuple[bytes, ...]) -> None:
    with pytest.raises(NeedsFFmpeg):
        sound_codec("mp4a", entry(*boxes))


def test_other_sample_entries() -> None:
    for name, body in (
        ("Opus", entry(esds())),
        ("mp4a", entry(esds(), version=b"\0\1")),
        ("mp4a", entry()[:27]),
    ):
        with pytest.raises(NeedsFFmpeg):
            sound_codec(name, body)
