"""Options that commands read from a configuration; the command line takes precedence."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeVar

from vaceprep.cli.option_groups import OptionGroup, option
from vaceprep.cli.options import usage_errors
from vaceprep.cli.streams import say
from vaceprep.config import GUARDED, BadConfig
from vaceprep.config.find import Finder
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.checks.bytes import Options
    from vaceprep.checks.inputs import Item
    from vaceprep.config.model import Config

T = TypeVar("T")


class Configuration(OptionGroup):
    """Which configuration is read."""

    config_file: str | None = option(
        "--config",
        metavar="FILE",
        help="Read this configuration; else the nearest vaceprep.toml or pyproject.toml upwards "
        "from each source.",
    )
    no_config: bool = option(
        "--no-config", is_flag=True, help="Read no vaceprep.toml and no pyproject.toml."
    )


def finder(given: Configuration) -> Finder:
    """The search for each source's configuration. Exits with 2 if the file named is invalid."""
    if given.config_file is not None and given.no_config:
        import click

        raise click.UsageError("--config names a configuration and --no-config wants none.")
    with usage_errors(BadConfig):
        return Finder(given.config_file, search=not given.no_config)


def place_of(item: Item) -> str | None:
    """The path where the search for an item's configuration starts; None: the current folder."""
    if item.kind == "path":
        return item.source
    return (item.base or item.source) if item.kind == "job" else None


#: The end of a message about an invalid configuration that was found.
AVOIDABLE: Final = " (--no-config leaves it out)"
#: Keys of GUARDED that a command uses.
HOSTS: Final = ("allow-hosts",)
OUTPUT: Final = ("allow-hosts", "output")
EVERY: Final = GUARDED


def config_of(find: Finder, item: Item, uses: Collection[str] = HOSTS) -> Config | None:
    """The configuration of an item. Exits with 2 if it is invalid.

    ``uses``: print a notice if one of these keys is ignored.
    """
    with usage_errors(BadConfig, note=AVOIDABLE):
        return _with_notice(find, find.of(place_of(item)), uses)


def config_above(find: Finder, source: str, uses: Collection[str] = HOSTS) -> Config | None:
    """The configuration of a source; a folder's own for a folder. Exits with 2 as above."""
    from vaceprep.checks.inputs import kind_of

    with usage_errors(BadConfig, note=AVOIDABLE):
        if kind_of(source) != "path":
            return _with_notice(find, find.of(None), uses)
        found = find.in_folder(source) if os.path.isdir(source) else find.of(source)
        return _with_notice(find, found, uses)


def _with_notice(find: Finder, config: Config | None, uses: Collection[str]) -> Config | None:
    """The configuration; prints, once for each, which of its keys are ignored."""
    if config is None or not config.left_out or config.path in find.reported:
        return config
    left = [key for key in config.left_out if key in uses]
    if left:
        import shlex

        find.reported.add(config.path)
        say(
            f"{config.path}: ignored {', '.join(left)}, which count only in a configuration of "
            "yours in the current folder or above it; to use this one: "
            f"--config {shlex.quote(config.path)}"
        )
    return config


def bounded(config: Config | None, sources: Iterable[str]) -> Config | None:
    """The configuration without an ``output`` that leads outside; prints a notice.

    The output must lie in or below the current folder or a source's.
    """
    from vaceprep.checks.inputs import kind_of

    if config is None or config.output is None:
        return config
    there = os.path.realpath(config.output)
    paths = [source for source in sources if kind_of(source) == "path"]
    folders = [path if os.path.isdir(path) else os.path.dirname(path) for path in paths]
    for folder in ("", *folders):
        top = os.path.realpath(folder or os.curdir)
        if there == top or there.startswith(os.path.join(top, "")):
            return config
    from dataclasses import replace

    say(
        f"{config.path}: ignored output = {config.output}, which lies neither below the current "
        "folder nor below a source's; to write there: -o DIR"
    )
    return replace(config, output=None)


def output_of(find: Finder, where: str | None, sources: Sequence[str]) -> str | None:
    """``where``, else the output folder of all sources' configurations. Exits as ``the_one``."""
    if where is not None:
        return where
    above = [(s, bounded(config_above(find, s, OUTPUT), [s])) for s in sources]
    return the_one((source, None if c is None else c.output) for source, c in above)


def in_force(configs: Iterable[Config | None]) -> tuple[Config, ...]:
    """Each configuration once, in order of first use."""
    # Deduplicate by identity first: comparing configurations is slow.
    once = {id(config): config for config in configs if config is not None}
    return tuple(dict.fromkeys(once.values()))


def the_one(values: Iterable[tuple[str, T]]) -> T | None:
    """The value that all sources share; None if there is none. ``values`` has names and values.

    Exits with 2 if the sources' configurations differ in it.
    """
    once: dict[T, str] = {}
    for source, value in values:
        once.setdefault(value, source)
    if len(once) > 1:
        import click

        first, second = list(once.values())[:2]
        raise click.UsageError(
            f"{printable(first)} and {printable(second)} are under different configurations: "
            "take them apart, or name one with --config FILE."
        )
    return next(iter(once), None)


class ItemOptions:
    """The options of each source of a check, with its configuration applied."""

    def __init__(self, find: Finder, options: Options, **settled: bool) -> None:
        """``settled`` names what the command line sets, as ``Config.overridden`` takes it."""
        self._find, self._options, self._settled = find, options, settled
        self._known: dict[int, tuple[Config, Options]] = {}

    def settle(self, items: Iterable[Item]) -> None:
        """Find the configuration of each item; exits with 2 before any item is checked."""
        for item in items:
            self.of(item)

    def of(self, item: Item) -> Options:
        """The options for one source."""
        from vaceprep.checks.library import for_item, under

        uses = (*HOSTS, "price") if item.kind == "job" else HOSTS
        config = config_of(self._find, item, uses)
        if config is None:
            return self._options
        if id(config) not in self._known:
            left = config.overridden(**self._settled)
            self._known[id(config)] = left, under(self._options, left)
        left, judged = self._known[id(config)]
        return for_item(item, judged, left)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The private hosts that any of the configurations allows."""
        each = (options.allowed_hosts for _, options in self._known.values())
        return tuple(dict.fromkeys(chain(self._options.allowed_hosts, *each)))

    @property
    def configs(self) -> tuple[Config, ...]:
        """The configurations used, without the values that the command line overrides."""
        return in_force(config for config, _ in self._known.values())
