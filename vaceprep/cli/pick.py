"""``vaceprep pick``: the best windows of a long video."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from vaceprep.cli import html_report, options
from vaceprep.cli.option_groups import OptionGroup, WholeNumber, argument, option, takes
from vaceprep.contract import MAX_SECONDS
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.plans.pick import Window

#: The most windows of one video.
MOST: int = 100

EPILOG = """\b
Examples:
  vaceprep pick holiday.mp4
  vaceprep pick holiday.mp4 --length 3 --count 1 --format json
  vaceprep pick holiday.mp4 --report windows.html
  vaceprep prepare holiday.mp4 --start 12.48

Exit codes: 0 windows are printed; 1 the video cannot be read; 2 wrong usage."""


def _length(text: str) -> Fraction:
    from vaceprep.cli.times import parse_instant

    length = parse_instant(text)
    if not isinstance(length, Fraction) or not 0 < length <= 3600:
        raise ValueError(f"{text!r} is no length; seconds above 0 and up to 3600 are")
    return length


class PickOptions(OptionGroup):
    """The command line of ``pick``."""

    video: str = argument(metavar="VIDEO", shell_complete=options.complete_files)
    length: Any = option(
        "--length",
        metavar="S",
        callback=options.parsed(_length),
        help=f"Seconds of a window (default: {MAX_SECONDS}, the limit of video_url).",
    )
    count: int = option(
        "--count",
        type=WholeNumber(1, MOST),
        default=3,
        show_default=True,
        metavar="N",
        help="How many windows, which do not overlap.",
    )
    report: str | None = html_report.REPORT
    output: str = options.FORMAT


@click.command("pick", epilog=EPILOG)
@takes(PickOptions)
def command(given: PickOptions) -> int:
    """Find the best windows of VIDEO for the model, the best first.

    A window loses points for a cut, black, a freeze, blur, black bars, and wild motion. Each line
    has its start (as --start takes it), its length, its points of 100, and the reasons.
    """
    from vaceprep.errors import Refused
    from vaceprep.preparation.read import reading, video_of
    from vaceprep.preparation.windows import windows_of

    html_report.ready(given.report, [given.video])
    options.collect_garbage()
    try:
        with reading(given.video, "video_url") as read, _progress() as step:
            length = Fraction(MAX_SECONDS) if given.length is None else given.length
            found, facts = windows_of(read, length, given.count, step=step), video_of(read)
        if given.report is not None:
            from vaceprep.report.html.pick_page import write_windows

            write_windows(given.report, given.video, facts, found)
            options.say(f"report: {printable(given.report)}")
    except Refused as error:
        options.say(str(error))
        return 1
    if given.output == "json":
        import json

        entry = {"source": given.video, "windows": [window.to_dict() for window in found]}
        options.write_lines([json.dumps({"version": 1, "files": [entry]}, indent=2)])
    else:
        options.write_lines(map(_line, found))
    return 0


def _line(window: Window) -> str:
    from vaceprep.plans.pick import seconds

    reasons = "; ".join(window.reasons)
    start, length = float(seconds(window.start)), float(window.duration)
    return printable(f"{start:g} s  for {length:g} s  {window.score}  {reasons}")


@contextmanager
def _progress() -> Iterator[Callable[[float], None]]:
    """On a terminal, a bar on standard error; else nothing."""
    import sys

    from vaceprep.cli.streams import moves

    if not moves(sys.stderr):
        yield lambda share: None
        return
    from vaceprep.cli.progress import Bar

    with closing(Bar("looking", 1)) as bar:

        def step(share: float) -> None:
            bar.share = share

        yield step
