"""Detect truncated files outside MP4: the length a container claims against the file's size."""

from __future__ import annotations

from vaceprep.files.source import Opened
from vaceprep.probes.images.gif import read_gif

SEGMENT = b"\x18\x53\x80\x67"


def _vint(data: bytes, at: int) -> tuple[int, int] | None:
    """Return an EBML length at ``at`` and its bytes; None if unknown or cut off."""
    if at >= len(data) or not data[at]:
        return None
    width = 9 - data[at].bit_length()
    raw = int.from_bytes(data[at : at + width], "big")
    value = raw & ((1 << (7 * width)) - 1)
    if at + width > len(data) or value == (1 << (7 * width)) - 1:
        return None
    return value, width


def _missing_mark(opened: Opened) -> str | None:
    """Check the end mark of a GIF, which has no length."""
    # Restore the position: a demuxer may continue reading from it.
    at = opened.tell()
    try:
        damage = read_gif(opened).damage
    finally:
        opened.seek(at)
    return damage.message if damage is not None and damage.reason == "truncated" else None


def missing_end(opened: Opened, name: str) -> str | None:
    """Return where the file ends too early, in words; None if it does not or this is unknown."""
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
