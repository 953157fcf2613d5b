"""Rotation, mirroring, pixel aspect and cropping: the displayed picture is always upright."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from tests.truth import boxes, matroska, mosaic
from tests.truth.model import Made, Source, Truth
from tests.truth.mosaic import RGB, Mosaic
from tests.truth.paint import Plane, planes
from tests.truth.write import Coding, Draw, clip, upright

ONE: Final = 0x10000
#: Matrices that turn what is stored clockwise by quarters of a circle, as players apply them.
TURNS: Final = {
    0: (ONE, 0, 0, ONE),
    1: (0, ONE, -ONE, 0),
    2: (-ONE, 0, 0, -ONE),
    3: (0, -ONE, ONE, 0),
}


def matrix(a: int, b: int, c: int, d: int, shift: tuple[int, int] = (0, 0)) -> tuple[int, ...]:
    """A track's matrix of four numbers and a shift in pixels."""
    return (a, b, 0, c, d, 0, shift[0] << 16, shift[1] << 16, 0x40000000)


def _shift(quarters: int, size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    return {0: (0, 0), 1: (height, 0), 2: (width, height), 3: (0, width)}[quarters]


def _displayed(size: tuple[int, int], quarters: int) -> tuple[int, int]:
    return size if quarters % 2 == 0 else (size[1], size[0])


def rotated(
    coding: Coding, quarters: int, *, shifted: bool = True, scale: Fraction = Fraction(1)
) -> Source:
    """Stored turned counterclockwise; the track's matrix turns it back."""

    def make(folder: Path) -> Made:
        draw = upright(coding, lambda m: mosaic.turned(m, -quarters))
        path, truth = clip(folder, coding, draw=draw)
        numbers = [int(value * scale) for value in TURNS[quarters]]
        a, b, c, d = numbers
        shift = _shift(quarters, coding.size) if shifted else (0, 0)
        boxes.set_matrix(path, matrix(a, b, c, d, shift))
        return Made(path, replace(truth, size=_displayed(coding.size, quarters)))

    return make


def rotated_movie(coding: Coding, quarters: int) -> Source:
    """The same, told by the movie's matrix alone."""

    def make(folder: Path) -> Made:
        draw = upright(coding, lambda m: mosaic.turned(m, -quarters))
        path, truth = clip(folder, coding, draw=draw)
        boxes.set_movie_matrix(path, matrix(*TURNS[quarters]))
        return Made(path, replace(truth, size=_displayed(coding.size, quarters)))

    return make


def mirrored(coding: Coding, *, upside_down: bool = False) -> Source:
    """Stored mirrored; the matrix mirrors it back, left to right or top to bottom."""

    def stored(m: Mosaic) -> Mosaic:
        flipped = mosaic.mirrored(m)
        return mosaic.turned(flipped, 2) if upside_down else flipped

    def make(folder: Path) -> Made:
        path, truth = clip(folder, coding, draw=upright(coding, stored))
        width, height = coding.size
        told = (ONE, 0, 0, -ONE, (0, height)) if upside_down else (-ONE, 0, 0, ONE, (width, 0))
        boxes.set_matrix(path, matrix(*told))
        return Made(path, truth)

    return make


def packets_of(path: Path) -> tuple[list[matroska.Packet], bytes]:
    """The video's packets of a file that this package wrote, and its decoder configuration."""
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        private = stream.codec_context.extradata or b""
        found = []
        for packet in source.demux(stream):
            if packet.size and packet.pts is not None and packet.time_base is not None:
                at = packet.pts * packet.time_base
                found.append(matroska.Packet(bytes(packet), at, packet.is_keyframe))
    return found, bytes(private)


CODEC_IDS: Final = {
    **{"libx264": "V_MPEG4/ISO/AVC", "libx265": "V_MPEGH/ISO/HEVC", "libvpx": "V_VP8"},
    **{"libvpx-vp9": "V_VP9", "ffv1": "V_FFV1"},
}


def by_hand(
    folder: Path,
    coding: Coding,
    *,
    draw: Draw | None = None,
    change: Callable[[matroska.Track], matroska.Track] = lambda t: t,
    filtered: Callable[[list[matroska.Packet]], list[matroska.Packet]] = lambda p: p,
    ending: str = "mkv",
) -> tuple[Path, Truth]:
    """A Matroska file written by hand from pictures that PyAV encoded."""
    through = replace(coding, container="mp4" if coding.codec.startswith("libx") else "matroska")
    if through.codec == "libvpx":
        through = replace(through, container="webm")
    first, truth = clip(folder, replace(through, ending="first"), draw=draw)
    packets, private = packets_of(first)
    first.unlink()
    if coding.codec.startswith("libvpx"):
        private = b""
    track = change(matroska.Track(CODEC_IDS[coding.codec], private, coding.size))
    path = folder / f"source.{ending}"
    matroska.write(path, track, filtered(packets), truth.end)
    return path, truth


def rolled(coding: Coding, quarters: int) -> Source:
    """Matroska's ProjectionPoseRoll (degrees counterclockwise) turns what is stored."""

    def make(folder: Path) -> Made:
        draw = upright(coding, lambda m: mosaic.turned(m, -quarters))
        degrees = {0: 0.0, 1: -90.0, 2: 180.0, 3: 90.0}[quarters]
        path, truth = by_hand(folder, coding, draw=draw, change=lambda t: replace(t, roll=degrees))
        return Made(path, replace(truth, size=_displayed(coding.size, quarters)))

    return make


def wide_pixels(coding: Coding) -> Source:
    """Pixels that are not square, told by the codec and the container."""

    def make(folder: Path) -> Made:
        return Made(*clip(folder, coding))

    return make


def wide_in_matroska(coding: Coding, display: tuple[int, int]) -> Source:
    """Pixel aspect told by Matroska's DisplayWidth and DisplayHeight alone."""

    def make(folder: Path) -> Made:
        told = {"DisplayWidth": display[0], "DisplayHeight": display[1]}
        path, truth = by_hand(folder, coding, change=lambda t: replace(t, video=told))
        aspect = Fraction(display[0] * coding.size[1], display[1] * coding.size[0])
        shown = (round(coding.size[0] * aspect), coding.size[1])
        return Made(path, replace(truth, size=shown))

    return make


#: Left, top, right and bottom, in pixels.
Margins = tuple[int, int, int, int]
GREEN: Final = (0, 255, 0)


def inside(size: tuple[int, int], margins: Margins) -> tuple[int, int]:
    """The size without the margins."""
    left, top, right, bottom = margins
    return size[0] - left - right, size[1] - top - bottom


def bordered(coding: Coding, margins: Margins, colour: RGB = GREEN) -> Draw:
    """The picture with margins of a colour around it (yuv formats)."""

    def draw(number: int) -> list[Plane]:
        small = inside(coding.size, margins)
        inner = planes(mosaic.picture(number), small, coding.pixels, coding.colour)
        outer = planes(((colour,),), coding.size, coding.pixels, coding.colour)
        made = []
        for (body, line), (frame, wide) in zip(inner, outer, strict=True):
            rows = len(frame) // wide
            left = margins[0] * wide // coding.size[0]
            top = margins[1] * rows // coding.size[1]
            grown = bytearray(frame)
            for at in range(len(body) // line):
                begin = (top + at) * wide + left
                grown[begin : begin + line] = body[at * line : (at + 1) * line]
            made.append((bytes(grown), wide))
        return made

    return draw


def letterboxed(coding: Coding, margins: Margins) -> Source:
    """Black margins that are part of the picture."""

    def make(folder: Path) -> Made:
        path, truth = clip(folder, coding, draw=bordered(coding, margins, (0, 0, 0)))
        return Made(path, replace(truth, size=inside(coding.size, margins)))

    return make


def clean_aperture(coding: Coding, margins: Margins) -> Source:
    """Margins that the clean aperture of MP4 hides."""

    def make(folder: Path) -> Made:
        path, truth = clip(folder, coding, draw=bordered(coding, margins))
        small = inside(coding.size, margins)
        left, top, right, bottom = margins
        # The middle's offset in halves of a pixel, as numerator over 2.
        middle = ((left - right) // 2, (top - bottom) // 2)
        boxes.add_to_entry(path, boxes.clean_aperture(small, middle))
        return Made(path, replace(truth, size=small))

    return make


def pixel_crop(coding: Coding, margins: Margins) -> Source:
    """Margins that Matroska's PixelCrop hides."""

    def make(folder: Path) -> Made:
        small = inside(coding.size, margins)
        names = ("PixelCropLeft", "PixelCropTop", "PixelCropRight", "PixelCropBottom")
        told = {name: value for name, value in zip(names, margins, strict=True) if value}
        path, truth = by_hand(
            folder,
            coding,
            draw=bordered(coding, margins),
            change=lambda t: replace(t, video=told),
        )
        return Made(path, replace(truth, size=small))

    return make


def narrow_entry(coding: Coding, shown: tuple[int, int]) -> Source:
    """The parameter set pads to whole macroblocks; the sample entry has the smaller size."""

    def make(folder: Path) -> Made:
        margins = (0, 0, coding.size[0] - shown[0], coding.size[1] - shown[1])
        path, truth = clip(folder, coding, draw=bordered(coding, margins))
        told = shown[0].to_bytes(2, "big") + shown[1].to_bytes(2, "big")
        boxes.change_file(path, boxes.ENTRY, lambda e: e[:24] + told + e[28:])
        return Made(path, replace(truth, size=shown))

    return make
