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


def entry(*boxes: bytes, version: bytes = b"\0\0", bits: int = 16) -> memoryview:
    """The body of a sample entry."""
    later = bytes(16) if version == b"\0\1" else b""
    head = bytes(8) + version + bytes(8) + bytes([0, bits]) + bytes(8)
    return memoryview(head + later + b"".join(boxes))


def chan(count: int = 0, descriptions: int = 0) -> bytes:
    """A box of channels."""
    return full("chan", u32(0x640001, 0, count), bytes(20 * descriptions))


#: The usual beginning and end of QuickTime's ``wave``.
FRMA = box("frma", b"mp4a") + box("mp4a", bytes(4))
END = box("\0\0\0\0")
OPUS = b"\0\1\1\x38\0\0\xbb\x80\0\0\0"


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
        ("mp4a", entry(version=b"\0\1")),
        ("mp4a", entry()[:27]),
    ):
        with pytest.raises(NeedsFFmpeg):
            sound_codec(name, body)


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("mp4a", entry(box("wave", FRMA, esds(), END), chan(), version=b"\0\1"), "aac"),
        ("mp4a", entry(box("wave", FRMA, esds(), END), bytes(4), version=b"\0\1"), "aac"),
        ("mp4a", entry(esds(), chan(2, 2), version=b"\0\1"), "aac"),
        ("sowt", entry(), "pcm_s16le"),
        ("sowt", entry(chan(), version=b"\0\1"), "pcm_s16le"),
        ("twos", entry(), "pcm_s16be"),
        ("twos", entry(bits=8), "pcm_s8"),
        ("in24", entry(bits=24), "pcm_s24be"),
        ("in32", entry(box("wave", box("frma", b"in32"), box("enda", b"\0\1"), END)), "pcm_s32le"),
        ("fl32", entry(box("wave", box("enda", b"\0\0"))), "pcm_f32be"),
        ("fl64", entry(), "pcm_f64be"),
        ("ac-3", entry(box("dac3", bytes(3))), "ac3"),
        ("ec-3", entry(box("dec3", bytes(5)), box("btrt", u32(1, 2, 3))), "eac3"),
        ("Opus", entry(box("dOps", OPUS)), "opus"),
    ],
)
def test_other_codecs_that_are_read(name: str, body: memoryview, expected: str) -> None:
    assert sound_codec(name, body) == expected


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("mp4a", entry(box("wave", FRMA, END), version=b"\0\1")),
        ("mp4a", entry(esds(), version=b"\0\1")[:43]),
        ("mp4a", entry(esds(), version=b"\0\2")),
        ("mp4a", entry(box("wave", box("frma", b"alac"), esds()))),
        ("mp4a", entry(box("wave", esds(), box("what")))),
        ("mp4a", entry(box("wave", esds()), esds())),
        ("mp4a", entry(box("wave", box("enda", b"\0\1"), esds()))),
        ("mp4a", entry(esds(), chan(1, 0))),
        ("mp4a", entry(esds(), box("frma", b"mp4a"))),
        ("sowt", entry(bits=24)),
        ("raw ", entry(bits=8)),
        ("lpcm", entry()),
        ("sowt", entry(esds())),
        ("fl32", entry(box("wave", box("enda", b"\1\1")))),
        ("fl32", entry(box("wave", box("enda", b"\0\1\0")))),
        ("ac-3", entry()),
        ("ac-3", entry(box("dac3", bytes(4)))),
        ("ec-3", entry(box("dec3", bytes(4)))),
        ("ec-3", entry(box("dac3", bytes(3)))),
        ("Opus", entry(box("dOps", b"\1" + OPUS[1:]))),
        ("Opus", entry(box("dOps", OPUS[:-1] + b"\1"))),
        ("Opus", entry(box("dOps", OPUS[:-1]))),
        ("alac", entry(box("alac", bytes(28)))),
    ],
)
def test_other_codecs_that_only_ffmpeg_knows(name: str, body: memoryview) -> None:
    with pytest.raises(NeedsFFmpeg):
        sound_codec(name, body)
