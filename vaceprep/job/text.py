"""A job file's text: the line of each value, and the same job with other values.

PyYAML and ``tomllib`` define what a text means (``job.read``). ``ruamel.yaml`` and ``tomlkit``
rewrite it with its comments, and the result is used only if ``job.read`` reads the new job from
it. Both are imported only to rewrite, or to find the line of a value in TOML.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from json import decoder
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from vaceprep.contract import MAX_COMMENTED_JOB_BYTES, MAX_COMMENTED_JOB_NODES, MAX_JOB_NODES
from vaceprep.errors import Refused
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.job.read import JobUnreadable, parse, values_in
from vaceprep.job.read import text_of as read_text
from vaceprep.job.without_keys import without_keys

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

#: A new value of a job's field; None removes the field.
Value: TypeAlias = "str | float | Sequence[Value] | Mapping[str, Value] | None"
YAML: Final = (".yaml", ".yml")
TOML: Final = ".toml"
#: The line, from 1, of a JSON pointer; None if unknown.
Finder = Callable[[str], int | None]
#: A source that is a line of a JSON Lines manifest.
MANIFEST_LINE: Final = re.compile(r"(?s)(.+\.jsonl):([1-9][0-9]{0,17})", re.IGNORECASE)
_BLANK: Final = re.compile(r"[ \t\r\n]*+")
_TOML_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def parts_of(pointer: str) -> list[str]:
    """``["ref_images_url", "1"]`` for ``/ref_images_url/1``."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


# --- other values --------------------------------------------------------------------------


class Rewritten(NamedTuple):
    """The text of a job file with other values."""

    text: str
    #: Why the comments and layout of the old text are lost; None if they are kept, or if
    #: there were none.
    note: str | None


def rewrite(
    values: Mapping[str, Any], ending: str, old: str | None, changes: Mapping[str, Value]
) -> Rewritten:
    """The text of a job file that reads as ``values``.

    ``old`` is the source's text, None if there is none to keep; ``changes`` are the new values
    by JSON pointer. Raises Refused if the format cannot represent them.
    """
    note = None
    if old is not None and (ending in YAML or ending == TOML):
        note = _too_large(old, values)
        if note is None:
            kept = _edited(old, ending, changes)
            if kept is not None and _reads_as(kept, ending, values):
                return Rewritten(kept, None)
            note = "they cannot be kept with the new values"
        note = f"the new job file has no comments and the usual layout: {note}"
    text = _written(values, ending)
    if not _reads_as(text, ending, values):
        raise Refused(f"its values cannot be written as {ending}")
    return Rewritten(text, note)


def _reads_as(text: str, ending: str, values: Mapping[str, Any]) -> bool:
    try:
        return parse(text, ending) == dict(values)
    except JobUnreadable:
        return False


def _too_large(text: str, values: Mapping[str, Any]) -> str | None:
    """Why a text is rewritten without its comments: it is too large for the libraries."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_COMMENTED_JOB_BYTES:
        return f"it has {size:,} bytes, and comments are kept up to {MAX_COMMENTED_JOB_BYTES:,}"
    # ``job.read`` limits the number of values and their depth.
    if sum(1 for _ in values_in(values)) > MAX_COMMENTED_JOB_NODES:
        return f"it has more than {MAX_COMMENTED_JOB_NODES:,} values"
    if text.count("\n") > MAX_JOB_NODES:
        return f"it has more than {MAX_JOB_NODES:,} lines"
    return None


def _edited(old: str, ending: str, changes: Mapping[str, Value]) -> str | None:
    """The old text with other values, or None if its library cannot do it."""
    try:
        # The file may have changed: parsing refuses excessive nesting and aliases.
        if _too_large(old, parse(old, ending)):
            return None
        removed = {parts_of(at)[0] for at, value in changes.items() if value is None}
        changes = {at: value for at, value in changes.items() if value is not None}
        if ending in YAML:
            # The library keeps the comments after a key with the key.
            left = without_keys(old, removed) if removed else old
            return None if left is None else _yaml_edited(left, changes)
        return _toml_edited(old, changes, removed)
    # Both libraries raise further exceptions for unusual but valid texts.
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _put(document: Any, changes: Mapping[str, Value]) -> None:
    for pointer, value in changes.items():
        name, *index = parts_of(pointer)
        if index:
            document[name][int(index[0])] = value
        else:
            document[name] = value


def _yaml_edited(old: str, changes: Mapping[str, Value]) -> str | None:
    from ruamel import yaml as ruamel
    from ruamel.yaml.error import YAMLError

    yaml = ruamel.YAML()
    yaml.composer.warn_double_anchors = False
    yaml.preserve_quotes = True
    yaml.width = MAX_COMMENTED_JOB_BYTES * 2
    yaml.explicit_start = any(line[:4].rstrip() == "---" for line in old.splitlines())
    try:
        # ruamel.yaml takes the carriage return at a line's end as part of a comment.
        document = yaml.load(old.replace("\r\n", "\n"))
        for value in document.values():
            if hasattr(value, "fa") and not value.fa.flow_style() and value and value.lc.col:
                # The first block list's indentation ("  - a") applies to all lists.
                yaml.indent(sequence=value.lc.col + 2, offset=value.lc.col)
                break
        _put(document, changes)
        out = io.StringIO()
        yaml.dump(document, out)
    except YAMLError:
        return None
    text = out.getvalue()
    return text.replace("\n", "\r\n") if "\r\n" in old else text


def _toml_edited(old: str, changes: Mapping[str, Value], removed: Collection[str]) -> str:
    import tomlkit

    document = tomlkit.parse(old)
    for name in removed:
        del document[name]
    _put(document, changes)
    return document.as_string()


# --- a new text ----------------------------------------------------------------------------


def _written(values: Mapping[str, Any], ending: str) -> str:
    if ending in YAML:
        import yaml

        text: str = yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)
        return text
    if ending == TOML:
        return "".join(f"{_toml_key(k)} = {_toml(v)}\n" for k, v in values.items())
    return json.dumps(dict(values), indent=2, ensure_ascii=False) + "\n"


def _toml_key(name: str) -> str:
    return name if _TOML_BARE.fullmatch(name) else _toml(name)


def _toml(value: Any) -> str:
    """A value in TOML, mappings on one line. Raises Refused if TOML cannot express it."""
    if isinstance(value, str):
        # TOML also forbids DEL, which JSON does not escape.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml_key(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    raise Refused(f"TOML cannot say {value!r}")


# --- lines ---------------------------------------------------------------------------------


def finder(source: str) -> tuple[str, Finder]:
    """A job's file, and a function from a pointer to its line in the file.

    ``source`` is the job as a report names it: a file, or ``jobs.jsonl:3`` for a manifest line.
    """
    line = MANIFEST_LINE.fullmatch(source)
    if line is not None:
        number = int(line.group(2))
        return line.group(1), lambda _: number
    ending = os.path.splitext(source)[1].lower()
    try:
        with open_path(source) as opened:
            text = read_text(opened, ending)
        # The file may have changed: parsing refuses excessive nesting and aliases.
        values = parse(text, ending)
    except (CannotOpen, JobUnreadable, OSError):
        return source, lambda _: None
    if ending in YAML:
        node = _composed(text)
        return source, lambda pointer: _yaml_line(node, parts_of(pointer))
    if ending == TOML:
        document = None if _too_large(text, values) else _toml_document(text)
        return source, lambda pointer: _toml_line(document, parts_of(pointer))
    return source, lambda pointer: _json_line(text, parts_of(pointer))


def _composed(text: str) -> Any:
    # Its nodes have line numbers, and it parses a file of 8 MB in C.
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
    """The offsets of a member and of its value. The text is valid JSON."""
    if text[at : at + 1] not in ("{", "["):
        return None
    reader = json.JSONDecoder()
    mapping = text[at] == "{"
    at = _skip(text, at + 1)
    number = 0
    while text[at] not in "]}":
        begin, key = at, str(number)
        if mapping:
            # Undocumented, but json itself has read keys with it since Python 2.6.
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


def _toml_document(text: str) -> TOMLDocument | None:
    import tomlkit

    try:
        return tomlkit.parse(text)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _toml_line(document: TOMLDocument | None, parts: list[str]) -> int | None:
    """The line of the top-level key: a job is flat, and arrays are short."""
    if document is None or not parts:
        return None
    from tomlkit import TOMLDocument

    for number, (key, item) in enumerate(document.body):
        if key is not None and key.key == parts[0]:
            # tomlkit keeps no line numbers, but reproduces the text exactly.
            above = TOMLDocument(True)
            above.body.extend(document.body[:number])
            return above.as_string().count("\n") + item.trivia.indent.count("\n") + 1
    return None
