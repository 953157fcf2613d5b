"""The line of a job file on which a value stands, where that can be told cheaply."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from json import decoder
from typing import Any, Final

from vaceprep.files.source import CannotOpen, open_path
from vaceprep.job.read import JobUnreadable, parse, text_of

#: The line, from 1, for a JSON pointer; None where nobody can tell.
Finder = Callable[[str], int | None]
#: A source that is a line of a JSON Lines manifest.
MANIFEST_LINE: Final = re.compile(r"(?s)(.+\.jsonl):([1-9][0-9]{0,17})", re.IGNORECASE)
_BLANK: Final = re.compile(r"[ \t\r\n]*+")
_TABLE: Final = re.compile(r"[ \t]*\[")


def parts_of(pointer: str) -> list[str]:
    """``["ref_images_url", "1"]`` for ``/ref_images_url/1``."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def finder(source: str) -> tuple[str, Finder]:
    """A job's file, and where in it a pointer's value stands.

    ``source`` is the job as a report names it: a file, or ``jobs.jsonl:3`` for a manifest's line.
    """
    line = MANIFEST_LINE.fullmatch(source)
    if line is not None:
        number = int(line.group(2))
        return line.group(1), lambda _: number
    ending = os.path.splitext(source)[1].lower()
    try:
        with open_path(source) as opened:
            text = text_of(opened, ending)
        # Refuses what would overflow or multiply, whatever the file has become since.
        parse(text, ending)
    except (CannotOpen, JobUnreadable, OSError):
        return source, lambda _: None
    return source, _finder_in(text, ending)


def _finder_in(text: str, ending: str) -> Finder:
    if ending in (".yaml", ".yml"):
        node = _composed(text)
        return lambda pointer: _yaml_line(node, parts_of(pointer))
    if ending == ".toml":
        return lambda pointer: _toml_line(text, parts_of(pointer))
    return lambda pointer: _json_line(text, parts_of(pointer))


def _composed(text: str) -> Any:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.compose(text, loader)
    except yaml.YAMLError:
        return None


def _yaml_line(node: Any, parts: list[str]) -> int | None:
    line: int | None = None
    for part in parts:
        if isinstance(getattr(node, "value", None), str) or node is None:
            break
        if node.id == "mapping":
            pairs = {key.value: (key, value) for key, value in node.value if key.id == "scalar"}
            if part not in pairs:
                break
            key, node = pairs[part]
            line = key.start_mark.line + 1
        else:
            if not part.isdigit() or int(part) >= len(node.value):
                break
            node = node.value[int(part)]
            line = node.start_mark.line + 1
    return line


def _json_line(text: str, parts: list[str]) -> int | None:
    at: int | None = None
    here = _skip(text, 0)
    for part in parts:
        found = _member(text, here, part)
        if found is None:
            break
        at, here = found
    return None if at is None else text.count("\n", 0, at) + 1


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return at if blank is None else blank.end()


def _member(text: str, at: int, part: str) -> tuple[int, int] | None:
    """Where a member begins, and where its value does. The text is valid JSON."""
    if text[at : at + 1] not in ("{", "["):
        return None
    reader = json.JSONDecoder()
    mapping = text[at] == "{"
    at = _skip(text, at + 1)
    number = 0
    while text[at] not in "]}":
        begin, key = at, str(number)
        if mapping:
            # Undocumented, but what json itself has read keys with since Python 2.6.
            key, at = decoder.scanstring(text, at + 1)  # type: ignore[attr-defined]
            at = _skip(text, _skip(text, at) + 1)
        if key == part:
            return begin, at
        _, at = reader.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        number += 1
    return None


def _toml_line(text: str, parts: list[str]) -> int | None:
    """The line of the top level's key: a job is flat, and arrays are short."""
    if not parts:
        return None
    key = re.compile(rf"""[ \t]*(["']?){re.escape(parts[0])}\1[ \t]*[=.]""")
    quoted = False
    for number, line in enumerate(text.split("\n"), 1):
        if not quoted:
            if _TABLE.match(line):
                return None
            if key.match(line):
                return number
        if (line.count('"""') + line.count("'''")) % 2:
            quoted = not quoted
    return None
