"""HEVC's parameter sets, written by hand: what is read, and what is left to FFmpeg."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.probes.bitwriter import BitWriter
from vaceprep.probes.hevc import HevcSps, read_configuration


def profile(bits: BitWriter, number: int = 1, space: int = 0) -> None:
    bits.u(2, space).u(1).u(5, number).u(32).u(48).u(8, 93)


def vps(**changes: Any) -> bytes:
    """A video parameter set; ``changes`` replace its fields."""
    fields: dict[str, Any] = {
        "number": 0,
        "layers": 0,
        "reserved": 0xFFFF,
        "buffers": 4,
        "reorder": 2,
    }
    fields |= {"sub_layers": 0, "sets": 0, "timing": None, "extension": 0, **changes}
    bits = BitWriter().u(4, fields["number"]).u(2, 3).u(6, fields["layers"])
    bits.u(3, fields["sub_layers"]).u(1, 1).u(16, fields["reserved"])
    profile(bits)
    bits.u(1, 1).ue(fields["buffers"], fields["reorder"], 0).u(6).ue(fields["sets"])
    bits.u(1, fields["timing"] is not None)
    if fields["timing"] is not None:
        bits.u(32, 1).u(32, 25).u(1).ue(fields["timing"])
    return b"\x40\1" + bits.u(1, fields["extension"]).closed()


def sps(vui: BitWriter | None = None, **changes: Any) -> bytes:
    """A sequence parameter set of 64 by 48 pixels; ``changes`` replace its fields."""
    fields: dict[str, Any] = {
        "number": 0,
        "sub_layers": 0,
        "profile": 1,
        "space": 0,
        "id": 0,
        "chroma": 1,
    }
    fields |= {"size": (64, 48), "window": None, "depth": 0, "other": None, "order": 4}
    fields |= {"buffers": 4, "reorder": 2, "blocks": (0, 3, 0, 3), "trees": (0, 0), "lists": 0}
    fields |= {"pcm": 0, "sets": (), "long": None, "extension": 0, "predicted": False, **changes}
    bits = BitWriter().u(4, fields["number"]).u(3, fields["sub_layers"]).u(1, 1)
    profile(bits, fields["profile"], fields["space"])
    bits.ue(fields["id"], fields["chroma"])
    if fields["chroma"] == 3:
        bits.u(1)
    bits.ue(*fields["size"]).u(1, fields["window"] is not None).ue(*(fields["window"] or ()))
    depth = fields["depth"]
    bits.ue(depth, depth if fields["other"] is None else fields["other"], fields["order"])
    bits.u(1, 1).ue(fields["buffers"], fields["reorder"], 0)
    bits.ue(*fields["blocks"], *fields["trees"])
    bits.u(1, fields["lists"]).u(2).u(1, fields["pcm"]).ue(len(fields["sets"]))
    for index, (before, after) in enumerate(fields["sets"]):
        if index:
            bits.u(1, fields["predicted"])
        bits.ue(before, after)
        for _ in range(before + after):
            bits.ue(0).u(1, 1)
    bits.u(1, fields["long"] is not None)
    if fields["long"] is not None:
        bits.ue(fields["long"])
        for _ in range(fields["long"]):
            bits.u(fields["order"] + 4).u(1)
    bits.u(2).u(1, vui is not None)
    bits.text += vui.text if vui else ""
    return b"\x42\1" + bits.u(1, fields["extension"]).closed()


def vui(**changes: Any) -> BitWriter:
    """The usability information; ``changes`` replace its fields."""
    fields: dict[str, Any] = {"aspect": None, "wide": None, "signal": None, "window": 0}
    fields |= {"timing": None, "decoder": 0, **changes}
    bits = BitWriter().u(1, fields["aspect"] is not None)
    if fields["aspect"] is not None:
        bits.u(8, fields["aspect"])
        if fields["aspect"] == 255:
            bits.u(16, fields["wide"][0]).u(16, fields["wide"][1])
    bits.u(1).u(1, fields["signal"] is not None)
    if fields["signal"] is not None:
        full, colours = fields["signal"]
        bits.u(3, 5).u(1, full).u(1, bool(colours))
        for colour in colours:
            bits.u(8, colour)
    bits.u(1).u(3).u(1, fields["window"]).u(1, fields["timing"] is not None)
    if fields["timing"] is not None:
        bits.u(32, 1).u(32, 25).u(1).u(1, fields["decoder"])
    return bits.u(1)


def pps(**changes: Any) -> bytes:
    """A picture parameter set; ``changes`` replace its fields."""
    fields: dict[str, Any] = {"id": 0, "of": 0, "refs": (0, 0), "offsets": (0, 0), "tiles": 0}
    fields |= {"lists": 0, "merge": 0, "extension": 0, **changes}
    bits = BitWriter().ue(fields["id"], fields["of"]).u(7).ue(*fields["refs"]).se(0).u(2).u(1)
    bits.se(*fields["offsets"]).u(4).u(1, fields["tiles"]).u(2).u(1).u(1, fields["lists"]).u(1)
    return b"\x44\1" + bits.ue(fields["merge"]).u(2, fields["extension"]).closed()


def sei(kind: int = 5, size: int = 20, more: bytes = b"\x80") -> bytes:
    """An SEI message with data of the encoder's own."""
    return b"\x4e\1" + bytes([kind, size]) + b"x" * size + more


def record(*units: bytes) -> bytes:
    """An ``hvcC`` of one array for each unit."""
    arrays = b"".join(
        bytes([0x80 | unit[0] >> 1]) + b"\0\1" + len(unit).to_bytes(2) + unit for unit in units
    )
    return b"\1" + bytes(21) + bytes([len(units)]) + arrays


def read(v: bytes | None = None, s: bytes | None = None, p: bytes | None = None) -> HevcSps:
    return read_configuration(record(v or vps(), s or sps(), p or pps()))


def test_a_plain_set() -> None:
    assert read() == HevcSps("Main", 64, 48, "yuv420p")


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (sps(profile=2, depth=2), HevcSps("Main 10", 64, 48, "yuv420p10le")),
        (sps(profile=4, depth=4, chroma=2), HevcSps("Rext", 64, 48, "yuv422p12le")),
        (sps(profile=4, chroma=3), HevcSps("Rext", 64, 48, "yuv444p")),
        (sps(profile=4, chroma=0), HevcSps("Rext", 64, 48, "gray")),
        (sps(window=(0, 1, 2, 3)), HevcSps("Main", 62, 38, "yuv420p")),
        (sps(chroma=2, window=(0, 1, 2, 3)), HevcSps("Main", 62, 43, "yuv422p")),
        (sps(vui(aspect=2)), HevcSps("Main", 64, 48, "yuv420p", Fraction(12, 11))),
        (
            sps(vui(aspect=255, wide=(4, 3))),
            HevcSps("Main", 64, 48, "yuv420p", Fraction(4, 3)),
        ),
        (sps(vui(signal=(1, ()))), HevcSps("Main", 64, 48, "yuvj420p", full_range=True)),
        (
            sps(vui(signal=(0, (9, 16, 9)))),
            HevcSps("Main", 64, 48, "yuv420p", None, False, 9, 16, 9),
        ),
        (sps(sets=((1, 0), (8, 8))), HevcSps("Main", 64, 48, "yuv420p")),
        (sps(sets=((1, 0),) * 64), HevcSps("Main", 64, 48, "yuv420p")),
        (sps(long=32), HevcSps("Main", 64, 48, "yuv420p")),
        (sps(order=12), HevcSps("Main", 64, 48, "yuv420p")),
        (sps(buffers=15), HevcSps("Main", 64, 48, "yuv420p")),
        (sps(trees=(4, 4)), HevcSps("Main", 64, 48, "yuv420p")),
    ],
)
def test_what_a_sequence_parameter_set_says(unit: bytes, expected: HevcSps) -> None:
    assert read(s=unit) == expected


@pytest.mark.parametrize(
    "unit",
    [
        *(sps(number=1), sps(sub_layers=1), sps(profile=5), sps(space=1), sps(id=1)),
        *(sps(chroma=4), sps(depth=1), sps(depth=2, other=0), sps(order=13), sps(buffers=16)),
        *(sps(reorder=5), sps(blocks=(0, 4, 0, 3)), sps(blocks=(0, 0, 0, 0))),
        *(sps(blocks=(0, 3, 1, 3)), sps(blocks=(0, 3, 0, 4)), sps(size=(60, 48))),
        *(sps(trees=(5, 0)), sps(trees=(0, 5)), sps(lists=1), sps(pcm=1)),
        *(
            sps(sets=((1, 0),) * 65),
            sps(sets=((9, 8),)),
            sps(sets=((1, 0), (1, 0)), predicted=True),
        ),
        *(sps(long=33), sps(extension=1), sps(window=(16, 16, 0, 0))),
        *(sps(vui(aspect=17)), sps(vui(aspect=255, wide=(0, 1))), sps(vui(window=1))),
        *(sps(vui(signal=(0, (1, 1, 0)))), sps(vui(timing=1, decoder=1))),
    ],
)
def test_sequence_parameter_sets_that_ffmpeg_reads(unit: bytes) -> None:
    with pytest.raises(ValueError):
        read(s=unit)


def test_timing_information() -> None:
    assert read(s=sps(vui(timing=1))) == HevcSps("Main", 64, 48, "yuv420p")


@pytest.mark.parametrize(
    "unit",
    [
        *(vps(number=1), vps(layers=1), vps(reserved=0xFFFE), vps(sub_layers=1), vps(sets=1)),
        *(vps(buffers=16), vps(reorder=5), vps(timing=1), vps(extension=1), vps()[:-1]),
        vps() + b"\0",
    ],
)
def test_video_parameter_sets_that_ffmpeg_reads(unit: bytes) -> None:
    with pytest.raises(ValueError):
        read(v=unit)


def test_video_and_picture_parameter_sets_at_their_limits() -> None:
    read(v=vps(buffers=15), p=pps(refs=(14, 14), offsets=(-12, 12), merge=4))
    read(v=vps(timing=0))


@pytest.mark.parametrize(
    "unit",
    [
        *(pps(id=1), pps(of=1), pps(refs=(15, 0)), pps(refs=(0, 15)), pps(offsets=(13, 0))),
        *(pps(offsets=(0, -13)), pps(tiles=1), pps(lists=1), pps(merge=5), pps(extension=1)),
    ],
)
def test_picture_parameter_sets_that_ffmpeg_reads(unit: bytes) -> None:
    with pytest.raises(ValueError):
        read(p=unit)


def test_units_of_the_record() -> None:
    sets = vps(), sps(), pps()
    assert read_configuration(record(*sets, sei(), sei(size=16))) == read()
    long = b"\x4e\1\5\xff\x05" + b"x" * 260 + b"\x80"
    assert read_configuration(record(*sets, long)) == read()
    for broken in (
        *(b"", record(*sets)[:-1], record(*sets) + b"\0", record(sps(), pps())),
        *(record(*sets, sps()), record(*sets, b"\x46\1\x50"), record(*sets, sei(kind=4))),
        *(record(*sets, sei(size=15)), record(*sets, sei(more=b"")), b"\0" + record(*sets)[1:]),
        record(vps(), sps(), b"\x44\2" + pps()[2:]),
        record(vps(), sps(), b"\x45\1" + pps()[2:]),
    ):
        with pytest.raises(ValueError):
            read_configuration(broken)
