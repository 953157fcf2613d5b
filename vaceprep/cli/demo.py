"""``vaceprep demo``: all five functions from local files to finished videos, offline."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from vaceprep.cli import html_report, options
from vaceprep.cli.option_groups import OptionGroup, takes
from vaceprep.contract import FUNCTIONS
from vaceprep.report.escape import printable
from vaceprep.report.text import Style, finding_lines
from vaceprep.rules.catalogue import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaceprep.runs.model import RunEntry

#: The demo's default output folder.
FOLDER: Final = "vaceprep-demo"
#: The HTML report in the folder.
REPORT: Final = "report.html"
#: The subfolder for jobs and their media.
JOBS: Final = "jobs"

EPILOG: Final = """\b
Examples:
  vaceprep demo
  vaceprep demo -o elsewhere/

\b
It writes small media that need fixing and a job for each function, prints
what check finds in them, starts a local stand-in for the service, and runs
the jobs against it: check, prepare, publish, submit, wait, download.
report.html shows all of it in pictures. No key, no network, no cost. The
results are stand-ins too: made from the input, not by the model.

Exit codes: 0 five videos are on disk; 1 fewer; 2 wrong usage; 130 after Ctrl-C."""


class DemoOptions(OptionGroup):
    """The command line of ``demo``."""

    where: str = options.folder(
        "-o",
        "--output",
        about="Where everything is written.",
        default=FOLDER,
        show_default=True,
    )
    output: str = options.FORMAT


@click.command("demo", epilog=EPILOG)
@takes(DemoOptions)
def command(given: DemoOptions) -> int:
    """The whole way for one job of each function, against a local stand-in."""
    from vaceprep.cli.run import code_of, in_sandbox, show_entries
    from vaceprep.cli.run_setup import SANDBOX_POLL
    from vaceprep.errors import Refused
    from vaceprep.runs.hints import Hints
    from vaceprep.runs.model import RunOptions
    from vaceprep.runs.preconditions import items_of
    from vaceprep.sandbox.demo import write_demo

    where = given.where
    folder = os.path.join(where, JOBS)
    options.collect_garbage()
    try:
        os.makedirs(folder, exist_ok=True)
        jobs = write_demo(folder)
    except (Refused, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        options.say(f"vaceprep: {printable(folder)}: {printable(reason)}")
        return 1
    options.say(f"the jobs and their media: {printable(folder)}")
    _say_findings(jobs)
    page = os.path.join(where, REPORT)
    html_report.ready(page, jobs)
    run = RunOptions(
        output=where, poll_interval=SANDBOX_POLL, hints=Hints(sandbox=True, own_service=True)
    )
    items = items_of(jobs)
    entries = in_sandbox(items, run)
    if given.output == "json":
        show_entries(entries, given.output)
    else:
        _show(entries)
    reported = html_report.written(page, "run", items, [(entry,) for entry in entries], jobs)
    finished = sum(entry.status == "downloaded" for entry in entries)
    return code_of(entries) or int(finished < len(FUNCTIONS) or not reported)


def _say_findings(jobs: Sequence[str]) -> None:
    """Print the errors and warnings of ``check`` on the jobs as run prepares them."""
    from vaceprep.checks.library import check

    options.say("what vaceprep check finds, and prepare fixes on the way:")
    for entry in check(jobs, remote=False).files:
        found = [f for f in entry.findings if f.severity is not Severity.ADVICE]
        if found:
            options.say(printable(os.path.basename(entry.source)))
        for finding in found:
            for line in finding_lines(finding, Style()):
                options.say(line)


def _show(entries: Sequence[RunEntry]) -> None:
    from vaceprep.report.run import REHEARSED, STAND_IN

    width = max((len(entry.function or "") for entry in entries), default=0)
    for entry in entries:
        result = entry.videos[0] if entry.videos else (entry.error or entry.status)
        name = (entry.function or os.path.basename(entry.source)).ljust(width)
        options.write(f"{name}  {printable(result, limit=4000)}\n")
    options.write(f"{REHEARSED}: {STAND_IN}\n")
