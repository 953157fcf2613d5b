"""What one packet of H.264 or HEVC holds: a frame, one field of a frame, or no picture. Pure.

Specification of slice headers: ITU-T H.264, 7.3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from vaceprep.probes.h264 import (
    START_CODE,
    Bits,
    Slices,
    annexb_sps,
    fields_of,
    first_sps,
    length_size,
)
from vaceprep.probes.nal_units import (
    H264_BESIDE,
    H264_SLICES,
    HEVC_BESIDE,
    HEVC_IRAP,
    HEVC_SKIPPED,
    H264Unit,
    h264_type,
    hevc_type,
)

#: Bytes of a unit that are read: its type, and the header of a slice.
HEAD: Final = 40
#: Units of one packet that are read.
MAX_UNITS: Final = 200

#: Reads up to so many bytes from a place in the packet.
Read = Callable[[int, int], bytes]


class Form(NamedTuple):
    """How a stream's packets are to be read."""

    codec: str
    #: Bytes of the length before each unit; None where start codes stand there.
    length: int | None
    #: How to read a slice; None where no picture is a field.
    slices: Slices | None


class Field(NamedTuple):
    """One field of a frame."""

    number: int
    bottom: bool


class Picture(NamedTuple):
    """The picture that a packet begins with."""

    #: Whether decoding may begin there, by the kind of its first slice.
    entry: bool
    #: None where it is a whole frame.
    field: Field | None
    #: HEVC: whether decoders skip it where decoding began at the keyframe that it leads.
    skipped: bool


def form_of(codec: str | None, extradata: bytes) -> Form | None:
    """How to read the packets of a stream; None for other codecs."""
    if codec not in ("h264", "hevc"):
        return None
    slices = None
    if codec == "h264":
        unit = first_sps(extradata) or annexb_sps(extradata)
        slices = fields_of(unit) if unit else None
    return Form(codec, length_size(codec, extradata), slices)


def _units(form: Form, size: int, read: Read) -> Iterator[bytes]:
    """The first bytes of each unit of a packet of ``size`` bytes; empty ones where it is broken."""
    if form.length is None:
        data = read(0, size)
        starts = [found.end() for found in START_CODE.finditer(data)]
        yield from (data[at : at + HEAD] for at in starts or [size])
        return
    at = 0
    for _ in range(MAX_UNITS):
        if at >= size:
            return
        data = read(at, form.length + HEAD)
        length = int.from_bytes(data[: form.length])
        at += form.length + length
        yield data[form.length : form.length + min(length, HEAD)] if at <= size else b""


def picture(form: Form, size: int, read: Read) -> Picture | None:
    """What the packet shows; None where all of its units are of kinds that hold no picture."""
    for head in _units(form, size, read):
        kind = -1
        if head:
            kind = hevc_type(head[0]) if form.codec == "hevc" else h264_type(head[0])
        if form.codec == "hevc":
            if kind not in HEVC_BESIDE:
                return Picture(kind in HEVC_IRAP, None, kind in HEVC_SKIPPED)
        elif kind in H264_SLICES:
            field = _field(head, form.slices) if form.slices else None
            return Picture(kind == H264Unit.IDR, field, False)
        elif kind not in H264_BESIDE:
            # Whatever it is: only a decoder can tell.
            return Picture(False, None, False)
    return None


def _field(head: bytes, slices: Slices) -> Field | None:
    """The field that a slice belongs to; None where it belongs to a frame."""
    bits = Bits(head[1:].replace(b"\0\0\3", b"\0\0"))
    try:
        for _ in range(3):
            bits.ue()
        if slices.planes:
            bits.u(2)
        number = bits.u(slices.frame_number)
        return Field(number, bool(bits.u(1))) if bits.u(1) else None
    except ValueError:
        return None


class Pairs:
    """Tells the second field of a frame from the first, packet by packet in decoding order."""

    def __init__(self) -> None:
        self._open: Field | None = None

    def second(self, field: Field | None) -> bool:
        """Whether this field completes the frame of the packet before."""
        waiting, self._open = self._open, field
        if field is None or waiting is None:
            return False
        if waiting.number != field.number or waiting.bottom == field.bottom:
            return False
        self._open = None
        return True
