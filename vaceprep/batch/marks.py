"""What a result was made with, in short: other options make another result."""

from __future__ import annotations

import functools
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

from vaceprep.look import Options
from vaceprep.prepare.made import fingerprint


def _plain(value: Any) -> Any:
    """JSON values that are the same in every process."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value


def mark(command: str, asked: Any) -> str:
    """Half of the SHA-256 of a command, its options and vaceprep's version."""
    return fingerprint({"command": command, "asked": _plain(asked)})[:32]


@functools.lru_cache(maxsize=256)
def check_mark(options: Options, far: bool) -> str:
    """That of a check, whose options may differ from source to source; ``far``: URLs are read."""
    return mark("check", [options, far])
