"""What the headers of an image say, and which bytes of it a decoder needs.

The readers beside this module walk a file's structure with every length checked against the
file's size, and hand the decoder only the parts that make pixels: no metadata, so that a broken
tag, a compressed text or a lying animation header never reaches it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Literal

from vaceprep.probes.images.byte_source import Source

if TYPE_CHECKING:
    # A check of a video imports this module, and none of these.
    from vaceprep.probes.images.cicp import Colours
    from vaceprep.probes.images.jpeg_scans import Scans
    from vaceprep.probes.images.png_data import Rows
    from vaceprep.probes.images.tiff_raster import Raster

#: Frames or pages that are counted, segments or chunks that are walked, before giving up. J
MAX_FRAMES: Final = 10_000
MAX_PIECES: Final = 1_000_000
#: Bytes of metadata (EXIF, XMP, ICC) that are read of one file, as they are once unpacked. J
MAX_METADATA: Final = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Damage:
    """Why the structure alone proves that the image is not whole."""

    reason: Literal["truncated", "broken"]
    #: Completes "cannot be read: ...".
    message: str


@dataclass(slots=True)
class Layout:
    """What one file's headers say; filled in as the reader goes on, so partial is possible."""

    format: str
    #: The format that the decoder gets, where it is another (a PNG within an ICO).
    coded: str | None = None
    #: As stored, in pixels; 0 where the header was not reached.
    width: int = 0
    height: int = 0
    #: Bits of one channel as stored.
    bit_depth: int | None = None
    #: Pillow's mode where the decoder would hide the stored one (``RGB;16``).
    mode: str | None = None
    #: JPEG: its pixels come in several scans, of which the last one completes every pixel.
    scans: bool = False
    #: Frames or pages.
    frames: int = 1
    #: EXIF blocks, each a TIFF structure with or without ``Exif\\0\\0``.
    exif: list[bytes] = field(default_factory=list)
    #: XMP packets, as UTF-8.
    xmp: list[bytes] = field(default_factory=list)
    #: The ICC profile; empty where one is announced but cannot be put together.
    icc: bytes | None = None
    #: Colours that are told without a profile, where they are not sRGB; they count before one.
    colours: Colours | None = None
    #: EXIF orientation where the format itself says it (TIFF).
    orientation: int | None = None
    #: Names of places and serial numbers where the format itself says them (TIFF).
    location: list[str] = field(default_factory=list)
    damage: Damage | None = None
    #: JPEG: all its scans.
    scans_found: Scans | None = None
    #: PNG: its pixel data.
    rows: Rows | None = None
    #: TIFF: how the pixels lie where they are read here and not by the decoder.
    raster: Raster | None = None
    #: Bytes of metadata that may still be read.
    room: int = MAX_METADATA
    #: What a decoder gets: literal bytes, or (offset, length) of the file.
    parts: list[bytes | tuple[int, int]] = field(default_factory=list)

    def keep(self, offset: int, length: int) -> None:
        """Hand ``length`` bytes from ``offset`` to the decoder."""
        last = self.parts[-1] if self.parts else None
        if isinstance(last, tuple) and last[0] + last[1] == offset:
            self.parts[-1] = (last[0], last[1] + length)
        else:
            self.parts.append((offset, length))

    def metadata(self, data: bytes) -> bytes:
        """A piece of metadata, as much of it as there is room for."""
        kept = data[: self.room]
        self.room -= len(kept)
        return kept

    def cut(self, message: str) -> Layout:
        """This layout, marked as ending too early."""
        self.damage = Damage("truncated", message)
        return self

    def broken(self, message: str) -> Layout:
        """This layout, marked as damaged."""
        self.damage = Damage("broken", message)
        return self


class Spliced:
    """A read-only file made of parts of another and of literal bytes; it has no name."""

    def __init__(self, source: Source, parts: list[bytes | tuple[int, int]]) -> None:
        self._source = source
        self._parts = [p for p in parts if (len(p) if isinstance(p, bytes) else p[1]) > 0]
        lengths = [len(p) if isinstance(p, bytes) else p[1] for p in self._parts]
        self._starts = [0, *accumulate(lengths)]
        self.size = self._starts[-1]
        self._at = 0

    def seekable(self) -> bool:
        """Always true."""
        return True

    def tell(self) -> int:
        """The position, in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to ``offset`` bytes from the start (0), here (1) or the end (2)."""
        base = (0, self._at, self.size)[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; all that remain where it is negative."""
        end = self.size if size is None or size < 0 else min(self.size, self._at + size)
        pieces: list[bytes] = []
        while self._at < end:
            index = bisect_right(self._starts, self._at) - 1
            skip = self._at - self._starts[index]
            take = min(end, self._starts[index + 1]) - self._at
            part = self._parts[index]
            if isinstance(part, bytes):
                piece = part[skip : skip + take]
            else:
                piece = self._source.read_at(part[0] + skip, take)
            if not piece:
                break
            pieces.append(piece)
            self._at += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
