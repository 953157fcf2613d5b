"""Job files written by hand, and what is said of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import vaceprep
from vaceprep import Finding, InvalidJob, Job, Severity

ENDINGS = ("json", "yaml", "toml")


def toml(values: dict[str, Any]) -> str:
    """TOML of a mapping of scalars, lists and mappings; it has no null."""
    return "".join(f"{_key(k)} = {_toml(v)}\n" for k, v in values.items() if v is not None)


def _key(text: str) -> str:
    return _toml(text)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(map(_escaped, value)) + '"'
    if isinstance(value, float) and re.fullmatch(r"-?\d+", repr(value)):
        return f"{value:.1f}"
    return json.dumps(value)


def _escaped(character: str) -> str:
    if character in '"\\' or not " " <= character <= "~":
        return f"\\U{ord(character):08x}"
    return character


def text_of(values: dict[str, Any], ending: str) -> str:
    """A job file's text in one of the three formats."""
    if ending == "toml":
        return toml(values)
    if ending == "yaml":
        dumped: str = yaml.safe_dump(values, sort_keys=False)
        return dumped
    return json.dumps(values)


def job_file(folder: Path, values: dict[str, Any], ending: str = "json") -> Path:
    """A job file in a folder."""
    path = folder / f"job.{ending}"
    path.write_text(text_of(values, ending), encoding="utf-8")
    return path


def checked(folder: Path, values: dict[str, Any]) -> tuple[Finding, ...]:
    """Everything that ``check`` says of a job file, on it and on its media."""
    return vaceprep.check(job_file(folder, values), remote=False).findings


def brief(findings: tuple[Finding, ...] | list[Finding]) -> list[tuple[str, str | None]]:
    """Code and pointer of each error."""
    return [(f.code, f.pointer) for f in findings if f.severity is Severity.ERROR]


def warned(findings: tuple[Finding, ...] | list[Finding]) -> list[tuple[str, str | None]]:
    """Code and pointer of each warning."""
    return [(f.code, f.pointer) for f in findings if f.severity is Severity.WARNING]


def refused(values: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Code and pointer of each finding with which ``Job.from_dict`` refuses a mapping."""
    with pytest.raises(InvalidJob) as caught:
        Job.from_dict(values)
    assert str(caught.value)
    return [(f.code, f.pointer) for f in caught.value.findings]
