"""Command-line options as fields of frozen classes, declared once and shared by commands.

A subclass of ``OptionGroup`` declares options and arguments in the order of the help; a field may
be another group. ``takes(Group)`` adds them to a command, which gets one instance::

    DEEP: Final = option("--deep", is_flag=True, help="...")

    class Selection(OptionGroup):
        select: tuple[str, ...] = option("--select", multiple=True, help="...")
        deep: bool = DEEP

    class CheckOptions(OptionGroup):
        sources: tuple[str, ...] = argument(nargs=-1, required=True)
        selection: Selection = group(Selection)

    @click.command("check")
    @takes(CheckOptions)
    def command(given: CheckOptions) -> int: ...

A field has click's name of its parameter. A subclass may declare a field again, with other help.
Nothing here imports click before a command is made: ``plain_arguments`` parses without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, cast, dataclass_transform

from vaceprep.records import Record

if TYPE_CHECKING:
    from typing import TypeVar

    G = TypeVar("G", bound="OptionGroup")

#: A command as click calls it, with one keyword argument per parameter; returns the exit code.
Command = Callable[..., int]
#: A decorator of click that adds one option or argument.
Decorator = Callable[[Command], Command]


class Declaration(NamedTuple):
    """One option or argument in click's form, without its parameter name.

    An argument has no names.
    """

    names: tuple[str, ...]
    attributes: dict[str, Any]

    def decorator(self, field: str) -> Decorator:
        """Click's decorator for it; ``field`` is the name of its value."""
        import click

        attributes = {**self.attributes}
        if isinstance(attributes.get("type"), OneOf):
            attributes["type"] = click.Choice(attributes["type"].values)
        elif isinstance(attributes.get("type"), WholeNumber):
            attributes["type"] = click.IntRange(*attributes["type"])
        return (click.option if self.names else click.argument)(*self.names, field, **attributes)


class OneOf(NamedTuple):
    """The type of an option that has one of these values: ``click.Choice``."""

    values: Sequence[str]


class WholeNumber(NamedTuple):
    """The type of an option with a whole number, both limits included: ``click.IntRange``."""

    lowest: int
    highest: int


def option(*names: str, **attributes: Any) -> Any:
    """A field with the value of an option; the attributes are those of ``click.Option``."""
    return Declaration(names, attributes)


def argument(**attributes: Any) -> Any:
    """A field with the value of an argument; the attributes are those of ``click.Argument``."""
    return Declaration((), attributes)


def group(cls: type[G]) -> G:
    """A field that holds another group."""
    return cast("G", cls)


@dataclass_transform(
    frozen_default=True, kw_only_default=True, field_specifiers=(option, argument, group)
)
class OptionGroup:
    """The values of a group of options. Not a dataclass: generating its code delays the start."""

    #: The options, arguments and groups by the names of their fields, in the order of the help.
    _declared: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        own = {n: value for n, value in vars(cls).items() if isinstance(value, Declaration | type)}
        cls._declared = {**cls._declared, **own}

    def __init__(self, **values: object) -> None:
        vars(self).update(values)

    __setattr__ = Record.__setattr__

    @classmethod
    def decorators(cls) -> Iterator[Decorator]:
        """Decorators for the options and arguments, in the order of the fields."""
        return (declared.decorator(name) for name, declared in cls.declarations())

    @classmethod
    def declarations(cls) -> Iterator[tuple[str, Declaration]]:
        """The options and arguments by the names of their values, those of its groups too."""
        for name, declared in cls._declared.items():
            if isinstance(declared, Declaration):
                yield name, declared
            else:
                yield from declared.declarations()

    @classmethod
    def taken_from(cls, values: dict[str, object]) -> Self:
        """An instance; removes the values of its fields from ``values``."""
        own = {
            name: values.pop(name)
            if isinstance(declared, Declaration)
            else declared.taken_from(values)
            for name, declared in cls._declared.items()
        }
        return cls(**own)


def takes(cls: type[G]) -> Callable[[Callable[[G], int]], Command]:
    """Decorator: add a group's options to a command, and pass it one instance of the group."""

    def decorate(command: Callable[[G], int]) -> Command:
        @wraps(command)
        def call(**values: object) -> int:
            return command(cls.taken_from(values))

        return _with_options(cls, call)

    return decorate


def takes_with_rest(
    cls: type[G],
) -> Callable[[Callable[[G, dict[str, object]], int]], Command]:
    """The same for a command with further options; it also gets their values, by name."""

    def decorate(command: Callable[[G, dict[str, object]], int]) -> Command:
        @wraps(command)
        def call(**values: object) -> int:
            return command(cls.taken_from(values), values)

        return _with_options(cls, call)

    return decorate


def _with_options(cls: type[OptionGroup], command: Command) -> Command:
    """The command with the options of a group, as decorators written above it would add them."""
    for add in reversed([*cls.decorators()]):
        command = add(command)
    return command
