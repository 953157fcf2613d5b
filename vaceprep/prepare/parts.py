"""Names of part files: whose process it was that wrote one can be told by its name."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from typing import Final

PART: Final = re.compile(r"\.vaceprep-[0-9a-f]{16}\.part")
#: The first half of the names that this process gives; another one each time where it is empty.
_marks = [""]


def new_mark() -> str:
    """What tells one process's part files from all others'."""
    return secrets.token_hex(4)


def mark(own: str) -> None:
    """From now on this process's part files carry ``own``, a ``new_mark``."""
    _marks[0] = own


def part_name() -> str:
    """A name that no other file has."""
    return f".vaceprep-{_marks[0] or new_mark()}{secrets.token_hex(4)}.part"


def clear(folder: str, whose: str) -> None:
    """Remove the part files of a process that is no more. No errors."""
    with contextlib.suppress(OSError, ValueError), os.scandir(folder or os.curdir) as entries:
        for entry in entries:
            if PART.fullmatch(entry.name) and entry.name.startswith(f".vaceprep-{whose}"):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
