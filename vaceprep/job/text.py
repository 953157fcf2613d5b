"""The text of a prepared job: the old text with other values, or where that fails a new one.

Pure. Comments and layout of YAML and TOML stay wherever the old text with the new values reads
back as the new job; the proof is reading it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from vaceprep.errors import Refused
from vaceprep.job.read import JobUnreadable, parse

YAML: Final = (".yaml", ".yml")
#: What TOML lets stand for a value on one line: texts and whole numbers.
_TOML_VALUE: Final = r""""(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[+-]?[0-9][0-9_]*"""
_TOML_TOKEN: Final = re.compile(rf"#[^\n]*|{_TOML_VALUE}|\]")
#: Texts that YAML needs no quotes for.
_YAML_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_/-]*\.[A-Za-z0-9]+")
_TOML_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


class Span(NamedTuple):
    """A value's place in a text."""

    start: int
    end: int


def text_of(
    values: Mapping[str, Any], ending: str, old: str | None, changes: Mapping[str, str | int]
) -> str:
    """The text of a job file that reads as ``values``.

    ``old`` is the source's text, None where there is none to keep; ``changes`` are the new values
    by JSON pointer. Raises Refused where the format cannot hold them.
    """
    kept = None if old is None else _edited(old, ending, changes)
    if kept is not None and _reads_as(kept, ending, values):
        return kept
    text = _written(values, ending)
    if not _reads_as(text, ending, values):
        raise Refused(f"its values cannot be written as {ending}")
    return text


def _reads_as(text: str, ending: str, values: Mapping[str, Any]) -> bool:
    try:
        return parse(text, ending) == dict(values)
    except JobUnreadable:
        return False


# --- the old text --------------------------------------------------------------------------


def _edited(old: str, ending: str, changes: Mapping[str, str | int]) -> str | None:
    """The old text with other values in their places; None where a place is not found."""
    places: dict[Span, str] = {}
    for at, value in changes.items():
        name, _, index = at[1:].partition("/")
        number = int(index) if index else None
        find = _yaml_span if ending in YAML else _toml_span if ending == ".toml" else None
        span = None if find is None else find(old, name, number)
        if span is None:
            return None
        said = json.dumps(value, ensure_ascii=False)
        plain = ending in YAML and _YAML_PLAIN.fullmatch(str(value))
        places[span] = str(value) if plain else said
    text = old
    for span in sorted(places, reverse=True):
        text = text[: span.start] + places[span] + text[span.end :]
    return text


def _yaml_span(text: str, name: str, index: int | None) -> Span | None:
    import yaml

    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    value = next((v for k, v in pairs if k.value == name), None)
    if index is not None:
        items = value.value if isinstance(value, yaml.SequenceNode) else []
        value = items[index] if index < len(items) else None
    if not isinstance(value, yaml.ScalarNode) or value.style in ("|", ">"):
        return None
    # PyYAML takes a byte order mark and odd line breaks for nothing; reading back proves it.
    return Span(value.start_mark.index, value.end_mark.index)


def _toml_span(text: str, name: str, index: int | None) -> Span | None:
    key = rf"""(?m)^[ \t]*["']?{re.escape(name)}["']?[ \t]*=[ \t]*"""
    if index is None:
        found = re.search(rf"{key}({_TOML_VALUE})", text)
        return None if found is None else Span(*found.span(1))
    opening = re.search(rf"{key}\[", text)
    if opening is None:
        return None
    found_at = _texts(text, opening.end())
    return next((span for number, span in enumerate(found_at) if number == index), None)


def _texts(text: str, start: int) -> Iterator[Span]:
    """The texts of an array, comments left out."""
    for token in _TOML_TOKEN.finditer(text, start):
        if token[0] == "]":
            return
        if not token[0].startswith("#"):
            yield Span(*token.span())


# --- a new text ----------------------------------------------------------------------------


def _written(values: Mapping[str, Any], ending: str) -> str:
    if ending in YAML:
        import yaml

        text: str = yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)
        return text
    if ending == ".toml":
        return "".join(f"{_toml_key(k)} = {_toml(v)}\n" for k, v in values.items())
    return json.dumps(dict(values), indent=2, ensure_ascii=False) + "\n"


def _toml_key(name: str) -> str:
    return name if _TOML_BARE.fullmatch(name) else _toml(name)


def _toml(value: Any) -> str:
    """A value as TOML, mappings in one line. Raises Refused for what TOML has no word for."""
    if isinstance(value, str):
        # TOML forbids DEL besides what JSON escapes.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml_key(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    raise Refused(f"TOML cannot say {value!r}")
