"""Whether every box of an MP4 index is one that this project reads as FFmpeg does. Pure.

A box that is not listed here, or not of the size that its version has, may change what FFmpeg
reports, or stop it from opening the file. Only FFmpeg measures such a file.

Specification: ISO/IEC 14496-12; the effect of each box: FFmpeg's ``mov`` demuxer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Final

from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.tables import HEADER, Boxes


class NeedsFFmpeg(Exception):
    """Something in the file may have an effect that only FFmpeg knows; the message says what."""


def whole_children(view: memoryview, *, closed: bool = False) -> Iterator[tuple[str, memoryview]]:
    """Yield the boxes that fill ``view`` exactly; ``closed``: four zero bytes may follow.

    Raises NeedsFFmpeg if they do not.
    """
    at, end = 0, len(view)
    while at + 8 <= end:
        size, kind = HEADER.unpack_from(view, at)
        if not 8 <= size <= end - at:
            raise NeedsFFmpeg(f"a box of {size} bytes")
        yield kind.decode("latin-1"), view[at + 8 : at + size]
        at += size
    if at != end and not (closed and bytes(view[at:]) == b"\0\0\0\0"):
        raise NeedsFFmpeg("bytes after the last box")


#: The boxes of the index that have a known effect, by their parent.
BOXES: Final[dict[str, frozenset[str]]] = {
    Box.MOOV: frozenset([Box.MVHD, Box.TRAK, Box.UDTA, Box.META, Box.IODS, Box.FREE, Box.SKIP]),
    Box.TRAK: frozenset(
        [
            *(Box.TKHD, Box.EDTS, Box.MDIA, Box.UDTA, Box.META, Box.TREF, Box.FREE, Box.SKIP),
            *(Box.TAPT, Box.LOAD),
        ]
    ),
    Box.TREF: frozenset([Box.TMCD, Box.CDSC, Box.CDEP]),
    Box.EDTS: frozenset([Box.ELST]),
    Box.MDIA: frozenset([Box.MDHD, Box.HDLR, Box.MINF, Box.FREE]),
    Box.MINF: frozenset([Box.VMHD, Box.SMHD, Box.GMHD, Box.NMHD, Box.HDLR, Box.DINF, Box.STBL]),
    Box.DINF: frozenset([Box.DREF]),
    Box.STBL: frozenset(
        [
            *(Box.STSD, Box.STTS, Box.CTTS, Box.STSS, Box.STSC, Box.STSZ, Box.STCO, Box.CO64),
            *(Box.SDTP, Box.SGPD, Box.SBGP, Box.CSLG, Box.FREE),
        ]
    ),
}
#: Boxes that may be repeated in their parent.
REPEATED: Final = frozenset([Box.TRAK, Box.UDTA, Box.FREE, Box.SKIP, Box.SGPD, Box.SBGP])


def _sized(*sizes: int) -> Callable[[memoryview], bool]:
    """Return a test for a full box of one size for each version."""
    return lambda body: len(body) > 0 and body[0] < len(sizes) and len(body) == sizes[body[0]]


def _table(entry: int, head: int = 8, version: int = 0) -> Callable[[memoryview], bool]:
    """Return a test for a table of entries of ``entry`` bytes after ``head`` bytes."""

    def fits(body: memoryview) -> bool:
        if len(body) < head or body[0] > version:
            return False
        count: int = struct.unpack_from(">I", body, head - 4)[0]
        return len(body) == head + count * entry

    return fits


def _sizes(body: memoryview) -> bool:
    if len(body) >= 12 and struct.unpack_from(">I", body, 4)[0]:
        return len(body) == 12
    return _table(4, head=12)(body)


def _elst(body: memoryview) -> bool:
    return len(body) > 0 and _table(20 if body[0] == 1 else 12, version=1)(body)


def _grouping(kind: bytes) -> Callable[[memoryview], bool]:
    """Return a test for a sample group other than one of keyframes."""
    return lambda body: len(body) >= 8 and bytes(body[4:8]) == kind


#: One data reference of 12 bytes, ``url `` or QuickTime's ``alis``.
DREF_HEADS: Final = tuple(b"\0\0\0\x01\0\0\0\x0c" + kind for kind in (b"url ", b"alis"))
#: The size or content that a box must have.
FORMS: Final[dict[str, Callable[[memoryview], bool]]] = {
    Box.MVHD: _sized(100, 112),
    Box.TKHD: _sized(84, 96),
    Box.MDHD: _sized(24, 36),
    Box.HDLR: lambda body: len(body) >= 24,
    Box.ELST: _elst,
    Box.STTS: _table(8),
    Box.CTTS: _table(8, version=1),
    Box.STSS: _table(4),
    Box.STSC: _table(12),
    Box.STSZ: _sizes,
    Box.STCO: _table(4),
    Box.CO64: _table(8),
    Box.DREF: lambda body: len(body) == 20 and bytes(body[4:16]) in DREF_HEADS and body[19] == 1,
    Box.TMCD: lambda body: len(body) == 4,
    Box.SGPD: _grouping(b"roll"),
    Box.SBGP: _grouping(b"roll"),
}


def check_filled(view: memoryview, boxes: Boxes) -> None:
    """Raise NeedsFFmpeg unless the boxes, which were read from ``view``, fill it exactly.

    Each has a header of eight bytes.
    """
    if len(view) != sum([HEADER.size + len(body) for _, body, _ in boxes]):
        raise NeedsFFmpeg("bytes after the last box")
    if boxes:
        last = len(view) - len(boxes[-1][1]) - HEADER.size
        if not any(view[last : last + 4]):
            raise NeedsFFmpeg("a box without a size")


def check_index(view: memoryview, boxes: Boxes) -> None:
    """Raise NeedsFFmpeg if a box of the index may have an unknown effect.

    ``view`` is the body of ``moov``, and ``boxes`` are those inside it. Metadata and user data are
    checked where their names are read.
    """
    waiting = [(Box.MOOV, view, boxes)]
    while waiting:
        parent, body, inside = waiting.pop()
        check_filled(body, inside)
        known = BOXES[parent]
        seen = set[str]()
        for name, inner, held in inside:
            if name not in known:
                raise NeedsFFmpeg(f"the box {name!r} in {parent!r}")
            if name in seen and name not in REPEATED:
                raise NeedsFFmpeg(f"two boxes {name!r} in {parent!r}")
            seen.add(name)
            form = FORMS.get(name)
            if form is not None and not form(inner):
                raise NeedsFFmpeg(f"the form of the box {name!r}")
            if name == Box.STSD and len(list(whole_children(inner[8:]))) != 1:
                raise NeedsFFmpeg("several sample entries")
            if name in BOXES:
                waiting.append((name, inner, held))
