"""EXIF and XMP: the orientation, and the names of fields with a place or a serial number.

EXIF is a TIFF structure, so this parser serves TIFF files too. Checks every count and offset
against the available bytes before reading anything for it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from typing import Final

from vaceprep.probes.images.layout import Source
from vaceprep.probes.images.tiff_tags import FieldType, GpsTag, Tag

#: The integers of a value by field type, as ``struct`` names them.
_INTEGERS: Final[dict[int, str]] = {
    FieldType.BYTE: "B",
    FieldType.SHORT: "H",
    FieldType.LONG: "I",
    FieldType.SBYTE: "b",
    FieldType.SSHORT: "h",
    FieldType.SLONG: "i",
    FieldType.IFD: "I",
    FieldType.LONG8: "Q",
    FieldType.IFD8: "Q",
}
#: Bytes of one value by field type.
TYPE_BYTES: Final[dict[int, int]] = {
    **{kind: struct.calcsize(f"={code}") for kind, code in _INTEGERS.items()},
    **dict.fromkeys((FieldType.ASCII, FieldType.UNDEFINED), 1),
    FieldType.FLOAT: 4,
    **dict.fromkeys(
        (FieldType.RATIONAL, FieldType.SRATIONAL, FieldType.DOUBLE, FieldType.SLONG8), 8
    ),
}
#: Most entries of one directory, and most values of one entry, that are read. J
_MAX_ENTRIES: Final = 4096
_MAX_VALUES: Final = 2_000_000

_GPS_PLACES: Final[dict[int, str]] = {
    GpsTag.LATITUDE: "GPSLatitude",
    GpsTag.LONGITUDE: "GPSLongitude",
    GpsTag.ALTITUDE: "GPSAltitude",
    GpsTag.DEST_LATITUDE: "GPSDestLatitude",
    GpsTag.DEST_LONGITUDE: "GPSDestLongitude",
    GpsTag.AREA_INFORMATION: "GPSAreaInformation",
}
_MAIN_SERIALS: Final[dict[int, str]] = {Tag.CAMERA_SERIAL_NUMBER: "CameraSerialNumber"}
_EXIF_SERIALS: Final[dict[int, str]] = {
    Tag.BODY_SERIAL_NUMBER: "BodySerialNumber",
    Tag.LENS_SERIAL_NUMBER: "LensSerialNumber",
}
_RATIONALS: Final = (FieldType.RATIONAL, FieldType.SRATIONAL)

_XMP_NAMES: Final = (
    rb"\b(exif:GPS(?:Latitude|Longitude|Altitude|DestLatitude|DestLongitude|AreaInformation)"
    rb"|(?:aux|exifEX):(?:Lens|Body|Camera)?SerialNumber)"
    rb"(?:\s*=\s*(?:\"\s*[^\"\s]|'\s*[^'\s])|\s*>\s*[^<\s])"
)


class _Memory:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read_at(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]


class Entry:
    """One field of a directory; ``inline`` holds the bytes of its value-or-offset field."""

    __slots__ = ("count", "inline", "kind")

    def __init__(self, kind: int, count: int, inline: bytes) -> None:
        self.kind = kind
        self.count = count
        self.inline = inline

    @property
    def bytes(self) -> int:
        """Bytes of the value; 0 for an unknown field type."""
        return TYPE_BYTES.get(self.kind, 0) * self.count


class Directory:
    """One image file directory (IFD): fields by tag, and the offset of the next one.

    ``next`` is 0 at the end of the chain and None if the bytes end before it. ``listed`` is the
    number of entries, repeated tags included.
    """

    __slots__ = ("entries", "listed", "next", "view")

    def __init__(
        self, view: TiffView, entries: dict[int, Entry], following: int | None, listed: int
    ) -> None:
        self.view = view
        self.entries = entries
        self.next = following
        self.listed = listed

    def outside(self, tag: int) -> bool:
        """Return whether the field's value lies past the end of the bytes."""
        entry = self.entries.get(tag)
        if entry is None or entry.bytes <= len(entry.inline):
            return False
        return self.view.offset(entry.inline) + entry.bytes > self.view.source.size

    def raw(self, tag: int) -> bytes:
        """Return the field's value as bytes; empty if it is absent, too long or out of range."""
        entry = self.entries.get(tag)
        if entry is None or not 0 < entry.count <= _MAX_VALUES or not entry.bytes:
            return b""
        if entry.bytes <= len(entry.inline):
            return entry.inline[: entry.bytes]
        if self.outside(tag):
            return b""
        return self.view.source.read_at(self.view.offset(entry.inline), entry.bytes)

    def integers(self, tag: int) -> tuple[int, ...]:
        """Return the field's values if they are integers; else none."""
        data = self.raw(tag)
        code = _INTEGERS.get(self.entries[tag].kind) if data else None
        if code is None:
            return ()
        return struct.unpack(f"{self.view.order}{self.entries[tag].count}{code}", data)

    def integer(self, tag: int) -> int | None:
        """Return the field's first value if it is an integer."""
        values = self.integers(tag) if tag in self.entries else ()
        return values[0] if values else None

    def has_value(self, tag: int) -> bool:
        """Return whether the field holds more than padding: text, or a non-zero denominator."""
        data = self.raw(tag)
        if not data:
            return False
        if self.entries[tag].kind in _RATIONALS:
            # Any byte of a denominator, the second half of each eight.
            return any(data[at::8].strip(b"\0") for at in range(4, 8))
        return bool(data.strip(b" \0"))


class TiffView:
    """The directories of a TIFF structure; BigTIFF too. Raises nothing: a failure gives None."""

    def __init__(self, data: bytes | Source) -> None:
        self.source: Source = _Memory(data) if isinstance(data, bytes) else data
        head = self.source.read_at(0, 16)
        self.order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        magic = int.from_bytes(head[2:4], "little" if self.order == "<" else "big")
        self.big = magic == 43
        #: Offset of the first directory; 0 if there is none.
        self.first = 0
        if not self.order or magic not in (42, 43) or len(head) < (16 if self.big else 8):
            self.order = ""
        else:
            self.first = self.offset(head[8:16] if self.big else head[4:8])

    def offset(self, field: bytes) -> int:
        """Return a 4- or 8-byte offset in this structure's byte order."""
        return int.from_bytes(field, "little" if self.order == "<" else "big")

    def directory(self, at: int) -> Directory | None:
        """Return the directory at an offset; None if it is incomplete."""
        if not self.order or at < 8:
            return None
        width, step, word = (8, 20, 8) if self.big else (2, 12, 4)
        count = self.offset(self.source.read_at(at, width))
        if not 0 < count <= _MAX_ENTRIES:
            return None
        data = self.source.read_at(at + width, count * step)
        if len(data) < count * step:
            return None
        entries: dict[int, Entry] = {}
        form = self.order + ("HHQ8s" if self.big else "HHI4s")
        for tag, kind, number, inline in struct.iter_unpack(form, data):
            entries.setdefault(tag, Entry(kind, number, inline))
        following = self.source.read_at(at + width + count * step, word)
        further = self.offset(following) if len(following) == word else None
        return Directory(self, entries, further, count)


def _block(data: bytes) -> TiffView:
    if data.startswith(b"Exif\0"):
        data = data[6:]
    return TiffView(data)


def orientation(blocks: Iterable[bytes]) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if none of the blocks has a valid one."""
    for data in blocks:
        view = _block(data)
        main = view.directory(view.first)
        if main is not None:
            return valid_orientation(main.integer(Tag.ORIENTATION))
    return 1


def valid_orientation(value: int | None) -> int:
    """Return the value if it is 1 to 8, else 1 (upright)."""
    return value if value is not None and 1 <= value <= 8 else 1


def location(blocks: Iterable[bytes], packets: Iterable[bytes]) -> tuple[str, ...]:
    """Return the names of fields in EXIF and XMP that contain a place or a serial number.

    Ignores a field without a value (blank text, a 0/0 position).
    """
    names: list[str] = []
    for data in blocks:
        view = _block(data)
        names += directory_location(view, view.directory(view.first))
    for packet in packets:
        # Removing zero bytes turns UTF-16 and UTF-32 packets into plain text.
        for match in re.finditer(_XMP_NAMES, packet.replace(b"\0", b"")):
            names.append("XMP " + match[1].decode("ascii"))
    return tuple(dict.fromkeys(names))


def directory_location(view: TiffView, main: Directory | None) -> list[str]:
    """Return the same for one main directory (IFD0) and the two that it references."""
    if main is None:
        return []
    names = [name for tag, name in _MAIN_SERIALS.items() if main.has_value(tag)]
    for pointer, wanted in ((Tag.EXIF_IFD, _EXIF_SERIALS), (Tag.GPS_IFD, _GPS_PLACES)):
        inner = view.directory(main.integer(pointer) or 0)
        if inner is not None:
            names += [name for tag, name in wanted.items() if inner.has_value(tag)]
    return names
