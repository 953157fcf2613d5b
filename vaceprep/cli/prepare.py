"""``vaceprep prepare``: fix files with the least change, in new files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli import config_options, html_report, options
from vaceprep.cli.window_options import times, windows
from vaceprep.contract import Role
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vaceprep.plans.model import Colour, Options
    from vaceprep.preparation.report import Prepared

EPILOG: Final = """\b
Examples:
  vaceprep prepare clip.mov                     writes prepared/clip.mp4
  vaceprep prepare shoot/ -o ready/ --dry-run   shows the plan, touches nothing
  vaceprep prepare long.mp4 --start 1:02.5 --duration 4
  vaceprep prepare edit.vace.yaml --start 2     a job and its media
  vaceprep prepare --role mask_image_url mask.jpg -o mask.png

Exit codes: 0 all are ready; 1 something failed; 2 wrong usage."""


def _colour(_: click.Context, __: click.Parameter, text: str | None) -> Colour | None:
    if text is None:
        return None
    from PIL import ImageColor

    try:
        red, green, blue, *_rest = ImageColor.getrgb(text)
    except ValueError:
        raise click.BadParameter(
            f"{printable(text)} is no colour; write it as black, #ffffff or rgb(255,255,255)"
        ) from None
    return red, green, blue


@click.command("prepare", epilog=EPILOG)
@click.argument(
    "sources",
    nargs=-1,
    required=True,
    metavar="FILE|DIR|JOB|-...",
    shell_complete=options.complete_files,
)
@click.option(
    "-o",
    "--output",
    "where",
    metavar="DIR|FILE",
    shell_complete=options.complete_files,
    help="Where outputs go; without it, prepared/ beside each source.",
)
@options.role
@click.option(
    "--start",
    multiple=True,
    metavar="[FIELD=]S",
    callback=times,
    help="Begin with the frame shown at that time: 1.5, 1:02.5 or a fraction. In a job it means "
    "video_url, or the field named.",
)
@click.option(
    "--duration",
    multiple=True,
    metavar="[FIELD=]S",
    callback=times,
    help="Keep at most so many seconds.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and write nothing.")
@click.option("--force", is_flag=True, help="Write over existing files (never over a source).")
@click.option("--only-errors", is_flag=True, help="Fix errors only, not warnings.")
@click.option("--fit-720p", is_flag=True, help="Scale videos down to what the service keeps.")
@click.option(
    "--fps-mode",
    type=click.Choice(["repeat", "blend"]),
    default="repeat",
    show_default=True,
    help="How frames are made where there are too few.",
)
@click.option(
    "--pad/--crop",
    default=True,
    show_default=True,
    help="What is done where no scale fits both sides.",
)
@click.option(
    "--background",
    metavar="COLOUR",
    callback=_colour,
    help="Beside padded pictures and behind transparent ones (black and white without it).",
)
@click.option("--keep-audio", is_flag=True, help="Keep one sound track.")
@click.option("--salvage", is_flag=True, help="Encode what still decodes of a damaged video.")
@click.option("--deep", is_flag=True, help="Decode every frame of what is only copied, too.")
@options.isolate
@options.timeout("Seconds without progress after which an isolated file is given up (120).")
@html_report.report
@config_options.options
@options.output_format
def command(
    sources: tuple[str, ...],
    where: str | None,
    role: Role | None,
    start: dict[str, Fraction],
    duration: dict[str, Fraction],
    dry_run: bool,
    force: bool,
    only_errors: bool,
    fit_720p: bool,
    fps_mode: Any,
    pad: bool,
    background: Colour | None,
    keep_audio: bool,
    salvage: bool,
    deep: bool,
    isolate: bool | None,
    timeout: float | None,
    report: str | None,
    config_file: str | None,
    no_config: bool,
    output: str,
) -> int:
    """Make videos, images and jobs compliant, with the least change, in new files.

    Packets are copied where that is enough, and a frame of a copy is decoded; what is encoded is
    decoded again and compared with its source. Sources are never changed; every output is checked
    before it gets its name.
    """
    from vaceprep.checks.inputs import Skipped, collect
    from vaceprep.preparation.file import Work
    from vaceprep.preparation.many import prepare_items
    from vaceprep.preparation.outputs import fitting, parse_output, walk_skips
    from vaceprep.preparation.report import summarise
    from vaceprep.report import prepare as text
    from vaceprep.report.text import config_lines

    asked, named = plan_options(
        start,
        duration,
        only_errors=only_errors,
        fit_720p=fit_720p,
        fps_mode=fps_mode,
        pad=pad,
        background=background,
        keep_audio=keep_audio,
        salvage=salvage,
    )
    html_report.ready(report, sources, force=force)
    skipped = Skipped()
    find = config_options.finder(config_file, no_config)
    if where is None:
        where = config_options.output_of(find, sources)
    try:
        to = parse_output(where)
        found = list(
            collect(sources, skipped, walk_skips(to, sources) | html_report.skipped(report))
        )
        items = list(fitting(to, found))
    except ValueError as error:
        raise click.UsageError(printable(str(error))) from None
    if named and not all(item.kind == "job" for item in items):
        raise click.UsageError(f"{next(iter(named))}= is for jobs; for a file give the time alone.")
    note = skipped.sentence()
    if note:
        options.say(note)
    if not items:
        options.say("no video, image or job was found")
    configs = {id(item): config_options.config_of(find, item) for item in items}
    held = config_options.in_force(c and c.judging_nothing() for c in configs.values())
    options.collect_garbage()
    entries: list[Prepared] = []
    groups: list[tuple[Prepared, ...]] = []
    style = options.style()
    doing = "planning" if dry_run else "reading"
    with options.terminable(), _telling(doing) as (name_it, tell):
        named_sources = tuple(i.source for i in items)
        work = Work(asked, role, force, dry_run, tell, named_sources, deep=deep)
        apart = options.apart(isolate, items)
        walk = prepare_items(
            items,
            to,
            work,
            named,
            lambda i: configs[id(i)],
            isolate=apart,
            seconds=timeout,
            begun=lambda item: name_it(item.source),
        )
        with closing(walk):
            for group in walk:
                name_it(None)
                entries.extend(group)
                groups.append(group)
                if output == "text":
                    for entry in group:
                        for line in text.entry_lines(entry, style):
                            options.write(line + "\n")
    summary = summarise(entries)
    if output == "json":
        from vaceprep.report.json import prepare_json

        for piece in prepare_json((entry.to_dict() for entry in entries), held):
            options.write(piece)
    else:
        for line in config_lines(held, style):
            options.write(line + "\n")
        options.write(text.summary_line(summary, style) + "\n")
    told = html_report.written(report, "prepare", items, groups, sources, force=force)
    return int(summary.failed > 0 or not told)


def plan_options(
    start: dict[str, Fraction],
    duration: dict[str, Fraction],
    *,
    pad: bool,
    **given: Any,
) -> tuple[Options, dict[str, Options]]:
    """What is asked of every file, and of single fields of jobs, by their names."""
    from vaceprep.plans.model import Options

    return windows(Options(shape="pad" if pad else "crop", **given), start, duration)


@contextmanager
def _telling(
    doing: str,
) -> Iterator[tuple[Callable[[str | None], None], Callable[[Fraction], None]]]:
    """How far the work on one source is, with the time left; on a terminal alone.

    ``doing`` names what comes before anything is written.
    """
    import os
    import sys

    from vaceprep.cli.progress import Bar, waiting

    if not options.moves(sys.stderr):
        yield (lambda _: None), (lambda _: None)
        return
    bars: list[Bar] = []
    here = ""

    def close() -> None:
        while bars:
            bars.pop().close()

    def name_it(name: str | None) -> None:
        nonlocal here
        close()
        here = os.path.basename(name or "")
        if line is not None:
            line.say(here and f"{doing} {here}")

    def tell(done: Fraction) -> None:
        if not bars:
            if line is not None:
                line.say(None)
            bars.append(Bar(here))
        bars[0].share = float(done)

    with waiting() as line:
        try:
            yield name_it, tell
        finally:
            close()
