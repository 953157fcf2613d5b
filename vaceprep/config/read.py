"""A configuration file's bytes to a Config: every key known, every value of its type and range."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from vaceprep.config import BadConfig
from vaceprep.config.model import Config
from vaceprep.contract import (
    LIMIT_CHARACTERS,
    LIMIT_FPS,
    LIMIT_MEGABYTES,
    LIMIT_SECONDS,
    LIMIT_SIDE,
    ROLES,
)
from vaceprep.files.toml_bounds import TooMuch, check_keys, check_toml
from vaceprep.limits import CONTRACT, NAMES, Limits, key
from vaceprep.wording import listed

TABLE: Final = "tool.vaceprep"
WEIGHTS: Final = ("error", "warning", "advice")
#: The limits that may be fractions, with their range; all others are whole numbers.
FRACTIONS: Final = {
    **dict.fromkeys(("video_seconds", "clip_seconds", "clips_seconds"), LIMIT_SECONDS),
    "video_fps": LIMIT_FPS,
    **dict.fromkeys(("video_megabytes", "image_megabytes"), LIMIT_MEGABYTES),
}
WHOLE: Final = {
    **dict.fromkeys(("image_side_min", "image_side_max"), LIMIT_SIDE),
    **dict.fromkeys(("prompt_characters", "negative_prompt_characters"), LIMIT_CHARACTERS),
}


class _Wrong(ValueError):
    """A value's fault, as a sentence that begins with its key."""


def parse(data: bytes, path: str, *, table: bool) -> Config | None:
    """The configuration in a file's bytes; None where ``table`` is asked for and is not there.

    ``path`` is how messages call it. Raises BadConfig.
    """
    import tomllib

    try:
        text = data.decode("utf-8-sig")
        check_toml(text)
        values: Any = tomllib.loads(text)
        check_keys(values)
    except UnicodeDecodeError:
        raise BadConfig(path, "it is not UTF-8 text") from None
    except TooMuch as error:
        raise BadConfig(path, f"it {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(path, f"it is not valid TOML: {error}") from None
    except (RecursionError, ValueError):
        raise BadConfig(path, "it is not valid TOML") from None
    if table:
        tools = values.get("tool")
        values = tools.get("vaceprep") if isinstance(tools, dict) else None
        if values is None:
            return None
    folder = os.path.dirname(os.path.abspath(path))
    try:
        return _config(values, path, folder)
    except _Wrong as error:
        where = f"[{TABLE}] " if table else ""
        raise BadConfig(path, f"{where}{error}") from None


def _config(values: Any, path: str, folder: str) -> Config:
    if not isinstance(values, dict):
        raise _Wrong(f"is {_said(values)}; it must be a table")
    _known(values, KEYS, "")
    config = Config(path, folder)
    for name, reader in KEYS.items():
        if name in values:
            config = replace(config, **{name.replace("-", "_"): reader(name, values[name])})
    if config.public_base is not None and config.publish is None:
        raise _Wrong("public-base says where what is published is read; publish is missing")
    if config.publish is not None and "://" not in config.publish:
        config = replace(config, publish=os.path.join(folder, config.publish))
    if config.output is not None:
        config = replace(config, output=os.path.join(folder, config.output))
    # Where they are the contract's after all, nothing was changed by anybody.
    limits = config.limits
    if limits != CONTRACT:
        config = replace(config, limits=limits._replace(origin=path))
    return config


def _known(values: Mapping[str, Any], keys: Collection[str], where: str) -> None:
    for name in values:
        if name not in keys:
            raise _Wrong(f"has no key {where}{name}{_near(name, keys, where)}")


def _near(word: str, words: Collection[str], where: str = "") -> str:
    from difflib import get_close_matches

    near = get_close_matches(word.lower().replace("_", "-"), words, 1, 0.5)
    return f"; did you mean {where}{near[0]}?" if near else f"; there are {listed(list(words))}"


def _said(value: Any) -> str:
    """A value as TOML would say it, cut short."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, dict):
        text = "a table"
    else:
        text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Wrong(f"{name} is {_said(value)}; it must be text")
    if "\0" in value:
        raise _Wrong(f"{name} has a null character in it")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(f"{name} is {_said(value)}; it must be true or false")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Wrong(f'{name} is {_said(value)}; it must be a list of texts, such as ["a", "b"]')
    return tuple(_text(f"{name}[{at}]", text) for at, text in enumerate(value))


def _table(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(f"{name} is {_said(value)}; it must be a table")
    return value


def _rules(name: str, value: Any) -> tuple[str, ...]:
    names = _texts(name, value)
    for text in names:
        _rule(name, text)
    return names


def _rule(where: str, name: str) -> None:
    from vaceprep.rules import every  # noqa: F401  (it fills the catalogue)
    from vaceprep.rules.catalogue import UnknownRule, resolve

    try:
        resolve([name])
    except UnknownRule as error:
        raise _Wrong(f"{where}: {error}") from None


def _roles(name: str, value: Any) -> tuple[tuple[str, Any], ...]:
    found = []
    for glob, role in _table(name, value).items():
        if not glob.strip() or glob[0] in "!#" or ".." in glob.split("/"):
            raise _Wrong(
                f'{name} has the glob "{glob}", which matches nothing; write it as "masks/**" or '
                '"*.mask.png", relative to the folder of the file'
            )
        if role not in ROLES:
            near = _near(role, ROLES) if isinstance(role, str) else f"; fields: {', '.join(ROLES)}"
            raise _Wrong(f'{name}: "{glob}" is {_said(role)}, no field of a request{near}')
        found.append((glob, role))
    if found:
        _compiles(name, [glob for glob, _ in found])
    return tuple(found)


def _compiles(name: str, globs: list[str]) -> None:
    from pathspec import GitIgnoreSpec

    for glob in globs:
        try:
            GitIgnoreSpec.from_lines([glob])
        except ValueError:
            raise _Wrong(f'{name}: "{glob}" is no glob as .gitignore writes them') from None


def _severities(name: str, value: Any) -> tuple[tuple[str, Any], ...]:
    found = []
    for rule, weight in _table(name, value).items():
        _rule(name, rule)
        if weight not in WEIGHTS:
            near = _near(weight, WEIGHTS) if isinstance(weight, str) else ""
            raise _Wrong(
                f"{name}.{rule} is {_said(weight)}; it must be {' or '.join(WEIGHTS)}{near}"
            )
        found.append((rule, weight))
    return tuple(found)


def _limits(name: str, value: Any) -> Limits:
    given = _table(name, value)
    _known(given, [key(one) for one in NAMES], f"{name}.")
    named = [one for one in NAMES if key(one) in given]
    changes: dict[str, Any] = {one: _limit(one, given[key(one)]) for one in named}
    limits = CONTRACT._replace(**changes)
    low, high = limits.image_side
    if low > high:
        raise _Wrong(f"{name}: image-side-min is {low}, above image-side-max, which is {high}")
    return limits


def _limit(name: str, value: Any) -> Fraction | int:
    least, most = FRACTIONS.get(name) or WHOLE[name]
    whole = name in WHOLE
    kind = "a whole number" if whole else "a number"
    fault = _Wrong(
        f"limits.{key(name)} is {_said(value)}; it must be {kind} from {least} to {most}"
    )
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise fault
    if isinstance(value, float) and not math.isfinite(value):
        raise fault
    if not least <= value <= most:
        raise fault
    # 12.5 means what is written, not the nearest binary fraction.
    return value if whole else Fraction(repr(value))


def _base(name: str, value: Any) -> str:
    text = _text(name, value)
    if not text.lower().startswith(("http://", "https://")):
        raise _Wrong(
            f"{name} is {_said(text)}; it must be a URL, such as https://cdn.example.com/m"
        )
    return text


#: Every key and how its value is read.
KEYS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "roles": _roles,
    "select": _rules,
    "ignore": _rules,
    "strict": _flag,
    "severity": _severities,
    "limits": _limits,
    "allow-hosts": _texts,
    "publish": _text,
    "public-base": _base,
    "output": _text,
}
