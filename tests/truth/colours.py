"""Colours told by the codec, by the container alone, or not at all; HDR; palettes."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from tests.truth import boxes, mosaic
from tests.truth.clocks import avi
from tests.truth.colour import MATRIX_CODE, PRIMARIES_CODE, TRANSFER_CODE, Colour
from tests.truth.geometry import by_hand
from tests.truth.model import Made, Source, Truth, even
from tests.truth.mosaic import RGB, Mosaic
from tests.truth.paint import Plane, planes
from tests.truth.write import Coding, Draw, clip, upright

#: What PQ and HLG code for the white of SDR, of full scale (ITU-R BT.2408: 58 and 75 %).
WHITE_AT: Final = {"smpte2084": 0.58, "arib-std-b67": 0.75}


def _codes(colour: Colour) -> tuple[int, int, int]:
    return (
        PRIMARIES_CODE[colour.primaries],
        TRANSFER_CODE[colour.transfer],
        MATRIX_CODE[colour.matrix],
    )


def _drawn(coding: Coding) -> Draw:
    """SDR as it is; HDR with the white of SDR where the standards put it."""
    share = WHITE_AT.get(coding.colour.transfer, 1.0)

    def dim(drawn: Mosaic) -> Mosaic:
        return tuple(tuple(_dimmed(c, share) for c in row) for row in drawn)

    return upright(coding, dim)


def _dimmed(colour: RGB, share: float) -> RGB:
    red, green, blue = (round(value * share) for value in colour)
    return red, green, blue


def _told(coding: Coding, truth: Truth) -> Truth:
    # How colours outside BT.709 come into it is the product's choice.
    return replace(truth, patches=None) if coding.colour.primaries == "bt2020" else truth


def in_stream(coding: Coding) -> Source:
    """The codec's own headers tell the colour (and what the muxer copies of it)."""

    def make(folder: Path) -> Made:
        path, truth = clip(folder, coding, draw=_drawn(coding))
        return Made(path, _told(coding, truth))

    return make


def _silent(coding: Coding) -> Coding:
    return replace(coding, colour=replace(coding.colour, in_stream=False))


def in_box(coding: Coding) -> Source:
    """Only MP4's or QuickTime's ``colr`` tells the colour."""
    coding = _silent(coding)

    def make(folder: Path) -> Made:
        path, truth = clip(folder, coding, draw=_drawn(coding))
        boxes.entry_without(path, "colr")
        codes = _codes(coding.colour)
        told = boxes.nclc(*codes)
        if coding.container == "mp4":
            told = boxes.nclx(*codes, full=coding.colour.full)
        boxes.add_to_entry(path, told)
        return Made(path, _told(coding, truth))

    return make


def in_matroska(coding: Coding) -> Source:
    """Only Matroska's Colour tells the colour."""
    coding = _silent(coding)

    def make(folder: Path) -> Made:
        primaries, transfer, matrix = _codes(coding.colour)
        told = {
            "MatrixCoefficients": matrix,
            "TransferCharacteristics": transfer,
            "Primaries": primaries,
            "Range": 2 if coding.colour.full else 1,
        }
        path, truth = by_hand(
            folder, coding, draw=_drawn(coding), change=lambda t: replace(t, colour=told)
        )
        return Made(path, _told(coding, truth))

    return make


#: A palette of the mosaic's colours.
PALETTE: Final[tuple[RGB, ...]] = (
    mosaic.BLACK,
    mosaic.WHITE,
    mosaic.GREY,
    *mosaic.PATCHES[:3],
    *mosaic.CORNERS,
)


def indexed(number: int, size: tuple[int, int]) -> bytes:
    """The picture's lines of palette indexes."""
    drawn = tuple(tuple((PALETTE.index(c),) * 3 for c in row) for row in mosaic.picture(number))
    ((packed, line),) = planes(drawn, size, "gray", Colour())
    assert line == size[0]
    return packed


def palette_mov(coding: Coding) -> Source:
    """Raw pictures of 8-bit indexes in QuickTime, the colour table in the sample entry."""

    def make(folder: Path) -> Made:
        stored = replace(coding, container="mov", codec="rawvideo", pixels="gray")
        # QuickTime's grey is 255 less the level, and the muxer writes it so.
        inverted = bytes(range(255, -1, -1))

        def draw(number: int) -> tuple[Plane]:
            return ((indexed(number, coding.size).translate(inverted), coding.size[0]),)

        path, truth = clip(folder, stored, draw=draw)
        table = struct.pack(">IHH", 0, 0, 255)
        for at in range(256):
            red, green, blue = PALETTE[at] if at < len(PALETTE) else (0, 0, 0)
            table += struct.pack(">4H", at, red * 257, green * 257, blue * 257)

        def entry(body: bytes) -> bytes:
            # Depth 8 with the colour table right behind: color table id 0.
            return body[:74] + struct.pack(">HH", 8, 0) + table

        boxes.change_file(path, boxes.ENTRY, entry)
        return Made(path, truth)

    return make


def palette_avi(coding: Coding) -> Source:
    """Raw pictures of 8-bit indexes in AVI, bottom line first, the palette in the header."""

    def make(folder: Path) -> Made:
        width = coding.size[0]
        pictures = []
        for number in range(coding.count):
            lines = indexed(number, coding.size)
            flipped = b"".join(
                lines[at : at + width] for at in range(len(lines) - width, -1, -width)
            )
            pictures.append((flipped, True))
        table = b"".join(bytes((c[2], c[1], c[0], 0)) for c in PALETTE).ljust(1024, b"\0")
        path = folder / "source.avi"
        path.write_bytes(
            avi(b"\0\0\0\0", coding.size, Fraction(coding.rate), pictures, table=table)
        )
        return Made(path, Truth(even(range(coding.count), coding.rate), coding.size))

    return make
