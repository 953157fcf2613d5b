"""The headers of an image, and the byte ranges that a decoder needs.

The readers beside this module parse a file's structure, check every length against the file's size,
and pass the decoder only the parts that make pixels. It gets no metadata, so a broken tag, a
compressed text or a wrong animation header never reaches it.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from vaceprep.files.source import View

if TYPE_CHECKING:
    # The check of a video imports this module without these.
    from vaceprep.probes.images.cicp import Colours
    from vaceprep.probes.images.jpeg_scans import Scans
    from vaceprep.probes.images.png_data import Rows
    from vaceprep.probes.images.tiff_raster import Raster

#: Most frames or pages counted, and most segments or chunks read, of one file. J
MAX_FRAMES: Final = 10_000
MAX_PIECES: Final = 1_000_000
#: Most bytes of metadata (EXIF, XMP, ICC) read of one file, measured after decompression. J
MAX_METADATA: Final = 16 * 2**20


class Fault(Exception):
    """A missing or wrong part, as a clause that completes "cannot be read: ..."."""


class Source(Protocol):
    """The part of ``source.Opened`` that a reader uses."""

    size: int

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``."""
        ...


class Damage(NamedTuple):
    """The reason why the structure alone proves the image incomplete."""

    reason: Literal["truncated", "broken"]
    #: Completes "cannot be read: ...".
    message: str


class Layout:
    """The headers of one file; the reader fills it step by step, so it may be partial."""

    __slots__ = (
        "bit_depth",
        "coded",
        "colours",
        "damage",
        "exif",
        "format",
        "frames",
        "height",
        "icc",
        "location",
        "mode",
        "orientation",
        "parts",
        "raster",
        "room",
        "rows",
        "scans",
        "scans_found",
        "width",
        "xmp",
    )

    def __init__(self, fmt: str, *, coded: str | None = None, bit_depth: int | None = None) -> None:
        self.format = fmt
        #: The format that the decoder gets if it differs (a PNG within an ICO).
        self.coded = coded
        #: As stored, in pixels; 0 if the header was not reached.
        self.width: int = 0
        self.height: int = 0
        #: Bits of one channel as stored.
        self.bit_depth = bit_depth
        #: Pillow's mode if the decoder would hide the stored one (``RGB;16``).
        self.mode: str | None = None
        #: JPEG: its pixels come in several scans, of which the last one completes every pixel.
        self.scans: bool = False
        #: Frames or pages.
        self.frames: int = 1
        #: EXIF blocks, each a TIFF structure with or without ``Exif\\0\\0``.
        self.exif: list[bytes] = []
        #: XMP packets, as UTF-8.
        self.xmp: list[bytes] = []
        #: The ICC profile; empty if one is announced but cannot be joined.
        self.icc: bytes | None = None
        #: Colours given without a profile, if not sRGB; they take precedence over a profile.
        self.colours: Colours | None = None
        #: EXIF orientation if the format itself has it (TIFF).
        self.orientation: int | None = None
        #: Names of place and serial number fields if the format itself has them (TIFF).
        self.location: list[str] = []
        self.damage: Damage | None = None
        #: JPEG: all its scans.
        self.scans_found: Scans | None = None
        #: PNG: its pixel data.
        self.rows: Rows | None = None
        #: TIFF: position of the pixels if vaceprep decodes them, not Pillow.
        self.raster: Raster | None = None
        #: Bytes of metadata that may still be read.
        self.room: int = MAX_METADATA
        #: The decoder's input: literal bytes, or (offset, length) of the file.
        self.parts: list[bytes | tuple[int, int]] = []

    def keep(self, offset: int, length: int) -> None:
        """Pass ``length`` bytes from ``offset`` to the decoder."""
        last = self.parts[-1] if self.parts else None
        if isinstance(last, tuple) and last[0] + last[1] == offset:
            self.parts[-1] = (last[0], last[1] + length)
        else:
            self.parts.append((offset, length))

    def metadata(self, data: bytes) -> bytes:
        """Return a piece of metadata, truncated to the remaining limit."""
        kept = data[: self.room]
        self.room -= len(kept)
        return kept

    def cut(self, message: str) -> Layout:
        """Return this layout, marked as ending too early."""
        self.damage = Damage("truncated", message)
        return self

    def broken(self, message: str) -> Layout:
        """Return this layout, marked as damaged."""
        self.damage = Damage("broken", message)
        return self


class Header(NamedTuple):
    """What the headers say of the decoded picture, where Pillow need not read them."""

    #: Pillow's mode.
    mode: str

    def getbands(self) -> tuple[str, ...]:
        """Return the names of the channels, as Pillow's images do."""
        return tuple(self.mode) if self.mode in ("RGB", "CMYK") else (self.mode,)


class Spliced(View):
    """A nameless read-only file made of parts of another file and literal bytes."""

    def __init__(self, source: Source, parts: list[bytes | tuple[int, int]]) -> None:
        self._source = source
        self._parts = [p for p in parts if (len(p) if isinstance(p, bytes) else p[1]) > 0]
        lengths = [len(p) if isinstance(p, bytes) else p[1] for p in self._parts]
        self._starts = [0, *accumulate(lengths)]
        super().__init__(self._starts[-1])

    def bytes_at(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` up to ``end``; fewer if the file is shorter."""
        pieces: list[bytes] = []
        while start < end:
            index = bisect_right(self._starts, start) - 1
            skip = start - self._starts[index]
            take = min(end, self._starts[index + 1]) - start
            part = self._parts[index]
            if isinstance(part, bytes):
                piece = part[skip : skip + take]
            else:
                piece = self._source.read_at(part[0] + skip, take)
            if not piece:
                break
            pieces.append(piece)
            start += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
