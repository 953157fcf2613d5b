"""Classify a packet of H.264 or HEVC: a frame, one field of a frame, or no picture. Pure.

Specification of slice headers: ITU-T H.264, 7.3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
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

#: Bytes read of a NAL unit: its type and the slice header.
HEAD: Final = 40
#: NAL units read of one packet.
MAX_UNITS: Final = 200
#: Most bytes of parameter sets whose form is kept for the next file; real ones have some 100.
MAX_KNOWN_BYTES: Final = 4096

#: Read up to this many bytes at this offset in the packet.
Read = Callable[[int, int], bytes]


class Form(NamedTuple):
    """How to parse the packets of a stream."""

    codec: str
    #: Bytes of the length before each unit; None for start codes.
    length: int | None
    #: How to read a slice header; None where no picture is a field.
    slices: Slices | None


class Field(NamedTuple):
    """One field of a frame."""

    number: int
    bottom: bool


class Picture(NamedTuple):
    """The first picture of a packet."""

    #: Whether decoding may begin there, by the type of its first slice.
    entry: bool
    #: None for a whole frame.
    field: Field | None
    #: HEVC: whether decoders skip it if decoding began at the keyframe it leads (RASL).
    skipped: bool


def form_of(codec: str | None, extradata: bytes) -> Form | None:
    """Return how to parse the packets of a stream; None for other codecs."""
    if codec not in ("h264", "hevc"):
        return None
    return (_known_form if len(extradata) <= MAX_KNOWN_BYTES else _form)(codec, extradata)


def _form(codec: str, extradata: bytes) -> Form:
    slices = None
    if codec == "h264":
        unit = first_sps(extradata) or annexb_sps(extradata)
        slices = fields_of(unit) if unit else None
    return Form(codec, length_size(codec, extradata), slices)


#: ``_form``, once for the files of one camera or program, whose parameter sets are equal.
_known_form = lru_cache(maxsize=64)(_form)


def _units(form: Form, size: int, read: Read) -> Iterator[bytes]:
    """Yield the first bytes of each unit of a packet of ``size`` bytes; empty where broken."""
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
    """Return the picture of a packet; None if no unit is of a type that holds a picture."""
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
            # Unknown: only a decoder can classify it.
            return Picture(False, None, False)
    return None


def _field(head: bytes, slices: Slices) -> Field | None:
    """Return the field that a slice belongs to; None for a frame."""
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
    """Finds second fields of frames, packet by packet in decoding order."""

    def __init__(self) -> None:
        self._open: Field | None = None

    def second(self, field: Field | None) -> bool:
        """Return whether this field completes the frame of the previous packet."""
        waiting, self._open = self._open, field
        if field is None or waiting is None:
            return False
        if waiting.number != field.number or waiting.bottom == field.bottom:
            return False
        self._open = None
        return True
