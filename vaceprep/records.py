"""Classes of named values whose definition generates no code.

``dataclasses`` compiles methods for each class, and imports ``inspect`` to do so: for the classes
that every check needs, this takes longer than the check. These have ordinary methods instead, and
the functions of ``dataclasses`` (``replace``, ``asdict``, ``fields``) take them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field
    from inspect import Signature


class _DataclassFields:
    """``__dataclass_fields__``, made on the first use of each class and then kept."""

    def __init__(self) -> None:
        self._made: dict[type, dict[str, Field[Any]]] = {}

    def __get__(self, _: object, cls: type[Record]) -> dict[str, Field[Any]]:
        if cls not in self._made:
            self._made[cls] = self._fields(cls)
        return self._made[cls]

    def _fields(self, cls: type[Record]) -> dict[str, Field[Any]]:
        from dataclasses import field, fields, make_dataclass

        made = [
            (
                name,
                "object",
                field(
                    **({} if name in cls._required else {"default": getattr(cls, name)}),
                    compare=name not in cls._uncompared,
                    repr=name not in cls._uncompared,
                ),
            )
            for name in cls._names
        ]
        return {item.name: item for item in fields(make_dataclass(cls.__name__, made))}


class _Signature:
    """``__signature__``, made on first use: for ``help``, and for tools that build values."""

    def __get__(self, _: object, cls: type[_Named]) -> Signature:
        from inspect import Parameter, Signature
        from typing import get_type_hints

        try:
            kinds: Mapping[str, object] = get_type_hints(cls)
        except NameError:
            # A type that only a type checker imports: as text, as it is written.
            kinds = {
                k: v
                for c in reversed(cls.__mro__)
                for k, v in vars(c).get("__annotations__", {}).items()
            }
        return Signature(
            [
                Parameter(
                    name,
                    Parameter.POSITIONAL_OR_KEYWORD,
                    default=Parameter.empty if name in cls._required else getattr(cls, name),
                    annotation=kinds[name],
                )
                for name in cls._names
            ]
        )


class _Named:
    """Named values. The class's annotations name them, in order.

    A value in the class body is the default, shared by all instances: so none that can change.
    """

    __signature__: ClassVar[_Signature] = _Signature()
    _names: ClassVar[tuple[str, ...]] = ()
    _all: ClassVar[frozenset[str]] = frozenset()
    _required: ClassVar[frozenset[str]] = frozenset()
    #: Fields that do not count for equality, and that ``repr`` leaves out.
    _uncompared: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, *, uncompared: tuple[str, ...] = ()) -> None:
        cls._names = cls._names + tuple(
            name for name, kind in cls.__annotations__.items() if not kind.startswith("ClassVar")
        )
        cls._all = frozenset(cls._names)
        cls._required = frozenset(name for name in cls._names if not hasattr(cls, name))
        cls._uncompared = frozenset(uncompared)

    def __init__(self, *values: object, **named: object) -> None:
        """Raises TypeError for a value too many, missing, unknown or given twice."""
        if not values and named.keys() == self._all:
            vars(self).update(named)
            return
        given = dict(zip(self._names, values, strict=False)) | named
        unknown = given.keys() - self._all
        if len(given) < len(values) + len(named) or unknown or not self._required <= given.keys():
            names = ", ".join(sorted(unknown or self._required - given.keys())) or "one twice"
            raise TypeError(f"{type(self).__name__}: missing, unknown or too many values: {names}")
        vars(self).update(given)

    def __repr__(self) -> str:
        shown = (name for name in self._names if name not in self._uncompared)
        pairs = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__name__}({pairs})"


@dataclass_transform()
class Values(_Named):
    """Named values that may change."""


@dataclass_transform(frozen_default=True)
class Record(_Named):
    """Named values that do not change; equal to others of its class with equal values."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    else:
        __dataclass_fields__ = _DataclassFields()

    def __setattr__(self, name: str, _: object) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def _compared(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self._names if name not in self._uncompared)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self is other or self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())

    def __replace__(self, **changes: object) -> Self:
        return type(self)(**(self.to_values() | changes))

    def to_values(self) -> dict[str, object]:
        """The values by name, in the order of the fields."""
        return {name: getattr(self, name) for name in self._names}


if TYPE_CHECKING:
    # Whose arguments are checked against the fields.
    from dataclasses import replace as replace  # noqa: PLC0414
else:

    def replace(record, /, **changes):
        """The record or dataclass with other values: needs ``dataclasses`` only for the latter."""
        if isinstance(record, Record):
            return record.__replace__(**changes)
        from dataclasses import replace as replace_dataclass

        return replace_dataclass(record, **changes)
