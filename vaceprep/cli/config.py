"""``vaceprep config``: the configuration used, and the origin of each value."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli import config_options, options
from vaceprep.cli.option_groups import OptionGroup, argument, group, takes
from vaceprep.contract import PRICE_PER_SECOND
from vaceprep.limits import CONTRACT, NAMES, key, number
from vaceprep.report.escape import printable
from vaceprep.runs.spending import VARIABLE, from_environment

if TYPE_CHECKING:
    from vaceprep.config.model import Config

JSON_VERSION: Final = 1
DEFAULT: Final = "default"

EPILOG: Final = """\b
Examples:
  vaceprep config                     what holds in this folder
  vaceprep config masks/a.png         and which field this file is for
  vaceprep config --format json | jq '.values.limits'

\b
A configuration, in vaceprep.toml or under [tool.vaceprep] in pyproject.toml:
  ignore = ["video-dimensions"]       as --ignore; also select, strict
  output = "ready"                    the folder for what is made
  publish = "s3://bucket/vace"        with public-base where a target needs it
  [roles]
  "masks/**" = "mask_image_url"       the last glob that matches counts
  [severity]
  video-codec = "error"
  [limits]
  video-seconds = 8                   when the service changes
  [price]
  usd-per-second = 0.12               what a second of output costs you
  [budget]
  per-day = 5                         US dollars; VACEPREP_BUDGET wins

Exit codes: 0 shown; 2 the configuration is invalid."""


class ConfigOptions(OptionGroup):
    """The command line of ``config``."""

    place: str = argument(required=False, default=".", metavar="[FILE|DIR]")
    configuration: config_options.Configuration = group(config_options.Configuration)
    output: str = options.FORMAT


@click.command("config", epilog=EPILOG)
@takes(ConfigOptions)
def command(given: ConfigOptions) -> int:
    """Show the configuration that is in force for a file or folder (this one without)."""
    place = given.place
    if not os.path.lexists(place):
        raise click.UsageError(f"there is no file or folder {printable(place)}.")
    find = config_options.finder(given.configuration)
    config = config_options.config_above(find, place, config_options.EVERY)
    role = None if config is None or os.path.isdir(place) else config.role_of(place)
    values = in_force(config)
    if given.output == "json":
        import json

        path = None if config is None else config.path
        head = {"version": JSON_VERSION, "place": place, "path": path, "role": role}
        options.write(json.dumps({**head, "values": values}, indent=1) + "\n")
        return 0
    if config is None:
        options.write("no configuration: no vaceprep.toml or [tool.vaceprep] from here upwards\n")
    else:
        options.write(f"{printable(config.path)} is in force for {printable(place)}\n")
    if role is not None:
        options.write(f"{printable(place)} is for {role}\n")
    for name, value in values.items():
        if name in TABLES:
            for key, one in value.items():
                _line(f"{name}.{key}", one)
        else:
            _line(name, value)
    return 0


#: Keys that are tables; each value has its own origin.
TABLES: Final = ("roles", "severity", "limits", "price", "budget")


def _line(name: str, one: dict[str, Any]) -> None:
    usual = f", default {one['default']}" if one.get("default") not in (None, one["value"]) else ""
    value = printable(_shown(one["value"]), limit=4000)
    options.write(f"{printable(name):<34}  {value:<16}  {printable(one['origin'])}{usual}\n")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def in_force(config: Config | None) -> dict[str, Any]:
    """Every value by its key, with the file that it came from, or ``default``."""
    from vaceprep.config.model import Config

    held = config or Config("", "")

    def entry(value: object, usual: object) -> dict[str, Any]:
        return {"value": value, "origin": DEFAULT if value == usual else held.path}

    def limit(name: str) -> dict[str, Any]:
        value, usual = getattr(held.limits, name), getattr(CONTRACT, name)
        return {**entry(number(value), number(usual)), "default": number(usual)}

    def budget() -> dict[str, Any]:
        if VARIABLE in os.environ:
            with options.usage_errors(ValueError):
                return {"value": number(from_environment() or 0), "origin": VARIABLE}
        return entry(None if held.budget is None else number(held.budget), None)

    select = None if held.select is None else list(held.select)
    usual = number(PRICE_PER_SECOND)
    price = usual if held.price is None else number(held.price)
    return {
        "roles": {glob: entry(role, None) for glob, role in held.roles},
        "select": entry(select, None),
        "ignore": entry(list(held.ignore), []),
        "strict": {
            "value": bool(held.strict),
            "origin": DEFAULT if held.strict is None else held.path,
        },
        "severity": {name: entry(weight, None) for name, weight in held.severity},
        "allow-hosts": entry(list(held.allow_hosts), []),
        "publish": entry(held.publish, None),
        "public-base": entry(held.public_base, None),
        "output": entry(held.output, None),
        "limits": {key(name): limit(name) for name in NAMES},
        "price": {"usd-per-second": {**entry(price, usual), "default": usual}},
        "budget": {"per-day": budget()},
    }
