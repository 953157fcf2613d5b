"""``--split``: how a video that is longer than the limit is divided into parts."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import click

from vaceprep.cli import options
from vaceprep.cli.option_groups import OptionGroup, WholeNumber, option
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.plans.parts import SplitOptions

#: The values of ``--cuts`` that are no file and no time.
AUTO: Final = "auto"
NONE: Final = "none"
#: The default of ``--max-parts``, as ``plans.parts`` has it, and the most that it can be.
USUAL_PARTS: Final = 60
MOST_PARTS: Final = 1000


class Cuts(NamedTuple):
    """The value of ``--cuts``: a word, times in seconds, or the name of a file with times."""

    kind: Literal["auto", "none", "times", "file"]
    times: tuple[Fraction, ...] = ()
    path: str = ""


def _seconds(text: str) -> Fraction:
    from vaceprep.cli.window_options import seconds_of

    return seconds_of(text)


def _cuts(text: str) -> Cuts:
    """Raises ValueError for a list of times with something else in it, and for no file's name."""
    if text in (AUTO, NONE):
        return Cuts("auto" if text == AUTO else "none")
    words = text.split(",")
    times: list[Fraction] = []
    for word in words:
        try:
            times.append(_seconds(word))
        except ValueError:
            if times:
                raise
            if not os.path.basename(text) or not any(words):
                raise ValueError(
                    f"{text!r} names no file; write auto, none, a file or times such as 3.2,7.5"
                ) from None
            return Cuts("file", path=text)
    return Cuts("times", tuple(times))


class SplitGroup(OptionGroup):
    """Whether and how a video that is too long is divided."""

    split: bool = option(
        "--split",
        is_flag=True,
        help="Split the video_url of a job into parts where it is longer than the limit.",
    )
    part_length: Fraction | None = option(
        "--part-length",
        metavar="S",
        callback=options.parsed(_seconds),
        help="With --split: longest part in seconds, 2 or more (the limit of video_url).",
    )
    overlap: Fraction | None = option(
        "--overlap",
        metavar="S",
        callback=options.parsed(_seconds),
        help="With --split: seconds that a part shares with the part before where no cut divides "
        "them (0.5).",
    )
    cuts: Cuts | None = option(
        "--cuts",
        metavar="auto|none|FILE|T,T,...",
        callback=options.parsed(_cuts),
        help="With --split: where shots change: found by decoding (auto), nowhere, at these times, "
        "or at those in FILE, which --dry-run writes where it is missing.",
    )
    max_parts: int | None = option(
        "--max-parts",
        type=WholeNumber(1, MOST_PARTS),
        metavar="N",
        help=f"With --split: refuse a video that takes more parts ({USUAL_PARTS}).",
    )


def split_options(given: SplitGroup, *, dry_run: bool = False) -> SplitOptions | None:
    """The options of a split; None without ``--split``. Exits with 2 for a wrong combination.

    With ``dry_run`` the file of ``--cuts`` may be missing: see ``missing_cut_file``.
    """
    named = {
        "--part-length": given.part_length,
        "--overlap": given.overlap,
        "--cuts": given.cuts,
        "--max-parts": given.max_parts,
    }
    if not given.split:
        idle = next((name for name, value in named.items() if value is not None), None)
        if idle is not None:
            raise click.UsageError(f"{idle} is for --split.")
        return None
    from vaceprep.plans.parts import SplitOptions

    return SplitOptions(
        length=given.part_length,
        overlap=given.overlap,
        cuts=_given_cuts(given, dry_run=dry_run),
        max_parts=USUAL_PARTS if given.max_parts is None else given.max_parts,
    )


def missing_cut_file(given: SplitGroup) -> str | None:
    """The file of ``--cuts`` where there is none yet: a dry run writes the cuts it found there."""
    cuts = given.cuts
    if cuts is None or cuts.kind != "file" or os.path.lexists(cuts.path):
        return None
    return cuts.path


def _given_cuts(given: SplitGroup, *, dry_run: bool) -> tuple[Fraction, ...] | None:
    """The cuts that are given; None to find them."""
    cuts = given.cuts
    if cuts is None or cuts.kind == "auto":
        return None
    if cuts.kind != "file":
        return cuts.times
    if missing_cut_file(given) is not None:
        if dry_run:
            return None
        raise click.UsageError(
            f"--cuts: there is no file {printable(cuts.path)}; write the cuts that are found there "
            "with --dry-run, or give auto, none or times such as 3.2,7.5."
        )
    from vaceprep.cli.cut_file import read_cuts

    with options.usage_errors(ValueError, about="--cuts: "):
        return read_cuts(cuts.path)


def need_one_job(given: SplitGroup, jobs: int) -> None:
    """Exits with 2 where the cuts of one video are given for several jobs."""
    if given.cuts is not None and given.cuts.kind in ("times", "file") and jobs > 1:
        raise click.UsageError(
            "--cuts: times and a file are for one job; give auto or none for several."
        )
