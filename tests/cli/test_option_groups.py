"""Groups of options: order, values, nesting and a field that is declared again."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import click
import pytest
from click.testing import CliRunner

from vaceprep.cli.option_groups import OptionGroup, argument, group, option, takes, takes_with_rest

DEEP = option("--deep", is_flag=True, help="Everything.")


class Limits(OptionGroup):
    """Two options."""

    seconds: float = option("-s", "--timeout", type=float, default=1.5, help="Seconds.")
    deep: bool = DEEP


class FewerLimits(Limits):
    """The same with another help."""

    seconds: float = option("--timeout", type=float, default=2.5, help="Fewer seconds.")


class Everything(OptionGroup):
    """A command line."""

    sources: tuple[str, ...] = argument(nargs=-1, metavar="FILE...")
    where: str | None = option("-o", "--output")
    limits: Limits = group(Limits)
    force: bool = option("--force", is_flag=True)


SEEN: list[Everything] = []


@click.command()
@takes(Everything)
def command(given: Everything) -> int:
    """Do it."""
    SEEN.append(given)
    return 3


def test_one_instance_with_all_values() -> None:
    words = ["a", "--timeout", "2", "b", "-o", "out", "--deep"]
    code = command.main(words, standalone_mode=False)
    given = SEEN.pop()
    assert code == 3
    assert given.sources == ("a", "b")
    assert (given.where, given.force) == ("out", False)
    assert (given.limits.seconds, given.limits.deep) == (2.0, True)
    with pytest.raises(FrozenInstanceError):
        given.force = True  # type: ignore[misc]


def test_the_help_has_the_fields_in_their_order() -> None:
    shown = CliRunner().invoke(command, ["--help"]).output
    places = [shown.index(name) for name in ("--output", "--timeout", "--deep", "--force")]
    assert places == sorted(places)
    assert "Do it." in shown
    assert "FILE..." in shown


def test_a_subclass_declares_a_field_again_at_its_place() -> None:
    @click.command()
    @takes(FewerLimits)
    def fewer(given: FewerLimits) -> int:
        return int(given.seconds * 2)

    assert [parameter.name for parameter in fewer.params] == ["seconds", "deep"]
    assert "Fewer seconds." in CliRunner().invoke(fewer, ["--help"]).output
    assert fewer.main([], standalone_mode=False) == 5


def test_the_values_of_further_options() -> None:
    rest: dict[str, object] = {}

    @click.command()
    @click.option("--size")
    @takes_with_rest(Limits)
    def sized(given: Limits, values: dict[str, object]) -> int:
        rest.update(values)
        return int(given.deep)

    assert sized.main(["--size", "5", "--deep"], standalone_mode=False) == 1
    assert rest == {"size": "5"}
