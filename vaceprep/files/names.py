"""Derive file names from other names, valid on any system and in any folder. Pure."""

from __future__ import annotations

import os
import re
from typing import Final

#: Bytes of the longest name that common file systems allow.
NAME_BYTES: Final = 255
#: Characters that some system forbids in file names: control characters, those reserved by
#: Windows, separators of any system, and direction marks, which can fake an ending.
_FORBIDDEN: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]'
)
#: Device names on Windows, with any ending and in any case.
_DEVICE: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?=\.|$)",
    re.IGNORECASE,
)
#: Characters that Windows removes from the end of a name.
_LOST: Final = (".", " ")


def fit(stem: str, last: str = "") -> tuple[str, str]:
    """A stem and an ending that form a valid name on any system, also with a number between them.

    Allowed characters are kept. A device name gets an underscore (``nul_.mp4``), and so does a
    name that would lose its last dot or blank; other forbidden characters become underscores.
    """
    stem, last = (_FORBIDDEN.sub("_", part) for part in (stem, last))
    device = _DEVICE.match(stem)
    if device is not None:
        end = device.end(1)
        stem = f"{stem[:end]}_{stem[end:]}"
    if last.endswith(_LOST):
        last += "_"
    elif not last and (not stem or stem.endswith(_LOST)):
        stem += "_"
    return stem, last


def in_bytes(name: str) -> int:
    """The size of a name in bytes on this machine's disks."""
    try:
        return len(os.fsencode(name))
    except UnicodeEncodeError:
        # A name from a job's text that no disk allows; writing it reports the error.
        return len(name.encode("utf-8", "surrogatepass"))


def cut(stem: str, room: int) -> str:
    """The longest beginning of a stem that fits into ``room`` bytes, at least one character."""
    stem = stem[: max(room, 1)]
    while len(stem) > 1 and in_bytes(stem) > room:
        stem = stem[:-1]
    return stem


def numbered(stem: str, last: str, number: int) -> str:
    """The name with its number (2 or more), the stem cut to the limit of file systems."""
    tail = last if number == 1 else f"-{number}{last}"
    return cut(stem, NAME_BYTES - in_bytes(tail)) + tail
