"""Check the limits of a TOML text before parsing it, and of its keys afterwards. Pure.

The parser's time grows with the square of the parts of each key, dotted or in a table header, so
the parts of a key and the number of keys are counted first, in one pass over the text.
"""

from __future__ import annotations

import re
from typing import Any, Final

from vaceprep.contract import MAX_JOB_NODES, MAX_KEY_CHARACTERS, MAX_KEY_PARTS

_PART: Final = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_NEXT: Final = rf"(?:[ \t]*+\.[ \t]*+{_PART})"
#: Text skipped as a whole (long strings and comments), then a key of too many parts, then any
#: word, string or key, then the start of a value or a table. No alternative backtracks.
_TOKEN: Final = re.compile(
    rf"""(?P<over>\"{{3}}(?:[^"\\]|\\.|"(?!""))*+(?:"{{3,5}}|\Z)|'{{3}}.*?(?:'{{3,5}}|\Z)|\#[^\n]*+)"""
    rf"|(?P<deep>{_PART}{_NEXT}{{{MAX_KEY_PARTS}}})"
    rf"|(?P<word>{_PART}{_NEXT}*+)"
    r"|(?P<key>=|^[ \t]*+\[)",
    re.ASCII | re.DOTALL | re.MULTILINE,
)


class TooMuch(ValueError):
    """A text that would take too long to parse; the message completes "it ..."."""


def check_toml(text: str) -> None:
    """Raise TooMuch for a key of more than MAX_KEY_PARTS parts, or too many keys."""
    keys = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "deep":
            raise TooMuch(f"has a key of more than {MAX_KEY_PARTS} parts with dots between them")
        if kind == "key":
            keys += 1
            if keys > MAX_JOB_NODES:
                raise TooMuch(f"has more than {MAX_JOB_NODES:,} values")


def check_key(key: object) -> None:
    """Raise TooMuch for a key that is too long."""
    if isinstance(key, str) and len(key) > MAX_KEY_CHARACTERS:
        raise TooMuch(
            f'has a key of {len(key):,} characters ("{key[:40]}..."); at most '
            f"{MAX_KEY_CHARACTERS:,} are read"
        )


def check_keys(value: Any) -> None:
    """Raise TooMuch if any key in mappings and lists is too long."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            for key in item:
                check_key(key)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
