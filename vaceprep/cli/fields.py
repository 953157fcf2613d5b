"""A job's fields as command-line flags, generated from the models."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import click

from vaceprep.contract import Function
from vaceprep.job.model import MODELS, fields_in_order, shape_of

#: A number in JSON syntax, with no more digits than any field needs.
NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,2})?")


def flags(function: Function) -> list[click.Parameter]:
    """One flag per field. The rules validate the values, not click."""
    model = MODELS[function]
    made: list[click.Parameter] = []
    for name in fields_in_order(model):
        if name == "extra":
            continue
        shape = shape_of(model, name)
        flag = "--" + name.replace("_", "-")
        about = model.model_fields[name].description or ""
        if model.model_fields[name].is_required():
            about += "  [required]"
        if shape.get("type") == "boolean":
            declaration = [f"{flag}/--no-{flag[2:]}", name]
            made.append(click.Option(declaration, default=None, help=about))
            continue
        kinds = {"integer": "N", "number": "X", "array": "VALUE"}
        words = shape.get("enum") or shape.get("items", {}).get("enum")
        hint = "|".join(map(str, words)) if words else kinds.get(shape.get("type", ""), "TEXT")
        made.append(
            click.Option(
                [flag, name],
                metavar=hint,
                help=about + (" Repeatable." if shape.get("type") == "array" else ""),
                multiple=shape.get("type") == "array",
            )
        )
    return made


def _typed(text: str, kind: str) -> Any:
    """A flag's text as the field's type; invalid text stays text, so that the rules report it."""
    if kind in ("integer", "number") and NUMBER.fullmatch(text):
        number = json.loads(text)
        return float(number) if kind == "number" else number
    return text


def values_of(function: Function, given: dict[str, Any]) -> dict[str, Any]:
    """A job's mapping from the flags that were given."""
    model = MODELS[function]
    values: dict[str, Any] = {"function": function}
    for name, value in given.items():
        if value is None or value == ():
            continue
        kind = shape_of(model, name).get("type", "string")
        values[name] = list(value) if isinstance(value, tuple) else _typed_or_bool(value, kind)
    return values


def _typed_or_bool(value: Any, kind: str) -> Any:
    return value if isinstance(value, bool) else _typed(value, kind)
