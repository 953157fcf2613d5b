"""The names of an MP4 file's metadata, as FFmpeg lists them. Pure.

Metadata of a form that FFmpeg may read differently, or refuse, raise NeedsFFmpeg.

Specification: Apple's QuickTime File Format (user data, metadata); 3GPP TS 26.244, 8.5 (``loci``);
the effect of each form: FFmpeg's ``mov`` demuxer.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from vaceprep.probes.mp4.allowed_boxes import NeedsFFmpeg, whole_children
from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.video_facts import is_personal

#: Metadata in ``ilst``, or QuickTime's in ``udta``, that is text, and no location or serial number.
TEXTS: Final = frozenset(
    [
        *("\xa9too", "\xa9nam", "\xa9ART", "\xa9alb", "\xa9day", "\xa9cmt", "\xa9gen", "\xa9wrt"),
        *("\xa9grp", "\xa9swr", "\xa9mak", "\xa9mod", "aART", "cprt", "desc", "ldes"),
    ]
)
#: FFmpeg's name of a place.
LOCATION: Final = "location"
#: Handlers of ``meta``: iTunes' items, and QuickTime's keys.
ITUNES, QUICKTIME = b"mdir", b"mdta"
#: Bytes of a ``loci`` before the name of the place, and after it: role and three numbers.
LOCI_HEAD, LOCI_TAIL = 6, 13
#: A key whose value FFmpeg takes for a cover picture.
ARTWORK: Final = "com.apple.quicktime.artwork"
#: The type of UTF-8 text in a ``data`` box.
UTF8: Final = 1
#: The sizes in bytes of values that FFmpeg writes as text, by their type.
SIZES: Final = {21: (1, 2, 4), 22: (1, 2, 4), 23: (4,)}
#: Values of later types are left out by FFmpeg.
LAST_KNOWN_TYPE: Final = 23


def read_names(index: memoryview) -> set[str]:
    """Return the names of the metadata in the body of ``moov``. Raises NeedsFFmpeg."""
    found = set[str]()
    keyed = False
    for name, body in whole_children(index):
        if name == Box.TRAK:
            _check_track(body, keyed)
        elif name in (Box.UDTA, Box.META):
            keys = _user_data(body) if name == Box.UDTA else _meta(body)
            found |= keys
            holders = whole_children(body, closed=True) if name == Box.UDTA else [(name, body)]
            for kind, inner in holders:
                if kind != Box.META or _handler(inner)[0] != QUICKTIME:
                    continue
                if keyed:
                    raise NeedsFFmpeg("two lists of metadata keys")
                keyed = True
    return found


def _check_track(body: memoryview, keyed: bool) -> None:
    """Raise NeedsFFmpeg unless a track's metadata have no effect; ``keyed``: keys precede it."""
    for name, inner in whole_children(body):
        if name == Box.UDTA and _user_data(inner):
            raise NeedsFFmpeg("the place of a track")
        if name == Box.META:
            if keyed:
                raise NeedsFFmpeg("metadata of a track after keys of the movie")
            _meta(inner)


def _user_data(body: memoryview) -> set[str]:
    """Return the names in ``udta``. Raises NeedsFFmpeg."""
    found = set[str]()
    for name, inner in whole_children(body, closed=True):
        if name in TEXTS:
            _check_text(name, inner)
        elif name == "\xa9xyz":
            _check_text(name, inner)
            if len(inner) == 4:
                raise NeedsFFmpeg("an empty place")
            found.add(LOCATION)
        elif name == "loci":
            _check_place(inner)
            found.add(LOCATION)
        elif name == Box.META:
            found |= _meta(inner)
        elif name != Box.FREE:
            raise NeedsFFmpeg(f"the box {name!r} in user data")
    return found


def _check_text(name: str, body: memoryview) -> None:
    """Raise NeedsFFmpeg unless it is one text of QuickTime, after its length and language."""
    if name[0] != "\xa9" or len(body) < 4:
        raise NeedsFFmpeg(f"the metadata {name!r}")
    if struct.unpack_from(">H", body)[0] != len(body) - 4:
        raise NeedsFFmpeg(f"the length of the metadata {name!r}")


def _check_place(body: memoryview) -> None:
    """Raise NeedsFFmpeg unless a ``loci`` has a name that ends, and its three numbers."""
    name, end, rest = bytes(body[LOCI_HEAD:]).partition(b"\0")
    if len(body) < LOCI_HEAD or bytes(body[:4]) != b"\0\0\0\0" or not end or len(name) > 64:
        raise NeedsFFmpeg("the form of loci")
    if len(rest) < LOCI_TAIL:
        raise NeedsFFmpeg("the form of loci")


def _handler(body: memoryview) -> tuple[bytes, memoryview]:
    """Return the handler of a ``meta`` and its other boxes. Raises NeedsFFmpeg."""
    # ISO's has a version, QuickTime's has none.
    inner = body if bytes(body[4:8]) == b"hdlr" else body[4:]
    if inner is not body and bytes(body[:4]) != b"\0\0\0\0":
        raise NeedsFFmpeg("a meta box without a version")
    first = next(whole_children(inner), None)
    if first is None or first[0] != Box.HDLR or len(first[1]) < 24:
        raise NeedsFFmpeg("metadata without a handler")
    return bytes(first[1][8:12]), inner[8 + len(first[1]) :]


def _meta(body: memoryview) -> set[str]:
    """Return the names in ``meta``. Raises NeedsFFmpeg."""
    handler, rest = _handler(body)
    boxes = [(name, inner) for name, inner in whole_children(rest) if name != Box.FREE]
    names = [name for name, _ in boxes]
    if handler == ITUNES and names in ([], [Box.ILST]):
        for _, items in boxes:
            for key, item in whole_children(items):
                if key not in TEXTS or _value(item)[0] != UTF8:
                    raise NeedsFFmpeg(f"the metadata {key!r}")
        return set()
    if handler == QUICKTIME and names in ([], [Box.KEYS, Box.ILST]):
        return _keyed(boxes[0][1], boxes[1][1]) if boxes else set()
    raise NeedsFFmpeg(f"the boxes of metadata: {', '.join(names)}")


def _value(item: memoryview) -> tuple[int, int]:
    """Return type and size of an item's one value. Raises NeedsFFmpeg."""
    values = list(whole_children(item))
    if len(values) != 1 or values[0][0] != Box.DATA or len(values[0][1]) < 8:
        raise NeedsFFmpeg("the form of an item of metadata")
    kind: int = struct.unpack_from(">I", values[0][1])[0]
    return kind, len(values[0][1]) - 8


def _keyed(keys: memoryview, items: memoryview) -> set[str]:
    """Return the keys of the items that FFmpeg lists. Raises NeedsFFmpeg."""
    known = list(_keys(keys))
    found = set[str]()
    for kind, item in whole_children(items):
        number = int.from_bytes(kind.encode("latin-1"))
        if not 0 < number <= len(known):
            raise NeedsFFmpeg("an item of metadata without a key")
        key = known[number - 1]
        value, size = _value(item)
        if value == UTF8 or size in SIZES.get(value, ()):
            found.add(key)
        elif value <= LAST_KNOWN_TYPE or is_personal(key):
            raise NeedsFFmpeg(f"the type of the metadata {key!r}")
    if len({key.lower() for key in found}) != len(found):
        raise NeedsFFmpeg("keys that differ in their case alone")
    return found


def _keys(body: memoryview) -> Iterator[str]:
    """Yield the names of ``keys``. Raises NeedsFFmpeg."""
    if len(body) < 8 or bytes(body[:4]) != b"\0\0\0\0":
        raise NeedsFFmpeg("the form of keys")
    entries = list(whole_children(body[8:]))
    if struct.unpack_from(">I", body, 4)[0] != len(entries):
        raise NeedsFFmpeg("the number of keys")
    for space, entry in entries:
        name = bytes(entry).decode("latin-1")
        if space != "mdta" or not name.isascii() or not name.isprintable() or not name:
            raise NeedsFFmpeg("the form of a key")
        if name.lower() == ARTWORK:
            raise NeedsFFmpeg("a cover picture")
        yield name
