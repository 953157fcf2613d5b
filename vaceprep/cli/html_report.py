"""The option ``--report``, which several commands share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from vaceprep.cli import options
from vaceprep.cli.option_groups import option
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.checks.inputs import Item

REPORT: Final = option(
    "--report",
    metavar="FILE.html",
    help="Write a report with pictures too: one page that needs no network.",
)


def ready(path: str | None, sources: Iterable[str] = (), *, force: bool = False) -> None:
    """Check that the report may be written there. Exits with 2 if not."""
    if path is None:
        return
    from vaceprep.errors import Refused
    from vaceprep.report.html.page import ready as look

    with options.usage_errors(Refused, about="--report: "):
        look(path, sources, force=force)


def skipped(path: str | None) -> frozenset[str]:
    """The real path of an earlier report, which folder searches skip without counting it."""
    return frozenset() if path is None else frozenset([os.path.realpath(path)])


def written(
    path: str | None,
    command: str,
    items: Sequence[Item],
    answers: Sequence[Any],
    sources: Iterable[str] = (),
    *,
    force: bool = False,
    notes: Sequence[str] = (),
    jobs: int | None = None,
) -> bool:
    """Write the report if one is requested; ``answers`` has those of each item.

    Returns False, after an error message, if that fails.
    """
    if path is None:
        return True
    from vaceprep.errors import Refused
    from vaceprep.report.html.build import Found
    from vaceprep.report.html.page import write_report

    found = [Found(*pair) for pair in zip(items, answers, strict=True)]
    try:
        with options.progress(len(found), "reporting") as step:
            write_report(
                path,
                command,
                found,
                sources=sources,
                force=force,
                notes=notes,
                jobs=jobs,
                step=step,
            )
    except Refused as error:
        options.say(f"vaceprep: {printable(str(error), limit=4000)}")
        return False
    options.say(f"report: {printable(path, limit=4000)}")
    return True
