"""Options and output that several commands share."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from vaceprep.cli.option_groups import OneOf, OptionGroup, WholeNumber, argument, option
from vaceprep.cli.streams import REMARK, colourful, is_terminal, moves, say
from vaceprep.contract import ROLES
from vaceprep.report.escape import printable
from vaceprep.report.text import Style

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

    from vaceprep.checks.inputs import Item, Skipped

__all__ = ["colourful", "is_terminal", "moves", "say"]

#: Number of files from which a progress bar is shown.
MANY: Final = 8

#: The largest time limit that an option accepts, in seconds.
LONGEST: Final = 86400.0


def complete_files(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete file names in the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file")]


def complete_folders(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete folder names in the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="dir")]


def complete_rules(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete slugs and codes of rules; in a list with commas, the last one."""
    from click.shell_completion import CompletionItem

    from vaceprep.rules.all import RULES

    before, comma, last = begun.rpartition(",")
    names = [(rule.slug, rule.fires) for rule in RULES]
    names += [(rule.code, rule.fires) for rule in RULES] if last.upper()[:1] == "V" else []
    return [
        CompletionItem(f"{before}{comma}{name}", help=about)
        for name, about in names
        if name.lower().startswith(last.lower())
    ]


ROLE: Final = option(
    "--role",
    type=OneOf(ROLES),
    metavar="FIELD",
    help=f"The request's field that the files are for: {', '.join(ROLES)}. "
    "Without it, video_url for videos and ref_images_url for images.",
)
DEEP: Final = option(
    "--deep", is_flag=True, help="Decode every frame and report the first to fail."
)
FORMAT: Final = option(
    "--format",
    type=OneOf(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print on standard output.",
)
JOBS: Final = option(
    "-j",
    "--jobs",
    type=WholeNumber(1, 256),
    metavar="N",
    help="Files checked in parallel (default: the number of cores, where that helps).",
)
ALLOW_HOST: Final = option(
    "--allow-host", multiple=True, metavar="HOST", help="Let URLs of this private host through."
)


def sources(metavar: str) -> Any:
    """An argument with one or more files, or what else ``metavar`` names."""
    return argument(nargs=-1, required=True, metavar=metavar, shell_complete=complete_files)


def folder(*names: str, about: str, **attributes: Any) -> Any:
    """An option with a folder."""
    return option(*names, metavar="DIR", shell_complete=complete_folders, help=about, **attributes)


SOURCES: Final = sources("FILE|DIR|URL|-...")
#: The help for the folder of finished videos.
VIDEOS: Final = "Folder for the videos (default: the current folder)."


EXTRA: Final = option(
    "--extra", multiple=True, metavar="KEY=VALUE", help="A field that vaceprep does not know."
)


def _check_timeout(_: click.Context, __: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 < value <= LONGEST:
        import click

        raise click.BadParameter(f"{value:g} is not a valid time limit in seconds")
    return value


def timeout(words: str) -> Any:
    """``--timeout S`` with the help text of the command."""
    return option("--timeout", type=float, metavar="S", callback=_check_timeout, help=words)


class Isolation(OptionGroup):
    """Whether each file is read in a worker process, and how long it may take there (seconds)."""

    isolate: bool | None = option(
        "--isolate/--no-isolate",
        default=None,
        help="Look at each file in a process of its own, with limits on time, memory and output. "
        "Without either: yes for folders and for more than one file.",
    )
    timeout: float | None = timeout(
        "Seconds that one isolated file may take: 10 without it, 300 with --deep."
    )


def extras(pairs: tuple[str, ...]) -> dict[str, Any]:
    """``KEY=VALUE`` pairs; a value that is valid JSON is parsed, any other is text."""
    import json

    import click

    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.UsageError(f"--extra takes KEY=VALUE, not {pair!r}")
        try:
            values[key] = json.loads(value)
        except (ValueError, RecursionError):
            values[key] = value
    return values


def with_extra(values: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    """A job's mapping with added fields; an invalid ``extra`` is kept for the rules to report."""
    own = values.get("extra")
    if not added or not isinstance(own, dict | None):
        return values
    return {**values, "extra": {**(own or {}), **added}}


def parsed(parse: Callable[[str], Any]) -> Callable[..., Any]:
    """A callback that parses one value, or each of several, and reports invalid ones."""

    def read(_: click.Context, __: click.Parameter, value: Any) -> Any:
        try:
            if isinstance(value, tuple):
                return tuple(parse(one) for one in value)
            return None if value is None else parse(value)
        except ValueError as error:
            import click

            raise click.BadParameter(printable(str(error))) from None

    return read


def style(*, advice: bool = False) -> Style:
    """Style of standard output: wrapped on a terminal, coloured there or with FORCE_COLOR."""
    if not (is_terminal(sys.stdout) or colourful(sys.stdout)):
        return Style(advice=advice)
    import shutil

    import click

    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None

    def paint(text: str, colour: str) -> str:
        return click.style(text, fg=colour) if colourful(sys.stdout) else text

    return Style(width=width, paint=paint, advice=advice)


def collect_garbage() -> None:
    """Enable the garbage collector, disabled at the start, and exempt imported objects from it."""
    gc.freeze()
    gc.enable()


def failure(error: Exception, note: str = "") -> click.exceptions.Exit:
    """Print why something failed, then ``note``; the exit with code 1, to be raised."""
    import click

    say(f"vaceprep: {printable(str(error), limit=4000)}{note}")
    return click.exceptions.Exit(1)


@contextmanager
def usage_errors(
    *kinds: type[Exception], about: str = "", note: str = "", limit: int = 4000
) -> Iterator[None]:
    """Exits with 2 if the block raises one of these: ``about``, the error's message, ``note``."""
    try:
        yield
    except kinds as error:
        import click

        message = printable(str(error), limit=limit)
        raise click.UsageError(f"{about}{message}{note}") from None


def refusing(work: Callable[[], list[str]], target: str) -> int:
    """Do the work, print its remarks and the output's path, or print the refusal."""
    from vaceprep.errors import Refused

    try:
        remarks = work()
    except Refused as error:
        say(str(error))
        return 1
    for remark in remarks:
        say(remark)
    write_lines([printable(target, limit=REMARK)])
    return 0


def write(piece: str) -> None:
    """Write a part of the result to standard output unchanged."""
    sys.stdout.write(piece)


def write_lines(lines: Iterable[str]) -> None:
    """Write lines of the result to standard output."""
    for line in lines:
        write(line + "\n")


@contextmanager
def progress(total: int, label: str) -> Iterator[Callable[[], None]]:
    """On a terminal, show the progress on files on standard error; else nothing.

    A bar for many files; for few, a line once they take longer than a moment.
    """
    if not moves(sys.stderr):
        yield lambda: None
        return
    from vaceprep.cli.progress import Bar, waiting

    done = 0
    few = "reading the file" if total == 1 else f"reading {total} files"
    with closing(Bar(label, total)) if total >= MANY else waiting(few) as line:

        def step() -> None:
            nonlocal done
            done += 1
            if isinstance(line, Bar):
                line.share = done / total
            elif line is not None:
                line.change(f"{few}, {done} done")

        yield step


def terminable() -> AbstractContextManager[None]:
    """SIGTERM and SIGHUP end the work like Ctrl-C: no partial output remains."""
    from vaceprep.cli import signals

    return signals.terminable()


def say_skipped(skipped: Skipped) -> None:
    """Print what a search left out, if anything."""
    if note := skipped.sentence():
        say(note)


def apart(requested: bool | None, items: Sequence[Item]) -> bool:
    """Whether each file gets its own process: as requested, else if there are several files."""
    if requested is not None:
        return requested
    return len(items) > 1 or any(item.root is not None for item in items)
