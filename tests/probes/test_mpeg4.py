"""MPEG-4 Visual's headers, written by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.probes.bitwriter import BitWriter
from vaceprep.probes.mpeg4 import VisualHeader, check_first_frame, interlaced, read_configuration

START = b"\0\0\1"
SEQUENCE = START + b"\xb0\1"
OBJECT = START + b"\xb5" + BitWriter().u(1).u(4, 1).u(1).closed()
PLAIN = VisualHeader("Simple Profile", 64, 48, Fraction(1), 5)


def layer(**changes: Any) -> bytes:
    """An object layer of 64 by 48 pixels; ``changes`` replace its fields."""
    fields: dict[str, Any] = {"kind": 1, "version": None, "aspect": (1,), "control": None}
    fields |= {"shape": 0, "marker": 1, "resolution": 25, "fixed": None, "size": (64, 48)}
    fields |= {"interlaced": 0, "simple": 1, "sprite": 0, "depth": 0, "matrices": None}
    fields |= {"simple_cost": 1, "partitioned": 0, "late": 0, "scalable": 0, **changes}
    bits = BitWriter().u(1).u(8, fields["kind"]).u(1, fields["version"] is not None)
    if fields["version"] is not None:
        bits.u(4, fields["version"]).u(3, 1)
    info, *written = fields["aspect"]
    bits.u(4, info)
    for value in written:
        bits.u(8, value)
    bits.u(1, fields["control"] is not None)
    if fields["control"] is not None:
        bits.u(2, fields["control"]).u(1, 1).u(1, 1)
        for size in (15, 15, 15, 14, 15):
            bits.u(size).u(1, 1)
    bits.u(2, fields["shape"]).u(1, fields["marker"]).u(16, fields["resolution"]).u(1, 1)
    bits.u(1, fields["fixed"] is not None)
    if fields["fixed"] is not None:
        bits.u(5, fields["fixed"])
    for side in fields["size"]:
        bits.u(1, 1).u(13, side)
    bits.u(1, 1).u(1, fields["interlaced"]).u(1, fields["simple"])
    later = fields["version"] not in (None, 1)
    bits.u(2 if later else 1, fields["sprite"]).u(1, fields["depth"])
    bits.u(1, fields["matrices"] is not None)
    for matrix in fields["matrices"] or ():
        bits.u(1, bool(matrix))
        for value in matrix:
            bits.u(8, value)
    if later:
        bits.u(1, 1)
    bits.u(1, fields["simple_cost"]).u(1, 1).u(1, fields["partitioned"])
    if fields["partitioned"]:
        bits.u(1)
    if later:
        bits.u(2, fields["late"])
    return START + b"\x20" + bits.u(1, fields["scalable"]).closed()


def configuration(**changes: Any) -> bytes:
    """The decoder specific information of one object layer."""
    return SEQUENCE + OBJECT + START + b"\0" + layer(**changes)


def picture(kind: int = 0, marker: int = 1, coded: int = 1, quantiser: int = 4) -> bytes:
    """The start of a picture."""
    bits = BitWriter().u(2, kind).u(2, 2).u(1, marker).u(5, 7).u(1, 1).u(1, coded)
    return START + b"\xb6" + bits.u(3).u(5, quantiser).closed()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"kind": 17, "version": 5}, {}),
        ({"version": 1}, {}),
        ({"aspect": (3,)}, {"aspect": Fraction(10, 11)}),
        ({"aspect": (15, 7, 3)}, {"aspect": Fraction(7, 3)}),
        ({"control": 1}, {}),
        ({"resolution": 1}, {"increment": 1}),
        ({"resolution": 30000}, {"increment": 15}),
        ({"fixed": 1}, {}),
        ({"size": (8191, 1)}, {"width": 8191, "height": 1}),
        ({"matrices": ((), ())}, {}),
        ({"matrices": ((8,) * 64, (16, 0))}, {}),
        ({"partitioned": 1}, {}),
    ],
)
def test_layers_that_are_read(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_configuration(configuration(**changes)) == PLAIN._replace(**expected)
    assert interlaced(configuration(**changes)) is False


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": 0},
        {"kind": 14},
        {"aspect": (0,)},
        {"aspect": (6,)},
        {"aspect": (15, 0, 3)},
        {"aspect": (15, 3, 0)},
        {"control": 2},
        {"shape": 1},
        {"marker": 0},
        {"resolution": 0},
        {"fixed": 0},
        {"size": (0, 48)},
        {"size": (64, 0)},
        {"interlaced": 1},
        {"simple": 0},
        {"sprite": 1},
        {"version": 2, "sprite": 2},
        {"depth": 1},
        {"simple_cost": 0},
        {"version": 2, "late": 1},
        {"version": 2, "late": 2},
        {"scalable": 1},
    ],
)
def test_layers_that_only_ffmpeg_reads(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        read_configuration(configuration(**changes))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        layer(),
        OBJECT + layer(),
        SEQUENCE + layer(),
        SEQUENCE + OBJECT,
        b"\0" + configuration(),
        configuration() + layer(),
        configuration()[:-4],
        configuration() + START,
        configuration() + picture(),
        configuration() + START + b"\xb1",
        configuration() + bytes(5000),
        START + b"\xb0\x11" + OBJECT + layer(),
        SEQUENCE + START + b"\xb5" + BitWriter().u(1).u(4, 2).u(1).closed() + layer(),
        SEQUENCE + START + b"\xb5" + BitWriter().u(1).u(4, 1).u(1, 1).closed() + layer(),
    ],
)
def test_other_decoder_information(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        read_configuration(data)


def test_profiles_and_what_stands_beside_them() -> None:
    data = START + b"\xb0\xf3" + START + b"\xb5" + BitWriter().u(1, 1).u(7).u(4, 1).u(1).closed()
    data += layer(kind=17) + START + b"\xb2XviD0069"
    assert read_configuration(data).profile == "Advanced Simple Profile"


@pytest.mark.parametrize(
    "before", [b"", START + b"\xb3\0\x10\7", START + b"\xb2abc", configuration()]
)
def test_first_pictures_that_are_read(before: bytes) -> None:
    check_first_frame(configuration(), before + picture() + b"coded")


@pytest.mark.parametrize(
    "sample",
    [
        b"",
        b"\0" + picture(),
        START + b"\xb3\0\x10\7",
        configuration(size=(32, 48)) + picture(),
        picture(kind=1),
        picture(marker=0),
        picture(coded=0),
        picture(quantiser=0),
        START + b"\xb6" + b"\x3f" + b"\xff" * 100,
    ],
)
def test_first_pictures_that_only_ffmpeg_reads(sample: bytes) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        check_first_frame(configuration(), sample)
