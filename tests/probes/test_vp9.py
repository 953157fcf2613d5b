"""VP9's configuration record and the header of its first frame, written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.probes.bitwriter import BitWriter
from vaceprep.probes.vp9 import (
    Configuration,
    FrameHeader,
    read_configuration,
    read_first_frame,
)

FRAME = FrameHeader("Profile 0", "yuv420p", False, 2, 64, 48)


def record(profile: int = 0, depth: int = 8, chroma: int = 1, full: int = 0) -> bytes:
    """The body of ``vpcC``."""
    return bytes([1, 0, 0, 0, profile, 10, depth << 4 | chroma << 1 | full, 9, 16, 9, 0, 0])


def frame(**changes: Any) -> bytes:
    """A key frame of 64 by 48 pixels; ``changes`` replace its fields."""
    fields: dict[str, Any] = {"marker": 2, "profile": 0, "again": 0, "kind": 0, "shown": 1}
    fields |= {"resilient": 0, "sync": 0x498342, "deep": 0, "space": 0, "full": 0, "chroma": ()}
    fields |= {"width": 64, "display": (), "filter": "0", "quantiser": "000", "segments": "0"}
    fields |= {"tiles": "0", "coded": 4, "padding": "0", **changes}
    profile = fields["profile"]
    bits = BitWriter().u(2, fields["marker"]).u(1, profile & 1).u(1, profile >> 1)
    bits.u(1, fields["again"]).u(1, fields["kind"]).u(1, fields["shown"])
    bits.u(1, fields["resilient"]).u(24, fields["sync"])
    if profile >= 2:
        bits.u(1, fields["deep"])
    bits.u(3, fields["space"]).u(1, fields["full"])
    for bit in fields["chroma"]:
        bits.u(1, bit)
    bits.u(16, fields["width"] - 1).u(16, 47).u(1, bool(fields["display"]))
    for side in fields["display"]:
        bits.u(16, side)
    bits.u(2 if fields["resilient"] else 4).u(9)
    bits.text += fields["filter"]
    bits.u(8, 60)
    bits.text += fields["quantiser"] + fields["segments"] + fields["tiles"]
    bits.u(16, fields["coded"])
    bits.text += fields["padding"] * (-len(bits.text) % 8)
    return int(bits.text, 2).to_bytes(len(bits.text) // 8)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (record(), Configuration("Profile 0", "yuv420p", False, 9, 16, 9)),
        (record(chroma=0, full=1), Configuration("Profile 0", "yuv420p", True, 9, 16, 9)),
        (record(1, chroma=3), Configuration("Profile 1", "yuv444p", False, 9, 16, 9)),
        (record(2, 10), Configuration("Profile 2", "yuv420p10le", False, 9, 16, 9)),
        (record(2, 12), Configuration("Profile 2", "yuv420p12le", False, 9, 16, 9)),
    ],
)
def test_records_that_are_read(data: bytes, expected: Configuration) -> None:
    assert read_configuration(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        record()[:-1],
        record() + b"\0",
        b"\0" + record()[1:],
        record()[:-1] + b"\1",
        record(3),
        record(depth=9),
        record(chroma=4),
    ],
)
def test_records_that_only_ffmpeg_reads(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        read_configuration(data)


CODED = b"\x5f\x63\xf7\xef"


def read(head: bytes, coded: bytes = CODED) -> FrameHeader:
    """Read a frame that is a sample of its own."""
    return read_first_frame(head + coded, coded[-1], len(head + coded))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"full": 1, "space": 2}, {"full_range": True, "matrix": 1}),
        ({"space": 5}, {"matrix": 9}),
        ({"profile": 1, "chroma": (0, 0, 0)}, {"profile": "Profile 1", "pixel_format": "yuv444p"}),
        ({"profile": 1, "chroma": (1, 0, 0)}, {"profile": "Profile 1", "pixel_format": "yuv422p"}),
        ({"profile": 2}, {"profile": "Profile 2", "pixel_format": "yuv420p10le"}),
        ({"profile": 2, "deep": 1}, {"profile": "Profile 2", "pixel_format": "yuv420p12le"}),
        ({"resilient": 1}, {}),
        ({"display": (31, 23)}, {}),
        ({"filter": "10"}, {}),
        ({"filter": "11" + "10000001" * 6}, {}),
        ({"filter": "11" + "0" * 6}, {}),
        ({"quantiser": "100001" * 3}, {}),
        ({"segments": "100"}, {}),
        ({"segments": "11" + "100000001" * 7 + "1" + "0" * 3 + "0"}, {}),
        ({"segments": "1011" + ("1" + "0" * 9 + "1" + "0" * 7 + "100" + "1") * 8}, {}),
        ({"tiles": "11"}, {}),
        # 8 superblocks: at most two columns of tiles; 65: at least two and at most sixteen.
        ({"width": 512, "tiles": "10"}, {"width": 512}),
        ({"width": 448, "tiles": "0"}, {"width": 448}),
        ({"width": 4160, "tiles": "1110"}, {"width": 4160}),
    ],
)
def test_frames_that_are_read(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read(frame(**changes)) == FRAME._replace(**expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"marker": 1},
        {"profile": 3},
        {"again": 1},
        {"kind": 1},
        {"shown": 0},
        {"sync": 0x498343},
        {"space": 6},
        {"space": 7},
        {"profile": 1, "chroma": (0, 1, 0)},
        {"profile": 1, "chroma": (1, 1, 0)},
        {"profile": 1, "chroma": (0, 0, 1)},
        {"coded": 0},
        {"coded": 5},
        {"padding": "1", "tiles": "11"},
    ],
)
def test_frames_that_only_ffmpeg_reads(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        read(frame(**changes))


@pytest.mark.parametrize("coded", [b"\xdf\x63\xf7\xef", b"\x5f\x63\xf7\xc1", b"\x5f\x63\xf7"])
@pytest.mark.parametrize("tiles", ["0", "10"])
def test_what_follows_the_header(coded: bytes, tiles: str) -> None:
    # The header of the two ends with a whole byte, or with zeros after its last bit.
    with pytest.raises(ValueError, match=r"compressed|superframe"):
        read(frame(tiles=tiles), coded)


def test_a_frame_that_ends_early() -> None:
    with pytest.raises(ValueError, match="ends early"):
        read(frame()[:10], b"\0")
