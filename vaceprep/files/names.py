"""What a file may be called that is named after another: by any system, within any folder. Pure."""

from __future__ import annotations

import os
import re
from typing import Final

#: Bytes of the longest name that common file systems hold.
NAME_BYTES: Final = 255
#: What no file name may hold on one system or another: controls, what Windows keeps for itself,
#: separators of any system, and what changes the direction of writing, as a false ending does.
_FORBIDDEN: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]'
)
#: Names that are devices on Windows, with any ending and in any case.
_DEVICE: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?=\.|$)",
    re.IGNORECASE,
)
#: What Windows leaves off at the end of a name.
_LOST: Final = (".", " ")


def fit(stem: str, last: str = "") -> tuple[str, str]:
    """A stem and an ending that together, and with a number between them, are a name anywhere.

    What no system forbids stays as it is. A device's name gets an underscore (``nul_.mp4``), and
    so does a name that would lose its last dot or blank; other forbidden characters become one.
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
    """The bytes of a name on this machine's disks."""
    try:
        return len(os.fsencode(name))
    except UnicodeEncodeError:
        # A name of a job's text that no disk holds; writing it says so.
        return len(name.encode("utf-8", "surrogatepass"))


def cut(stem: str, room: int) -> str:
    """As much of the beginning of a stem as ``room`` bytes hold, one character at the least."""
    stem = stem[: max(room, 1)]
    while len(stem) > 1 and in_bytes(stem) > room:
        stem = stem[:-1]
    return stem


def numbered(stem: str, last: str, number: int) -> str:
    """The name with its number from 2 on, the stem cut to what a disk holds."""
    tail = last if number == 1 else f"-{number}{last}"
    return cut(stem, NAME_BYTES - in_bytes(tail)) + tail
