"""Detect truncated files outside MP4: the length a container claims against the file's size."""

from __future__ import annotations

from vaceprep.files.source import Opened
from vaceprep.probes.images.gif import read_gif
from vaceprep.probes.matroska import Element, vint

SEGMENT = Element.SEGMENT.to_bytes(4)


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
        header = vint(head, 4)
        if header and header[0] is not None:
            at = header[0] + header[1]
            size = vint(head, at + 4) if head[at : at + 4] == SEGMENT else None
            if size and size[0] is not None:
                declared = size[0] + size[1]
    elif name in ("avi", "webp") and head[:4] == b"RIFF" and len(head) >= 8:
        declared = int.from_bytes(head[4:8], "little") + 8
    elif name == "gif":
        return _missing_mark(opened)
    if declared is not None and declared > opened.size:
        return f"it should end at byte {declared:,} but the file ends at byte {opened.size:,}"
    return None
