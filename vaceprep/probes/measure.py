"""Select the probe of a file by its first bytes and its role, never by its name."""

from __future__ import annotations

from vaceprep.contract import (
    DEFAULT_IMAGE_ROLE,
    DEFAULT_VIDEO_ROLE,
    MASK_ROLES,
    MAX_IMAGE_PIXELS,
    VIDEO_ROLES,
    Role,
)
from vaceprep.facts import Facts, ImageFacts, Unreadable, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.formats import IMAGE_ENDINGS, VIDEO_ENDINGS
from vaceprep.limits import CONTRACT, Limits
from vaceprep.probes.sniff import Sniffed, sniff
from vaceprep.records import replace


def ending(name: str) -> str:
    """Return the lower-case extension of a name, with its dot; empty if there is none."""
    base = name.replace("\\", "/").rpartition("/")[2]
    stem, dot, last = base.rpartition(".")
    return f".{last.lower()}" if dot and stem else ""


def default_role(sniffed: Sniffed | None, name: str | None) -> Role:
    """Return the default role of a file: by content, else by the name's extension."""
    if sniffed is not None and sniffed.kind == "image":
        return DEFAULT_IMAGE_ROLE
    if sniffed is not None and sniffed.kind in ("video", "audio"):
        return DEFAULT_VIDEO_ROLE
    return DEFAULT_IMAGE_ROLE if name and ending(name) in IMAGE_ENDINGS else DEFAULT_VIDEO_ROLE


def is_media(head: bytes, name: str) -> bool:
    """Return whether a file found in a folder is a medium: by its first bytes or its extension."""
    if ending(name) in IMAGE_ENDINGS or ending(name) in VIDEO_ENDINGS:
        return True
    return sniff(head).kind in ("video", "image")


def _not_media(sniffed: Sniffed, size: int) -> Unreadable:
    if sniffed.kind == "playlist":
        message = f"it is {sniffed.format}, not a media file, and nothing that it names is opened"
        return Unreadable("not-media", message, size)
    if sniffed.kind == "audio":
        return Unreadable("no-video", f"it is sound only ({sniffed.format})", size)
    if sniffed.kind == "text":
        return Unreadable("not-media", "it is text, not a media file", size)
    return Unreadable("not-media", "its first bytes are those of no known media format", size)


def _moves(sniffed: Sniffed, head: bytes) -> bool:
    """Return whether an image's header says that it may hold more than one frame."""
    if sniffed.format == "gif":
        return True
    if sniffed.format == "png":
        return b"acTL" in head.partition(b"IDAT")[0]
    # The file may end before the flags do.
    flags = int.from_bytes(head[20:21])
    return sniffed.format == "webp" and head[12:16] == b"VP8X" and bool(flags & 2)


def _still(sniffed: Sniffed, size: int) -> Unreadable:
    message = f"it is a still image ({sniffed.format.upper()}), not a video"
    return Unreadable("still-image", message, size, format=sniffed.format)


def measure(
    opened: Opened,
    role: Role,
    sniffed: Sniffed,
    *,
    deep: bool = False,
    max_pixels: int = MAX_IMAGE_PIXELS,
    memory: int | None = None,
    limits: Limits = CONTRACT,
) -> Facts | Unreadable:
    """Return the facts of an open file under a role; an error of reading it is a fact too.

    ``deep`` decodes every frame of a video, and measures the border of a reference image; an image
    is always decoded, up to ``max_pixels`` declared pixels and, if given, ``memory`` bytes. A mask
    video is judged by its frames within the ``limits``.
    """
    try:
        if role in VIDEO_ROLES:
            if sniffed.kind == "image" and not _moves(sniffed, opened.head):
                return _still(sniffed, opened.size)
            if sniffed.kind not in ("video", "image"):
                return _not_media(sniffed, opened.size)
            return _video(opened, role, sniffed, deep, limits)
        if sniffed.kind == "image":
            from vaceprep.probes.image import probe_image

            found = probe_image(
                opened,
                sniffed.format,
                max_pixels=max_pixels,
                want_mask=role in MASK_ROLES,
                memory=memory,
            )
            if deep and role == DEFAULT_IMAGE_ROLE and isinstance(found, ImageFacts):
                return _with_border(opened, sniffed.format, found)
            return found
        if sniffed.kind == "video":
            return _video(opened, role, sniffed, False, limits)
        return _not_media(sniffed, opened.size)
    except OSError as error:
        reason = f"reading it fails ({error.strerror or error})"
        return Unreadable("unavailable", reason, opened.size)


def _with_border(opened: Opened, fmt: str, facts: ImageFacts) -> ImageFacts:
    """Return the facts of a reference image with what its border is like."""
    if not facts.decoded:
        return facts
    from vaceprep.probes.images.border import busy_border

    return replace(facts, busy_border=busy_border(opened, fmt))


def _video(
    opened: Opened, role: Role, sniffed: Sniffed, deep: bool, limits: Limits
) -> Facts | Unreadable:
    from vaceprep.probes.video import probe_video

    facts = probe_video(opened, sniffed)
    if not isinstance(facts, VideoFacts):
        return facts
    if sniffed.kind == "image" and facts.frames is not None and facts.frames < 2:
        return _still(sniffed, opened.size)
    as_mask = role == "mask_video_url"
    if not (deep or as_mask) or sniffed.demuxer is None:
        return facts
    from vaceprep.probes.decode import decode_all

    # A mask is judged by the frames that can count; --deep decodes every one.
    until = None if deep else limits.seconds(role)
    if as_mask:
        decoded, mask = decode_all(
            opened, sniffed.demuxer, as_mask=True, until=until, crop=facts.crop
        )
        return replace(facts, decoded=decoded.facts(facts) if deep else None, mask=mask)
    from vaceprep.probes.look import Looking

    looking = Looking(facts)
    decoded, _ = decode_all(opened, sniffed.demuxer, as_mask=False, watch=looking.add)
    return replace(facts, decoded=decoded.facts(facts), look=looking.facts())
