"""What is parsed without click is what click would parse; everything else is left to it."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.cli.check import CheckOptions
from vaceprep.cli.main import run
from vaceprep.cli.option_groups import OptionGroup, takes
from vaceprep.cli.plain_arguments import plain

PLAIN = [
    ["a.mp4"],
    ["-", "b c.mp4", ""],
    ["a.mp4", "--strict", "b.mp4", "--no-strict"],
    ["--format", "json", "a.mp4", "--format=sarif"],
    ["--select", "video-fps", "a.mp4", "--select=VP1,VP2"],
    ["--role", "mask_image_url", "--no-remote", "a.png", "--deep"],
    ["--no-isolate", "shoot", "--advice", "--report", "r.html", "--config=c.toml"],
]
LEFT = [
    [],
    ["--strict"],
    ["a.mp4", "--help"],
    ["a.mp4", "-j", "2"],
    ["a.mp4", "--jobs", "2"],
    ["a.mp4", "--timeout", "3"],
    ["a.mp4", "--role", "video"],
    ["a.mp4", "--form", "json"],
    ["a.mp4", "--format"],
    ["a.mp4", "--strict=1"],
    ["--", "-a.mp4"],
    ["--output-file", "-", "a.mp4"],
]
WORDS = st.sampled_from(sorted({word for words in PLAIN + LEFT for word in words}))


def values(group: OptionGroup) -> dict[str, Any]:
    """The values of a group and of the groups in it, by name."""
    own = vars(group).items()
    return {k: values(v) if isinstance(v, OptionGroup) else v for k, v in own}


def by_click(arguments: list[str]) -> dict[str, Any] | None:
    """What click parses; None if it prints help or an error instead."""
    taken: list[CheckOptions] = []

    def take(given: CheckOptions) -> int:
        taken.append(given)
        return 0

    try:
        click.command("check")(takes(CheckOptions)(take)).main(
            arguments, prog_name="check", standalone_mode=False
        )
    except click.ClickException:
        return None
    return values(taken[0]) if taken else None


@pytest.mark.parametrize("arguments", PLAIN)
def test_plain_arguments_are_parsed_as_by_click(arguments: list[str]) -> None:
    given = plain(CheckOptions, arguments)
    assert given is not None
    assert values(given) == by_click(arguments)


@pytest.mark.parametrize("arguments", LEFT)
def test_the_rest_is_left_to_click(arguments: list[str]) -> None:
    assert plain(CheckOptions, arguments) is None


@given(st.lists(WORDS, max_size=6))
def test_any_arguments_parsed_without_click_mean_the_same_to_it(arguments: list[str]) -> None:
    found = plain(CheckOptions, arguments)
    if found is not None:
        assert values(found) == by_click(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--select", "nonsense"],
        ["--config", "nope.toml"],
        ["--output-file", ""],
        ["--config", "x", "--no-config"],
    ],
)
@pytest.mark.parametrize("columns", ["80", "30"])
def test_wrong_usage_is_refused_in_the_same_words(
    arguments: list[str],
    columns: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert plain(CheckOptions, ["a.mp4", *arguments]) is not None
    assert run(["check", "a.mp4", *arguments]) == 2
    without_click = capsys.readouterr()
    # No plain argument, and no effect.
    assert run(["check", "a.mp4", *arguments, "--jobs", "1"]) == 2
    assert capsys.readouterr() == without_click
    assert "Usage: vaceprep check" in without_click.err
