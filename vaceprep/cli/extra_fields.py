"""``--extra KEY=VALUE``: job fields that vaceprep does not know."""

from __future__ import annotations

import json
from typing import Any, Final

import click

from vaceprep.cli.option_groups import option

EXTRA: Final = option(
    "--extra", multiple=True, metavar="KEY=VALUE", help="A field that vaceprep does not know."
)


def extras(pairs: tuple[str, ...]) -> dict[str, Any]:
    """``KEY=VALUE`` pairs; a value that is valid JSON is parsed, any other is text."""
    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.UsageError(f"--extra takes KEY=VALUE, not {pair!r}")
        try:
            values[key] = json.loads(value)
        except (ValueError, RecursionError):
            values[key] = value
    return values


def with_extra(values: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    """A job's mapping with added fields; an invalid ``extra`` is kept for the rules to report."""
    own = values.get("extra")
    if not added or not isinstance(own, dict | None):
        return values
    return {**values, "extra": {**(own or {}), **added}}
