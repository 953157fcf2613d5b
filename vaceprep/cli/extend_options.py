"""``--extend-to`` of ``run``: extend a clip step by step to a wanted length."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli import options
from vaceprep.cli.option_groups import option
from vaceprep.cli.window_options import seconds_of

if TYPE_CHECKING:
    from fractions import Fraction

    from vaceprep.runs.model import RunOptions


def length_of(text: str) -> Fraction:
    """A length in seconds. Raises ValueError, a sentence."""
    value = seconds_of(text)
    if value <= 0:
        raise ValueError(f"{text} is no length; it must be above zero")
    return value


EXTEND_TO: Final[Any] = option(
    "--extend-to",
    metavar="S",
    callback=options.parsed(length_of),
    help="Extend the clip of a video_extension job again and again, and join the results to one "
    "video of so many seconds, the given clip included.",
)


def with_extension(run: RunOptions, length: Fraction | None, *, match: bool) -> RunOptions:
    """The options of the run with ``--extend-to``. Exits with 2 for a wrong combination."""
    if length is None:
        return run
    if run.split is not None:
        raise click.UsageError("--extend-to is for video_extension, --split is not: give one.")
    if not run.wait:
        raise click.UsageError(
            "--extend-to sends a task when the result before is there: leave out --no-wait."
        )
    from vaceprep.runs.split_model import ExtendRun

    return replace(run, extend=ExtendRun(length, match))
