"""Validate a configuration file with pydantic, with messages of vaceprep.

Imported only if there is a configuration.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model

from vaceprep import contract
from vaceprep.config import BadConfig
from vaceprep.config.model import Config, Weight
from vaceprep.contract import ROLES, Role
from vaceprep.limits import CONTRACT, NAMES, Limits, key
from vaceprep.wording import listed

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

WEIGHTS: Final = get_args(Weight)
#: The tables with one amount in US dollars, and its key.
AMOUNTS: Final = {"price": "usd-per-second", "budget": "per-day"}
#: The range of each limit. If the contract's value is a whole number, the limit must be one.
RANGES: Final = {
    **dict.fromkeys(("video_seconds", "clip_seconds", "clips_seconds"), contract.LIMIT_SECONDS),
    "video_fps": contract.LIMIT_FPS,
    **dict.fromkeys(("video_megabytes", "image_megabytes"), contract.LIMIT_MEGABYTES),
    **dict.fromkeys(("image_side_min", "image_side_max"), contract.LIMIT_SIDE),
    **dict.fromkeys(("prompt_characters", "negative_prompt_characters"), contract.LIMIT_CHARACTERS),
}


def config_of(values: object, path: str, folder: str, table: str = "") -> Config:
    """The Config of a parsed file. ``table`` precedes each message. Raises BadConfig."""
    try:
        given = dict(_File.model_validate(values))
        given["limits"] = _limits(given["limits"], path)
        given |= {name: _amount(given[name]) for name in AMOUNTS}
        if given["public_base"] and not given["publish"]:
            raise ValueError("public-base says where what is published is read; publish is missing")
    except ValidationError as error:
        # Unknown keys first: a misspelt key explains the other errors.
        faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        raise BadConfig(path, table + _sentence(faults[0])) from None
    except ValueError as error:
        raise BadConfig(path, f"{table}{error}") from None
    for name in ("roles", "severity"):
        given[name] = tuple(given[name].items())
    for name in ("publish", "output"):
        value = given[name]
        if value and not (name == "publish" and "://" in value):
            given[name] = os.path.join(folder, value)
    return Config(path, folder, **given)


def _amount(table: BaseModel) -> Fraction | None:
    """The only value of a table; None if it is not given."""
    value: Fraction | None = next(iter(dict(table).values()))
    return value


def _limits(given: BaseModel, path: str) -> Limits:
    limits = CONTRACT._replace(**{name: getattr(given, name) for name in given.model_fields_set})
    low, high = limits.image_side
    if low > high:
        raise ValueError(f"limits: image-side-min is {low}, above image-side-max, which is {high}")
    return limits if limits == CONTRACT else limits._replace(origin=path)


# --- the keys and their types --------------------------------------------------------------


def _rule(name: str) -> str:
    from vaceprep.rules.catalogue import UnknownRule
    from vaceprep.rules.names import resolve

    try:
        resolve([name])
    except UnknownRule as error:
        raise ValueError(f": {error}") from None
    return name


def _glob(glob: str) -> str:
    from pathspec import GitIgnoreSpec

    if not glob.strip() or glob[0] in "!#" or ".." in glob.split("/"):
        raise ValueError(
            f' has the glob "{glob}", which matches nothing; write it as "masks/**" or '
            '"*.mask.png", relative to the folder of the file'
        )
    try:
        GitIgnoreSpec.from_lines([glob])
    except ValueError:
        raise ValueError(f': "{glob}" is no glob as .gitignore writes them') from None
    return glob


def _number(name: str) -> Any:
    """The type of one limit. Decimals keep their written value, not the nearest binary one."""
    bounds = Field(ge=RANGES[name][0], le=RANGES[name][1])
    exact = AfterValidator(lambda value: Fraction(repr(value)))
    return Annotated[int, bounds] if _is_whole(name) else Annotated[float, bounds, exact]


def _table(name: str) -> type[BaseModel]:
    """The model of a table with one amount in US dollars, exact as written."""
    amount = Annotated[
        float,
        Field(gt=0, le=contract.MAX_USD),
        AfterValidator(lambda value: Fraction(repr(value))),
    ]
    fields: dict[str, Any] = {AMOUNTS[name].replace("-", "_"): (amount | None, None)}
    return create_model(f"_{name}", __config__=_STRICT, **fields)


def _is_whole(name: str) -> bool:
    return isinstance(getattr(CONTRACT, name), int)


_TEXT: Final = r"^[^\x00]*[^\s\x00][^\x00]*$"
_URL: Final = r"^(?i:https?://)[^\x00]*$"
_Text = Annotated[str, Field(pattern=_TEXT)]
_Rule = Annotated[str, AfterValidator(_rule)]
_Glob = Annotated[str, AfterValidator(_glob)]
T = TypeVar("T")
_List = Annotated[tuple[T, ...], Field(strict=False)]
_STRICT: Final = ConfigDict(
    strict=True, extra="forbid", allow_inf_nan=False, frozen=True, alias_generator=key
)
_LIMITS: Final[dict[str, Any]] = {name: (_number(name), None) for name in NAMES}
_Limits = create_model("_Limits", __config__=_STRICT, **_LIMITS)
_Price, _Budget = _table("price"), _table("budget")
_File = create_model(
    "_File",
    __config__=_STRICT,
    roles=(dict[_Glob, Role], {}),
    select=(_List[_Rule] | None, None),
    ignore=(_List[_Rule], ()),
    strict=(bool | None, None),
    severity=(dict[_Rule, Weight], {}),
    limits=(_Limits, _Limits()),
    allow_hosts=(_List[_Text], ()),
    publish=(_Text | None, None),
    public_base=(Annotated[str, Field(pattern=_URL)] | None, None),
    output=(_Text | None, None),
    price=(_Price, _Price()),
    budget=(_Budget, _Budget()),
)
KEYS: Final = tuple(key(name) for name in _File.model_fields)

# --- the messages --------------------------------------------------------------------------

#: The required value, by pydantic's error type or the pattern.
_MUST: Final = {
    "bool_type": "true or false",
    "string_type": "text",
    _TEXT: "text",
    _URL: "a URL, such as https://cdn.example.com/m",
    "tuple_type": 'a list of texts, such as ["a", "b"]',
    "dict_type": "a table",
    "model_type": "a table",
    "literal_error": " or ".join(WEIGHTS),
}


def _sentence(fault: ErrorDetails) -> str:
    """The error in one value, as a sentence that begins with its key."""
    kind, value, where = fault["type"], fault["input"], fault["loc"]
    table = str(where[0]) if where else ""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)[1:]
    if kind == "value_error":
        return f"{table}{fault['ctx']['error']}"
    if "pattern" in fault.get("ctx", {}) and "\0" in value:
        return f"{name} has a null character in it"
    if kind == "extra_forbidden":
        keys = KEYS if len(where) == 1 else _keys_of(table)
        above = name[: -len(str(where[-1]))]
        return f"has no key {name}{_near(str(where[-1]), keys, above)}"
    if table == "roles" and len(where) > 1:
        near = _near(value, ROLES) if isinstance(value, str) else f"; fields: {', '.join(ROLES)}"
        return f'{table}: "{where[1]}" is {_toml(value)}, which is not a request field{near}'
    if table in AMOUNTS and len(where) > 1:
        must = f"a number of US dollars above 0, {contract.MAX_USD:,} at most"
    elif table == "limits" and len(where) > 1:
        limit = str(where[1]).replace("-", "_")
        least, most = RANGES[limit]
        must = f"{'a whole number' if _is_whole(limit) else 'a number'} from {least} to {most}"
    else:
        must = _MUST[fault.get("ctx", {}).get("pattern", kind)]
    near = _near(value, WEIGHTS) if kind == "literal_error" and isinstance(value, str) else ""
    return f"{name} is {_toml(value)}; it must be {must}{near}".lstrip()


def _keys_of(table: str) -> list[str]:
    return [AMOUNTS[table]] if table in AMOUNTS else [key(one) for one in NAMES]


def _near(word: str, words: Collection[str], where: str = "") -> str:
    from difflib import get_close_matches

    near = get_close_matches(word.lower().replace("_", "-"), words, 1, 0.5)
    return f"; did you mean {where}{near[0]}?" if near else f"; there are {listed(list(words))}"


def _toml(value: Any) -> str:
    """A value in TOML syntax, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, dict):
        text = "a table"
    else:
        text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
