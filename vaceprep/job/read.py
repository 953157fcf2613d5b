"""Read a job file into plain values: JSON, YAML or TOML, limited in size, data only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from vaceprep.contract import (
    MAX_JOB_BYTES,
    MAX_JOB_DEPTH,
    MAX_JOB_NODES,
    MAX_SLOW_JOB_BYTES,
)
from vaceprep.files.source import CannotOpen, Opened, open_path
from vaceprep.files.toml_bounds import TooMuch, check_key, check_toml
from vaceprep.rules.draft import LONGEST_BITS


class JobUnreadable(ValueError):
    """The file is not a job; the message completes "the job cannot be read: ..."."""


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise JobUnreadable(f"the key {key!r} stands there twice")
        seen[key] = value
    return seen


def parse_json(text: str) -> Any:
    """Parse JSON; accepts NaN and infinities, so that an error can name their field."""
    try:
        return json.loads(text, object_pairs_hook=_no_duplicates)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise JobUnreadable(f"it is not valid JSON ({error.msg.lower()} at {where})") from None
    except ValueError as error:
        if isinstance(error, JobUnreadable):
            raise
        # Python refuses to convert a number of thousands of digits.
        raise JobUnreadable("it has a number of thousands of digits") from None


def _bounded_yaml(yaml: Any, text: str, loader: Any) -> None:
    """Refuse deep nesting and alias expansion by parser events: the C loader recurses in C."""
    nodes = aliases = 0
    anchored: list[bool] = []
    try:
        for event in yaml.parse(text, loader):
            nodes += isinstance(event, yaml.NodeEvent)
            if isinstance(event, yaml.CollectionStartEvent):
                anchored.append(event.anchor is not None)
            elif isinstance(event, yaml.CollectionEndEvent):
                anchored.pop()
            elif isinstance(event, yaml.AliasEvent):
                aliases += 1
                if any(anchored) or aliases > MAX_JOB_DEPTH:
                    raise JobUnreadable("its aliases multiply; write the values out")
            if len(anchored) > MAX_JOB_DEPTH:
                raise JobUnreadable("it is nested too deeply")
            if nodes > MAX_JOB_NODES:
                raise JobUnreadable(f"it has more than {MAX_JOB_NODES:,} values")
    except yaml.YAMLError:
        # The loader reports the error and its position.
        return


#: YAML's errors for text that has another meaning without quotes.
_UNQUOTED: Final = (
    "mapping values are not allowed",
    "cannot start any token",
    "undefined alias",
    "expected alphabetic or numeric",
)


def _quotes(problem: str) -> str:
    if not any(known in problem for known in _UNQUOTED):
        return ""
    return '; text with a colon or a sign of YAML in it stands in quotes: prompt: "A: red"'


def _parse_yaml(text: str) -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    _bounded_yaml(yaml, text, base)

    class Loader(base):  # type: ignore[misc]
        """The safe loader, which also refuses duplicate keys."""

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        # Before merge keys are expanded: a mapping may override what it merges.
        own = [k.value for k, _ in node.value if isinstance(k.value, str) and k.value != "<<"]
        twice = next((key for key in own if own.count(key) > 1), None)
        if twice is not None:
            raise JobUnreadable(f"the key {twice!r} stands there twice")
        loader.flatten_mapping(node)
        pairs: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise JobUnreadable(f"the key {key!r} is not text")
            pairs[key] = loader.construct_object(value_node, deep=True)
        return pairs

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    try:
        return yaml.load(text, Loader)  # noqa: S506 (a subclass of the safe loader)
    except JobUnreadable:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "a mistake"
        if "nesting" in problem.lower():
            # Newer C parsers have their own limit, which applies before this one.
            raise JobUnreadable("it is nested too deeply") from None
        raise JobUnreadable(f"it is not valid YAML ({problem}{where}){_quotes(problem)}") from None
    except (ValueError, LookupError, AttributeError, TypeError, OverflowError):
        # The safe loader's constructors raise for values that do not fit their tag.
        raise JobUnreadable("it is not valid YAML (a value does not fit its tag)") from None


def _parse_toml(text: str) -> Any:
    import tomllib

    try:
        check_toml(text)
    except TooMuch as error:
        raise JobUnreadable(f"it {error}") from None
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise JobUnreadable(f"it is not valid TOML ({error})") from None


def values_in(value: Any) -> Iterator[Any]:
    """Yield a value and all values inside it."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        yield item
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple | set):
            waiting.extend(item)


def _check_bounds(value: Any) -> None:
    """Raise JobUnreadable if aliases or nesting make a value too large."""
    for number, item in enumerate(values_in(value)):
        if number >= MAX_JOB_NODES:
            raise JobUnreadable(f"it has more than {MAX_JOB_NODES:,} values")
        if isinstance(item, int) and item.bit_length() > LONGEST_BITS:
            raise JobUnreadable("it has a number of hundreds of digits")
        if isinstance(item, dict):
            for key in item:
                check_key(key)


def parse(text: str, ending: str) -> dict[str, Any]:
    """The mapping of a job file's text. Raises JobUnreadable."""
    try:
        if ending in (".yaml", ".yml"):
            value = _parse_yaml(text)
        elif ending == ".toml":
            value = _parse_toml(text)
        else:
            value = parse_json(text)
        _check_bounds(value)
    except RecursionError:
        raise JobUnreadable("it is nested too deeply") from None
    except TooMuch as error:
        raise JobUnreadable(f"it {error}") from None
    return mapping_of(value)


def mapping_of(value: Any) -> dict[str, Any]:
    """The value, if it is a mapping. Raises JobUnreadable."""
    if isinstance(value, Mapping):
        return dict(value)
    kinds = {list: "a list", str: "text", bool: "true or false", type(None): "empty"}
    kind = kinds.get(type(value), "a number" if isinstance(value, int | float) else "no mapping")
    raise JobUnreadable(f"it is {kind}, not a mapping of fields")


def text_of(opened: Opened, ending: str) -> str:
    """The text of an open job file. Raises JobUnreadable."""
    limit = MAX_SLOW_JOB_BYTES if ending in (".yaml", ".yml", ".toml") else MAX_JOB_BYTES
    if opened.size > limit:
        raise JobUnreadable(f"it has {opened.size:,} bytes; at most {limit:,} are read")
    try:
        return opened.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JobUnreadable(f"it is not UTF-8 (byte {error.start + 1:,})") from None


def read_opened(opened: Opened, ending: str = ".json") -> dict[str, Any]:
    """The mapping in an open file. Raises JobUnreadable."""
    return parse(text_of(opened, ending), ending)


@contextmanager
def _opened(path: str) -> Iterator[Opened]:
    try:
        with open_path(path) as opened:
            yield opened
    except CannotOpen as error:
        raise JobUnreadable(error.fact.message) from None
    except OSError as error:
        raise JobUnreadable(f"reading it fails ({error.strerror or error})") from None


def read_job(path: str) -> dict[str, Any]:
    """The mapping of a job file. Raises JobUnreadable."""
    with _opened(path) as opened:
        return read_opened(opened, os.path.splitext(path)[1].lower())


def read_manifest(path: str) -> Iterator[tuple[int, dict[str, Any] | JobUnreadable]]:
    """Each job of a JSON Lines manifest with its line number; empty lines are skipped.

    A line that is not a job yields the JobUnreadable. Raises JobUnreadable if the file cannot be
    opened.
    """
    with _opened(path) as opened:
        for number in range(1, opened.size + 1):
            raw = opened.readline(MAX_JOB_BYTES + 1)
            if not raw:
                return
            if raw.strip():
                yield number, _line(raw)
            if len(raw) > MAX_JOB_BYTES:
                return


def _line(raw: bytes) -> dict[str, Any] | JobUnreadable:
    if len(raw) > MAX_JOB_BYTES:
        return JobUnreadable(f"the line has more than {MAX_JOB_BYTES:,} bytes")
    try:
        return parse(raw.decode("utf-8-sig"), ".json")
    except UnicodeDecodeError as error:
        return JobUnreadable(f"it is not UTF-8 (byte {error.start + 1:,})")
    except JobUnreadable as error:
        return error
