"""How long a container says it is, against how long the file is: cut-off files outside MP4."""

from __future__ import annotations

from vaceprep.files.source import Opened
from vaceprep.probes.images.gif import read_gif

SEGMENT = b"\x18\x53\x80\x67"


def _vint(data: bytes, at: int) -> tuple[int, int] | None:
    """An EBML length at ``at`` and the bytes it takes; None where unknown or cut."""
    if at >= len(data) or not data[at]:
        return None
    width = 9 - data[at].bit_length()
    raw = int.from_bytes(data[at : at + width], "big")
    value = raw & ((1 << (7 * width)) - 1)
    if at + width > len(data) or value == (1 << (7 * width)) - 1:
        return None
    return value, width


def _missing_mark(opened: Opened) -> str | None:
    """A GIF has no length, but an end mark."""
    # A demuxer may be reading on from here.
    at = opened.tell()
    try:
        damage = read_gif(opened).damage
    finally:
        opened.seek(at)
    return damage.message if damage is not None and damage.reason == "truncated" else None


def missing_end(opened: Opened, name: str) -> str | None:
    """Where the file ends too early, in words; None where it does not or nobody can tell."""
    declared = None
    head = opened.head
    if name in ("matroska", "webm"):
        header = _vint(head, 4)
        if header:
            at = 4 + header[1] + header[0]
            if head[at : at + 4] == SEGMENT:
                size = _vint(head, at + 4)
                declared = at + 4 + size[1] + size[0] if size else None
    elif name in ("avi", "webp") and head[:4] == b"RIFF" and len(head) >= 8:
        declared = int.from_bytes(head[4:8], "little") + 8
    elif name == "gif":
        return _missing_mark(opened)
    if declared is not None and declared > opened.size:
        return f"it should end at byte {declared:,} but the file ends at byte {opened.size:,}"
    return None
