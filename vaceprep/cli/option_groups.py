"""Command-line options as fields of frozen dataclasses, declared once and shared by commands.

A class decorated with ``option_group`` declares options and arguments in the order of the help;
a field may be another group. ``takes(Group)`` adds them to a command, which gets one instance::

    @option_group
    class Selection:
        select: tuple[str, ...] = option("--select", multiple=True, help="...")

    @option_group
    class CheckOptions:
        sources: tuple[str, ...] = argument(nargs=-1, required=True)
        selection: Selection = group(Selection)

    @click.command("check")
    @takes(CheckOptions)
    def command(given: CheckOptions) -> int: ...

A field has click's name of its parameter. A subclass may declare a field again, with other help.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import wraps
from typing import Any, Final, NamedTuple, TypeVar, cast, dataclass_transform

import click

G = TypeVar("G")

_DECLARED: Final = "vaceprep.declared"
_GROUP: Final = "vaceprep.group"


#: A command as click calls it, with one keyword argument per parameter; returns the exit code.
Command = Callable[..., int]
#: A decorator of click that adds one option or argument.
Decorator = Callable[[Command], Command]


class Declaration(NamedTuple):
    """One option or argument in click's form, without its parameter name."""

    add: Callable[..., Decorator]
    names: tuple[str, ...]
    attributes: dict[str, Any]


def declare(*names: str, **attributes: Any) -> Declaration:
    """An option that several groups share."""
    return Declaration(click.option, names, attributes)


def declare_argument(**attributes: Any) -> Declaration:
    """An argument that several groups share."""
    return Declaration(click.argument, (), attributes)


def shared(declaration: Declaration) -> Any:
    """A field with the value of a shared option or argument."""
    return field(metadata={_DECLARED: declaration})


def option(*names: str, **attributes: Any) -> Any:
    """A field with the value of an option; the attributes are those of ``click.Option``."""
    return shared(declare(*names, **attributes))


def argument(**attributes: Any) -> Any:
    """A field with the value of an argument; the attributes are those of ``click.Argument``."""
    return shared(declare_argument(**attributes))


def group(cls: type[G]) -> G:
    """A field that holds another group."""
    return cast("G", field(metadata={_GROUP: cls}))


@dataclass_transform(
    frozen_default=True,
    kw_only_default=True,
    field_specifiers=(shared, option, argument, group),
)
def option_group(cls: type[G]) -> type[G]:
    """Make a frozen dataclass whose fields are options, arguments and other groups."""
    # Comparison and representation are omitted: generating their code delays the start.
    return dataclass(frozen=True, kw_only=True, eq=False, repr=False)(cls)


def _decorators(cls: type[Any]) -> Iterator[Decorator]:
    """Decorators for the options and arguments of a group, in the order of its fields."""
    for item in fields(cls):
        if _GROUP in item.metadata:
            yield from _decorators(item.metadata[_GROUP])
        else:
            add, names, attributes = item.metadata[_DECLARED]
            yield add(*names, item.name, **attributes)


def _filled(cls: type[G], values: dict[str, object]) -> G:
    """An instance of a group; removes the values of its fields from ``values``."""
    return cls(
        **{
            item.name: _filled(item.metadata[_GROUP], values)
            if _GROUP in item.metadata
            else values.pop(item.name)
            for item in fields(cast("Any", cls))
        }
    )


def takes(cls: type[G]) -> Callable[[Callable[[G], int]], Command]:
    """Decorator: add a group's options to a command, and pass it one instance of the group."""

    def decorate(command: Callable[[G], int]) -> Command:
        @wraps(command)
        def call(**values: object) -> int:
            return command(_filled(cls, values))

        return _with_options(cls, call)

    return decorate


def takes_with_rest(
    cls: type[G],
) -> Callable[[Callable[[G, dict[str, object]], int]], Command]:
    """The same for a command with further options; it also gets their values, by name."""

    def decorate(command: Callable[[G, dict[str, object]], int]) -> Command:
        @wraps(command)
        def call(**values: object) -> int:
            given = _filled(cls, values)
            return command(given, values)

        return _with_options(cls, call)

    return decorate


def _with_options(cls: type[Any], command: Command) -> Command:
    """The command with the options of a group, as decorators written above it would add them."""
    for add in reversed([*_decorators(cls)]):
        command = add(command)
    return command
