"""AV1's sequence header and first frame, written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.probes.bitwriter import BitWriter
from vaceprep.probes.av1 import CHOSEN, SequenceHeader, check_first_frame, read_configuration

PLAIN = SequenceHeader("Main", 64, 48, "yuv420p", False)


def colours(**changes: Any) -> BitWriter:
    """``color_config``; ``changes`` replace its fields."""
    fields: dict[str, Any] = {"profile": 0, "depth": 8, "grey": 0, "colours": (), "full": 0}
    fields |= {"chroma": (), **changes}
    bits = BitWriter().u(1, fields["depth"] > 8)
    if fields["profile"] == 2 and fields["depth"] > 8:
        bits.u(1, fields["depth"] == 12)
    if fields["profile"] != 1:
        bits.u(1, fields["grey"])
    bits.u(1, bool(fields["colours"]))
    for value in fields["colours"]:
        bits.u(8, value)
    bits.u(1, fields["full"])
    if not fields["grey"]:
        for bit in fields["chroma"]:
            bits.u(1, bit)
        if fields["profile"] == 0 or fields["chroma"] == (1, 1):
            bits.u(2)
        bits.u(1)
    return bits


def header(colour: BitWriter | None = None, **changes: Any) -> bytes:
    """A sequence header of 64 by 48 pixels; ``changes`` replace its fields."""
    fields: dict[str, Any] = {"profile": 0, "still": 0, "timing": 0, "delay": 0, "level": 5}
    fields |= {"points": 1, "numbers": 0, "ordered": 1, "screen": CHOSEN, "vectors": CHOSEN}
    fields |= {**changes}
    bits = BitWriter().u(3, fields["profile"]).u(1, fields["still"]).u(1).u(1, fields["timing"])
    bits.u(1, fields["delay"]).u(5, fields["points"] - 1)
    for _ in range(fields["points"]):
        bits.u(12).u(5, fields["level"])
        if fields["level"] > 7:
            bits.u(1)
        if fields["delay"]:
            bits.u(1, 1).u(4, 9)
    bits.u(4, 5).u(4, 5).u(6, 63).u(6, 47).u(1, fields["numbers"]).u(7)
    bits.u(1, fields["ordered"])
    if fields["ordered"]:
        bits.u(2)
    for name in ("screen", "vectors"):
        bits.u(1, fields[name] == CHOSEN)
        if fields[name] != CHOSEN:
            bits.u(1, fields[name])
        if name == "screen" and not fields[name]:
            break
    if fields["ordered"]:
        bits.u(3)
    bits.u(3)
    bits.text += (colour or colours()).text
    return bits.u(1).closed()


def unit(kind: int, body: bytes) -> bytes:
    return bytes([kind << 3 | 2, len(body)]) + body


def record(data: bytes) -> bytes:
    return b"\x81\0\0\0" + unit(1, data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (header(), PLAIN),
        (header(level=8), PLAIN),
        (header(delay=1, points=3), PLAIN),
        (header(ordered=0), PLAIN),
        (header(screen=0), PLAIN._replace(screen=0)),
        (header(screen=1, vectors=0), PLAIN._replace(screen=1, whole_vectors=0)),
        (header(colours(depth=10)), PLAIN._replace(pixel_format="yuv420p10le")),
        (header(colours(full=1)), PLAIN._replace(full_range=True)),
        (header(colours(grey=1)), PLAIN._replace(pixel_format="gray")),
        (
            header(colours(colours=(9, 16, 9))),
            PLAIN._replace(primaries=9, transfer=16, matrix=9),
        ),
        (
            header(colours(profile=1), profile=1),
            PLAIN._replace(profile="High", pixel_format="yuv444p"),
        ),
        (
            header(colours(profile=2, depth=10), profile=2),
            PLAIN._replace(profile="Professional", pixel_format="yuv422p10le"),
        ),
        *(
            (
                header(colours(profile=2, depth=12, chroma=chroma), profile=2),
                PLAIN._replace(profile="Professional", pixel_format=name),
            )
            for chroma, name in (
                ((1, 1), "yuv420p12le"),
                ((1, 0), "yuv422p12le"),
                ((0,), "yuv444p12le"),
            )
        ),
    ],
)
def test_what_a_sequence_header_says(data: bytes, expected: SequenceHeader) -> None:
    assert read_configuration(record(data)) == expected


@pytest.mark.parametrize(
    "data",
    [
        *(b"", record(header())[:-1], record(header()) + b"\0", b"\x80" + record(header())[1:]),
        *(record(header(still=1)), record(header(timing=1)), record(header(numbers=1))),
        *(record(header(profile=3)), record(header(colours(colours=(1, 13, 0))))),
        *(b"\x81\0\0\0" + unit(2, header()), record(header() + b"\1")),
    ],
)
def test_configurations_that_ffmpeg_reads(data: bytes) -> None:
    with pytest.raises(ValueError):
        read_configuration(data)


def frame(*bits: int) -> bytes:
    """The first bits of a frame: shown already, type, shown, CDFs, screen tools, own size."""
    return int("".join(map(str, bits)).ljust(64, "0"), 2).to_bytes(8)


KEY = frame(0, 0, 0, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("sequence", "sample"),
    [
        (header(), unit(2, b"") + unit(1, header()) + unit(6, KEY)),
        (header(), unit(5, b"meta") + unit(3, KEY)),
        (header(), unit(6, frame(0, 0, 0, 1, 0, 1, 1, 0))),
        (header(screen=0), unit(6, frame(0, 0, 0, 1, 0, 0))),
        (header(screen=1, vectors=0), unit(6, frame(0, 0, 0, 1, 0, 0))),
    ],
)
def test_a_first_frame_of_the_sequence_s_size(sequence: bytes, sample: bytes) -> None:
    check_first_frame(record(sequence), sample)


@pytest.mark.parametrize(
    ("sequence", "sample"),
    [
        (header(), b""),
        (header(), unit(2, b"")),
        (header(), unit(6, frame(1, 0, 0, 1, 0, 0, 0))),
        (header(), unit(6, frame(0, 0, 1, 1, 0, 0, 0))),
        (header(), unit(6, frame(0, 0, 0, 0, 0, 0, 0))),
        (header(), unit(6, frame(0, 0, 0, 1, 0, 0, 1))),
        (header(), unit(6, frame(0, 0, 0, 1, 0, 1, 1, 1))),
        (header(screen=0), unit(6, frame(0, 0, 0, 1, 0, 1))),
        (header(), unit(1, header(level=4, ordered=0, screen=0)) + unit(6, KEY)),
        (header(), unit(8, b"tiles") + unit(6, KEY)),
        (header(), b"\x36" + unit(6, KEY)[1:]),
        (header(), b"\x32\x80\x80\x80\x80\x08" + KEY),
    ],
)
def test_first_frames_that_ffmpeg_reads(sequence: bytes, sample: bytes) -> None:
    with pytest.raises(ValueError):
        check_first_frame(record(sequence), sample)
