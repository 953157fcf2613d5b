"""PNG and APNG: every chunk, with its checksum.

Specification: PNG (third edition), sections 5 and 11; a chunk's type is its name.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

from vaceprep.probes.images import png_data
from vaceprep.probes.images.layout import MAX_PIECES, Layout, Source
from vaceprep.probes.images.png_data import ColourType

if TYPE_CHECKING:
    # Few files say their colours without an ICC profile.
    from vaceprep.probes.images import cicp

#: Critical chunks: those that a reader needs to show the picture.
_CRITICAL: Final = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND"))
#: Chunks that the decoder gets.
_PIXEL_CHUNKS: Final = _CRITICAL | {b"tRNS"}
_MODES: Final[dict[int, str]] = {
    ColourType.GREY: "L",
    ColourType.RGB: "RGB",
    ColourType.PALETTE: "P",
    ColourType.GREY_ALPHA: "LA",
    ColourType.RGBA: "RGBA",
}
#: Allowed depths by colour type.
_DEPTHS: Final[dict[int, tuple[int, ...]]] = {
    ColourType.GREY: (1, 2, 4, 8, 16),
    ColourType.RGB: (8, 16),
    ColourType.PALETTE: (1, 2, 4, 8),
    ColourType.GREY_ALPHA: (8, 16),
    ColourType.RGBA: (8, 16),
}
#: Bit 5 of a chunk's first letter: no reader needs the chunk.
_ANCILLARY: Final = 0x20
#: First byte of a zlib stream with the largest window.
_LARGEST_WINDOW: Final = b"\x78"
#: Bytes of a tRNS chunk by colour type; of a palette, at most one per colour.
_KEY_BYTES: Final[dict[int, int]] = {ColourType.GREY: 2, ColourType.RGB: 6}
_XMP_KEY: Final = b"XML:com.adobe.xmp"
_BLOCK: Final = 2**20
_COLOUR_CHUNKS: Final = frozenset((b"cICP", b"sRGB", b"gAMA", b"cHRM"))
#: gAMA of sRGB, and the share by which another may differ and count as sRGB: one level. J
_SRGB_GAMMA: Final = 45455
_NEAR_GAMMA: Final = 0.02
#: Most that each of cHRM's coordinates may differ from sRGB's. J
_NEAR_XY: Final = 0.002
_UNIT: Final = 100_000


def read_png(source: Source) -> Layout:
    """Read all chunks to IEND and verify each CRC. Sizes in pixels; never raises.

    Treats everything that libpng refuses as damage: a second header, an unknown critical chunk or
    method, a bad palette. ``layout.rows`` locates the pixel data without inflating them.
    """
    return _Reader(source).read()


class _Reader:
    """One PNG's chunks in order."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.layout = Layout("png")
        self.header = b""
        self.colours = 0
        #: Ranges of the first run of IDAT chunks, and whether it has ended.
        self.data: list[tuple[int, int]] = []
        self.data_ended = False
        self.announced = False
        self.frames = 0
        self.still_outside = False
        self.keyed = False
        self.described = _ColourChunks()

    def read(self) -> Layout:
        layout, source = self.layout, self.source
        layout.keep(0, 8)
        at = 8
        for _ in range(MAX_PIECES):
            head = source.read_at(at, 8)
            if len(head) < 8:
                return layout.cut("the file ends before the PNG's end mark")
            length, name = int.from_bytes(head[:4], "big"), head[4:]
            if at + 12 + length > source.size:
                if name == b"IHDR" and at == 8:
                    _header(layout, source.read_at(at + 8, 13))
                return layout.cut("the file ends inside the PNG's data")
            if not name.isalpha():
                return layout.broken("the PNG's chunks are damaged")
            body = source.read_at(at + 8, length) if length <= _BLOCK else b""
            if not _checked(source, at + 8, length, name, body):
                if name == b"IHDR" and at == 8:
                    _header(layout, body)
                return layout.broken(f"the checksum of the PNG's {name.decode()} chunk is wrong")
            message = self._first(name, body) if at == 8 else self._chunk(name, body, at, length)
            if message:
                return layout.broken(message)
            at += 12 + length
            if name == b"IEND":
                break
        else:
            return layout.broken("the PNG has too many chunks")
        return self._finished()

    def _first(self, name: bytes, body: bytes) -> str:
        if name != b"IHDR" or not _header(self.layout, body):
            return "the PNG does not begin with its header"
        self.header = body
        self.layout.keep(8, 12 + len(body))
        depth, colour, compression, filtering, interlacing = body[8:13]
        if len(body) != 13 or depth not in _DEPTHS.get(colour, ()):
            return f"the PNG's header names pixels of no known kind ({depth} bits, type {colour})"
        if compression or filtering or interlacing > 1:
            return "the PNG's header names an unknown compression, filter or interlacing method"
        return ""

    def _chunk(self, name: bytes, body: bytes, at: int, length: int) -> str:
        """Read one chunk after the header; return what is wrong with it, or an empty string."""
        if not name[0] & _ANCILLARY and name not in _CRITICAL:
            return f"the PNG has a critical chunk that no reader knows ({name.decode()})"
        if name == b"IHDR":
            return "the PNG has a second header"
        if name == b"IDAT":
            if not self.data:
                self.still_outside = self.announced and not self.frames
                if self.header[9] == ColourType.PALETTE and not self.colours:
                    return "the PNG's palette is missing"
            if self.data_ended:
                return ""
            self.data.append((at + 8, length))
        else:
            self.data_ended = bool(self.data)
        message = (
            self._palette(body) if name == b"PLTE" else self._described(name, body, at, length)
        )
        if not message and name in _PIXEL_CHUNKS and self._is_wanted(name, length):
            self.layout.keep(at, 12 + length)
        return message

    def _is_wanted(self, name: bytes, length: int) -> bool:
        colour = self.header[9]
        if name == b"PLTE":
            return colour == ColourType.PALETTE
        if name != b"tRNS":
            return True
        # Readers ignore one of a wrong length, in a wrong place or beside an alpha channel.
        right = (
            0 < length <= self.colours
            if colour == ColourType.PALETTE
            else length == _KEY_BYTES.get(colour)
        )
        self.keyed = right and not self.data
        return self.keyed

    def _palette(self, body: bytes) -> str:
        if self.header[9] != ColourType.PALETTE:
            return ""
        if self.colours or self.data:
            return "the PNG has a second palette, or one behind its pixels"
        if len(body) % 3 or not 0 < len(body) <= 768:
            return "the PNG's palette has an impossible length"
        self.colours = len(body) // 3
        return ""

    def _described(self, name: bytes, body: bytes, at: int, length: int) -> str:
        layout = self.layout
        if name == b"eXIf":
            data = self.source.read_at(at + 8, min(length, layout.room))
            layout.exif.append(layout.metadata(data))
        elif name == b"iCCP" and layout.room:
            data = self.source.read_at(at + 8, min(length, layout.room))
            layout.icc = layout.metadata(_profile(data, layout.room))
        elif name == b"iTXt" and body.startswith(_XMP_KEY + b"\0") and layout.room:
            layout.xmp.append(layout.metadata(_text(body[len(_XMP_KEY) + 1 :], layout.room)))
        elif name == b"acTL":
            self.announced = True
            if len(body) == 8 and not any(body[:4]):
                return "the PNG announces an animation of no frames"
        elif name == b"fcTL":
            self.frames += self.announced
        elif name in _COLOUR_CHUNKS and not self.data:
            self.described.take(name, body)
        return ""

    def _finished(self) -> Layout:
        layout = self.layout
        if not self.data:
            return layout.broken("the PNG has no pixel data")
        layout.frames = max(1, self.frames + (self.announced and self.still_outside))
        self.described.into(layout, grey=self.header[9] in (ColourType.GREY, ColourType.GREY_ALPHA))
        bits = (layout.bit_depth or 8) * png_data.SAMPLES[self.header[9]]
        interlaced = self.header[12] == 1
        first = next((self.source.read_at(piece[0], 1) for piece in self.data if piece[1]), b"")
        layout.rows = png_data.Rows(
            self.data,
            png_data.passes(layout.width, layout.height, bits, interlaced),
            plain=not interlaced and first[:1] == _LARGEST_WINDOW,
            keyed=self.keyed,
        )
        return layout


def _checked(source: Source, at: int, length: int, name: bytes, body: bytes) -> bool:
    crc = zlib.crc32(name)
    if length <= _BLOCK:
        crc = zlib.crc32(body, crc)
    else:
        for start in range(at, at + length, _BLOCK):
            crc = zlib.crc32(source.read_at(start, min(_BLOCK, at + length - start)), crc)
    return int.from_bytes(source.read_at(at + length, 4), "big") == crc


def _header(layout: Layout, body: bytes) -> bool:
    if len(body) < 13:
        return False
    width, height, depth, colour = struct.unpack_from(">IIBB", body)
    layout.width, layout.height, layout.bit_depth = width, height, depth
    mode = _MODES.get(colour)
    if mode == "L" and depth < 8:
        layout.mode = "1" if depth == 1 else f"L;{depth}"
    elif mode == "L" and depth == 16:
        layout.mode = "I;16"
    elif mode is not None:
        layout.mode = mode if depth <= 8 else f"{mode};{depth}"
    return bool(width and height)


def _inflated(data: bytes, most: int) -> bytes:
    """Inflate up to ``most`` bytes (0 would be no limit) of a zlib stream; empty if damaged."""
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error:
        return b""


def _profile(body: bytes, most: int) -> bytes:
    name, separator, rest = body.partition(b"\0")
    return _inflated(rest[1:], most) if separator and name and rest[:1] == b"\0" else b""


def _text(rest: bytes, most: int) -> bytes:
    """Return the text of an iTXt chunk after its keyword."""
    fields = rest[2:].split(b"\0", 2)
    if len(rest) < 2 or len(fields) < 3:
        return b""
    return _inflated(fields[2], most) if rest[0] else fields[2]


class _ColourChunks:
    """Colours by the cICP, sRGB, gAMA and cHRM chunks of one PNG, the first of each name.

    The first of cICP, iCCP, sRGB, and gAMA with cHRM counts (PNG, third edition, section 4.3).
    """

    def __init__(self) -> None:
        self._bodies: dict[bytes, bytes] = {}

    def take(self, name: bytes, body: bytes) -> None:
        """Keep a chunk's body."""
        self._bodies.setdefault(name, body)

    def into(self, layout: Layout, *, grey: bool) -> None:
        """Add the effective colours to the layout, beside the ICC profile that it already has."""
        if not self._bodies:
            return
        from vaceprep.probes.images import cicp

        named = self._bodies.get(b"cICP", b"")
        if len(named) == 4 and named[2] == 0:
            layout.icc = None
            layout.colours = cicp.of_numbers(named[0], named[1], full=bool(named[3]))
        elif layout.icc is None and b"sRGB" not in self._bodies:
            layout.colours = self._measured(grey)

    def _measured(self, grey: bool) -> cicp.Colours | None:
        from vaceprep.probes.images import cicp

        body, corners = self._bodies.get(b"gAMA", b""), self._bodies.get(b"cHRM", b"")
        gamma = int.from_bytes(body, "big") if len(body) == 4 else 0
        curve, parts = cicp.srgb_curve, []
        if gamma and abs(gamma / _SRGB_GAMMA - 1) > _NEAR_GAMMA:
            exponent = _UNIT / gamma
            parts.append(f"gamma {exponent:.3g} (gAMA)")

            def curve(x: float) -> float:
                return float(x**exponent)

        chromaticities = cicp.BT709
        if len(corners) == 32 and not grey:
            values = [v / _UNIT for v in struct.unpack(">8I", corners)]
            white, *rgb = zip(values[::2], values[1::2], strict=True)
            found = (rgb[0], rgb[1], rgb[2], white)
            if not _is_near(found) and all(xy[1] > 0 for xy in found[3:]):
                chromaticities = found
                parts.append("its own primaries (cHRM)")
        if not parts:
            return None
        try:
            return cicp.Colours(" and ".join(parts), cicp.profile(chromaticities, curve))
        except (ZeroDivisionError, OverflowError, struct.error):
            # Ignore coordinates that span no colours.
            return None


def _is_near(found: cicp.Chromaticities) -> bool:
    from vaceprep.probes.images import cicp

    pairs = zip(found, cicp.BT709, strict=True)
    return all(
        abs(a - b) <= _NEAR_XY for one, other in pairs for a, b in zip(one, other, strict=True)
    )
