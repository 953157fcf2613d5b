"""Prove that a JPEG's pixels are complete by Pillow's decoder alone, without ``PIL.Image``.

Importing ``PIL.Image`` and its JPEG module takes longer than everything else in a check of one
JPEG. The compiled decoder that they call imports in a twentieth of the time. Its interface is
private to Pillow, so this module accepts only: whatever is missing, unusual or damaged is left to
Pillow's own modules (``completeness``), which say what is wrong.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from vaceprep.probes.images import completeness
from vaceprep.probes.images.completeness import Parts
from vaceprep.probes.images.jpeg_markers import FILL, FRAMES, PROVEN, Marker
from vaceprep.probes.images.layout import Fault, Header, Layout, Source, Spliced

if TYPE_CHECKING:
    from typing import Protocol

    class _Picture(Protocol):
        """Pillow's memory of pixels."""

        def chop_difference(self, other: _Picture) -> _Picture: ...

        def getbbox(self, alpha_only: bool) -> tuple[int, int, int, int] | None: ...

    class _Decoder(Protocol):
        """Pillow's decoder of one picture."""

        def setimage(self, picture: _Picture, box: tuple[int, int, int, int]) -> None: ...

        def decode(self, data: bytes) -> tuple[int, int]: ...

        def cleanup(self) -> None: ...

    class _Core(Protocol):
        """Pillow's compiled module, ``PIL.Image.core``."""

        PILLOW_VERSION: str

        def new(self, mode: str, size: tuple[int, int]) -> _Picture: ...

        def jpeg_decoder(
            self, mode: str, rows: str, colours: str, scale: int, draft: int
        ) -> _Decoder: ...


#: Mode of the picture and of the decoder's rows by number of components.
_MODES: Final = {1: ("L", "L"), 3: ("RGB", "RGB"), 4: ("CMYK", "CMYK;I")}
#: Segments that Pillow skips or reads without condition.
_OTHERS: Final = (Marker.DHT, Marker.DRI, Marker.APP0, Marker.APP14)
_MAX_HEADERS: Final = 1 << 16
#: Bytes that the decoder gets at once.
_BLOCK: Final = 1 << 18
#: Scale divisors of the decoder, the largest first.
_SCALES: Final = (8, 4, 2, 1)


def header_of(layout: Layout) -> Header | None:
    """Return what Pillow's header would say; None if Pillow must read it."""
    scans = layout.scans_found
    if scans is None or scans.fault or not scans.frame.proven:
        return None
    modes = _MODES.get(len(scans.frame.components))
    return None if modes is None else Header(modes[0])


def is_complete(source: Source, layout: Layout) -> bool:
    """Return whether every pixel is proven; False if Pillow's own modules must decide."""
    scans = layout.scans_found
    if header_of(layout) is None or scans is None or not _is_ordinary(source, layout.parts):
        return False
    try:
        decoding = _Decoding(_core(), source, layout)
        if scans.simple:
            decoding.at(completeness.suspended(layout.parts, scans.ends), completeness.MEANS)
            return True
        share = completeness.compared_share(layout)
        plain = decoding.at(layout.parts, share)
        noisy = decoding.at(completeness.with_noise(layout.parts, scans.ends), share)
        return plain.chop_difference(noisy).getbbox(False) is None
    except Exception:  # an interface that has changed raises whatever it does
        return False


def _core() -> _Core:
    """Return Pillow's compiled module. Raises ImportError if it is another version's."""
    version = import_module("PIL").__version__
    core = cast("_Core", import_module("PIL._imaging"))
    if version != core.PILLOW_VERSION:
        raise ImportError("the compiled module of Pillow is another version's")
    return core


class _Decoding:
    """One JPEG and its decoder."""

    def __init__(self, core: _Core, source: Source, layout: Layout) -> None:
        self._core = core
        self._source = source
        self._layout = layout

    def at(self, parts: Parts, share: int) -> _Picture:
        """Decode at a fraction of the size, as Pillow's ``draft`` does. Raises Fault."""
        layout = self._layout
        scans = layout.scans_found
        mode, rows = _MODES[len(scans.frame.components) if scans else 0]
        width, height = layout.width, layout.height
        most = min(width // max(1, width // share), height // max(1, height // share))
        scale = next(scale for scale in _SCALES if most >= scale)
        size = -(-width // scale), -(-height // scale)
        picture = self._core.new(mode, size)
        decoder = self._core.jpeg_decoder(mode, rows, "", scale, 0)
        try:
            decoder.setimage(picture, (0, 0, *size))
            status = _decode(decoder, Spliced(self._source, parts))
        finally:
            decoder.cleanup()
        if status < 0:
            raise Fault("its pixels do not decode")
        return picture


def _decode(decoder: _Decoder, data: Spliced) -> int:
    """Pass the data to the decoder until it ends; return its status. Raises Fault."""
    at, waiting = 0, b""
    while True:
        piece = data.bytes_at(at, min(at + _BLOCK, data.size))
        if not piece:
            raise Fault("the decoder needs more bytes")
        at += len(piece)
        waiting += piece
        used, status = decoder.decode(waiting)
        if used < 0:
            return status
        waiting = waiting[used:]


def _is_ordinary(source: Source, parts: Parts) -> bool:
    """Return whether Pillow's own reader of the headers certainly accepts them."""
    data = Spliced(source, parts)
    head = data.bytes_at(0, min(_MAX_HEADERS, data.size))
    at, frames = 2, 0
    while at + 4 <= len(head):
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        body = head[at + 4 : at + 2 + length]
        if head[at] != FILL or length < 2:
            return False
        if marker == Marker.SOS:
            return frames == 1
        if marker in FRAMES:
            frames += 1
            if marker not in PROVEN or len(body) < 6 or len(body) != 6 + 3 * body[5]:
                return False
        elif not (_tables_are_whole(body) if marker == Marker.DQT else marker in _OTHERS):
            return False
        at += 2 + length
    return False


def _tables_are_whole(body: bytes) -> bool:
    """Return whether quantization tables of 8 or 16 bits fill a segment."""
    at = 0
    while at < len(body):
        at += 129 if body[at] >> 4 else 65
    return at == len(body)
