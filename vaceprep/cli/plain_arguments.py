"""Parses plain arguments as click does, without importing it; everything else is left to click.

Plain are files, and options of the command written in full, each with a value that needs neither a
conversion nor a message. ``import click`` takes a third of the time of checking one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from vaceprep.cli.option_groups import Declaration, OneOf, OptionGroup

if TYPE_CHECKING:
    G = TypeVar("G", bound=OptionGroup)


def plain(cls: type[G], arguments: Sequence[str]) -> G | None:
    """The values that click would parse; None if it has to: for help, an error, a conversion.

    The group has exactly one argument, of one or more values.
    """
    declared = dict(cls.declarations())
    named = {name: found for found in declared.items() for name in _names(found[1])}
    values: dict[str, object] = {name: _absent(about) for name, about in declared.items()}
    free: list[str] = []
    rest = iter(arguments)
    for word in rest:
        if word == "-" or not word.startswith("-"):
            free.append(word)
            continue
        name, equals, value = word.partition("=")
        if name not in named:
            return None
        field, about = named[name]
        if _is_flag(about):
            if equals:
                return None
            values[field] = name not in [names.partition("/")[2] for names in about.names]
            continue
        value = value if equals else next(rest, "-")
        if not _is_text(about, value):
            return None
        before = values[field]
        values[field] = (*before, value) if isinstance(before, tuple) else value
    if not free:
        return None
    values[next(name for name, about in declared.items() if not about.names)] = tuple(free)
    return cls.taken_from(values)


def _names(about: Declaration) -> list[str]:
    """The names of an option as they are typed."""
    return [name for names in about.names for name in names.split("/")]


def _is_flag(about: Declaration) -> bool:
    return bool(about.attributes.get("is_flag")) or "/" in "".join(about.names)


def _absent(about: Declaration) -> object:
    """The value of an option that is not given."""
    attributes = about.attributes
    if "default" in attributes:
        return attributes["default"]
    if attributes.get("multiple"):
        return ()
    return False if attributes.get("is_flag") else None


def _is_text(about: Declaration, value: str) -> bool:
    """Whether click would take the value as it is."""
    kind = about.attributes.get("type")
    if "callback" in about.attributes or value.startswith("-"):
        return False
    return value in kind.values if isinstance(kind, OneOf) else kind is None
