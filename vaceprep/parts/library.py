"""``prepare`` as a library, with ``split``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, Unpack

from vaceprep.checks.inputs import Given, Item
from vaceprep.contract import Role
from vaceprep.plans.parts import MAX_PARTS, SplitOptions
from vaceprep.preparation.file import Work
from vaceprep.preparation.library import Pathish, PrepareOptions, Seconds, exact_seconds
from vaceprep.preparation.library import prepare as prepare_whole
from vaceprep.preparation.report import PrepareReport

if TYPE_CHECKING:
    from vaceprep.config.model import Config
    from vaceprep.parts.expanded import Expanded

#: Where shots change: found by decoding, nowhere, or at these times.
Cuts = Literal["auto", "none"] | Sequence[Seconds]


class SplitPrepareOptions(PrepareOptions, total=False):
    """The options of ``prepare`` as keyword arguments, described there and in ``prepare`` here."""

    split: bool
    part_length: Seconds | None
    overlap: Seconds | None
    cuts: Cuts
    max_parts: int


def prepare(
    source: Given | Iterable[Given],
    output: Pathish | None = None,
    role: Role | None = None,
    *,
    dry_run: bool = False,
    split: bool = False,
    part_length: Seconds | None = None,
    overlap: Seconds | None = None,
    cuts: Cuts = "auto",
    max_parts: int = MAX_PARTS,
    **options: Unpack[PrepareOptions],
) -> PrepareReport:
    """Prepare files or jobs: see vaceprep.preparation.library.prepare.

    With ``split``, the video of a job that is longer than the limit is divided: into parts of at
    most ``part_length`` seconds, which share ``overlap`` seconds (None: half a second) where no
    shot cut divides them, and at most ``max_parts`` of them. ``cuts`` are "auto" (found by
    decoding), "none", or times in seconds. The report has an entry for the job, with ``split``,
    and then those of each part.

    Raises ValueError, too, for a job whose video is never split, or options that give no parts.
    """
    if not split:
        return prepare_whole(source, output, role, dry_run=dry_run, **options)
    how = split_options(part_length, overlap, cuts, max_parts)

    def divide(items: Iterable[Item], work: Work, config: Config | None) -> tuple[Expanded, ...]:
        from vaceprep.parts.prepare import expanded

        return expanded(items, how, work, {}, lambda _: config, step=work.on_progress)

    return prepare_whole(source, output, role, dry_run=dry_run, divide=divide, **options)


def split_options(
    part_length: Seconds | None, overlap: Seconds | None, cuts: Cuts, max_parts: int
) -> SplitOptions:
    """Return the options of a split. Raises ValueError for an invalid value."""
    if isinstance(cuts, str) and cuts not in ("auto", "none"):
        raise ValueError(f"cuts is {cuts!r}; it is auto, none, or times in seconds")
    if max_parts < 1:
        raise ValueError(f"max_parts is {max_parts}; it must be 1 or more")
    times = () if isinstance(cuts, str) else tuple(map(exact_seconds, cuts))
    return SplitOptions(
        length=exact_seconds(part_length),
        overlap=exact_seconds(overlap),
        cuts=None if cuts == "auto" else tuple(time for time in times if time is not None),
        max_parts=max_parts,
    )
