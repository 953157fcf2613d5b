"""Findings and facts as JSON: one object, written a file at a time so that memory stays flat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from vaceprep.checks.report import JSON_VERSION, FileReport, Summary, in_force
from vaceprep.facts import Facts

if TYPE_CHECKING:
    from vaceprep.config.model import Config


def dump(value: Any, indent: int | None = None) -> str:
    """JSON, on one line without ``indent``. NaN never occurs in facts; it would raise."""
    return json.dumps(value, allow_nan=False, indent=indent)


def check_json(
    files: list[FileReport], summary: Summary, configs: Iterable[Config] = ()
) -> Iterator[str]:
    """The pieces of the JSON of ``check``."""
    head = {
        "version": JSON_VERSION,
        "summary": summary.to_dict(),
        **in_force(configs),
    }
    yield dump(head)[:-1] + ', "files": ['
    for number, entry in enumerate(files):
        yield (",\n" if number else "\n") + dump(entry.to_dict())
    yield "\n]}\n" if files else "]}\n"


def probe_entry(source: str, facts: Facts | None, error: str | None) -> dict[str, Any]:
    """One entry of the JSON of ``probe``."""
    return {
        "source": source,
        "facts": None if facts is None else facts.to_dict(),
        "error": error,
    }


def probe_json(entries: list[dict[str, Any]]) -> Iterator[str]:
    """The pieces of the JSON of ``probe``."""
    yield from _listed(entries)


def prepare_json(
    entries: Iterable[dict[str, Any]], configs: Iterable[Config] = ()
) -> Iterator[str]:
    """The pieces of the JSON of ``prepare``."""
    yield from _listed(entries, in_force(configs))


def _listed(
    entries: Iterable[dict[str, Any]], more: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[str]:
    yield f'{dump({"version": JSON_VERSION, **more})[:-1]}, "files": ['
    number = 0
    for number, entry in enumerate(entries, 1):
        yield (",\n" if number > 1 else "\n") + dump(entry)
    yield "\n]}\n" if number else "]}\n"
