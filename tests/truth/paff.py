"""Field pictures (PAFF) by a small H.264 encoder: each field is an I slice of I_PCM macroblocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av

from tests.truth import mosaic
from tests.truth.fields import Order, by_fields, moved
from tests.truth.model import Made, Source, Truth, even
from tests.truth.paint import Plane, planes
from tests.truth.write import Coding

#: An instantaneous refresh at each so many pictures.
REFRESH = 5


class Bits:
    """Bits written one after the other."""

    def __init__(self) -> None:
        self.text: list[str] = []

    def u(self, value: int, width: int) -> None:
        """A number of so many bits."""
        self.text.append(f"{value:0{width}b}")

    def ue(self, value: int) -> None:
        """An unsigned Exp-Golomb number."""
        code = f"{value + 1:b}"
        self.text.append("0" * (len(code) - 1) + code)

    def data(self, stop: bool = True) -> bytes:
        """The bytes, ended by a stop bit or padded with zeros."""
        text = "".join(self.text) + ("1" if stop else "")
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def nal(header: int, payload: bytes) -> bytes:
    """A NAL unit behind a start code, with emulation prevention."""
    return b"\0\0\0\1" + bytes([header]) + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", payload)


def parameter_sets(size: tuple[int, int], rate: Fraction) -> bytes:
    """Sequence and picture parameter sets: Main profile, fields allowed, timing in the VUI."""
    width, height = size
    assert width % 16 == 0 and height % 32 == 0
    sps = Bits()
    for value, bits in ((77, 8), (0, 8), (40, 8)):
        sps.u(value, bits)
    # Its id, log2_max_frame_num - 4, the type of picture order count, log2_max_lsb - 4, references.
    for value in (0, 0, 0, 4, 1):
        sps.ue(value)
    sps.u(0, 1)
    sps.ue(width // 16 - 1)
    sps.ue(height // 32 - 1)
    # frame_mbs_only 0, mb_adaptive_frame_field 0, direct_8x8_inference 1, no cropping, a VUI.
    sps.u(0b00101, 5)
    # No aspect, no overscan; limited range with BT.709's colours; no chroma location.
    sps.u(0b001, 3)
    sps.u(5, 3)
    sps.u(0b01, 2)
    for _ in range(3):
        sps.u(1, 8)
    sps.u(0, 1)
    # Timing: two ticks a frame.
    sps.u(1, 1)
    sps.u(rate.denominator, 32)
    sps.u(2 * rate.numerator, 32)
    sps.u(1, 1)
    # No HRD, no pic_struct, no bitstream restriction.
    sps.u(0, 4)
    pps = Bits()
    for value in (0, 0):
        pps.ue(value)
    # CAVLC; no bottom_field_pic_order; one slice group.
    pps.u(0, 2)
    for value in (0, 0, 0):
        pps.ue(value)
    pps.u(0, 3)
    # QP, QS and chroma offsets 0; deblocking_filter_control_present.
    for _ in range(3):
        pps.ue(0)
    pps.u(0b100, 3)
    return nal(0x67, sps.data()) + nal(0x68, pps.data())


def field(
    number: int, parts: Sequence[Plane], size: tuple[int, int], *, bottom: bool, second: bool
) -> bytes:
    """The slice of one field of picture ``number``."""
    since = number % REFRESH
    fresh = since == 0 and not second
    head = Bits()
    for value in (0, 7, 0):
        head.ue(value)
    head.u(since, 4)
    head.u(0b11 if bottom else 0b10, 2)
    if fresh:
        head.ue(number // REFRESH % 2)
    head.u(2 * since + second, 8)
    head.u(0, 2 if fresh else 1)
    # slice_qp_delta 0, disable_deblocking_filter_idc 1, mb_type I_PCM.
    for value in (0, 1, 25):
        head.ue(value)
    body = bytearray(head.data(stop=False))
    lines = [
        [plane[at : at + line] for at in range(line * bottom, len(plane), 2 * line)]
        for plane, line in parts
    ]
    first = True
    for y in range(size[1] // 32):
        for x in range(size[0] // 16):
            if not first:
                body += b"\x0d\x00"
            first = False
            for of, side in zip(lines, (16, 8, 8), strict=True):
                left = x * side
                body += b"".join(one[left : left + side] for one in of[y * side : (y + 1) * side])
    body += b"\x80"
    return nal(0x25 if fresh else 0x21, bytes(body))


def pictures(coding: Coding, order: Order, moving: bool) -> list[tuple[bytes, bytes]]:
    """The two fields of each picture, the first in time first; parameter sets before refreshes."""
    made = []
    sets = parameter_sets(coding.size, Fraction(coding.rate))
    for number in range(coding.count):
        fields = []
        for second in (False, True):
            told = moved(number)[second] if moving else number
            parts = planes(mosaic.picture(told), coding.size, "yuv420p", coding.colour)
            bottom = second == (order == "tff")
            fields.append(field(number, parts, coding.size, bottom=bottom, second=second))
        head = sets if number % REFRESH == 0 else b""
        made.append((nal(0x09, b"\xf0") + head + fields[0], fields[1]))
    return made


def paff(coding: Coding, order: Order = "tff", *, apart: bool, moving: bool = True) -> Source:
    """Field pictures: each a packet with its own time (``apart``), or both of a frame in one."""

    def make(folder: Path) -> Made:
        made = pictures(coding, order, moving)
        path = coding.path(folder)
        step = 1 / (2 * Fraction(coding.rate))
        raw = BytesIO(b"".join(first + second for first, second in made[:6]))
        with (
            av.open(raw, format="h264") as given,
            av.open(
                str(path),
                "w",
                format=coding.container,
                container_options=dict(coding.container_options),
            ) as out,
        ):
            stream = out.add_stream_from_template(given.streams.video[0], opaque=True)
            stream.time_base = step
            for number, (first, second) in enumerate(made):
                parts = [first, second] if apart else [first + second]
                for at, data in enumerate(parts):
                    packet = av.Packet(data)
                    packet.stream, packet.time_base = stream, step
                    packet.pts = packet.dts = 2 * number + at
                    packet.duration = 1 if apart else 2
                    packet.is_keyframe = number % REFRESH == 0 and at == 0
                    out.mux(packet)
        shown = even(range(coding.count), coding.rate)
        truth = Truth(shown, coding.size, rate=Fraction(coding.rate))
        return Made(path, by_fields(truth, moved) if moving else truth)

    return make
