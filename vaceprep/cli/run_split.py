"""Options of ``run`` and ``batch run`` for videos that are split."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from vaceprep.cli import options
from vaceprep.cli.option_groups import OptionGroup, WholeNumber, group, option
from vaceprep.cli.split_options import (
    SplitGroup,
    missing_cut_file,
    need_one_job,
    split_options,
)
from vaceprep.contract import MAX_SEED
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaceprep.runs.model import RunOptions
    from vaceprep.runs.split_group import Group

#: The highest number of a part that ``--redo`` takes.
HIGHEST_PART: Final = 9999
_NUMBERS: Final = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?")


def part_numbers(text: str) -> frozenset[int]:
    """The numbers in ``3,5`` or ``3-8,10``. Raises ValueError, a sentence."""
    found: set[int] = set()
    for word in text.split(","):
        match = _NUMBERS.fullmatch(word.strip())
        if match is None:
            raise ValueError(f"{word.strip() or text!r} is no part; write parts as 3,5 or 3-8")
        first = int(match[1])
        last = int(match[2] or first)
        if not 1 <= first <= last:
            raise ValueError(f"{word.strip()} names no part; parts are numbered from 1, as in 3-8")
        found.update(range(first, last + 1))
    return frozenset(found)


class SplitRunOptions(OptionGroup):
    """How videos that are too long are split, and their results joined."""

    how: SplitGroup = group(SplitGroup)
    redo: frozenset[int] | None = option(
        "--redo",
        metavar="PARTS",
        callback=options.parsed(part_numbers),
        help="With --split: send these parts again: 3,5 or 3-8.",
    )
    seed: int | None = option(
        "--seed",
        type=WholeNumber(0, MAX_SEED),
        metavar="N",
        help="With --redo: the seed of the parts that are sent again.",
    )
    carry_style: bool = option(
        "--carry-style",
        is_flag=True,
        help="With --split: give each part the last frame of the result before as its reference; "
        "the parts then run one after another.",
    )
    no_match: bool = option(
        "--no-match",
        is_flag=True,
        help="With --split: join the results without matching their colours.",
    )


def with_split(
    run: RunOptions,
    given: SplitRunOptions,
    jobs: int | None = None,
    *,
    dry_run: bool = False,
    extends: bool = False,
) -> RunOptions:
    """The options of the run with those of the split. Exits with 2 for a wrong combination.

    ``jobs``: their number; None if it is not known. ``extends``: with ``--extend-to``.
    """
    how = split_options(given.how, dry_run=dry_run)
    if how is None:
        _need_split(given, extends=extends)
        return run
    need_one_job(given.how, 2 if jobs is None else jobs)
    if given.redo and jobs != 1:
        raise click.UsageError("--redo names parts of one job: use run with one job.")
    if given.seed is not None and given.redo is None:
        raise click.UsageError("--seed is for --redo; the seed of a whole job is its field seed.")
    if given.redo and run.again:
        raise click.UsageError("--again sends all parts again, --redo the ones named: give one.")
    if given.carry_style and not run.wait:
        raise click.UsageError(
            "--carry-style sends a part when the result before is there: leave out --no-wait."
        )
    from vaceprep.runs.split_model import SplitRun

    redo = given.redo or frozenset()
    choice = SplitRun(how, redo, given.seed, given.carry_style, not given.no_match)
    return replace(run, split=choice)


def _need_split(given: SplitRunOptions, *, extends: bool) -> None:
    """Exits with 2 if an option of a split is given without one."""
    named = {
        "--redo": given.redo is not None,
        "--seed": given.seed is not None,
        "--carry-style": given.carry_style,
        "--no-match": given.no_match and not extends,
    }
    idle = next((name for name, value in named.items() if value), None)
    if idle is not None:
        raise click.UsageError(f"{idle} is for --split.")


def write_cut_file(given: SplitRunOptions, groups: Sequence[Group]) -> None:
    """Write the cuts of a planned split to the file of ``--cuts``, where there is none yet.

    Exits with 1 if it cannot be written.
    """
    path = missing_cut_file(given.how) if given.how.split else None
    if path is None or not groups:
        return
    from vaceprep.cli.cut_file import write_cuts
    from vaceprep.errors import Refused

    try:
        write_cuts(path, groups[0].split)
    except Refused as error:
        raise options.failure(error) from None
    options.say(f"cuts: {printable(path, limit=4000)}")
