"""Fields: interlaced pictures of both orders, telecine, PAFF."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
from av.filter import Graph

from tests.truth import mosaic
from tests.truth.model import Made, Shown, Source, Truth, at_times
from tests.truth.paint import Plane, planes, woven
from tests.truth.write import Coding, Packet, clip

Order = Literal["tff", "bff"]
#: What the encoders of FFmpeg take for pictures in fields.
INTERLACED = {"flags": "+ildct+ilme"}


def _picture(coding: Coding, number: int) -> Sequence[Plane]:
    return planes(mosaic.picture(number), coding.size, coding.pixels, coding.colour)


def _weave(coding: Coding, first: int, second: int, order: Order) -> Sequence[Plane]:
    """A picture whose first field (in time) has one number and the second another."""
    one, other = _picture(coding, first), _picture(coding, second)
    return woven(one, other) if order == "tff" else woven(other, one)


def _ordered(coding: Coding, order: Order) -> Coding:
    if coding.codec == "libx264":
        return replace(coding, options={**coding.options, "x264-params": f"{order}=1"})
    return replace(coding, options={**coding.options, **INTERLACED})


class Fielded:
    """Marks frames as interlaced, which PyAV has no setter for."""

    def __init__(self, coding: Coding, order: Order) -> None:
        self.graph = Graph()
        width, height = coding.size
        rate = Fraction(coding.rate)
        source = self.graph.add(
            "buffer",
            f"video_size={width}x{height}:pix_fmt={coding.pixels}"
            f":time_base={rate.denominator}/{rate.numerator}:pixel_aspect=1/1",
        )
        mark = self.graph.add("setfield", f"mode={order}")
        sink = self.graph.add("buffersink")
        source.link_to(mark)
        mark.link_to(sink)
        self.graph.configure()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        self.graph.push(frame)
        marked = self.graph.pull()
        assert isinstance(marked, av.VideoFrame)
        return marked


def interlaced(coding: Coding, order: Order, *, moving: bool = True) -> Source:
    """Pictures of two fields; where they move, each number lasts three fields."""

    def draw(number: int) -> Sequence[Plane]:
        if moving:
            return _weave(coding, *moved(number), order)
        return _picture(coding, number)

    def make(folder: Path) -> Made:
        marked = Fielded(coding, order)
        path, truth = clip(folder, _ordered(coding, order), draw=draw, marked=marked)
        return Made(path, by_fields(truth, moved) if moving else truth)

    return make


def moved(frame: int) -> tuple[int, int]:
    """The numbers of a frame's two fields where each picture lasts three fields.

    A number that changed with every field would make lines alternate, as a still picture may.
    """
    return 2 * frame // 3, (2 * frame + 1) // 3


def by_fields(truth: Truth, fields: Callable[[int], tuple[int, int]]) -> Truth:
    """What is shown where frame i has the two numbers that ``fields`` gives it."""
    shown: list[Shown] = []
    for s in truth.shown:
        middle = (s.begin + s.end) / 2
        first, second = fields(s.number)
        for number, begin, end in ((first, s.begin, middle), (second, middle, s.end)):
            if shown and shown[-1].number == number:
                shown[-1] = Shown(number, shown[-1].begin, end)
            else:
                shown.append(Shown(number, begin, end))
    return replace(truth, shown=tuple(shown))


def soft_telecine(coding: Coding) -> Source:
    """MPEG-2 of whole pictures that are shown for three fields and two in turn.

    The bits repeat_first_field and top_field_first tell it (ISO/IEC 13818-2, 6.3.10), and the
    container's times follow them.
    """
    steady = replace(coding, codec="mpeg2video", options={**coding.options, "bf": "0"})
    field = 1 / (2 * Fraction(coding.rate))
    begins = [number // 2 * 5 + number % 2 * 3 for number in range(coding.count + 1)]

    def repeated(packets: list[Packet]) -> list[Packet]:
        made = []
        for number, packet in enumerate(packets):
            data = bytearray(bytes(packet))
            for at in [found.start() for found in re.finditer(b"\0\0\1\xb5", data)]:
                if data[at + 4] >> 4 == 1:
                    # progressive_sequence 0
                    data[at + 5] &= 0xF7
                elif data[at + 4] >> 4 == 8:
                    top, repeat = number % 4 in (0, 3), number % 2 == 0
                    data[at + 7] = data[at + 7] & 0x7D | top << 7 | repeat << 1
            new = av.Packet(bytes(data))
            new.stream, new.time_base = packet.stream, field
            new.pts = new.dts = begins[number]
            new.duration = begins[number + 1] - begins[number]
            new.is_keyframe = packet.is_keyframe
            made.append(new)
        return made

    def make(folder: Path) -> Made:
        path, truth = clip(folder, steady, changed=repeated)
        times = tuple(at * field for at in begins)
        return Made(path, replace(truth, shown=at_times(times[:-1], times[-1]), rate=None))

    return make


#: Which film picture each field of five interlaced pictures has: 2:3 pulldown.
PULLDOWN = ((0, 0), (0, 1), (1, 2), (2, 2), (3, 3))


def telecine(coding: Coding, order: Order = "tff") -> Source:
    """Film at four fifths of the rate, spread over the fields by 2:3 pulldown."""

    def fields(number: int) -> tuple[int, int]:
        cycle, place = divmod(number, 5)
        first, second = PULLDOWN[place]
        return 4 * cycle + first, 4 * cycle + second

    def draw(number: int) -> Sequence[Plane]:
        return _weave(coding, *fields(number), order)

    def make(folder: Path) -> Made:
        marked = Fielded(coding, order)
        path, truth = clip(folder, _ordered(coding, order), draw=draw, marked=marked)
        return Made(path, by_fields(truth, fields))

    return make
