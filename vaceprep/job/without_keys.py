"""A YAML job's text without some of its keys: every other line stays, comments included."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

#: Styles of scalars whose end is not marked exactly: the text after them belongs to them.
_BLOCK = ("|", ">")


def without_keys(text: str, names: Collection[str]) -> str | None:
    """The text without the lines of these top-level keys; None where that is not certain."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node: Any = yaml.compose(text, loader)
    except yaml.YAMLError:
        return None
    if node is None or node.id != "mapping" or node.flow_style:
        return None
    removed: set[int] = set()
    kept: set[int] = set()
    for key, value in node.value:
        last = _last_line(value)
        if last is None:
            return None
        lines = set(range(key.start_mark.line, max(last, key.start_mark.line) + 1))
        if key.id == "scalar" and key.value in names:
            removed |= lines
        else:
            kept |= lines
    if removed & kept:
        return None
    lines_of = text.splitlines(keepends=True)
    return "".join(line for number, line in enumerate(lines_of) if number not in removed)


def _last_line(node: Any) -> int | None:
    """The last line of a value; None where its end is not marked exactly."""
    if node.id == "scalar":
        return None if node.style in _BLOCK else int(node.end_mark.line)
    if node.flow_style or not node.value:
        return int(node.end_mark.line)
    last = node.value[-1]
    return _last_line(last[1] if node.id == "mapping" else last)
