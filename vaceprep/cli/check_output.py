"""The format and destination of findings: the options, and the output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from vaceprep.cli import options
from vaceprep.cli.option_groups import OneOf, OptionGroup, option
from vaceprep.cli.streams import IN_ACTIONS, write_commands
from vaceprep.report.escape import printable
from vaceprep.report.formats import FORMATS, Format, format_of, is_report, pieces
from vaceprep.report.text import Style
from vaceprep.rules.catalogue import Severity

if TYPE_CHECKING:
    from vaceprep.checks.report import FileReport, Summary
    from vaceprep.config.model import Config

#: The most files that a suggested command lists.
SUGGESTED: Final = 3
#: The most characters in a suggested command.
LONGEST_COMMAND: Final = 2000


class OutputForm(OptionGroup):
    """In which format findings are printed, and the file that they are written to."""

    output: Format | None = option(
        "--format",
        type=OneOf(FORMATS),
        help="What to print: text (the default), json, github (annotations; the default in GitHub "
        "Actions), sarif or junit.",
    )
    output_file: str | None = option(
        "--output-file",
        metavar="FILE",
        shell_complete=options.complete_files,
        help="Write the report there, whole or not at all, in the format asked for or that its "
        "ending says (.sarif, .xml, .json); the text still goes to standard output.",
    )


def default_format() -> Format:
    """The format on standard output without ``--format``."""
    in_actions = os.environ.get(IN_ACTIONS, "").lower() == "true"
    return "github" if in_actions and not sys.stdout.isatty() else "text"


def check_output_file(target: str | None, sources: Iterable[str]) -> None:
    """Check before any work that a report may be written there. Exits with 2 if not."""
    if target is None:
        return
    from vaceprep.errors import Refused

    if target in ("", "-"):
        import click

        raise click.UsageError("--output-file is a file; without it the report is printed.")
    with options.usage_errors(Refused, about="--output-file: ", limit=400):
        _check_target(target, sources)


def _check_target(target: str, sources: Iterable[str]) -> None:
    """Raise Refused unless the path is free, an empty file, or a report of vaceprep."""
    import stat

    from vaceprep.errors import Refused
    from vaceprep.files.atomic import check_target

    check_target(target, force=True, sources=sources)
    try:
        found = os.lstat(target)
        if stat.S_ISLNK(found.st_mode):
            raise Refused(f"{target} is a link, which nothing is written over; name a file")
        if not stat.S_ISREG(found.st_mode):
            raise Refused(f"{target} is no ordinary file; name another")
        if not is_report(target):
            raise Refused(f"{target} exists already and is no report of check; name another file")
    except FileNotFoundError:
        return
    except OSError as error:
        raise Refused(f"{target} cannot be read: {error.strerror or error}") from None


def show(
    files: list[FileReport],
    summary: Summary,
    *,
    form: OutputForm,
    advice: bool,
    configs: Sequence[Config] = (),
    given: Sequence[str] = (),
) -> int:
    """Print and write the report; the exit code. ``configs`` are the configurations used.

    ``given`` are the sources as typed.
    """
    style = options.style(advice=advice)
    printed = form.output if form.output_file is None else None
    printed = printed or default_format()
    write = write_commands if printed == "github" else options.write
    for piece in pieces(printed, files, summary, style, configs):
        write(piece)
    if printed == "text" and sys.stdout.isatty() and sys.stderr.isatty():
        sys.stdout.flush()
        _suggest(files, given)
    if form.output_file is not None:
        written = form.output or format_of(form.output_file)
        text = pieces(written, files, summary, Style(advice=advice), configs)
        if not _write("".join(text), form.output_file, [entry.source for entry in files]):
            return 1
    return int(summary.errors > 0)


def _suggest(files: list[FileReport], given: Sequence[str]) -> None:
    """Suggest the next command, if one helps. Only for a user at a terminal."""
    import shlex

    from vaceprep.files.source import is_url

    job, fixable = "", list[str]()
    for entry in files:
        if entry.role is None:
            job = entry.source
        for finding in entry.findings:
            if finding.fix is None or finding.severity is not Severity.ERROR:
                continue
            source = entry.source if finding.pointer is None else job
            if source not in fixable and not is_url(source) and os.path.exists(source):
                fixable.append(source)
    if not fixable:
        return
    if len(fixable) > SUGGESTED and 0 < len(given) <= SUGGESTED and all(map(os.path.exists, given)):
        fixable = [*given]
    # On one line, whatever its length: a wrapped or cut command could not be pasted.
    command = shlex.join(["vaceprep", "prepare", *fixable])
    if len(command) <= LONGEST_COMMAND and command.isprintable():
        options.say(f"next: {command}")


def _write(text: str, target: str, sources: list[str]) -> bool:
    from vaceprep.errors import Refused
    from vaceprep.files.atomic import write

    data = text.encode("utf-8", "backslashreplace")
    try:
        # Check again: the file may have appeared while the sources were checked.
        _check_target(target, sources)
        write(data, target, force=True, sources=sources)
    except Refused as error:
        options.say(f"vaceprep: {printable(str(error), limit=4000)}")
        return False
    return True
