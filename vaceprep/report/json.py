"""Findings and facts as JSON: one object, written a file at a time so that memory stays flat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from vaceprep.checks.report import JSON_VERSION, FileReport, Summary, in_force, measured
from vaceprep.facts import Facts

if TYPE_CHECKING:
    from vaceprep.config.model import Config


#: Made once: ``json.dumps`` would make one for each file.
_ENCODER: Final = json.JSONEncoder(allow_nan=False)


def dump(value: Any, indent: int | None = None) -> str:
    """JSON, on one line without ``indent``. NaN never occurs in facts; it would raise."""
    if indent is None:
        return _ENCODER.encode(value)
    return json.dumps(value, allow_nan=False, indent=indent)


def files_json(
    entries: Iterable[dict[str, Any]], configs: Iterable[Config] = (), **head: Any
) -> Iterator[str]:
    """The pieces of the JSON of a command: ``head``, the configurations, an entry for each file."""
    yield f'{dump({"version": JSON_VERSION, **head, **in_force(configs)})[:-1]}, "files": ['
    number = 0
    for number, entry in enumerate(entries, 1):
        yield (",\n" if number > 1 else "\n") + dump(entry)
    yield "\n]}\n" if number else "]}\n"


def check_json(
    files: list[FileReport], summary: Summary, configs: Iterable[Config] = ()
) -> Iterator[str]:
    """The pieces of the JSON of ``check``."""
    return files_json((entry.to_dict() for entry in files), configs, summary=summary.to_dict())


def probe_entry(source: str, facts: Facts | None, error: str | None) -> dict[str, Any]:
    """One entry of the JSON of ``probe``."""
    return {
        "source": source,
        **measured(facts),
        "error": error,
    }
