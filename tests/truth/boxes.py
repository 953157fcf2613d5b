"""Change boxes of an MP4 whose index lies behind the media data, so that no offset moves."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Final

#: Bytes of a box before its children, where there are any.
BEFORE_CHILDREN: Final = {"stsd": 8}
#: The same of a picture's sample entry, and the kinds of sound that have another.
ENTRY_HEAD: Final = 78
SOUND: Final = ("mp4a", "sowt", "Opus", ".mp3")
#: The matrix that changes nothing.
IDENTITY: Final = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def box(kind: str, body: bytes) -> bytes:
    """A box."""
    return struct.pack(">I4s", len(body) + 8, kind.encode()) + body


def children(body: bytes) -> list[tuple[str, bytes]]:
    """The boxes of a body, as kind and body."""
    found = []
    at = 0
    while at + 8 <= len(body):
        size, kind = struct.unpack_from(">I4s", body, at)
        assert size >= 8
        found.append((kind.decode("latin-1"), body[at + 8 : at + size]))
        at += size
    return found


def changed(body: bytes, path: str, change: Callable[[bytes], bytes]) -> bytes:
    """The body with each box at ``path`` (``moov/trak/tkhd``) given the body of ``change``."""
    head, _, rest = path.partition("/")
    made = b""
    for kind, inner in children(body):
        if kind == head or (head == "*" and kind not in SOUND):
            skip = ENTRY_HEAD if head == "*" else BEFORE_CHILDREN.get(kind, 0)
            made += box(kind, _deeper(inner, skip, rest, change))
            continue
        made += box(kind, inner)
    return made


def change_file(path: Path, where: str, change: Callable[[bytes], bytes]) -> None:
    """Change the boxes at that place of a file."""
    path.write_bytes(changed(path.read_bytes(), where, change))


def _deeper(body: bytes, skip: int, path: str, change: Callable[[bytes], bytes]) -> bytes:
    return body[:skip] + changed(body[skip:], path, change) if path else change(body)


#: The picture's sample entry of the first and each other track.
ENTRY: Final = "moov/trak/mdia/minf/stbl/stsd/*"


def add_to_entry(path: Path, *extra: bytes) -> None:
    """Put boxes behind those of the video's sample entry."""
    change_file(path, ENTRY, lambda entry: entry + b"".join(extra))


def without(body: bytes, kind: str) -> bytes:
    """A body of boxes without those of that kind."""
    return b"".join(box(name, inner) for name, inner in children(body) if name != kind)


def entry_without(path: Path, kind: str) -> None:
    """Take a box out of the video's sample entry."""
    change_file(path, ENTRY, lambda entry: entry[:ENTRY_HEAD] + without(entry[ENTRY_HEAD:], kind))


def set_matrix(path: Path, matrix: tuple[int, ...]) -> None:
    """Write the track's matrix: nine numbers, 16.16 and 2.30."""
    values = struct.pack(">9I", *(value & 0xFFFFFFFF for value in matrix))

    def change(body: bytes) -> bytes:
        at = 40 if body[0] == 0 else 52
        return body[:at] + values + body[at + 36 :]

    change_file(path, "moov/trak/tkhd", change)


def set_movie_matrix(path: Path, matrix: tuple[int, ...]) -> None:
    """Write the movie's matrix."""
    values = struct.pack(">9I", *(value & 0xFFFFFFFF for value in matrix))

    def change(body: bytes) -> bytes:
        at = 36 if body[0] == 0 else 48
        return body[:at] + values + body[at + 36 :]

    change_file(path, "moov/mvhd", change)


def set_edits(
    path: Path, edits: tuple[tuple[int, int], ...], speed: Fraction = Fraction(1)
) -> None:
    """Replace the edit lists: length in movie ticks, and media time."""
    rate = int(speed * 0x10000)
    body = struct.pack(">II", 0, len(edits))
    body += b"".join(struct.pack(">IiI", length, at, rate) for length, at in edits)

    def change(track: bytes) -> bytes:
        boxes = [(kind, inner) for kind, inner in children(track) if kind != "edts"]
        boxes.insert(1, ("edts", box("elst", body)))
        return b"".join(box(kind, inner) for kind, inner in boxes)

    change_file(path, "moov/trak", change)


def clean_aperture(size: tuple[int, int], middle: tuple[int, int] = (0, 0)) -> bytes:
    """``clap``: a rectangle of that size, its middle moved by so many pixels."""
    values = (size[0], 1, size[1], 1, middle[0] & 0xFFFFFFFF, 1, middle[1] & 0xFFFFFFFF, 1)
    return box("clap", struct.pack(">8I", *values))


def nclx(primaries: int, transfer: int, matrix: int, full: bool = False) -> bytes:
    """``colr`` of MP4 with code points of H.273."""
    codes = struct.pack(">HHHB", primaries, transfer, matrix, 0x80 if full else 0)
    return box("colr", b"nclx" + codes)


def nclc(primaries: int, transfer: int, matrix: int) -> bytes:
    """``colr`` of QuickTime."""
    return box("colr", b"nclc" + struct.pack(">HHH", primaries, transfer, matrix))
