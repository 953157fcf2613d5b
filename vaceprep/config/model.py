"""A configuration as plain values; ``path`` is the file that they come from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from vaceprep.config import GUARDED
from vaceprep.contract import Role
from vaceprep.limits import CONTRACT, Limits, number
from vaceprep.wording import listed

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Weight = Literal["error", "warning", "advice"]


@dataclass(frozen=True)
class Config:
    """The settings of one file; ``None`` and empty values leave the defaults unchanged.

    Immutable and picklable. ``folder`` is the file's, absolute: globs, ``output`` and a web
    folder to publish to are relative to it. ``path`` is the file's name in messages.
    """

    path: str
    folder: str
    #: Globs in the syntax of .gitignore, each with the field of its files, in the file's order.
    roles: tuple[tuple[str, Role], ...] = ()
    #: Names of rules: slugs, codes and beginnings of codes.
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    strict: bool | None = None
    #: Names of rules and the severity of their findings.
    severity: tuple[tuple[str, Weight], ...] = ()
    limits: Limits = CONTRACT
    allow_hosts: tuple[str, ...] = ()
    publish: str | None = None
    public_base: str | None = None
    #: The folder for outputs: absolute.
    output: str | None = None
    #: ``[price] usd-per-second`` and ``[budget] per-day``, in US dollars.
    price: Fraction | None = None
    budget: Fraction | None = None

    @cached_property
    def _globs(self) -> tuple[tuple[GitIgnoreSpec, Role], ...]:
        from pathspec import GitIgnoreSpec

        # The last match takes precedence, so the last comes first.
        return tuple((GitIgnoreSpec.from_lines([g]), role) for g, role in reversed(self.roles))

    def __getstate__(self) -> dict[str, Any]:
        """Without the compiled globs."""
        return {name: value for name, value in self.__dict__.items() if name != "_globs"}

    def role_of(self, path: str) -> Role | None:
        """The field of a file, from the last glob that matches; None if none does.

        A file outside the configuration's folder matches none.
        """
        if not self.roles:
            return None
        try:
            relative = os.path.relpath(os.path.abspath(path), self.folder)
        except ValueError:
            # On another drive.
            return None
        inside = relative.replace(os.sep, "/")
        if inside == os.pardir or inside.startswith("../"):
            return None
        return next((role for glob, role in self._globs if glob.match_file(inside)), None)

    def place(self, publish: Any, public_base: str | None) -> tuple[Any, str | None]:
        """Where to publish and under which URL: the configuration's if no other target is given."""
        if publish is not None:
            return publish, public_base
        return self.publish, public_base or self.public_base

    def unchosen(self) -> Config:
        """A configuration that merely lies above a source, without the keys of GUARDED."""
        plain = Config(self.path, self.folder)
        names = {key: key.replace("-", "_") for key in GUARDED}
        left = [key for key, name in names.items() if getattr(self, name) != getattr(plain, name)]
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values |= {name: getattr(plain, name) for name in names.values()}
        return Unchosen(**values, dropped=tuple(left))

    @property
    def left_out(self) -> tuple[str, ...]:
        """Keys of GUARDED that the file has but that are ignored."""
        return ()

    def overridden(
        self, *, select: bool = False, ignore: bool = False, strict: bool = False
    ) -> Config:
        """The configuration without the values that the command line sets."""
        return replace(
            self,
            select=None if select else self.select,
            ignore=() if ignore else self.ignore,
            strict=None if strict else self.strict,
        )

    def judging_nothing(self) -> Config:
        """The part that applies if every rule keeps its default severity: the limits."""
        return replace(self.overridden(select=True, ignore=True, strict=True), severity=())

    def told(self) -> tuple[str, ...]:
        """Its effects on the result of a check, each a clause; empty if there are none."""
        return tuple(self._effects())

    def _effects(self) -> Iterator[str]:
        for key, (value, usual) in self.limits.changed().items():
            yield f"{key} is {number(value)} instead of {number(usual)}"
        for name, weight in self.severity:
            yield f"{name} counts as {weight}"
        if self.select is not None:
            yield f"only {listed(list(self.select))} reported" if self.select else "all reported"
        if self.ignore:
            yield f"{listed(list(self.ignore))} ignored"
        if self.strict:
            yield "warnings count as errors"

    def to_dict(self) -> dict[str, Any]:
        """Its effects on the result of a check, for reports."""
        return {
            "path": self.path,
            "limits": self.limits.to_dict(),
            "severity": dict(self.severity),
            "select": None if self.select is None else list(self.select),
            "ignore": list(self.ignore),
            "strict": bool(self.strict),
        }


@dataclass(frozen=True)
class Unchosen(Config):
    """The rest of a configuration that the user did not choose: see ``Config.unchosen``."""

    dropped: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """As in ``Config``."""
        return self.dropped
